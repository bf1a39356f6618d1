"""Steps of a server's clock, found in the times of its events and in their times of receipt."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ari_notebook.store.timestamps import NO_TIME

__all__ = ["CLOCK_STEP", "ServerClock", "Times"]

Times: TypeAlias = npt.NDArray[np.int64]  # microseconds since 1970
# Seconds: events of different threads may arrive out of order, but not by so much.
CLOCK_STEP = 2.0
_STEP = int(CLOCK_STEP * 1e6)
_KEPT_PACE = 10_000_000  # microseconds
_SLOWEST, _FASTEST = 0.9, 1.1  # rate of a clock that keeps pace
_NEVER = np.iinfo(np.int64).min // 2


class ServerClock:
    """The clock of one server, beside the clock of the machine that receives its events."""

    def __init__(self) -> None:
        self._newest = _NEVER  # time of the newest event
        self._ahead = _NEVER  # the most that the clock was ahead of ours
        self._since: tuple[int, int] | None = None  # time and receipt of an event
        self._last = (0, 0)  # the same of the newest event

    def in_order(self, times: Times) -> bool:
        """Return whether the next times are valid and, but for a moment, in order.

        Args:
            times: times of events, or NaT.
        """
        if not len(times):
            return True
        newest, self._newest = self._newest, int(times[-1])
        if times.min() == NO_TIME:
            return False
        latest = np.maximum(np.maximum.accumulate(times), newest)
        if (latest - times).max() > _STEP:
            return False
        self._newest = int(latest[-1])
        return True

    def jumps(self, times: Times, received: Times) -> list[int]:
        """Return the indexes of the next events before which the clock jumped forward.

        An event is never received before it was sent, so that a clock that is suddenly further
        ahead of ours has jumped, or ours was set back. Of a clock that has not kept pace with ours
        for ten seconds nothing is known: a simulator's may run faster.

        Args:
            times: times of events, or NaT.
            received: times of their receipt.
        """
        valid = np.flatnonzero(times != NO_TIME)
        if not len(valid):
            return []
        times, received = times[valid], received[valid]
        ahead = times - received
        most = np.maximum(np.maximum.accumulate(ahead), self._ahead)
        before = np.concatenate([[self._ahead], most[:-1]])
        self._ahead = int(most[-1])
        found = []
        for place in np.flatnonzero(ahead - before > _STEP).tolist():
            last = (int(times[place - 1]), int(received[place - 1])) if place else self._last
            here = (int(times[place]), int(received[place]))
            if self._since is None:
                self._since = here
                continue
            passed, waited = last[0] - self._since[0], last[1] - self._since[1]
            if waited >= _KEPT_PACE and _SLOWEST <= passed / waited <= _FASTEST:
                found.append(int(valid[place]))
                self._since = here
        self._last = int(times[-1]), int(received[-1])
        return found
