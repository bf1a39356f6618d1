"""While, EndWhile, ContinueWhile and ExitWhile.

As in ``apps/app_while.c``, channel variables store where a loop begins and, once known, where it
ends.
"""

from __future__ import annotations

import logging

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.expressions import truth
from ari_notebook.simulator.pbx.channel import Channel

log = logging.getLogger(__name__)


def _level(channel: Channel) -> int:
    """Return the number of loops the channel is in."""
    level = 0
    while channel.variable(f"WHILE_{level}"):
        level += 1
    return level


def _label(channel: Channel) -> str:
    """Return the name of the variable that stores the nesting level of this loop."""
    return "_".join(map(str, channel.dialplan.location))


def _place(channel: Channel, priority: int) -> str:
    """Return a priority of the channel's extension as the variables store it."""
    return f"{channel.dialplan.context},{channel.dialplan.exten},{priority}"


def _go(channel: Channel, place: str) -> None:
    context, exten, priority = place.split(",")
    channel.dialplan.jump = (context, exten, int(priority))


def _end_of(channel: Channel) -> int | None:
    """Return the priority of the EndWhile that matches the While at the channel's priority."""
    here = channel.dialplan
    depth, priority = 0, here.priority
    while True:
        priority += 1
        step = channel.exchange.dialplan.find(
            channel.dialplan.context, channel.dialplan.exten, priority
        )
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
    """Remove the variables of a loop."""
    for name in (f"WHILE_{level}", _label(channel), f"END_WHILE_{level}"):
        if channel.variable(name) is not None:
            channel.set_variable(name, "")


@application("While")
def while_(channel: Channel, data: str) -> Program:
    """Continue while a condition holds; otherwise go to after the EndWhile."""
    yield from nothing_more()
    known = channel.variable(_label(channel))
    level = int(known) if known else _level(channel)
    if not known:
        channel.set_variable(_label(channel), str(level))
    if not known and truth(data):
        place = _place(channel, channel.dialplan.priority)
        channel.set_variable(f"WHILE_{level}", place)
    if truth(data):
        return True
    end = channel.variable(f"END_WHILE_{level}") if known else None
    _leave(channel, level)
    if end:
        _go(channel, end)
        return True
    found = _end_of(channel)
    if found is None:
        log.warning("%s: While without its EndWhile", channel.dialplan.exten)
        return True
    channel.dialplan.jump = (channel.dialplan.context, channel.dialplan.exten, found + 1)
    return True


@application("EndWhile")
def end_while(channel: Channel, data: str) -> Program:
    """Go back to the While."""
    yield from nothing_more()
    level = _level(channel) - 1
    if level < 0:
        log.warning("%s: EndWhile without a While", channel.dialplan.exten)
        return True
    if not channel.variable(f"END_WHILE_{level}"):
        place = _place(channel, channel.dialplan.priority + 1)
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
    """Continue after the EndWhile."""
    yield from nothing_more()
    level = _level(channel) - 1
    if level < 0:
        return True
    found = channel.variable(f"END_WHILE_{level}")
    if not found:
        end = _end_of(channel)
        found = "" if end is None else _place(channel, end + 1)
    for name in (f"WHILE_{level}", _label(channel), f"END_WHILE_{level}"):
        if channel.variable(name) is not None:
            channel.set_variable(name, "")
    if found:
        _go(channel, found)
    return True
