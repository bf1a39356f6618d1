"""The dialplan's applications by their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Program

__all__ = ["APPLICATIONS", "Application", "application", "wait"]

Run = Callable[[Channel, str], Program]


@dataclass(frozen=True, slots=True)
class Application:
    """One application.

    Attributes:
        name: as Asterisk spells it.
        program: runs it; its result False ends the call.
    """

    name: str
    program: Run


APPLICATIONS: dict[str, Application] = {}


def application(*names: str) -> Callable[[Run], Run]:
    """Register what runs an application."""

    def register(program: Run) -> Run:
        for name in names:
            APPLICATIONS[name.lower()] = Application(name, program)
        return program

    return register


def wait(channel: Channel, seconds: float | None) -> Program:
    """Let time pass on a channel, however often it is woken; for ever if None."""
    if seconds is None:
        while True:
            yield None
    end = channel.exchange.now + seconds
    while (left := end - channel.exchange.now) > 0:
        yield left
