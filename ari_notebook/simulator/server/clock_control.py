"""Moving simulated time while programs are connected.

Time moves from one scheduled action to the next. After each that made events, the programs get real
time to react: the next step is taken once no octet has passed for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from ari_notebook.simulator.backend import AriBackend
from ari_notebook.simulator.server.pace import PacedTime

__all__ = ["QUIET_SECONDS", "SteppingHost", "advance", "run_until_idle", "settle"]

# Real seconds without any octet after which connected programs count as done.
QUIET_SECONDS = 0.03


class SteppingHost(Protocol):
    """The server whose time moves."""

    @property
    def time(self) -> PacedTime:
        """Return the clock."""

    @property
    def connected(self) -> bool:
        """Return whether a program has an event socket."""

    @property
    def traffic(self) -> int:
        """Return a number that grows with every message from or to a program."""

    def now(self) -> AbstractContextManager[AriBackend]:
        """Advance the backend to the current time; then set the timer for its next action."""


async def settle(host: SteppingHost, quiet: float = QUIET_SECONDS) -> None:
    """Wait until no message has passed between programs and exchange for ``quiet`` seconds."""
    while host.connected:
        before = host.traffic
        await asyncio.sleep(quiet)
        if host.traffic == before:
            return


async def advance(host: SteppingHost, seconds: float, quiet: float = QUIET_SECONDS) -> None:
    """Move time forward by simulated seconds, step by step."""
    end = host.time() + seconds
    await settle(host, quiet)
    while await _step(host, lambda due: end if due is None or due > end else due, quiet):
        if host.time() >= end:
            return


async def run_until_idle(
    host: SteppingHost, limit: float, quiet: float = QUIET_SECONDS
) -> tuple[float, bool]:
    """Move time forward until nothing is scheduled.

    Args:
        host: the server.
        limit: simulated seconds after which it ends anyway.
        quiet: real seconds without messages after which programs count as done.

    Returns:
        The simulated seconds that passed, and whether nothing is scheduled.
    """
    begin = host.time()
    await settle(host, quiet)
    while _busy(host) and await _step(
        host, lambda due: due if due and due <= begin + limit else None, quiet
    ):
        pass
    return host.time() - begin, not _busy(host)


def _busy(host: SteppingHost) -> bool:
    with host.now() as backend:
        return backend.busy()


async def _step(
    host: SteppingHost, choose: Callable[[float | None], float | None], quiet: float
) -> bool:
    """Move to the chosen time and let programs react; return False where there is none."""
    with host.now() as backend:
        to = choose(backend.next_due())
    if to is None:
        return False
    before = host.traffic
    host.time.forward(to)
    with host.now():
        pass
    await asyncio.sleep(0)  # messages are written in the next turn of the loop
    await asyncio.sleep(0)
    if host.traffic != before:
        await settle(host, quiet)
    return True
