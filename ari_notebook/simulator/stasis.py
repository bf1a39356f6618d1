"""Stasis: a channel in the hands of an application.

`stasis` is the dialplan application; `Control` is what ARI's operations reach a channel through
while it runs. What is played and recorded waits in its queue; everything else is done at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ari_notebook.simulator.channels import Channel, HungUp
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import Refused

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["Control", "Job", "controlled", "stasis"]


class Job(Protocol):
    """Something that takes a while and waits for its turn: a playback, a recording."""

    on_end: list[Callable[[], None]]

    def begin(self) -> None:
        """Its turn has come."""

    def hang_up(self) -> None:
        """The channel is gone, or leaves Stasis."""


class Control:
    """A channel's side of Stasis."""

    def __init__(self, channel: Channel, app: str) -> None:
        self.channel = channel
        self.app = app
        self.exit: Callable[[], None] | None = None  # what the channel does after Stasis
        self.moving: tuple[str, list[str]] | None = None
        self._jobs: deque[Job] = deque()

    def queue(self, job: Job) -> None:
        """Let a job have its turn after those before it."""
        job.on_end.append(lambda: self._ended(job))
        self._jobs.append(job)
        if len(self._jobs) == 1:
            self.channel.exchange.soon(lambda: self._begin(job))

    def _begin(self, job: Job) -> None:
        if self._jobs and self._jobs[0] is job:
            if self.channel.state != "Up":
                self.channel.driver.indicate(self.channel, "PROGRESS")
            self.channel.driver.audio(self.channel)
            job.begin()

    def _ended(self, job: Job) -> None:
        if job not in self._jobs:
            return
        first = self._jobs[0] is job
        self._jobs.remove(job)
        if first and self._jobs:
            following = self._jobs[0]
            self.channel.exchange.soon(lambda: self._begin(following))

    def abandon_jobs(self) -> None:
        """The channel leaves: what plays and waits is over."""
        jobs, self._jobs = list(self._jobs), deque()
        for job in jobs:
            job.hang_up()

    def leave(self, then: Callable[[], None] | None = None) -> None:
        """Let the channel leave Stasis and go on in the dialplan.

        Args:
            then: done once it has left; where it goes on.
        """
        self.exit = then or (lambda: None)
        if self.channel.task is not None:
            self.channel.task.wake()

    def move(self, app: str, args: list[str]) -> None:
        """Hand the channel to another application."""
        self.moving = (app, args)
        if self.channel.task is not None:
            self.channel.task.wake()


def controlled(exchange: Exchange, id: str, *, up: bool = False) -> Control:
    """The control of a channel for an operation that needs it in Stasis.

    Args:
        exchange: where.
        id: the channel's id, or its name.
        up: whether its state has to allow media.

    Raises:
        Refused: 404 no such channel, 409 not in Stasis, 412 Down, reserved or ringing.
    """
    channel = find(exchange, id)
    if channel.control is None:
        raise Refused(409, "Channel not in Stasis application")
    if up and channel.state in ("Down", "Rsrved", "Ringing"):
        raise Refused(412, "Channel in invalid state")
    return channel.control


def find(exchange: Exchange, id: str) -> Channel:
    """A channel by its id.

    Raises:
        Refused: 404.
    """
    channel = exchange.channels.get(id)
    if channel is None:
        raise Refused(404, "Channel not found")
    return channel


def stasis(channel: Channel, app: str, args: list[str]) -> Program:
    """Hand a channel to an application until that lets it go.

    Args:
        channel: the channel.
        app: the application's name.
        args: for it, in StasisStart.
    """
    exchange = channel.exchange
    channel.set_variable("STASISSTATUS", "")
    if not exchange.applications.registered(app):
        channel.set_variable("STASISSTATUS", "FAILED")
        return
    control = Control(channel, app)
    _enter(control, args)
    try:
        while control.exit is None:
            yield None
            if control.moving is not None:
                to, to_args = control.moving
                control.moving = None
                if not exchange.applications.registered(to):
                    failed = exchange.event(
                        "ApplicationMoveFailed",
                        destination=to,
                        args=to_args,
                        channel=channel.json(),
                    )
                    exchange.applications.send(control.app, failed)
                    continue
                _leave_app(control)
                control.app = to
                _enter(control, to_args)
    except HungUp:
        _leave(control)
        channel.set_variable("STASISSTATUS", "SUCCESS")
        raise
    _leave(control)
    channel.set_variable("STASISSTATUS", "SUCCESS")
    assert control.exit is not None  # noqa: S101  the loop ended by it
    control.exit()


def _enter(control: Control, args: list[str]) -> None:
    channel, exchange = control.channel, control.channel.exchange
    channel.control = control
    exchange.applications.subscribe(control.app, ("channel", channel.id))
    start: dict[str, Any] = exchange.event("StasisStart", args=args, channel=channel.json())
    exchange.applications.send(control.app, start)


def _leave_app(control: Control) -> None:
    channel, exchange = control.channel, control.channel.exchange
    end = exchange.event("StasisEnd", channel=channel.json())
    exchange.applications.send(control.app, end)
    exchange.applications.unsubscribe(control.app, ("channel", channel.id))


def _leave(control: Control) -> None:
    channel = control.channel
    control.abandon_jobs()
    if channel.bridge is not None:
        channel.bridge.leave(channel)
    _leave_app(control)
    channel.control = None
