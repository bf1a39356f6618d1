"""The dialplan engine: runs priorities on a channel."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import APPLICATIONS, calls, keys
from ari_notebook.simulator.dialplan.parse import Dialplan
from ari_notebook.simulator.dialplan.stock import explain_missing
from ari_notebook.simulator.dialplan.variables import assign, evaluate, expand
from ari_notebook.simulator.pbx.channel import NORMAL, Channel, ChannelHungUp
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.pbx.ports import DialplanStep

__all__ = ["DialplanRunner"]

log = logging.getLogger(__name__)

# Limit of steps without waiting: a dialplan loop would otherwise block all other calls.
_MOST_AT_ONCE = 10_000
# Seconds for which the reason of a failed call is indicated at the end of an extension.
_FALL_THROUGH = 10.0
_HEARD = {"BUSY": "BUSY", "CONGESTION": "CONGESTION", "CHANUNAVAIL": "CONGESTION"}


class DialplanRunner:
    """The dialplan of an exchange, and the runner of its priorities. See `DialplanEngine`.

    Args:
        text: extensions.conf.
        is_application: whether a Stasis application is registered, and so has a context.

    Raises:
        ConfigError: invalid text, with the line and the reason.
    """

    def __init__(self, text: str, is_application: Callable[[str], bool]) -> None:
        self._is_application = is_application
        self._dialplan = Dialplan.parse(text, is_application)

    def replace(self, text: str) -> None:
        """Replace extensions.conf."""
        self._dialplan = Dialplan.parse(text, self._is_application)

    @property
    def globals(self) -> Mapping[str, str]:
        """Return the global variables of extensions.conf."""
        return self._dialplan.globals

    @property
    def contexts(self) -> list[str]:
        """Return the names of the contexts."""
        return self._dialplan.contexts

    def extensions(self, context: str) -> list[str]:
        """Return the extensions that a context defines, including patterns, without includes."""
        return self._dialplan.extensions(context)

    def find(self, context: str, exten: str, priority: int) -> DialplanStep | None:
        """Return the application at a priority of an extension, or None."""
        return self._dialplan.find(context, exten, priority)

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        """Return whether an extension has a priority."""
        return self._dialplan.exists(context, exten, priority)

    def could_grow(self, context: str, typed: str) -> bool:
        """Return whether further digits could form an extension of the context."""
        return self._dialplan.could_grow(context, typed)

    def label(self, context: str, exten: str, label: str) -> int | None:
        """Return the priority of a label, or None."""
        return self._dialplan.label(context, exten, label)

    def hint(self, context: str, exten: str) -> str | None:
        """Return the device of an extension's hint, or None."""
        return self._dialplan.hint(context, exten)

    def run(
        self, channel: Channel, application: Program | None = None, *, whole: bool = True
    ) -> Program:
        """Run the dialplan on a channel."""
        return _run(channel, application, whole=whole)

    def evaluate(
        self,
        exchange: Exchange,
        channel: Channel | None,
        name: str,
        *,
        from_outside: bool = False,
    ) -> str | None:
        """Return the value of a variable or function."""
        return evaluate(exchange, channel, name, from_outside=from_outside)

    def assign(
        self,
        exchange: Exchange,
        channel: Channel | None,
        name: str,
        value: str | None,
        *,
        from_outside: bool = False,
    ) -> bool:
        """Set a variable or function."""
        return assign(exchange, channel, name, value, from_outside=from_outside)


def _run(channel: Channel, application: Program | None = None, *, whole: bool = True) -> Program:
    """Run the dialplan from the channel's location until hangup or its end.

    Args:
        channel: the channel.
        application: the application already running at this location.
        whole: whether the dialplan started on this channel. Where it continues after an application
            that ran alone, Asterisk neither requests a hangup at the end nor runs ``h``
            (``main/pbx.c``, ``no_hangup_chan``).
    """
    before, channel.dialplan.running = channel.dialplan.application, True
    goes_on = True
    while goes_on:
        try:
            if application is None or (yield from _already(channel, application)):
                yield from _priorities(channel)
            goes_on = False
        except ChannelHungUp:
            application, goes_on = None, _out_of_time(channel)
    if whole and not channel.gone:
        channel.publish_hangup_request(NORMAL, soft=True)
        _hangup_extension(channel)
    channel.dialplan.application, channel.dialplan.running = before, False


def _out_of_time(channel: Channel) -> bool:
    """Go to ``T`` or ``e`` after the absolute timeout; return whether one exists."""
    if not channel.dialplan.timed_out:
        return False
    if channel.exchange.dialplan.exists(channel.dialplan.context, "T"):
        channel.dialplan.exten, channel.dialplan.priority = "T", 1
    elif not keys.raise_exception(channel, "ABSOLUTETIMEOUT", 1):
        return False
    channel.hung_up = channel.dialplan.timed_out = False
    return True


def _already(channel: Channel, application: Program) -> Program:
    goes_on = yield from application
    _go_on(channel)
    return goes_on is not False


def _priorities(channel: Channel) -> Program:
    at_once, since = 0, channel.exchange.now
    while True:
        step = channel.exchange.dialplan.find(*channel.dialplan.location)
        if step is None:
            if not (yield from _without_step(channel)):
                return
            continue
        goes_on = yield from _execute(channel, step)
        at_once = at_once + 1 if channel.exchange.now == since else 0
        since = channel.exchange.now
        if at_once > _MOST_AT_ONCE:
            log.error("%s: %s loops without waiting; the call is ended", step.place, channel.name)
            return
        if not goes_on:
            return
        if channel.hung_up:
            raise ChannelHungUp
        _go_on(channel)


def _go_on(channel: Channel) -> None:
    """Advance to the next priority, or to the location an application set."""
    here = channel.dialplan
    if here.jump is not None:
        here.location, here.jump = here.jump, None
    else:
        here.priority += 1


def _execute(channel: Channel, step: DialplanStep) -> Program:
    """Run one application; return whether the dialplan continues.

    An exception in it ends this call only.
    """
    application = APPLICATIONS.get(step.app.lower())
    needs = application.behaviour if application is not None else None
    if application is None or (needs and not channel.exchange.config.has(needs)):
        log.warning(
            "%s: No application '%s' for extension (%s, %s, %s)%s",
            step.place,
            step.app,
            *channel.dialplan.location,
            explain_missing(channel.exchange, "application", step.app),
        )
        return False
    try:
        data = expand(channel, step.data)
        channel.run_application(application.name, data)
        goes_on = yield from application.program(channel, data)
    except ChannelHungUp:
        raise
    except Exception:
        log.exception("%s: %s failed; the call is ended", step.place, application.name)
        return False
    return goes_on is not False


def _without_step(channel: Channel) -> Program:
    """Handle a missing priority; return whether the dialplan continues."""
    dialplan, here = channel.exchange.dialplan, channel.dialplan
    if here.priority > 1 and dialplan.exists(here.context, here.exten):
        return (yield from _fall_through(channel))
    if here.exten != "i" and dialplan.exists(here.context, "i"):
        channel.set_variable("INVALID_EXTEN", here.exten)
        here.exten, here.priority = "i", 1
        return True
    if keys.raise_exception(channel, "INVALID", 1):
        return True
    log.warning(
        "%s: the dialplan has no extension %s@%s, and no i: the call ends",
        channel.name,
        here.exten,
        here.context,
    )
    return False


def _fall_through(channel: Channel) -> Program:
    """End a call without further priorities, according to DIALSTATUS."""
    status = channel.variable("DIALSTATUS") or "UNKNOWN"
    log.info("Auto fallthrough, channel '%s' status is '%s'", channel.name, status)
    condition = _HEARD.get(status)
    if condition is None:
        return False
    if channel.state != "Up":  # the state change publishes this location without an application
        channel.published.position = channel.dialplan.location
        channel.dialplan.application = ("", "")
    return (yield from calls.refuse(channel, condition, _FALL_THROUGH))


def _hangup_extension(channel: Channel) -> None:
    """Run ``h`` when a call ends; its applications do not wait."""
    dialplan = channel.exchange.dialplan
    if not dialplan.exists(channel.dialplan.context, "h"):
        return
    channel.dialplan.exten, channel.dialplan.priority = "h", 1
    for _ in range(_MOST_AT_ONCE):
        step = dialplan.find(*channel.dialplan.location)
        if step is None:
            return
        program = _execute(channel, step)
        try:
            next(program)
        except StopIteration as stop:
            if stop.value is False:
                return
        except ChannelHungUp:
            return
        else:
            program.close()  # waiting raises on a channel that is hung up, which ends the program
            return
        _go_on(channel)
