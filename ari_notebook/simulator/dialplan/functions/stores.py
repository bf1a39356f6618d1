"""Functions that keep something: the database, hashes, lists, counters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.dialplan.functions.registry import Rejected, on, reader, writer

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


# The database of the exchange: family/key.


def _key(arguments: str) -> str:
    family, slash, key = arguments.partition("/")
    if not slash or not family or not key:
        raise Rejected("DB takes family/key")
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


# The environment, of which there is what the dialplan set: this machine's is nobody's business.


@reader("ENV")
def _environment(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return exchange.environment.get(name, "")


@writer("ENV")
def _set_environment(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    exchange.environment[name] = value


# Hashes of a channel, which Asterisk keeps in variables as well.


@reader("HASH")
def _hash(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    name, _, key = arguments.partition(",")
    return on(channel).variable(f"~HASH~{name}~{key}~") or ""


@writer("HASH")
def _set_hash(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    name, comma, key = arguments.partition(",")
    if not comma:
        raise Rejected("HASH takes a name and a key")
    on(channel).set_variable(f"~HASH~{name}~{key}~", value)


@reader("HASHKEYS")
def _hash_keys(exchange: Exchange, channel: Channel | None, name: str) -> str:
    start = f"~HASH~{name}~"
    keys = [each for each in on(channel).variables if each.startswith(start)]
    return ",".join(each.removeprefix(start).rstrip("~") for each in reversed(keys))


# Lists and counters in variables.


def _list(channel: Channel | None, arguments: str) -> tuple[Channel, str, str, list[str]]:
    """The channel, the variable, the separator, and what the variable has."""
    that = on(channel)
    name, _, separator = arguments.partition(",")
    separator = separator.strip('"') or ","
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
    names, values = arguments.split(","), value.split(",")
    for at, name in enumerate(names):
        on(channel).set_variable(name.strip(), values[at] if at < len(values) else "")


def _count(channel: Channel | None, name: str, step: int) -> str:
    that = on(channel)
    value = that.variable(name) or ""
    try:
        number = int(float(value)) + step
    except ValueError:
        raise Rejected(f"{name} is {value!r}, not a number") from None
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
    return (that.variable(name) or "") if that.gosub else ""


@writer("LOCAL")
def _set_local(exchange: Exchange, channel: Channel | None, name: str, value: str) -> None:
    that = on(channel)
    if that.gosub:
        that.gosub[-1][3].setdefault(name, that.variable(name) or "")
    that.set_variable(name, value, tell=False)
    that.tell_variable(f"LOCAL({name})", value)
