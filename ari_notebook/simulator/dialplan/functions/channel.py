"""Functions of channels, caller ID, device states and global variables."""

from __future__ import annotations

import logging
import re
import string
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from ari_notebook.simulator.calls.local import halves_of
from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    on,
    reader,
    separate,
    split,
    writer,
)
from ari_notebook.simulator.media.tones import has_zone
from ari_notebook.simulator.numbers import INT, is_natural, leading, natural, wrap
from ari_notebook.simulator.pbx import detectors
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.detectors import ToneDetector
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.regex import InvalidExpression, PosixRegex

log = logging.getLogger(__name__)

_ARGUMENT = re.compile(r"\([^)]*\)")
_ARGUMENTS = re.compile(r"(\w)\(([^)]*)\)")


# Items of CHANNEL that can be set, and their defaults.
_KEPT = {
    "userfield": "",
    "parkinglot": "",
    "hangupsource": "",
    "callgroup": "",
    "pickupgroup": "",
    "namedcallgroup": "",
    "namedpickupgroup": "",
    "dtmf_features": "",
    "musicclass": "",
    "amaflags": "3",
    "max_forwards": "20",
    "transfercapability": "SPEECH",
}


@reader("CHANNEL")
def _channel(exchange: Exchange, channel: Channel | None, item: str) -> str:
    that = on(channel)
    technology = that.name.partition("/")[0]
    # Local channels use the best quality available.
    codec = "slin192" if technology == "Local" else "ulaw"
    members = that.bridge.members if that.bridge else ()
    others = [other.name for other in members if other is not that]
    values = {
        "name": that.name,
        "channame": that.name,
        "uniqueid": that.id,
        "linkedid": that.linked_id,
        "state": that.state,
        "language": that.language,
        "accountcode": that.accountcode,
        "peeraccount": that.peer_account,
        "tenantid": that.tenant,
        "channeltype": technology,
        "context": that.dialplan.context,
        "exten": that.dialplan.exten,
        "appname": that.dialplan.application[0],
        "appdata": that.dialplan.application[1],
        "peer": others[0] if len(others) == 1 else "",
        "onhold": "0",
        "checkhangup": "1" if that.hung_up else "0",
        "secure_bridge_signaling": "",
        "secure_bridge_media": "",
        "after_bridge_goto": "",
        "audioreadformat": codec,
        "audiowriteformat": codec,
        "audionativeformat": f"({codec})",
        "videonativeformat": "(nothing)",
    }
    kind = item.lower()
    if kind in _KEPT:
        return that.items.get(kind, _KEPT[kind])
    if kind == "tonezone" and kind in that.items:  # without one of its own it cannot be read
        return that.items[kind]
    if kind not in values:
        raise Rejected(f"unknown item {item!r}")
    return values[kind]


@writer("CHANNEL")
def _set_channel(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    """Set an item of a channel, and of the other half of a Local channel.

    There, account codes cross over: the halves are the two ends of one call.
    """
    that, *others = halves_of(on(channel))
    for other in others:
        with suppress(Rejected):
            _set_item(other, _ACROSS.get(item.lower(), item), value)
    _set_item(that, item, value)


_ACROSS = {"accountcode": "peeraccount", "peeraccount": "accountcode"}


def _set_item(that: Channel, item: str, value: str) -> None:
    match kind := item.lower():
        case "language":
            that.language = value
            that.publish_snapshot()
        case "accountcode":
            that.accountcode = value
            that.publish_snapshot()
        case "peeraccount":
            that.peer_account = value
            that.publish_snapshot()
        case "dtmf_features":
            if value.strip(_UPPER):
                raise Rejected(f"features are capital letters: {value!r}")
            that.items[kind] = "".join(each for each in _DTMF_FEATURES if each in value)
        case "tenantid":
            that.tenant = value or that.tenant
        case "amaflags":
            that.items[kind] = str(_AMA_FLAGS.get(value.lower(), leading(value) or 0))
        case "transfercapability":
            if value.upper() in _CAPABILITIES:
                that.items[kind] = value.upper()
        case "max_forwards":
            if is_natural(value):
                that.items[kind] = value
        case "tonezone":
            if has_zone(value):
                that.items[kind] = value
        case "callgroup" | "pickupgroup":
            that.items[kind] = ", ".join(map(str, sorted(_group_numbers(value))))
        case "namedcallgroup" | "namedpickupgroup":
            that.items[kind] = ", ".join(sorted({each.strip() for each in value.split(",")}))
        case _ if kind in _KEPT:
            that.items[kind] = value
        case _:
            raise Rejected(f"{item!r} cannot be set")


_UPPER = string.ascii_uppercase
_DTMF_FEATURES = "TKHWX"  # transfer, park, disconnect, record, record mixed; others are ignored
_AMA_FLAGS = {"omit": 1, "billing": 2, "documentation": 3}
_CAPABILITIES = frozenset(
    {"SPEECH", "DIGITAL", "RESTRICTED_DIGITAL", "3K1AUDIO", "DIGITAL_W_TONES", "VIDEO"}
)
_LAST_GROUP = 63  # groups are the bits of a 64-bit number


def _group_numbers(text: str) -> set[int]:
    """Return the numbers of ``1,3-5``; other items are ignored."""
    found: set[int] = set()
    for each in text.split(","):
        first, dash, last = each.strip().partition("-")
        if is_natural(first) and (not dash or is_natural(last)):
            end = natural(last) if dash else natural(first)
            found.update(range(natural(first), min(end, _LAST_GROUP) + 1))
    return found


# As ``sscanf`` reads it: a whole number, then what may be a fraction.
_SECONDS = re.compile(r"\s*([+-]?\d{1,30})\s*([+-]?(?:\d+\.?\d*|\.\d+))?", re.ASCII)
# By the first letter, which alone counts.
_TIMEOUTS = {"d": ("digit", "5.000"), "r": ("response", "10.000"), "a": ("absolute", "0")}


@reader("TIMEOUT")
def _timeout(exchange: Exchange, channel: Channel | None, item: str) -> str:
    kind, usual = _timeout_kind(item)
    that = on(channel)
    if kind != "absolute" and not that.dialplan.running:
        return ""
    limit = that.dialplan.time_limit
    if kind == "absolute" and limit is not None:
        return f"{max(0, int((limit.at - exchange.now) * 1000)) / 1000:.3f}"
    return that.variables.get(f"TIMEOUT({kind})", usual)


def _timeout_kind(item: str) -> tuple[str, str]:
    """Return a timeout's name and its text while unset."""
    if item[:1].lower() not in _TIMEOUTS:
        raise Rejected("TIMEOUT expects digit, response or absolute")
    return _TIMEOUTS[item[0].lower()]


@writer("TIMEOUT")
def _set_timeout(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    kind, _ = _timeout_kind(item)
    that = on(channel)
    found = _SECONDS.match(value)
    milliseconds = 0
    if found and int(found[1]) > -1:
        milliseconds = int(found[1]) * 1000 + int(Decimal(found[2] or 0) * 1000)
    if kind != "absolute":  # a C int
        that.variables[f"TIMEOUT({kind})"] = f"{wrap(milliseconds, INT) / 1000:.3f}"
        return
    _end_time_limit(that)
    if milliseconds:
        limit = exchange.after(milliseconds / 1000, lambda: _time_is_over(that))
        that.dialplan.time_limit = limit


def _end_time_limit(channel: Channel) -> None:
    if channel.dialplan.time_limit is not None:
        channel.dialplan.time_limit.cancel()
        channel.dialplan.time_limit = None


def _time_is_over(channel: Channel) -> None:
    channel.dialplan.timed_out = True
    channel.request_hangup(publish=False)


@reader("EXCEPTION")
def _exception(exchange: Exchange, channel: Channel | None, item: str) -> str:
    return on(channel).items.get(f"exception {item.lower()}", "")


@writer("PJSIP_TRANSFER_HANDLING")
def _transfer_handling(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on(channel).variables["PJSIP_TRANSFER_HANDLING()"] = value


@writer("HOLD_INTERCEPT")
def _hold_intercept(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    if item not in ("set", "remove"):
        raise Rejected(f"{item!r} is neither set nor remove")
    that = on(channel)
    that.audio.intercepts_hold = item == "set"
    that.set_audio_hook("hold intercept", on=that.audio.intercepts_hold)


@writer("TALK_DETECT")
def _talk_detect(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    if item.partition(",")[0] not in ("set", "remove"):
        raise Rejected(f"{item!r} is neither set nor remove")
    detectors.detach_talk_detector(that)
    that.set_audio_hook("talk detection", on=not item.startswith("remove"))
    if not item.startswith("remove"):
        detectors.attach_talk_detector(that, value)


@reader("TONE_DETECT")
def _tones_detected(exchange: Exchange, channel: Channel | None, direction: str) -> str:
    detector = on(channel).attached(ToneDetector)
    if detector is None:
        raise Rejected("TONE_DETECT was not set")
    if "t" in direction:
        return "0"  # audio that the channel sends is not analysed
    return str(detector.count) if "r" in direction else ""


@writer("TONE_DETECT")
def _tone_detect(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    that = on(channel)
    frequency, duration, options = [*split(arguments), "", ""][:3]
    letters, given = set(_ARGUMENT.sub("", options)), dict(_ARGUMENTS.findall(options))
    before = that.detach(ToneDetector)
    if before is not None:
        before.stop()
    if "x" in letters:
        that.set_audio_hook("tone detection", on=False)
        return
    if not is_natural(frequency) or not is_natural(duration or "500") or duration.strip() == "0":
        raise Rejected(f"{arguments!r} is not a frequency and duration")
    if unknown := letters - set("denrt"):
        log.warning("TONE_DETECT: options %s are not simulated", "".join(sorted(unknown)))
    that.set_audio_hook("tone detection", on=True)
    if letters & {"r", "t"} != {"t"}:
        detector = ToneDetector(
            that,
            natural(frequency),
            natural(duration or "500"),
            natural(given.get("n", "1"), 1),
            ends="e" in letters,
        )
        that.attach(detector)


# Other channels, device states, extensions and global variables.


@reader("GLOBAL")
def _global(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return exchange.globals.get(name, "")


@writer("GLOBAL")
def _set_global(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    exchange.set_global(name, value)


@reader("DEVICE_STATE")
def _device_state(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return str(exchange.devices.get(name)["state"])


@reader("DIALPLAN_EXISTS")
def _extension_exists(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    context, exten, priority = [*separate(arguments, 3), "", "", ""][:3]
    if not context and not exten:
        raise Rejected("DIALPLAN_EXISTS(context[,extension[,priority]])")
    if not exten and not priority:
        return "1" if context in exchange.dialplan.contexts else "0"
    return _priority_exists(exchange, channel, context, exten, priority)


@reader("VALID_EXTEN")
def _is_valid_extension(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    context, exten, priority = [*separate(arguments, 3), "", "", ""][:3]
    if not exten:
        raise Rejected("VALID_EXTEN([context],extension[,priority])")
    return _priority_exists(exchange, channel, context, exten, priority)


def _priority_exists(
    exchange: Exchange, channel: Channel | None, context: str, exten: str, priority: str
) -> str:
    """Return 1 if an extension has a priority, given as number or label; 1 is the default."""
    context = context or (channel.dialplan.context if channel else "default")
    if priority and not is_natural(priority):
        return "1" if exchange.dialplan.label(context, exten, priority) else "0"
    found = exchange.dialplan.find(context, exten, natural(priority, 1))
    return "1" if found else "0"


@reader("CHANNEL_EXISTS")
def _channel_exists(exchange: Exchange, channel: Channel | None, id: str) -> str:
    if not id:
        raise Rejected("CHANNEL_EXISTS(name or id)")
    there = id in exchange.channels or any(each.name == id for each in exchange.channels.values())
    return "1" if there else "0"


@reader("EXTENSION_STATE")
def _extension_state(exchange: Exchange, channel: Channel | None, address: str) -> str:
    exten, _, context = address.partition("@")
    hint = exchange.dialplan.hint(context or "default", exten)
    return str(exchange.devices.get(hint)["state"]) if hint else "UNKNOWN"


@reader("CDR")
def _call_record(exchange: Exchange, channel: Channel | None, item: str) -> str:
    that = on(channel)
    values = {
        "src": that.parties.caller.number,
        "dst": that.dialplan.exten,
        "dcontext": (that.published.position or that.dialplan.location)[0],
        "clid": f'"{that.parties.caller.name}" <{that.parties.caller.number}>',
        "channel": that.name,
        "uniqueid": that.id,
        "linkedid": that.linked_id,
        "accountcode": that.accountcode,
        "amaflags": _AMA_NAMES.get(that.items.get("amaflags", "3"), ""),
        "start": _moment(that.created),
        "answer": "" if that.answered_at is None else _moment(that.answered_at),
        "duration": str(int(_seconds_since(that, "duration"))),
        "billsec": str(int(_seconds_since(that, "billsec"))),
        "lastapp": that.dialplan.application[0],
        "lastdata": that.dialplan.application[1],
        "disposition": "ANSWERED" if _counts_as_answered(that) else "NO ANSWER",
    }
    kind, _, options = item.lower().partition(",")
    value = values.get(kind, that.items.get(f"cdr {kind}", ""))
    if "f" in options and kind in ("billsec", "duration"):
        return f"{_seconds_since(that, kind):f}"
    if "u" in options:
        return _unformatted(that, kind, value)
    return value


def _counts_as_answered(channel: Channel) -> bool:
    """Return whether the call record says ANSWERED.

    That of a Local channel's far half says NO ANSWER, although the half has answered (measured).
    """
    far_half = len(halves_of(channel)) > 1 and not channel.outgoing
    return channel.answered_at is not None and not far_half


def _seconds_since(channel: Channel, kind: str) -> float:
    since = channel.created if kind == "duration" else channel.answered_at
    return 0.0 if since is None else channel.exchange.now - since


def _unformatted(channel: Channel, kind: str, value: str) -> str:
    """Return an item of a call record as the number that Asterisk keeps."""
    match kind:
        case "disposition":
            return str(_DISPOSITIONS[value])
        case "amaflags":
            return channel.items.get(kind, "3")
        case "start":
            return f"{channel.created:f}"
        case "answer" | "end":
            return f"{(channel.answered_at or 0.0) if kind == 'answer' else 0.0:f}"
    return value


_DISPOSITIONS = {"NO ANSWER": 1, "ANSWERED": 8}  # enum ast_cdr_disposition


@writer("CDR")
def _set_call_record(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that, kind = on(channel), item.lower().partition(",")[0]
    if kind in ("accountcode", "amaflags"):
        _set_item(that, kind, value)
    else:
        that.items[f"cdr {kind}"] = value


_AMA_NAMES = {str(number): name.upper() for name, number in _AMA_FLAGS.items()}


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


@reader("VERSION")
def _version(exchange: Exchange, channel: Channel | None, item: str) -> str:
    if item.upper() == "ASTERISK_VERSION_NUM":
        version = exchange.config.version
        return f"{version.major:02}{version.minor:02}{version.patch:02}"
    return str(exchange.config.version)


@reader("HINT")
def _hint(exchange: Exchange, channel: Channel | None, address: str) -> str:
    address, comma, options = address.partition(",")
    exten, _, context = address.partition("@")
    hint = exchange.dialplan.hint(context or "default", exten)
    if hint is None:
        raise Rejected(f"{address} has no hint")
    return "" if comma and "n" in options else hint  # the simulator's hints have no names


@reader("CHANNELS")
def _channels(exchange: Exchange, channel: Channel | None, pattern: str) -> str:
    try:
        wanted = PosixRegex(pattern)
    except InvalidExpression as error:
        raise Rejected(str(error)) from None
    names = (each.name for each in exchange.channels.values())
    return " ".join(name for name in names if wanted.search(name) is not None)
