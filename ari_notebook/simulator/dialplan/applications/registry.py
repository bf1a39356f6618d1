"""Registry of dialplan applications by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.pbx.channel import Channel

__all__ = ["APPLICATIONS", "DialplanApplication", "application", "wait"]

Run = Callable[[Channel, str], Program]


@dataclass(frozen=True, slots=True)
class DialplanApplication:
    """One dialplan application.

    Attributes:
        name: spelling used by Asterisk.
        program: generator function; returning False ends the call.
        behaviour: the behaviour of a release that it belongs to; None: all releases have it.
    """

    name: str
    program: Run
    behaviour: ReleaseBehaviour | None = None


APPLICATIONS: dict[str, DialplanApplication] = {}


def application(*names: str, behaviour: ReleaseBehaviour | None = None) -> Callable[[Run], Run]:
    """Return a decorator that registers the program of an application."""

    def register(program: Run) -> Run:
        for name in names:
            APPLICATIONS[name.lower()] = DialplanApplication(name, program, behaviour)
        return program

    return register


def wait(channel: Channel, seconds: float | None) -> Program:
    """Wait on a channel, even if it is woken meanwhile; without a time, wait forever."""
    if seconds is None:
        while True:
            yield None
    end = channel.exchange.now + seconds
    while (left := end - channel.exchange.now) > 0:
        yield left
