"""A clock that a test advances."""

from __future__ import annotations

from ari_notebook.simulator.clock import Clock


class VirtualClock(Clock):
    """The simulator's clock, advanced by a number of seconds."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        super().__init__(now)

    def advance(self, seconds: float) -> None:
        super().advance(self.now + seconds)
