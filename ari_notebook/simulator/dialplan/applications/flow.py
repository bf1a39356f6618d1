"""Applications that set variables and say where the dialplan goes on."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from typing import Any

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import APPLICATIONS, application
from ari_notebook.simulator.dialplan.expressions import truth
from ari_notebook.simulator.dialplan.functions import separate, split
from ari_notebook.simulator.dialplan.values import assign
from ari_notebook.simulator.naturals import is_natural, natural

log = logging.getLogger(__name__)

Place = tuple[str, str, int]


def place(channel: Channel, text: str) -> Place | None:
    """Where ``[[context,]extension,]priority`` leads, a label as well; None if nowhere."""
    words = [word.strip() for word in text.split(",")]
    context, exten, priority = [channel.context, channel.exten, *words][-3:]
    if len(words) == 1:
        context, exten, priority = channel.context, channel.exten, words[0]
    elif len(words) == 2:
        context, exten, priority = channel.context, *words
    dialplan = channel.exchange.dialplan
    if re.fullmatch(r"[+-]\d{1,9}", priority):
        number: int | None = channel.priority + int(priority)
    elif is_natural(priority):
        number = natural(priority)
    else:
        number = dialplan.label(context, exten, priority)
    if number is None:
        log.warning("no label %s in the extension %s of %s", priority, exten, context)
        return None
    return context, exten, number


def _go(channel: Channel, text: str) -> bool:
    channel.jump = place(channel, text)
    return channel.jump is not None


@application("Goto")
def goto(channel: Channel, data: str) -> Program:
    """Go on elsewhere."""
    yield from nothing_more()
    return _go(channel, data)


def _branch(data: str) -> str:
    """What ``condition?then:else`` comes to."""
    condition, mark, rest = data.partition("?")
    if not mark:
        log.warning("%r has no '?'", data)
        return ""
    then, *otherwise = split(rest, ":")
    return (then if truth(condition) else ":".join(otherwise)).strip()


@application("GotoIf")
def goto_if(channel: Channel, data: str) -> Program:
    """Go on elsewhere where a condition holds."""
    yield from nothing_more()
    where = _branch(data)
    return _go(channel, where) if where else True


def _call(channel: Channel, data: str) -> bool:
    """Go to a subroutine: ``[[context,]extension,]priority[(arguments)]``."""
    text, bracket, rest = data.partition("(")
    arguments = split(rest.rpartition(")")[0]) if bracket else []
    where = place(channel, text)
    if where is None or channel.exchange.dialplan.find(*where) is None:
        log.warning("no subroutine at %s", data)
        return False
    # A subroutine's subroutine has none of its arguments: those that it is not given are empty.
    hidden = (
        sum(name.startswith("ARG") for name in channel.gosub[-1][3]) - 1 if channel.gosub else 0
    )
    most = max(len(arguments), hidden)
    names = [*(f"ARG{number}" for number in range(1, most + 1)), "ARGC"]
    before = {name: channel.variables.get(name, "") for name in names}
    channel.gosub.append((channel.context, channel.exten, channel.priority + 1, before))
    values = [*arguments, *[""] * (most - len(arguments)), str(len(arguments))]
    for name, value in zip(names, values, strict=True):
        channel.set_variable(name, value, tell=False)
        channel.tell_variable(f"LOCAL({name})", value)
    channel.jump = where
    return True


@application("Gosub")
def gosub(channel: Channel, data: str) -> Program:
    """Go to a subroutine, which comes back with Return."""
    yield from nothing_more()
    return _call(channel, data)


@application("GosubIf")
def gosub_if(channel: Channel, data: str) -> Program:
    """Go to a subroutine where a condition holds."""
    yield from nothing_more()
    where = _branch(data)
    return _call(channel, where) if where else True


@application("Return")
def return_(channel: Channel, data: str) -> Program:
    """Come back from a subroutine, with a value."""
    yield from nothing_more()
    if not channel.gosub:
        log.warning("Return without Gosub on %s", channel.name)
        return False
    context, exten, priority, before = channel.gosub.pop()
    for name, value in reversed(before.items()):
        inner = channel.variable(name)
        channel.set_variable(name, value or None, tell=False)
        if inner:  # that it is gone is told, not what it hid; what was empty goes without a word
            channel.tell_variable(name, "")
    channel.set_variable("GOSUB_RETVAL", data)
    channel.jump = (context, exten, priority)
    return True


@application("StackPop")
def stack_pop(channel: Channel, data: str) -> Program:
    """Forget the place that the innermost subroutine comes back to."""
    if channel.gosub:
        channel.gosub.pop()
    return nothing_more()


def _run(channel: Channel, text: str) -> Generator[float | None, Any, str]:
    """Run ``App(data)`` within another application.

    Returns:
        SUCCESS, FAILED where it ends the call, NOAPP where there is none of that name.
    """
    name, _, rest = text.partition("(")
    found = APPLICATIONS.get(name.strip().lower())
    if found is None:
        log.warning("No application '%s'", name)
        return "NOAPP"
    before, words = channel.appl, rest.rpartition(")")[0]
    channel.run_application(found.name, words)
    goes_on = yield from found.program(channel, words)
    channel.appl = before
    return "FAILED" if goes_on is False else "SUCCESS"


@application("ExecIf")
def exec_if(channel: Channel, data: str) -> Program:
    """Run an application where a condition holds: ``condition?App(data):App(data)``."""
    wanted = _branch(data)
    return not wanted or (yield from _run(channel, wanted)) == "SUCCESS"


@application("Exec")
def exec_(channel: Channel, data: str) -> Program:
    """Run an application whose name is made from variables: ``App(data)``."""
    return (yield from _run(channel, data)) == "SUCCESS"


@application("TryExec")
def try_exec(channel: Channel, data: str) -> Program:
    """Run an application, and go on whatever comes of it."""
    status = yield from _run(channel, data)
    channel.set_variable("TRYSTATUS", status)
    return True


@application("Set")
def set_(channel: Channel, data: str) -> Program:
    """Set a variable or a function: ``name=value``."""
    _set(channel, data)
    return nothing_more()


@application("MSet")
def set_many(channel: Channel, data: str) -> Program:
    """Set several: ``name=value,name=value``."""
    for each in separate(data, 99):
        _set(channel, each)
    return nothing_more()


def _set(channel: Channel, text: str) -> None:
    name, sign, value = text.partition("=")
    if not sign:
        log.warning("Set(%s) has no '='", text)
        return
    assign(channel.exchange, channel, name, value)


@application("UserEvent")
def user_event(channel: Channel, data: str) -> Program:
    """Tell an event of one's own: ``name,Key: Value,…``."""
    name, *rest = separate(data, 100) or [""]
    yield from nothing_more()
    if not name:
        log.warning("UserEvent needs a name")
        return False
    told = {"eventname": name}
    for each in rest:
        key, colon, value = each.partition(":")
        if colon:
            told[key] = value.strip()
    channel.publish("ChannelUserevent", eventname=name, userevent=told)
    return True
