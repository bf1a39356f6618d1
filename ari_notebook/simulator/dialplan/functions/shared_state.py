"""Functions of what channels share: variables, groups, locks, lists of devices to dial.

As in ``funcs/func_shared.c``, ``func_groupcount.c``, ``func_lock.c``, ``func_dialgroup.c`` and
``func_channel.c``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ari_notebook.simulator.dialplan.functions.registry import (
    Rejected,
    on,
    reader,
    separate,
    writer,
)
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.regex import InvalidExpression, PosixRegex

# Variables that other channels may read and set.


def _sharing(exchange: Exchange, channel: Channel | None, arguments: str) -> tuple[Channel, str]:
    """Return the channel that ``NAME[,CHANNEL]`` means, and the name."""
    name, *rest = separate(arguments, 2) or [""]
    if not rest:
        return on(channel), name
    found = exchange.channel(rest[0])
    if found is None:
        raise Rejected(f"no channel {rest[0]}")
    return found, name


@reader("SHARED")
def _shared(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    that, name = _sharing(exchange, channel, arguments)
    if f"shared {name}" not in that.items:
        raise Rejected(f"{name} is not set")
    return that.items[f"shared {name}"]


@writer("SHARED")
def _set_shared(exchange: Exchange, channel: Channel | None, arguments: str, value: str) -> None:
    that, name = _sharing(exchange, channel, arguments)
    that.items[f"shared {name}"] = value
    that.publish_variable(f"SHARED({name})", value)


def _master(exchange: Exchange, channel: Channel | None) -> Channel:
    """Return the channel that the call began with, as far as it still exists."""
    that = on(channel)
    return exchange.channels.get(that.linked_id, that)


@reader("MASTER_CHANNEL")
def _master_variable(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return exchange.evaluate(_master(exchange, channel), name) or ""


@writer("MASTER_CHANNEL")
def _set_master_variable(
    exchange: Exchange, channel: Channel | None, name: str, value: str
) -> None:
    exchange.assign(_master(exchange, channel), name, value)


# Groups: a channel is in one group of each category.

_CATEGORY = "group "  # how the items of a channel begin that hold its groups


def _split(text: str) -> tuple[str, str]:
    group, _, category = text.partition("@")
    return group, category


def _groups(channel: Channel) -> Iterator[tuple[str, str]]:
    """Yield the category and group of every group of a channel."""
    for key, group in channel.items.items():
        if key.startswith(_CATEGORY):
            yield key.removeprefix(_CATEGORY), group


def _group_of(channel: Channel, category: str) -> tuple[str, str]:
    """Return the category and first group of a channel; without a category, of any."""
    wanted = category.lower()
    found = (each for each in _groups(channel) if not wanted or each[0].lower() == wanted)
    return next(found, (category, ""))


@reader("GROUP")
def _group(exchange: Exchange, channel: Channel | None, category: str) -> str:
    _, group = _group_of(on(channel), category)
    if not group:
        raise Rejected("the channel is in no group")
    return group


@writer("GROUP")
def _set_group(exchange: Exchange, channel: Channel | None, category: str, value: str) -> None:
    that = on(channel)
    group, named = _split(value)
    category = category or named
    for each, _ in list(_groups(that)):
        if each.lower() == category.lower():
            del that.items[_CATEGORY + each]
    if group:
        that.items[_CATEGORY + category] = group


@reader("GROUP_LIST")
def _group_list(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    return " ".join(
        f"{group}@{category}" if category else group for category, group in _groups(on(channel))
    )


@reader("GROUP_COUNT")
def _group_count(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    group, category = _split(arguments)
    if not group and channel is not None:
        category, group = _group_of(channel, category)
    return str(
        sum(
            each.lower() == group.lower() and (not category or its.lower() == category.lower())
            for member in exchange.channels.values()
            for its, each in _groups(member)
            if group
        )
    )


@reader("GROUP_MATCH_COUNT")
def _group_match_count(exchange: Exchange, channel: Channel | None, arguments: str) -> str:
    group, category = _split(arguments)
    if not group:
        return "0"
    try:
        wanted, within = PosixRegex(group), PosixRegex(category)
    except InvalidExpression as error:
        raise Rejected(str(error)) from None
    return str(
        sum(
            wanted.search(each) is not None and (not category or within.search(its) is not None)
            for member in exchange.channels.values()
            for its, each in _groups(member)
        )
    )


# Locks, each held by one channel until it unlocks or hangs up.


def _holder(exchange: Exchange, name: str) -> Channel | None:
    key = f"lock {name}"
    return next((each for each in exchange.channels.values() if key in each.items), None)


@reader("TRYLOCK", "LOCK")
def _lock(exchange: Exchange, channel: Channel | None, name: str) -> str:
    """Lock at once or not at all; Asterisk's LOCK waits up to three seconds for another channel."""
    that, holder = on(channel), _holder(exchange, name)
    if holder not in (None, that):
        return "0"
    that.items[f"lock {name}"] = "1"
    return "1"


@reader("UNLOCK")
def _unlock(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return "0" if on(channel).items.pop(f"lock {name}", None) is None else "1"


# Lists of devices to dial.

_MEMBERS = "~dialgroup~"


@reader("DIALGROUP")
def _dial_group(exchange: Exchange, channel: Channel | None, name: str) -> str:
    return exchange.database.get(_MEMBERS + name, "")


@writer("DIALGROUP")
def _set_dial_group(
    exchange: Exchange, channel: Channel | None, arguments: str, value: str
) -> None:
    name, _, operation = arguments.partition(",")
    members = [each for each in exchange.database.get(_MEMBERS + name, "").split("&") if each]
    given = [each for each in re.split("[&,]", value) if each]
    match operation.lower():
        case "":
            members = given[::-1]  # Asterisk adds each at the head of its list
        case "add":
            members += [each for each in given if each not in members]
        case "del":
            members = [each for each in members if each not in given]
        case _:
            raise Rejected(f"{operation!r} is neither add nor del")
    exchange.database[_MEMBERS + name] = "&".join(members)
