"""Stasis: a channel in the hands of an application.

`stasis` is the dialplan application; `Control` is what ARI's operations reach a channel through
while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.channels import Channel, HungUp
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import Later, Refused, Reply
from ari_notebook.simulator.tasks import Task, TaskQueue

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["Control", "controlled", "end", "find", "stasis"]

DONE = Reply(204)


class Control:
    """A channel's side of Stasis."""

    def __init__(self, channel: Channel, app: str) -> None:
        self.channel = channel
        self.app = app
        self.exit: Callable[[], None] | None = None  # what the channel does after Stasis
        self.failed = False  # whether its application can be reached no more
        self.moving: tuple[str, list[str]] | None = None
        self.tasks = TaskQueue(on_idle=self._wake)

    def queue(self, task: Task) -> None:
        """Let something that takes time have its turn; the other end hears the exchange by it."""
        self.announce_sound()
        self.channel.driver.audio(self.channel)
        # The answer to the request comes before its first event.
        self.channel.exchange.soon(lambda: self.tasks.add(task))

    def announce_sound(self) -> None:
        """Tell the other end, where nobody has answered yet, that there is something to hear."""
        if self.channel.state != "Up":
            self.channel.driver.indicate(self.channel, "PROGRESS")

    def in_turn(self, act: Callable[[], None], gone: Reply = DONE) -> Later[Reply]:
        """Do something once all that was asked before is done; the answer waits for that.

        Args:
            act: what to do.
            gone: answered where the channel is gone before.
        """
        answer: Later[Reply] = Later()

        def do() -> None:
            act()
            answer.settle(DONE)

        self.tasks.run(do, lambda: answer.settle(gone))
        return answer

    def leave(self, then: Callable[[], None] | None = None) -> None:
        """Let the channel leave Stasis and go on in the dialplan.

        Args:
            then: done once it has left; where it goes on.
        """
        self.exit = then or (lambda: None)
        self._wake()

    def fail(self) -> None:
        """Let the channel leave Stasis because its application can be reached no more."""
        self.failed = True
        self.leave()

    def move(self, app: str, args: list[str]) -> None:
        """Hand the channel to another application.

        What is asked for at once is done at once: of two moves the last application counts, with
        the arguments of both.
        """
        self.moving = (app, [*(self.moving[1] if self.moving else ()), *args])
        self._wake()

    def _wake(self) -> None:
        """Let the program see what was asked, once nothing else is to be done first."""
        task = self.channel.task
        if task is not None:
            self.channel.exchange.soon(task.wake)


def controlled(exchange: Exchange, id: str, *, up: bool = False) -> Control:
    """The control of a channel for an operation that needs it in Stasis.

    Args:
        exchange: where.
        id: the channel's id. By its name a channel is found, but not as one in Stasis.
        up: whether its state has to allow media.

    Raises:
        Refused: 404 no such channel, 409 not in Stasis, 412 Down, reserved or ringing.
    """
    channel = find(exchange, id)
    if channel.control is None or channel.id != id:
        raise Refused(409, "Channel not in Stasis application")
    if up and channel.state in ("Down", "Rsrved", "Ringing"):
        raise Refused(412, "Channel in invalid state")
    return channel.control


def find(
    exchange: Exchange, id: str, missing: str = "Channel not found", reason: str = ""
) -> Channel:
    """A channel by its id, or its name.

    Args:
        exchange: where.
        id: the channel's id or name.
        missing: what to say where it is not there.
        reason: the phrase of that answer, where it is not the usual one.

    Raises:
        Refused: 404.
    """
    channel = exchange.channel(id)
    if channel is None or channel.id in exchange.media.ghosts:
        raise Refused(404, missing, reason=reason)
    return channel


def stasis(
    channel: Channel,
    app: str,
    args: list[str],
    *,
    clear: bool = True,
    replaced: Channel | None = None,
) -> Program:
    """Hand a channel to an application until that lets it go.

    Args:
        channel: the channel.
        app: the application's name.
        args: for it, in StasisStart.
        clear: whether STASISSTATUS is to be cleared first.
        replaced: whose place it takes by a transfer.
    """
    exchange = channel.exchange
    if clear:
        channel.set_variable("STASISSTATUS", "")
    if not exchange.applications.registered(app):
        connected = yield from _connected(channel, app)
        if connected is None:
            channel.set_variable("STASISSTATUS", "FAILED")
            return
        app = connected
    control = Control(channel, app)
    _enter(control, args, replaced)
    try:
        while control.exit is None or control.tasks.busy:
            yield None
            if control.moving is not None and not control.tasks.busy:
                to, to_args = control.moving
                control.moving = None
                if not exchange.applications.registered(to):
                    failed = exchange.event(
                        "ApplicationMoveFailed",
                        channel=channel.json(),
                        destination=to,
                        args=to_args,
                    )
                    exchange.applications.send(control.app, failed)
                    continue
                _leave_app(control)
                control.app = to
                _enter(control, to_args)
    except HungUp:
        end(control)
        channel.set_variable("STASISSTATUS", "SUCCESS")
        raise
    end(control)
    assert control.exit is not None  # noqa: S101  the loop ended by it
    control.exit()
    if not channel.in_dialplan:
        # No dialplan called this application; it runs one itself.
        from ari_notebook.simulator.dialplan import run_dialplan

        channel.priority += 1
        yield from run_dialplan(channel, whole=False)
    channel.set_variable("STASISSTATUS", "FAILED" if control.failed else "SUCCESS")


def _connected(channel: Channel, app: str) -> Generator[float | None, Any, str | None]:
    """Have an application that nobody registered connected for this call.

    Returns:
        the name it has for this call; None where it is not reached, or not to be connected.
    """
    connect, task = channel.exchange.per_call, channel.task
    if connect is None or task is None or not connect(app, channel, task.wake):
        return None
    named: str | None = yield None
    return named


def _enter(control: Control, args: list[str], replaced: Channel | None = None) -> None:
    channel, exchange = control.channel, control.channel.exchange
    channel.control = control
    exchange.applications.subscribe(control.app, ("channel", channel.id))
    start: dict[str, Any] = exchange.event("StasisStart", args=args, channel=channel.json())
    if replaced is not None:
        start["replace_channel"] = replaced.json()
    exchange.applications.send(control.app, start)


def _leave_app(control: Control) -> None:
    channel, exchange = control.channel, control.channel.exchange
    end = exchange.event("StasisEnd", channel=channel.json())
    exchange.applications.send(control.app, end)
    exchange.applications.unsubscribe(control.app, ("channel", channel.id))


def end(control: Control) -> None:
    """Tell the application that it has the channel no more."""
    channel = control.channel
    control.tasks.hang_up()
    if channel.bridge is not None:
        channel.bridge.leave(channel)
    _leave_app(control)
    channel.control = None
