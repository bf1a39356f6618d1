"""While and its like.

As ``apps/app_while.c`` does, a loop is kept in variables of the channel: where it begins and, once
that is known, where it ends.
"""

from __future__ import annotations

import logging

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.expressions import truth

log = logging.getLogger(__name__)


def _level(channel: Channel) -> int:
    """How many loops the channel is in."""
    level = 0
    while channel.variable(f"WHILE_{level}"):
        level += 1
    return level


def _label(channel: Channel) -> str:
    """The variable that says how deep the loop that begins here is."""
    return f"{channel.context}_{channel.exten}_{channel.priority}"


def _go(channel: Channel, place: str) -> None:
    context, exten, priority = place.split(",")
    channel.jump = (context, exten, int(priority))


def _end_of(channel: Channel) -> int | None:
    """The priority of the EndWhile that belongs to the While at the channel's priority."""
    depth, priority = 0, channel.priority
    while True:
        priority += 1
        step = channel.exchange.dialplan.find(channel.context, channel.exten, priority)
        if step is None:
            return None
        name = step.app.lower()
        if name == "while":
            depth += 1
        elif name == "endwhile":
            if depth == 0:
                return priority
            depth -= 1


def _leave(channel: Channel, level: int) -> None:
    """Forget a loop."""
    for name in (f"WHILE_{level}", _label(channel), f"END_WHILE_{level}"):
        if channel.variable(name) is not None:
            channel.set_variable(name, "")


@application("While")
def while_(channel: Channel, data: str) -> Program:
    """Go on as long as a condition holds; otherwise after the EndWhile."""
    yield from nothing_more()
    known = channel.variable(_label(channel))
    level = int(known) if known else _level(channel)
    if not known and truth(data):
        channel.set_variable(_label(channel), str(level))
        place = f"{channel.context},{channel.exten},{channel.priority}"
        channel.set_variable(f"WHILE_{level}", place)
    if truth(data):
        return True
    end = channel.variable(f"END_WHILE_{level}") if known else None
    if known:
        _leave(channel, level)
    if end:
        _go(channel, end)
        return True
    found = _end_of(channel)
    if found is None:
        log.warning("%s: While without its EndWhile", channel.exten)
        return False
    channel.jump = (channel.context, channel.exten, found + 1)
    return True


@application("EndWhile")
def end_while(channel: Channel, data: str) -> Program:
    """Go back to the While."""
    yield from nothing_more()
    level = _level(channel) - 1
    if level < 0:
        log.warning("%s: EndWhile without a While", channel.exten)
        return True
    if not channel.variable(f"END_WHILE_{level}"):
        place = f"{channel.context},{channel.exten},{channel.priority + 1}"
        channel.set_variable(f"END_WHILE_{level}", place)
    _go(channel, channel.variable(f"WHILE_{level}") or "")
    return True


@application("ContinueWhile")
def continue_while(channel: Channel, data: str) -> Program:
    """Go back to the While at once."""
    yield from nothing_more()
    level = _level(channel) - 1
    if level >= 0:
        _go(channel, channel.variable(f"WHILE_{level}") or "")
    return True


@application("ExitWhile")
def exit_while(channel: Channel, data: str) -> Program:
    """Go on after the EndWhile."""
    yield from nothing_more()
    level = _level(channel) - 1
    if level < 0:
        return True
    found = channel.variable(f"END_WHILE_{level}")
    if not found:
        end = _end_of(channel)
        if end is None:
            return False
        found = f"{channel.context},{channel.exten},{end + 1}"
    begin = (channel.variable(f"WHILE_{level}") or "").replace(",", "_")
    for name in (f"WHILE_{level}", begin, f"END_WHILE_{level}"):
        if channel.variable(name) is not None:
            channel.set_variable(name, "")
    _go(channel, found)
    return True
