"""Running the dialplan on a channel, priority by priority."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import NORMAL, HungUp
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import APPLICATIONS, calls, keys
from ari_notebook.simulator.dialplan.values import expand

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel
    from ari_notebook.simulator.dialplan.parse import Step

__all__ = ["run_dialplan"]

log = logging.getLogger(__name__)

# A dialplan that goes in circles without time passing would hold up every other call.
_MOST_AT_ONCE = 10_000
# Seconds that a caller hears how a call failed, at the end of an extension.
_FALL_THROUGH = 10.0
_HEARD = {"BUSY": "BUSY", "CONGESTION": "CONGESTION", "CHANUNAVAIL": "CONGESTION"}


def run_dialplan(
    channel: Channel, application: Program | None = None, *, whole: bool = True
) -> Program:
    """Run the dialplan from where the channel stands, until it is hung up or has nothing to do.

    Args:
        channel: the channel.
        application: what runs already at this place.
        whole: whether the dialplan is what runs on the channel; where it goes on after an
            application that ran alone, Asterisk neither asks for a hangup at its end nor runs
            ``h`` (``main/pbx.c``, ``no_hangup_chan``).
    """
    before, channel.in_dialplan = channel.appl, True
    goes_on = True
    while goes_on:
        try:
            if application is None or (yield from _already(channel, application)):
                yield from _priorities(channel)
            goes_on = False
        except HungUp:
            application, goes_on = None, _out_of_time(channel)
    if whole and not channel.gone:
        channel.tell_hangup_request(NORMAL, soft=True)
        _hangup_extension(channel)
    channel.appl, channel.in_dialplan = before, False


def _out_of_time(channel: Channel) -> bool:
    """Go to ``T`` or ``e`` where the time is over that the call may take; whether there is one."""
    if not channel.out_of_time:
        return False
    if channel.exchange.dialplan.find(channel.context, "T", 1) is not None:
        channel.exten, channel.priority = "T", 1
    elif not keys.raise_exception(channel, "ABSOLUTETIMEOUT", 1):
        return False
    channel.hung_up = channel.out_of_time = False
    return True


def _already(channel: Channel, application: Program) -> Program:
    goes_on = yield from application
    _go_on(channel)
    return goes_on is not False


def _priorities(channel: Channel) -> Program:
    at_once, since = 0, channel.exchange.now
    while True:
        step = channel.exchange.dialplan.find(channel.context, channel.exten, channel.priority)
        if step is None:
            if not (yield from _without_step(channel)):
                return
            continue
        goes_on = yield from _execute(channel, step)
        at_once = at_once + 1 if channel.exchange.now == since else 0
        since = channel.exchange.now
        if at_once > _MOST_AT_ONCE:
            log.error("%s: %s goes in circles; the call is ended", step.place, channel.name)
            return
        if not goes_on:
            return
        _go_on(channel)


def _go_on(channel: Channel) -> None:
    """To the next priority, or to where an application jumped."""
    if channel.jump is not None:
        channel.context, channel.exten, channel.priority = channel.jump
        channel.jump = None
    else:
        channel.priority += 1


def _execute(channel: Channel, step: Step) -> Program:
    """Run one application; its result says whether the dialplan goes on.

    One that breaks ends its call, and no other.
    """
    application = APPLICATIONS.get(step.app.lower())
    if application is None:
        log.warning(
            "%s: No application '%s' for extension (%s, %s, %s)",
            step.place,
            step.app,
            channel.context,
            channel.exten,
            channel.priority,
        )
        return False
    try:
        data = expand(channel, step.data)
        channel.run_application(application.name, data)
        goes_on = yield from application.program(channel, data)
    except HungUp:
        raise
    except Exception:
        log.exception("%s: %s failed; the call is ended", step.place, application.name)
        return False
    return goes_on is not False


def _without_step(channel: Channel) -> Program:
    """The extension is at its end, or is not there; what it says is whether to go on."""
    dialplan = channel.exchange.dialplan
    if channel.priority > 1 and dialplan.find(channel.context, channel.exten, 1) is not None:
        return (yield from _fall_through(channel))
    if channel.exten != "i" and dialplan.find(channel.context, "i", 1) is not None:
        channel.set_variable("INVALID_EXTEN", channel.exten)
        channel.exten, channel.priority = "i", 1
        return True
    if keys.raise_exception(channel, "INVALID", 1):
        return True
    log.warning("no extension %s in the context %s", channel.exten, channel.context)
    return False


def _fall_through(channel: Channel) -> Program:
    """Nothing is left to do: what became of the last Dial says how the call ends."""
    status = channel.variable("DIALSTATUS") or "UNKNOWN"
    log.info("Auto fallthrough, channel '%s' status is '%s'", channel.name, status)
    condition = _HEARD.get(status)
    if condition is None:
        return False
    if channel.state != "Up":  # the change of its state tells this place, without an application
        channel.told_place = channel.context, channel.exten, channel.priority
        channel.appl = ("", "")
    return (yield from calls.refuse(channel, condition, _FALL_THROUGH))


def _hangup_extension(channel: Channel) -> None:
    """Run ``h``, which the end of a call calls where it is; nothing takes time any more."""
    dialplan = channel.exchange.dialplan
    if dialplan.find(channel.context, "h", 1) is None:
        return
    channel.exten, channel.priority = "h", 1
    for _ in range(_MOST_AT_ONCE):
        step = dialplan.find(channel.context, channel.exten, channel.priority)
        if step is None:
            return
        program = _execute(channel, step)
        try:
            next(program)
        except StopIteration as stop:
            if stop.value is False:
                return
        except HungUp:
            return
        else:
            program.close()  # waiting fails on a channel that is hung up, and that ends it all
            return
        _go_on(channel)
