"""When events were received: one time for all events of a read."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

import numpy as np
import numpy.typing as npt

__all__ = ["ReceiveTimes"]


class ReceiveTimes:
    """Times by sequence number, in microseconds since 1970, in the order of receipt."""

    def __init__(self) -> None:
        self._ends = array("q")  # sequence number after the last event of each time
        self._times = array("q")
        # The time of each event, from a sequence number on, as far as it was asked for.
        self._each: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._each_first = self._each_stop = 0

    def add(self, end: int, time: int) -> None:
        """Add the events up to a sequence number, that one not included."""
        if self._times and self._times[-1] == time:
            self._ends[-1] = end
        else:
            self._ends.append(end)
            self._times.append(time)

    def between(self, first: int, stop: int) -> npt.NDArray[np.int64]:
        """Return the times from a sequence number up to another, as a new array.

        Events after the last one have no time.
        """
        stop = min(stop, self._ends[-1] if self._ends else 0)
        if first >= stop:
            return np.empty(0, dtype=np.int64)
        part = slice(bisect_right(self._ends, first), bisect_left(self._ends, stop) + 1)
        ends = np.array(self._ends[part], dtype=np.int64)
        ends[-1] = stop
        counts = np.diff(ends, prepend=first).astype(np.intp)  # 32 bits in a browser
        return np.repeat(np.array(self._times[part], dtype=np.int64), counts)

    def all_from(self, first: int) -> npt.NDArray[np.int64]:
        """Return the times from a sequence number on, as an array that never changes.

        The next call computes only the times that were added.
        """
        stop = self._ends[-1] if self._ends else 0
        if first >= stop:
            return np.empty(0, dtype=np.int64)
        unused = first - self._each_first
        if unused < 0 or stop - self._each_first > len(self._each) or 2 * unused > len(self._each):
            self._each = np.empty(2 * (stop - first), dtype=np.int64)  # another one: see above
            self._each_first = self._each_stop = first
        start = self._each_stop - self._each_first
        end = stop - self._each_first
        self._each[start:end] = self.between(self._each_stop, stop)
        self._each_stop = stop
        return self._each[first - self._each_first : end]

    def find(self, moment: int) -> int:
        """Return the sequence number of the first event after a moment, 0 if it is the first."""
        later = bisect_right(self._times, moment)
        return self._ends[later - 1] if later else 0

    def forget(self, before: int) -> None:
        """Discard the times of events before a sequence number, not necessarily at once."""
        unused = bisect_right(self._ends, before)
        if unused * 2 > len(self._ends):  # not each time: the rest has to be moved
            del self._ends[:unused]
            del self._times[:unused]
