"""Functions of a channel, its parties, and of what else the exchange has."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel, Party
from ari_notebook.simulator.config import VERSION
from ari_notebook.simulator.dialplan.functions.registry import Rejected, on, reader, split, writer
from ari_notebook.simulator.naturals import is_natural, natural
from ari_notebook.simulator.tone_detection import ToneDetector

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

log = logging.getLogger(__name__)

_ARGUMENT = re.compile(r"\([^)]*\)")
_ARGUMENTS = re.compile(r"(\w)\(([^)]*)\)")


@reader("CHANNEL")
def _channel(exchange: Exchange, channel: Channel | None, item: str) -> str:
    that = on(channel)
    technology = that.name.partition("/")[0]
    values = {
        "name": that.name,
        "uniqueid": that.id,
        "linkedid": that.id,
        "state": that.state,
        "language": that.language,
        "accountcode": that.accountcode,
        "tenantid": that.tenant,
        "channeltype": technology,
        "tech": technology,
        "context": that.context,
        "exten": that.exten,
        "appname": that.appl[0],
        "appdata": that.appl[1],
        "musicclass": that.variable("MUSICCLASS") or "",
        "hangup_source": "",
        "parkinglot": "",
        "tonezone": "",
        "audioreadformat": "ulaw",
        "audiowriteformat": "ulaw",
        "audionativeformat": "(ulaw)",
    }
    if item.lower() not in values:
        raise Rejected(f"unknown item {item!r}")
    return values[item.lower()]


@writer("CHANNEL")
def _set_channel(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    match item.lower():
        case "language":
            that.language = value
        case "accountcode":
            that.accountcode = value
        case "tenantid":
            that.tenant = value or that.tenant
        case "musicclass":
            that.variables["MUSICCLASS"] = value
        case _:
            raise Rejected(f"{item!r} cannot be set")


def _part(party: Party, item: str) -> str:
    match item.lower().partition(",")[0]:
        case "num" | "number":
            return party.number
        case "name":
            return party.name
        case "all":
            return f'"{party.name}" <{party.number}>'
    log.warning("unknown item %r", item)
    return ""


def _changed(party: Party, item: str, value: str) -> Party:
    match item.lower().partition(",")[0]:
        case "num" | "number":
            return Party(party.name, value)
        case "name":
            return Party(value, party.number)
        case "all":
            return Party.parse(value)
    raise Rejected(f"{item!r} cannot be set")


@reader("CALLERID")
def _caller(exchange: Exchange, channel: Channel | None, item: str) -> str:
    that = on(channel)
    if item.lower() == "rdnis":
        return that.redirected_from
    return _part(that.caller, item)


@writer("CALLERID")
def _set_caller(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    if item.lower() == "rdnis":
        that.redirected_from = value
    else:
        that.set_caller(_changed(that.caller, item, value))


@reader("CONNECTEDLINE")
def _connected(exchange: Exchange, channel: Channel | None, item: str) -> str:
    return _part(on(channel).connected, item)


@writer("CONNECTEDLINE")
def _set_connected(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    that.set_connected(_changed(that.connected, item, value))


_TIMEOUTS = {"digit": "5.000", "response": "10.000", "absolute": "0"}


@reader("TIMEOUT")
def _timeout(exchange: Exchange, channel: Channel | None, item: str) -> str:
    kind = item.lower()
    if kind not in _TIMEOUTS:
        raise Rejected("TIMEOUT takes digit, response or absolute")
    return on(channel).variables.get(f"TIMEOUT({kind})", _TIMEOUTS[kind])


@writer("TIMEOUT")
def _set_timeout(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    that = on(channel)
    try:
        seconds = float(value)
    except ValueError:
        raise Rejected(f"{value!r} is no number of seconds") from None
    that.variables[f"TIMEOUT({item.lower()})"] = f"{seconds:.3f}"
    if item.lower() == "absolute" and seconds > 0:
        exchange.after(seconds, lambda: that.request_hangup(soft=32))


@writer("PJSIP_TRANSFER_HANDLING")
def _transfer_handling(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on(channel).variables["PJSIP_TRANSFER_HANDLING()"] = value


@writer("HOLD_INTERCEPT")
def _hold_intercept(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    if item not in ("set", "remove"):
        raise Rejected(f"{item!r} is neither set nor remove")
    on(channel).intercepts_hold = item == "set"


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
        return
    if not is_natural(frequency) or not is_natural(duration or "500") or duration.strip() == "0":
        raise Rejected(f"{arguments!r} is no frequency and duration")
    if unknown := letters - set("denrt"):
        log.warning("TONE_DETECT: the options %s are not simulated", "".join(sorted(unknown)))
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
    }
    return values.get(item.lower().partition(",")[0], "")


@reader("VERSION")
def _version(exchange: Exchange, channel: Channel | None, item: str) -> str:
    return VERSION


@reader("HINT")
def _hint(exchange: Exchange, channel: Channel | None, address: str) -> str:
    exten, _, context = address.partition(",")[0].partition("@")
    return exchange.dialplan.hint(context or "default", exten) or ""
