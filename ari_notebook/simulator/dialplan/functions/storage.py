"""Functions that store values: AstDB, hashes, lists, counters."""

from __future__ import annotations

import re

from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    decoded,
    on,
    reader,
    separate,
    writer,
)
from ari_notebook.simulator.numbers import INT, leading, wrap
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange

# The exchange's AstDB: family/key.


def _key(arguments: str) -> str:
    family, slash, key = arguments.partition("/")
    if not slash or not family or not key:
        raise Rejected("DB expects family/key")
    return arguments


@reader("DB")
def _entry(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return exchange.database.get(_key(arguments), "")


@writer("DB")
def _set_entry(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    exchange.database[_key(arguments)] = value


@reader("DB_EXISTS")
def _has_entry(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return "1" if _key(arguments) in exchange.database else "0"


@reader("DB_DELETE")
def _delete_entry(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return exchange.database.pop(_key(arguments), "")


@reader("DB_KEYS")
def _entries(exchange: Exchange, channel: Channel | None, prefix: str) -> str:
    start = f"{prefix}/" if prefix else ""
    keys = {
        key.removeprefix(start).partition("/")[0]
        for key in exchange.database
        if key.startswith(start)
    }
    return ",".join(sorted(keys))


# ENV holds only what the dialplan set; the host's environment is not exposed.


@reader("ENV")
def _environment(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return exchange.environment.get(name, "")


@writer("ENV")
def _set_environment(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    exchange.environment[name] = value


# Hashes of a channel, stored in variables as in Asterisk.


@reader("HASH")
def _hash(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, *key = separate(arguments, 2) or [""]
    return on(channel).variable(f"~HASH~{name}~{key[0] if key else ''}~") or ""


@writer("HASH")
def _set_hash(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    if "," not in arguments:
        raise Rejected("HASH expects a name and a key")
    name, *rest = separate(arguments, 2)
    # A protected comma is part of the name: then there is no key, which C prints so.
    key = rest[0] if rest else "(null)" if "," in name else ""
    on(channel).set_variable(f"~HASH~{name}~{key}~", value)


@reader("HASHKEYS")
def _hash_keys(exchange: Exchange, channel: Channel | None, name: str) -> str:
    start = f"~HASH~{name}~"
    keys = [each for each in on(channel).variables if each.startswith(start)]
    return ",".join(each.removeprefix(start).rstrip("~") for each in reversed(keys))


# Lists and counters in variables.


def _list(channel: Channel | None, arguments: str) -> tuple[Channel, str, str, list[str]]:
    """Return the channel, variable name, separator and list items."""
    that = on(channel)
    name, _, separator = arguments.partition(",")
    separator = "".join(decoded(separator.strip('"'))[:1]) or ","
    value = that.variable(name) or ""
    return that, name, separator, value.split(separator) if value else []


@reader("SHIFT")
def _first(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    that, name, separator, values = _list(channel, arguments)
    if not values:
        return ""
    that.set_variable(name, separator.join(values[1:]))
    return values[0]


@reader("POP")
def _last(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    that, name, separator, values = _list(channel, arguments)
    if not values:
        return ""
    that.set_variable(name, separator.join(values[:-1]))
    return values[-1]


@writer("PUSH")
def _add_last(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    that, name, separator, values = _list(channel, arguments)
    that.set_variable(name, separator.join([*values, value]))


@writer("UNSHIFT")
def _add_first(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    that, name, separator, values = _list(channel, arguments)
    that.set_variable(name, separator.join([value, *values]))


@writer("ARRAY")
def _set_array(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    names, values = arguments.split(","), separate(value, 100)
    for at, name in enumerate(names):
        on(channel).set_variable(name.strip(), values[at] if at < len(values) else "")


_WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)


def _count(channel: Channel | None, name: str, step: int) -> str:
    that = on(channel)
    value = that.variable(name) or ""
    if not _WHOLE.fullmatch(value):
        raise Rejected(f"{name} is {value!r}, not a whole number")
    number = wrap((leading(value) or 0) + step, INT)
    that.set_variable(name, str(number))
    return str(number)


@reader("INC")
def _increment(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return _count(channel, name, 1)


@reader("DEC")
def _decrement(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return _count(channel, name, -1)


@reader("LOCAL")
def _local(exchange: Exchange, channel: Channel | None, name: str) -> str:
    that = on(channel)
    return (that.variable(name) or "") if that.dialplan.subroutines else ""


@reader("LOCAL_PEEK")
def _peek(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    """Return a variable as the n-th subroutine from within sees it."""
    that = on(channel)
    level, *name = separate(arguments, 2) or [""]
    if not name:
        raise Rejected("LOCAL_PEEK(level,name)")
    depth, hidden = leading(level) or 0, that.dialplan.subroutines[::-1]
    if not depth:
        return that.variable(name[0]) or ""
    if depth > len(hidden):
        return ""
    for _, _, _, before in hidden[:depth]:
        if name[0] in before:
            return before[name[0]]
    return that.variable(name[0]) or ""


@reader("STACK_PEEK")
def _return_place(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    """Return where the n-th subroutine from within returns to, or a part of that."""
    level, part, *_ = [*separate(arguments, 3), "", ""]
    stack, at = on(channel).dialplan.subroutines[::-1], (leading(level) or 1) - 1
    if not 0 <= at < len(stack):
        return ""
    context, exten, priority, _ = stack[at]
    parts = {"c": context, "e": exten, "p": str(priority), "l": f"{context},{exten},{priority}"}
    return parts.get(part[:1].lower(), "")


@writer("LOCAL")
def _set_local(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    that = on(channel)
    if not that.dialplan.subroutines:
        raise Rejected("LOCAL is for subroutines only")
    that.dialplan.subroutines[-1][3].setdefault(name, that.variable(name) or "")
    that.set_variable(name, value, publish=False)
    that.publish_variable(f"LOCAL({name})", value)
