"""Stasis: control of a channel by an application.

`stasis` is the dialplan application; ARI's operations reach the channel through `StasisControl`
while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import AriRefusal, Deferred, Reply
from ari_notebook.simulator.pbx.channel import NORMAL, Channel, ChannelHungUp
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.pbx.task_queue import QueuedTask, TaskQueue

__all__ = ["StasisControl", "control_of", "controlled", "end", "find", "stasis"]

DONE = Reply(204)
_STARTS_FIRST = 0.15  # of moves: StasisStart precedes StasisEnd


class StasisControl:
    """The control of one channel while it is in Stasis."""

    def __init__(self, channel: Channel, app: str) -> None:
        self.channel = channel
        self.app = app
        self.after_stasis: Callable[[], None] | None = None  # called once the channel has left
        self.on_hangup: Callable[[], None] | None = None  # called once it has left by a hangup
        self.failed = False  # whether the application has become unreachable
        self.moving: tuple[str, list[str]] | None = None
        # Asterisk keeps a channel that ARI dials in a bridge that no request shows, until it is
        # added to another one (``app_control_dial`` in ``res/stasis/control.c``).
        self.in_dial_bridge = False
        self.tasks = TaskQueue(on_idle=self._wake)

    def enqueue(self, task: QueuedTask) -> None:
        """Enqueue a task; send PROGRESS before it begins if the call is unanswered."""
        if self.tasks.busy:
            self.tasks.run(self.start_early_media)
        else:
            self.start_early_media()
        self.channel.driver.audio(self.channel)
        # The response to the request precedes its first event.
        self.channel.exchange.soon(lambda: self.tasks.add(task))

    def start_early_media(self) -> None:
        """Start early media: send PROGRESS if the call is unanswered."""
        if self.channel.state != "Up":
            self.channel.driver.indicate(self.channel, "PROGRESS")

    def run_in_turn(self, act: Callable[[], None], *, at_end: bool = False) -> Deferred[Reply]:
        """Call a function after earlier tasks; the reply is deferred until then.

        Args:
            act: the function.
            at_end: whether to call it also if the channel leaves first.
        """
        answer: Deferred[Reply] = Deferred()

        def do() -> None:
            act()
            answer.resolve(DONE)

        self.tasks.run(do, do if at_end else lambda: answer.resolve(DONE))
        return answer

    def leave(self, then: Callable[[], None] | None = None) -> None:
        """Leave Stasis and continue in the dialplan.

        Args:
            then: called after it has left; sets the location.
        """
        self.after_stasis = then or (lambda: None)
        self._wake()

    def fail(self) -> None:
        """Leave Stasis because the application has become unreachable."""
        self.failed = True
        self.leave()

    def move(self, app: str, args: list[str]) -> None:
        """Move the channel to another application.

        Simultaneous requests are combined: of two moves the last application applies, with the
        arguments of both.
        """
        self.moving = (app, [*(self.moving[1] if self.moving else ()), *args])
        self._wake()

    def _wake(self) -> None:
        """Resume the channel's program, after actions scheduled before."""
        task = self.channel.task
        if task is not None:
            self.channel.exchange.soon(task.wake)


def control_of(channel: Channel) -> StasisControl | None:
    """Return the control of a channel, or None outside Stasis."""
    return channel.attached(StasisControl)


def controlled(exchange: Exchange, id: str, *, up: bool = False) -> StasisControl:
    """Return the control of a channel for an operation that requires Stasis.

    Args:
        exchange: the exchange.
        id: id of the channel. Its name finds the channel, but not its control.
        up: whether its state must allow media.

    Raises:
        AriRefusal: 404 no such channel, 409 not in Stasis, 412 Down, reserved or ringing.
    """
    channel = find(exchange, id)
    control = control_of(channel)
    if control is None or channel.id != id:
        raise AriRefusal(409, "Channel not in Stasis application")
    if up and channel.state in ("Down", "Rsrved", "Ringing"):
        raise AriRefusal(412, "Channel in invalid state")
    return control


def find(
    exchange: Exchange, id: str, missing: str = "Channel not found", reason: str = ""
) -> Channel:
    """Return a channel by its id or name.

    Args:
        exchange: the exchange.
        id: id or name of the channel.
        missing: error message for an unknown channel.
        reason: reason phrase of that error, if not the usual one.

    Raises:
        AriRefusal: 404.
    """
    channel = exchange.channel(id)
    if channel is None or channel.ghost:
        raise AriRefusal(404, missing, reason=reason)
    return channel


def stasis(
    channel: Channel,
    app: str,
    args: list[str],
    *,
    clear: bool = True,
    replaced: Channel | None = None,
) -> Program:
    """Run the Stasis application: an ARI application controls the channel until it leaves.

    Args:
        channel: the channel.
        app: the application's name.
        args: its arguments in StasisStart.
        clear: whether to clear STASISSTATUS first.
        replaced: channel that it replaces by a transfer.
    """
    exchange = channel.exchange
    if clear:
        channel.set_variable("STASISSTATUS", "")
    if not exchange.event_bus.registered(app):
        connected = yield from _connected(channel, app)
        if connected is None:
            channel.set_variable("STASISSTATUS", "FAILED")
            return
        app = connected
    control = StasisControl(channel, app)
    _enter(control, args, replaced)
    try:
        while control.after_stasis is None or control.tasks.busy:
            yield None
            if control.moving is not None and not control.tasks.busy:
                to, to_args = control.moving
                control.moving = None
                if not exchange.event_bus.registered(to):
                    failed = exchange.event(
                        "ApplicationMoveFailed",
                        channel=channel.json(),
                        destination=to,
                        args=to_args,
                    )
                    exchange.event_bus.send(control.app, failed)
                    continue
                left, control.app = control.app, to
                if exchange.races.reverses(_STARTS_FIRST):
                    _enter(control, to_args)
                    _leave_app(channel, left)
                    channel.stasis_app = to
                else:
                    _leave_app(channel, left)
                    _enter(control, to_args)
    except ChannelHungUp:
        if control.in_dial_bridge:  # leaving it sets a cause, as leaving any bridge does
            channel.cause = channel.cause or NORMAL
        yield from control.tasks.hang_up()  # another hangup request ends a wait
        end(control)
        if control.on_hangup is not None:
            control.on_hangup()
        channel.set_variable("STASISSTATUS", "SUCCESS")
        raise
    end(control)
    assert control.after_stasis is not None  # noqa: S101  the loop ended because of it
    control.after_stasis()
    if not channel.dialplan.running:
        # No dialplan called this application; it starts one itself.
        channel.dialplan.priority += 1
        yield from exchange.dialplan.run(channel, whole=False)
    channel.set_variable("STASISSTATUS", "FAILED" if control.failed else "SUCCESS")


def _connected(channel: Channel, app: str) -> Generator[float | None, Any, str | None]:
    """Connect an unregistered application for this call.

    Returns:
        Its name for this call; None if it has no per-call connection or cannot be reached.
    """
    connect, task = channel.exchange.connect_per_call_app, channel.task
    if connect is None or task is None or not connect(app, channel, task.wake):
        return None
    named: str | None = yield None
    return named


def _enter(control: StasisControl, args: list[str], replaced: Channel | None = None) -> None:
    channel, exchange = control.channel, control.channel.exchange
    channel.attach(control)
    channel.stasis_app = control.app
    exchange.event_bus.subscribe(control.app, channel.topic)
    start: dict[str, Any] = exchange.event("StasisStart", args=args, channel=channel.json())
    if replaced is not None:
        start["replace_channel"] = replaced.json()
    exchange.event_bus.send(control.app, start)


def _leave_app(channel: Channel, app: str) -> None:
    exchange = channel.exchange
    end = exchange.event("StasisEnd", channel=channel.snapshot())
    exchange.event_bus.send(app, end)
    exchange.event_bus.unsubscribe(app, channel.topic)


def end(control: StasisControl) -> None:
    """End the control of a channel and send StasisEnd."""
    channel = control.channel
    list(control.tasks.hang_up())  # tasks that would take time end at once
    if channel.bridge is not None:
        channel.bridge.eject(channel)
    _leave_app(channel, control.app)
    channel.detach(StasisControl)
    channel.stasis_app = None
