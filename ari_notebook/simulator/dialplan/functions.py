"""The dialplan's functions: ``CALLERID(num)``, ``LEN(text)``, and their like."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel, Party
from ari_notebook.simulator.dialplan.expressions import truth

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["READERS", "WRITERS", "Rejected", "split"]

Reader = Callable[["Exchange", Channel | None, str], str]
Writer = Callable[["Exchange", Channel | None, str, str], None]

READERS: dict[str, Reader] = {}
WRITERS: dict[str, Writer] = {}


class Rejected(Exception):
    """A function does not take these arguments."""


def split(arguments: str, separator: str = ",") -> list[str]:
    """Arguments apart, at separators that no bracket or quote encloses."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(arguments):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == separator and depth <= 0:
            parts.append(arguments[start:at])
            start = at + 1
    return [*parts, arguments[start:]]


def _reader(*names: str) -> Callable[[Reader], Reader]:
    def register(function: Reader) -> Reader:
        READERS.update(dict.fromkeys(names, function))
        return function

    return register


def _writer(*names: str) -> Callable[[Writer], Writer]:
    def register(function: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(names, function))
        return function

    return register


def _on(channel: Channel | None) -> Channel:
    if channel is None:
        raise Rejected("needs a channel")
    return channel


# What a channel is and whom it connects.


@_reader("CHANNEL")
def _channel(exchange: Exchange, channel: Channel | None, item: str) -> str:
    on = _on(channel)
    technology = on.name.partition("/")[0]
    values = {
        "name": on.name,
        "uniqueid": on.id,
        "linkedid": on.id,
        "state": on.state,
        "language": on.language,
        "accountcode": on.accountcode,
        "channeltype": technology,
        "tech": technology,
        "context": on.context,
        "exten": on.exten,
        "appname": on.appl[0],
        "appdata": on.appl[1],
        "musicclass": on.variable("MUSICCLASS") or "default",
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


@_writer("CHANNEL")
def _set_channel(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on = _on(channel)
    match item.lower():
        case "language":
            on.language = value
        case "accountcode":
            on.accountcode = value
        case "musicclass":
            on.variables["MUSICCLASS"] = value
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
    raise Rejected(f"unknown item {item!r}")


def _changed(party: Party, item: str, value: str) -> Party:
    match item.lower().partition(",")[0]:
        case "num" | "number":
            return Party(party.name, value)
        case "name":
            return Party(value, party.number)
        case "all":
            return Party.parse(value)
    raise Rejected(f"{item!r} cannot be set")


@_reader("CALLERID")
def _caller(exchange: Exchange, channel: Channel | None, item: str) -> str:
    on = _on(channel)
    return on.exten if item.lower() == "dnid" else _part(on.caller, item)


@_writer("CALLERID")
def _set_caller(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on = _on(channel)
    on.set_caller(_changed(on.caller, item, value))


@_reader("CONNECTEDLINE")
def _connected(exchange: Exchange, channel: Channel | None, item: str) -> str:
    return _part(_on(channel).connected, item)


@_writer("CONNECTEDLINE")
def _set_connected(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on = _on(channel)
    on.set_connected(_changed(on.connected, item, value))


@_reader("TIMEOUT")
def _timeout(exchange: Exchange, channel: Channel | None, item: str) -> str:
    return _on(channel).variables.get(f"TIMEOUT({item.lower()})", "0.000")


@_writer("TIMEOUT")
def _set_timeout(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on = _on(channel)
    try:
        seconds = float(value)
    except ValueError:
        raise Rejected(f"{value!r} is no number of seconds") from None
    on.variables[f"TIMEOUT({item.lower()})"] = f"{seconds:.3f}"
    if item.lower() == "absolute" and seconds > 0:
        exchange.after(seconds, lambda: on.request_hangup(soft=32))


@_writer("TALK_DETECT")
def _talk_detect(exchange: Exchange, channel: Channel | None, item: str, value: str) -> None:
    on = _on(channel)
    if item.partition(",")[0] not in ("set", "remove"):
        raise Rejected(f"{item!r} is neither set nor remove")
    on.detect_talking(None if item.startswith("remove") else value)


# Other channels, devices, extensions, global variables.


@_reader("GLOBAL")
def _global(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return exchange.globals.get(name, "")


@_writer("GLOBAL")
def _set_global(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    exchange.set_global(name, value)


@_reader("DEVICE_STATE")
def _device_state(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return str(exchange.devices.get(name)["state"])


@_reader("DIALPLAN_EXISTS", "VALID_EXTEN")
def _extension_exists(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = [word.strip() for word in arguments.split(",")]
    context = words[0] or (channel.context if channel else "default")
    exten = words[1] if len(words) > 1 else "s"
    priority = int(words[2]) if len(words) > 2 and words[2].isdigit() else 1
    return "1" if exchange.dialplan.find(context, exten, priority) else "0"


@_reader("CHANNEL_EXISTS")
def _channel_exists(exchange: Exchange, channel: Channel | None, id: str) -> str:
    there = id in exchange.channels or any(each.name == id for each in exchange.channels.values())
    return "1" if there else "0"


@_reader("EXTENSION_STATE")
def _extension_state(exchange: Exchange, channel: Channel | None, address: str) -> str:
    exten, _, context = address.partition("@")
    hint = exchange.dialplan.hint(context or "default", exten)
    return str(exchange.devices.get(hint)["state"]) if hint else "UNKNOWN"


# Texts.


@_reader("LEN")
def _length(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return str(len(text))


@_reader("TOUPPER")
def _upper(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text.upper()


@_reader("TOLOWER")
def _lower(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return text.lower()


@_reader("QUOTE")
def _quote(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@_reader("FILTER")
def _filter(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    allowed, _, text = arguments.partition(",")
    try:
        return "".join(re.findall(f"[{allowed}]", text))
    except re.error:
        raise Rejected(f"{allowed!r} is no set of characters") from None


@_reader("REPLACE")
def _replace(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, what, *by = [*arguments.split(","), ""][:3]
    value = (channel.variable(name) if channel else None) or exchange.globals.get(name, "")
    return "".join((by[0] if by else "") if char in what else char for char in value)


@_reader("CUT")
def _cut(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = arguments.split(",")
    if len(words) != 3:
        raise Rejected("CUT(variable,delimiter,range)")
    name, delimiter, wanted = words
    value = (channel.variable(name) if channel else None) or exchange.globals.get(name, "")
    parts = value.split(delimiter or "-")
    kept: list[str] = []
    for each in wanted.split("&"):
        first, dash, last = each.partition("-")
        begin = int(first) if first.isdigit() else 1
        end = int(last) if last.isdigit() else (len(parts) if dash else begin)
        kept += parts[begin - 1 : end]
    return (delimiter or "-").join(kept)


@_reader("FIELDQTY")
def _field_quantity(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, _, delimiter = arguments.partition(",")
    value = (channel.variable(name) if channel else None) or exchange.globals.get(name, "")
    return str(len(value.split(delimiter or ","))) if value else "0"


@_reader("REGEX")
def _regex(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    found = re.match(r'\s*"((?:[^"\\]|\\.)*)"\s*(.*)$', arguments, re.DOTALL)
    if not found:
        raise Rejected('REGEX("expression" text)')
    try:
        return "1" if re.search(found[1], found[2]) else "0"
    except re.error as error:
        raise Rejected(str(error)) from None


# Logic and numbers.


@_reader("IF")
def _if(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    condition, mark, rest = arguments.partition("?")
    if not mark:
        raise Rejected("IF(condition?then:else)")
    yes, _, no = (split(rest, ":") + ["", ""])[0], "", ":".join(split(rest, ":")[1:])
    return yes.strip('"') if truth(condition) else no.strip('"')


@_reader("ISNULL")
def _is_null(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return "0" if text else "1"


@_reader("EXISTS")
def _exists(exchange: Exchange, channel: Channel | None, text: str) -> str:
    return "1" if text else "0"


@_reader("RAND")
def _random(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    words = [word.strip() for word in arguments.split(",")]
    least = int(words[0]) if words[0].isdigit() else 0
    most = int(words[1]) if len(words) > 1 and words[1].isdigit() else 2**31 - 1
    return str(exchange.random.randint(min(least, most), max(least, most)))


@_reader("MATH")
def _math(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    sum_, _, kind = arguments.partition(",")
    found = re.match(r"\s*(-?[\d.]+)\s*(\*\*|==|>=|<=|[-+*/%<>])\s*(-?[\d.]+)\s*$", sum_)
    if not found:
        raise Rejected(f"{sum_!r} is no sum of two numbers")
    one, two = float(found[1]), float(found[3])
    if found[2] in "/%" and two == 0:
        raise Rejected("a division by zero")
    match found[2]:
        case "+":
            value = one + two
        case "-":
            value = one - two
        case "*":
            value = one * two
        case "**":
            value = one**two
        case "/":
            value = one / two
        case "%":
            value = one % two
        case comparison:
            sign = (one > two) - (one < two)
            true = {"==": sign == 0, "<": sign < 0, ">": sign > 0, "<=": sign <= 0}
            return "TRUE" if true.get(comparison, sign >= 0) else "FALSE"
    return str(int(value)) if kind.strip() in ("i", "int") else f"{value:f}"


@_reader("STRFTIME")
def _strftime(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    epoch, _, form = (split(arguments) + ["", "", ""])[:3]
    at = float(epoch) if epoch.strip() else exchange.now
    return datetime.fromtimestamp(at, UTC).strftime(form.strip('"') or "%c")
