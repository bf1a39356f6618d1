"""Applications that set variables or change the dialplan location."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from datetime import UTC
from typing import Any

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import keys
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import APPLICATIONS, application
from ari_notebook.simulator.dialplan.expressions import truth
from ari_notebook.simulator.dialplan.functions import separate, split
from ari_notebook.simulator.dialplan.stock import explain_missing
from ari_notebook.simulator.dialplan.time_ranges import within
from ari_notebook.simulator.dialplan.variables import assign
from ari_notebook.simulator.numbers import is_natural, natural
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.utf8 import is_json

log = logging.getLogger(__name__)

Place = tuple[str, str, int]


def place(channel: Channel, text: str) -> Place | None:
    """Return the location of ``[[context,]extension,]priority`` or a label, or None."""
    words = [word.strip() for word in text.split(",")]
    here = channel.dialplan
    context, exten, priority = [here.context, here.exten, *words][-3:]
    if len(words) == 1:
        context, exten, priority = here.context, here.exten, words[0]
    elif len(words) == 2:
        context, exten, priority = here.context, *words
    dialplan = channel.exchange.dialplan
    if re.fullmatch(r"[+-]\d{1,9}", priority):
        number: int | None = here.priority + int(priority)
    elif is_natural(priority):
        number = natural(priority)
    else:
        number = dialplan.label(context, exten, priority)
    if number is None:
        log.warning("no label %s in extension %s of %s", priority, exten, context)
        return None
    return context, exten, number


def _go(channel: Channel, text: str) -> bool:
    channel.dialplan.jump = place(channel, text)
    return channel.dialplan.jump is not None


@application("Goto")
def goto(channel: Channel, data: str) -> Program:
    """Continue at another dialplan location."""
    yield from nothing_more()
    return _go(channel, data)


def _condition(data: str) -> tuple[str, str, str]:
    """Return the parts of ``condition?then:else``, of which the last may lack."""
    condition, *places = split(data, "?")
    then, *otherwise = split("?".join(places), ":")
    return condition, then, ":".join(otherwise)


@application("GotoIf")
def goto_if(channel: Channel, data: str) -> Program:
    """Continue at another location if a condition holds: ``condition?place:place``.

    Unlike those of other applications, its parts are not protected by quotes or brackets.
    """
    yield from nothing_more()
    condition, mark, places = data.partition("?")
    if not mark:
        log.warning("%r lacks '?'", data)
        return True
    then, _, otherwise = places.partition(":")
    where = (then if truth(condition) else otherwise).strip()
    return _go(channel, where) if where else True


def _call(channel: Channel, data: str) -> bool:
    """Call a subroutine: ``[[context,]extension,]priority[(arguments)]``."""
    text, _, rest = data.partition("(")
    given = rest.rpartition(")")[0] if ")" in rest else rest
    arguments = split(given) if given else []
    where = place(channel, text)
    if where is None or not channel.exchange.dialplan.exists(*where):
        log.warning("no subroutine at %s", data)
        return False
    # A nested subroutine does not inherit arguments: those not given are set to the empty string.
    here = channel.dialplan
    outer = here.subroutines[-1][3] if here.subroutines else None
    hidden = sum(name.startswith("ARG") for name in outer) - 1 if outer is not None else 0
    most = max(len(arguments), hidden)
    names = [*(f"ARG{number}" for number in range(1, most + 1)), "ARGC"]
    before = {name: channel.variables.get(name, "") for name in names}
    here.subroutines.append((here.context, here.exten, here.priority + 1, before))
    values = [*arguments, *[""] * (most - len(arguments)), str(len(arguments))]
    for name, value in zip(names, values, strict=True):
        channel.set_variable(name, value, publish=False)
        channel.publish_variable(f"LOCAL({name})", value)
    channel.dialplan.jump = where
    return True


@application("Gosub")
def gosub(channel: Channel, data: str) -> Program:
    """Call a subroutine; Return continues after this priority."""
    yield from nothing_more()
    return _call(channel, data)


@application("GosubIf")
def gosub_if(channel: Channel, data: str) -> Program:
    """Call a subroutine if a condition holds."""
    yield from nothing_more()
    condition, then, otherwise = _condition(data)
    where = (then if truth(condition) else otherwise).strip()
    return _call(channel, where) if where else True


@application("Return")
def return_(channel: Channel, data: str) -> Program:
    """Return from a subroutine with a value."""
    yield from nothing_more()
    if not channel.dialplan.subroutines:
        log.warning("Return without Gosub on %s", channel.name)
        return False
    context, exten, priority, before = channel.dialplan.subroutines.pop()
    for name, value in reversed(before.items()):
        inner = channel.variable(name)
        channel.set_variable(name, value or None, publish=False)
        # VarSet reports the removal, not the hidden value; no event if the variable was empty
        if inner:
            channel.publish_variable(name, "")
    channel.set_variable("GOSUB_RETVAL", data)
    channel.dialplan.jump = (context, exten, priority)
    return True


@application("StackPop")
def stack_pop(channel: Channel, data: str) -> Program:
    """Remove the innermost return address."""
    if channel.dialplan.subroutines:
        channel.dialplan.subroutines.pop()
    return nothing_more()


def run_within(channel: Channel, text: str) -> Generator[float | None, Any, str]:
    """Run ``App(data)`` within another application.

    Returns:
        SUCCESS, FAILED where it ends the call, NOAPP if no application has that name.
    """
    name, _, rest = text.partition("(")
    words, closing, _ = rest.rpartition(")")
    return _run_named(channel, name, words if closing else rest)


def _run_named(channel: Channel, name: str, data: str) -> Generator[float | None, Any, str]:
    found = APPLICATIONS.get(name.lower())
    if found is None:
        log.warning(
            "No application '%s'%s", name, explain_missing(channel.exchange, "application", name)
        )
        return "NOAPP"
    before = channel.dialplan.application
    channel.run_application(found.name, data)
    goes_on = yield from found.program(channel, data)
    channel.dialplan.application = before
    return "FAILED" if goes_on is False else "SUCCESS"


@application("ExecIf")
def exec_if(channel: Channel, data: str) -> Program:
    """Run an application if a condition holds: ``condition?App(data):App(data)``.

    Without a question mark, or with a comma before it, it is ``condition,App,data``.
    """
    before, mark, _ = data.partition("?")
    if not mark or "," in before:
        condition, name, words = [*separate(data, 3), "", "", ""][:3]
        return not truth(condition) or (yield from _run_named(channel, name, words)) == "SUCCESS"
    condition, then, otherwise = _condition(data)
    if not then and not otherwise and not data.endswith(":"):
        log.warning("ExecIf(%s): expected condition?App(data):App(data)", data)
        return False
    wanted = then if truth(condition) else otherwise
    if not wanted and not truth(condition):
        return True
    return (yield from run_within(channel, wanted)) == "SUCCESS"


@application("ExecIfTime")
def exec_if_time(channel: Channel, data: str) -> Program:
    """Run an application in a time range: ``times,weekdays,days,months?App(data)``."""
    ranges, mark, wanted = data.partition("?")
    if not mark:
        log.warning("ExecIfTime(%s) lacks '?'", data)
        return False
    outside = not within(ranges, channel.exchange.now, UTC)
    return outside or (yield from run_within(channel, wanted)) == "SUCCESS"


@application("GotoIfTime")
def goto_if_time(channel: Channel, data: str) -> Program:
    """Continue elsewhere in a time range: ``times,weekdays,days,months?place:place``."""
    yield from nothing_more()
    if not data:
        log.warning("GotoIfTime expects ranges?place:place")
        return False
    ranges, _, places = data.partition("?")
    inside, _, outside = places.partition(":")
    where = inside if within(ranges, channel.exchange.now, UTC) else outside
    return _go(channel, where) if where else True


@application("RaiseException")
def raise_exception(channel: Channel, data: str) -> Program:
    """Go to extension ``e``, where EXCEPTION(reason) is the text given."""
    yield from nothing_more()
    return keys.raise_exception(channel, data, 0)


@application("ClearHash")
def clear_hash(channel: Channel, data: str) -> Program:
    """Remove all keys of a hash; publishes nothing."""
    for name in [each for each in channel.variables if each.startswith(f"~HASH~{data}~")]:
        del channel.variables[name]
    return nothing_more()


@application("Exec")
def exec_(channel: Channel, data: str) -> Program:
    """Run an application whose name results from variables: ``App(data)``."""
    return (yield from run_within(channel, data)) == "SUCCESS"


@application("TryExec")
def try_exec(channel: Channel, data: str) -> Program:
    """Run an application and continue even if it fails."""
    if not data:
        return True
    status = yield from run_within(channel, data)
    channel.set_variable("TRYSTATUS", status)
    return True


@application("Set")
def set_(channel: Channel, data: str) -> Program:
    """Set a variable or a function: ``name=value``."""
    _set(channel, data)
    return nothing_more()


@application("MSet")
def set_many(channel: Channel, data: str) -> Program:
    """Set several variables: ``name=value,name=value``."""
    for each in separate(data, 99):
        _set(channel, each)
    return nothing_more()


def _set(channel: Channel, text: str) -> None:
    name, sign, value = text.partition("=")
    if not sign:
        log.warning("Set(%s) lacks '='", text)
        return
    assign(channel.exchange, channel, name, value)


@application("UserEvent")
def user_event(channel: Channel, data: str) -> Program:
    """Publish a user event: ``name,Key: Value,…``."""
    name, *rest = separate(data, 100) or [""]
    yield from nothing_more()
    if not name:
        log.warning("UserEvent needs a name")
        return False
    headers = {"eventname": name}
    for each in rest:
        key, colon, value = each.partition(":")
        if colon:
            headers[key] = value.strip()
    if not is_json(headers):
        log.warning("UserEvent(%s) is not UTF-8", name)
        return False
    channel.publish("ChannelUserevent", eventname=name, userevent=headers)
    return True
