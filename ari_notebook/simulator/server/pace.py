"""The time of a server: real time, multiplied by a factor, which can be stopped and set."""

from __future__ import annotations

import math
import time

__all__ = ["PacedTime"]


class PacedTime:
    """Epoch seconds that begin at the present and pass ``speed`` times as fast as real ones.

    A time that begins paused begins at a whole second: times are rounded alike in each run then,
    and the runs are equal.

    Args:
        speed: the factor; 1 for real time.
        paused: whether it begins paused.

    Raises:
        ValueError: the factor is not a positive, finite number.
    """

    def __init__(self, speed: float = 1, *, paused: bool = False) -> None:
        if not 0 < speed < math.inf:
            raise ValueError(f"invalid speed: {speed}; 10 is ten times as fast as real time")
        self._speed = speed
        self._epoch = float(int(time.time())) if paused else time.time()
        self._start = time.monotonic()
        self._own = speed != 1  # otherwise it follows the machine's clock where that is set
        self._stopped: float | None = self._epoch if paused else None

    def __call__(self) -> float:
        """Return the present time, epoch seconds."""
        if self._stopped is not None:
            return self._stopped
        if not self._own:
            return time.time()
        return self._epoch + (time.monotonic() - self._start) * self._speed

    @property
    def paused(self) -> bool:
        """Return whether the time is paused."""
        return self._stopped is not None

    def pause(self) -> None:
        """Stop; idempotent."""
        if self._stopped is None:
            self._stopped = self()

    def resume(self) -> None:
        """Continue from where it stopped; idempotent."""
        if self._stopped is not None:
            self._epoch, self._start = self._stopped, time.monotonic()
            self._stopped, self._own = None, True

    def forward(self, to: float) -> None:
        """Move to a time in the future; one in the past changes nothing."""
        if self._stopped is not None:
            self._stopped = max(self._stopped, to)
        elif to > self():
            self._epoch, self._start, self._own = to, time.monotonic(), True

    def delay(self, until: float) -> float | None:
        """Return the real seconds from now to a time, 0 for one in the past; None: never."""
        left = until - self()
        if left <= 0:
            return 0.0
        return None if self._stopped is not None else left / self._speed
