"""Functions of a channel, its parties, and of what else the exchange has."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel, Party
from ari_notebook.simulator.config import VERSION
from ari_notebook.simulator.dialplan.expressions import posix
from ari_notebook.simulator.dialplan.functions.registry import Rejected, on, reader, split, writer
from ari_notebook.simulator.naturals import is_natural, natural
from ari_notebook.simulator.tone_detection import ToneDetector

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

log = logging.getLogger(__name__)

_ARGUMENT = re.compile(r"\([^)]*\)")
_ARGUMENTS = re.compile(r"(\w)\(([^)]*)\)")


# What CHANNEL keeps for whoever sets it, and what it says before.
_KEPT = {
    "userfield": "",
    "parkinglot": "",
    "peeraccount": "",
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
    # A Local channel takes sound in the best quality that there is.
    codec = "slin192" if technology == "Local" else "ulaw"
    members = that.bridge.members if that.bridge else ()
    others = [other.name for other in members if other is not that]
    values = {
        "name": that.name,
        "channame": that.name,
        "uniqueid": that.id,
        "linkedid": that.id,
        "state": that.state,
        "language": that.language,
        "accountcode": that.accountcode,
        "tenantid": that.tenant,
        "channeltype": technology,
        "context": that.context,
        "exten": that.exten,
        "appname": that.appl[0],
        "appdata": that.appl[1],
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
    if kind not in values:
        raise Rejected(f"unknown item {item!r}")
    return values[kind]


@writer("CHANNEL")
def _set_channel(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    match kind := item.lower():
        case "language":
            that.language = value
        case "accountcode":
            that.accountcode = value
        case "tenantid":
            that.tenant = value or that.tenant
        case _ if kind in _KEPT:
            that.items[kind] = value
        case _:
            raise Rejected(f"{item!r} cannot be set")


_ALLOWED, _MISSING = "allowed_not_screened", "unavailable"
# Numbers that a call carries beside the caller's own; each can be set.
_NUMBERS = ("ani", "dnid", "tag")


def _part(that: Channel, party: Party, item: str) -> str:
    match item.lower().partition(",")[0].replace("number", "num"):
        case "num":
            return party.number
        case "name":
            return party.name
        case "all":
            return f'"{party.name}" <{party.number}>'
        case "num-valid":
            return "1" if party.number else "0"
        case "name-valid":
            return "1" if party.name else "0"
        case "pres" | "num-pres" | "name-pres":
            return _ALLOWED if party.number or party.name else _MISSING
        case "ani2" | "ton" | "num-plan":
            return "0"
        case kind if kind in _NUMBERS:
            return that.items.get(kind, "")
    log.warning("unknown item %r", item)
    return ""


def _set_part(that: Channel, party: Party, item: str, value: str) -> Party:
    """The party as it is then; what else a call carries is kept with the channel."""
    match item.lower().partition(",")[0]:
        case "num" | "number":
            return Party(party.name, value)
        case "name":
            return Party(value, party.number)
        case "all":
            return Party.parse(value)
        case kind if kind in _NUMBERS:
            that.items[kind] = value
            return party
    raise Rejected(f"{item!r} cannot be set")


@reader("CALLERID")
def _caller(exchange: Exchange, channel: Channel | None, item: str) -> str:
    that = on(channel)
    if item.lower() == "rdnis":
        return that.redirected_from
    return _part(that, that.caller, item)


@writer("CALLERID")
def _set_caller(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    if item.lower() == "rdnis":
        that.redirected_from = value
    else:
        that.set_caller(_set_part(that, that.caller, item, value))


@reader("CONNECTEDLINE")
def _connected(exchange: Exchange, channel: Channel | None, item: str) -> str:
    that = on(channel)
    return _part(that, that.connected, item)


@writer("CONNECTEDLINE")
def _set_connected(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    that.set_connected(_set_part(that, that.connected, item, value))


_TIMEOUTS = {"digit": "5.000", "response": "10.000", "absolute": "0"}


@reader("TIMEOUT")
def _timeout(exchange: Exchange, channel: Channel | None, item: str) -> str:
    kind = item.lower()
    if kind not in _TIMEOUTS:
        raise Rejected("TIMEOUT takes digit, response or absolute")
    that = on(channel)
    if kind != "absolute" and not that.in_dialplan:
        return ""
    return that.variables.get(f"TIMEOUT({kind})", _TIMEOUTS[kind])


@writer("TIMEOUT")
def _set_timeout(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    try:
        seconds = float(value)
    except ValueError:
        raise Rejected(f"{value!r} is no number of seconds") from None
    that.variables[f"TIMEOUT({item.lower()})"] = f"{seconds:.3f}"
    if item.lower() != "absolute":
        return
    if that.time_limit is not None:
        that.time_limit.cancel()
        that.time_limit = None
    if seconds > 0:
        that.time_limit = exchange.after(seconds, lambda: _time_is_over(that))


def _time_is_over(channel: Channel) -> None:
    channel.out_of_time = True
    channel.request_hangup(tell=False)


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
    that.intercepts_hold = item == "set"
    that.hook("hold intercept", on=that.intercepts_hold)


@writer("TALK_DETECT")
def _talk_detect(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    if item.partition(",")[0] not in ("set", "remove"):
        raise Rejected(f"{item!r} is neither set nor remove")
    that.detect_talking(None if item.startswith("remove") else value)


@reader("TONE_DETECT")
def _tones_detected(exchange: Exchange, channel: Channel | None, direction: str) -> str:
    detector = on(channel).tone_detector
    if detector is None:
        raise Rejected("TONE_DETECT was not set")
    if "t" in direction:
        return "0"  # what the channel itself sends is not listened to
    return str(detector.count) if "r" in direction else ""


@writer("TONE_DETECT")
def _tone_detect(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    that = on(channel)
    frequency, duration, options = [*split(arguments), "", ""][:3]
    letters, given = set(_ARGUMENT.sub("", options)), dict(_ARGUMENTS.findall(options))
    if that.tone_detector is not None:
        that.tone_detector.stop()
    that.tone_detector = None
    if "x" in letters:
        that.hook("tone detection", on=False)
        return
    if not is_natural(frequency) or not is_natural(duration or "500") or duration.strip() == "0":
        raise Rejected(f"{arguments!r} is no frequency and duration")
    if unknown := letters - set("denrt"):
        log.warning("TONE_DETECT: the options %s are not simulated", "".join(sorted(unknown)))
    that.hook("tone detection", on=True)
    if letters & {"r", "t"} != {"t"}:
        that.tone_detector = ToneDetector(
            that,
            natural(frequency),
            natural(duration or "500"),
            natural(given.get("n", "1"), 1),
            ends="e" in letters,
        )


# Other channels, devices, extensions, global variables.


@reader("GLOBAL")
def _global(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return exchange.globals.get(name, "")


@writer("GLOBAL")
def _set_global(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    exchange.set_global(name, value)


@reader("DEVICE_STATE")
def _device_state(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return str(exchange.devices.get(name)["state"])


@reader("DIALPLAN_EXISTS", "VALID_EXTEN")
def _extension_exists(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = [word.strip() for word in arguments.split(",")]
    if len(words) == 1 and words[0]:
        return "1" if words[0] in exchange.dialplan.contexts else "0"
    context = words[0] or (channel.context if channel else "default")
    exten = words[1] if len(words) > 1 else "s"
    priority = natural(words[2], 1) if len(words) > 2 else 1
    return "1" if exchange.dialplan.find(context, exten, priority) else "0"


@reader("CHANNEL_EXISTS")
def _channel_exists(exchange: Exchange, channel: Channel | None, id: str) -> str:
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
        "src": that.caller.number,
        "dst": that.exten,
        "dcontext": that.context,
        "clid": f'"{that.caller.name}" <{that.caller.number}>',
        "channel": that.name,
        "uniqueid": that.id,
        "accountcode": that.accountcode,
        "lastapp": that.appl[0],
        "lastdata": that.appl[1],
        "disposition": "ANSWERED" if that.answered_at is not None else "NO ANSWER",
    }
    kind = item.lower().partition(",")[0]
    return values.get(kind, that.items.get(f"cdr {kind}", ""))


@writer("CDR")
def _set_call_record(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on(channel).items[f"cdr {item.lower().partition(',')[0]}"] = value


@reader("VERSION")
def _version(exchange: Exchange, channel: Channel | None, item: str) -> str:
    if item.upper() == "ASTERISK_VERSION_NUM":
        return "".join(f"{int(part):02}" for part in VERSION.split("."))
    return VERSION


@reader("HINT")
def _hint(exchange: Exchange, channel: Channel | None, address: str) -> str:
    address, comma, _ = address.partition(",")
    exten, _, context = address.partition("@")
    hint = exchange.dialplan.hint(context or "default", exten)
    if hint is None:
        raise Rejected(f"{address} has no hint")
    return "" if comma else hint  # HINT(…,n) is its name, which it has not here


@reader("CHANNELS")
def _channels(exchange: Exchange, channel: Channel | None, pattern: str) -> str:
    wanted = re.compile(posix(pattern))
    names = (each.name for each in exchange.channels.values())
    return " ".join(name for name in names if wanted.search(name))
