"""Races: what Asterisk's threads do in either order, varied by a seed.

In Asterisk each channel runs in a separate thread. Measured on 22.10.1: of two halves of a Local
channel either ends first; events of one half precede or follow those of the other by milliseconds;
of 30 moves to another application, StasisStart preceded StasisEnd in 4 and 5; of 40 channels that
``create`` made, 4 were not in Stasis when the next request came.
"""

from __future__ import annotations

import random

__all__ = ["Races"]

_LONGEST_DELAY = 0.004  # seconds by which a thread falls behind


class Races:
    """Decides which of two threads is first.

    Args:
        seed: the same seed decides the same; None: no race is varied.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._random = None if seed is None else random.Random(seed)

    def reverses(self, probability: float = 0.5) -> bool:
        """Return whether two threads act in the rarer order."""
        return self._random is not None and self._random.random() < probability

    def delay(self) -> float:
        """Return by how many seconds a thread acts later than its cause."""
        return 0.0 if self._random is None else self._random.uniform(0, _LONGEST_DELAY)
