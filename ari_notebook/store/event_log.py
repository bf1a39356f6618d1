"""The event log: every event exactly as received, and its columns.

For an event, the log stores its JSON and time of receipt, and decodes the few fields that the
columns and the live tables need (`ari_notebook.store.event_head`). Columns are filled with many
events at once. A whole event is decoded on access.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt
import orjson

from ari_notebook.store.archive import Archive
from ari_notebook.store.arrow_stream import ArrowStream
from ari_notebook.store.columns import Columns
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_head import MALFORMED, Head, decode_event, summarize
from ari_notebook.store.receive_times import ReceiveTimes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EventLog"]

_STEP = 1024  # events added to columns at once: about a millisecond
_PART = 4096  # maximum number of events added in one call
_INSPECTED = 256  # events inspected at once


class EventLog(ArrowStream):
    """Events in order of receipt, up to a maximum number.

    One thread appends, any number of threads read. An index counts from the oldest event kept; a
    sequence number (`count`, `since`) counts every event since the beginning, and never changes.

    Args:
        keep: maximum number of events; None: all. Dropped events are counted.
        look: called once with every event of Asterisk, by `inspect_next`.
    """

    def __init__(
        self,
        keep: int | None = None,
        *,
        look: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.keep = _checked(keep)
        self.count = 0
        self.dropped = 0
        self.malformed = 0
        self._first = 0  # sequence number of the oldest event kept
        self._lock = threading.RLock()
        self._archive = Archive(self._lock)
        self._received = ReceiveTimes()
        self._origins: dict[int, str] = {}  # of this package's rows, by sequence number
        self._columns = Columns()
        self._heads: list[Head] = []  # heads of the newest events, not in the columns yet
        self._look = look
        self._inspected = 0  # sequence number of the first event not inspected
        self._inspecting = threading.Lock()

    # Writing.

    def append(self, frames: Sequence[bytes], received: float) -> EventBatch:
        """Add events of the server.

        Args:
            frames: their JSON, one object each. A frame that is not an object is kept too, as an
                event of type ``malformed``, and counted.
            received: time of receipt, in seconds since 1970.

        Returns:
            The events.
        """
        return self.append_receipts(frames, [(len(frames), received)])

    def append_receipts(
        self, frames: Sequence[bytes], receipts: Sequence[tuple[int, float]]
    ) -> EventBatch:
        """Add events of the server that were received at different times.

        Args:
            frames: see `append`.
            receipts: number of events and time of receipt, for consecutive events.

        Returns:
            The events.
        """
        with self._lock:
            heads, malformed = self._columns.decode(frames)
            for place in malformed:
                self._origins[self.count + place] = MALFORMED
            self.malformed += len(malformed)
            self._add(frames, heads, receipts)
        return EventBatch(frames, (heads, malformed))

    def add_row(
        self,
        origin: str,
        event: Mapping[str, Any],
        detail: str = "",
        received: float | None = None,
    ) -> None:
        """Add a row of this package: a gap, a change found after it, a failed handler.

        Args:
            origin: marks the row as this package's.
            event: the event that `log[i]` returns.
            detail: its text in that column.
            received: time in seconds since 1970; None: now.
        """
        own = dict(event)
        if detail:
            own["detail"] = detail
        frame = orjson.dumps(own, default=str)
        with self._lock:
            self._origins[self.count] = origin
            heads = [summarize(own, own=True)]
            self._add([frame], heads, [(1, time.time() if received is None else received)])

    def _add(
        self,
        frames: Sequence[bytes],
        heads: Sequence[Head],
        receipts: Sequence[tuple[int, float]],
    ) -> None:
        self._archive.extend(frames)
        self._heads += heads
        for number, received in receipts:
            self.count += number
            self._received.add(self.count, int(received * 1_000_000))
        if len(self._heads) >= _STEP:
            self._make_columns()
        self._drop_old()

    def limit(self, keep: int | None) -> None:
        """Set the maximum number of events; None: all."""
        with self._lock:
            self.keep = _checked(keep)
            self._drop_old()

    def _drop_old(self) -> None:
        if self.keep is not None and len(self) > self.keep:
            self.dropped += len(self) - self.keep
            self._forget(self.count - self.keep)

    def _make_columns(self) -> None:
        """Add the events to the columns that are not there yet."""
        heads, self._heads = self._heads, []
        start = self.count - len(heads)
        origins = {}
        for place in reversed(self._origins):  # only the newest can be among them
            if place < start:
                break
            origins[place - start] = self._origins[place]
        for at in range(0, len(heads), _PART):
            part = {p - at: origin for p, origin in origins.items() if at <= p < at + _PART}
            self._columns.extend(heads[at : at + _PART], part)

    def clear(self) -> None:
        """Remove all events; sequence numbers continue."""
        with self._lock:
            self._archive.clear()
            self._columns = Columns()
            self._heads = []
            self._forget(self.count)

    def _forget(self, before: int) -> None:
        """Remove the events before a sequence number."""
        if before > self.count - len(self._heads):
            self._make_columns()
        self._first = before
        self._archive.drop(before)
        self._columns.drop(len(self._columns) + len(self._heads) - len(self))
        self._received.forget(before)
        while self._origins and (oldest := next(iter(self._origins))) < before:
            del self._origins[oldest]

    def compress(self, *, burst: bool = False) -> bool:
        """Compress a chunk of events; return False if there is none. For a separate thread.

        Args:
            burst: events are arriving fast: only if very many are not compressed.
        """
        return self._archive.seal(burst=burst)

    def inspect_next(self) -> bool:
        """Pass the next events to ``look``; return False if none are left. For any thread."""
        if self._look is None:
            return False
        with self._inspecting:
            with self._lock:
                start = max(self._inspected, self._first)
                events, stop = self.part(start, _INSPECTED)
                own = {place for place in range(start, stop) if place in self._origins}
            for place, event in enumerate(events, start):
                if place not in own:
                    self._look(event)
            self._inspected = stop
            return stop < self.count

    # Reading.

    def __len__(self) -> int:
        return self.count - self._first

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """Return an event exactly as received, or several; 0 is the oldest kept."""
        if not isinstance(index, slice):
            return decode_event(self.raw(index))[0]
        with self._lock:
            return [self[i] for i in range(*index.indices(len(self)))]

    def raw(self, index: int) -> bytes:
        """Return an event's JSON, byte for byte."""
        with self._lock:
            size = len(self)
            if not -size <= index < size:
                raise IndexError(f"there are {size} events, no number {index}")
            return self._archive[self._first + (index if index >= 0 else index + size)]

    def since(self, sequence: int) -> list[dict[str, Any]]:
        """Return the events from a sequence number on, if still kept."""
        return list(self.part(sequence)[0])

    def part(self, sequence: int, most: int | None = None) -> tuple[EventBatch, int]:
        """Return events from a sequence number on, if still kept.

        Args:
            sequence: of the first event.
            most: maximum number; a long log is read in parts.

        Returns:
            The events, and the sequence number after the last of them.
        """
        with self._lock:
            first = max(sequence, self._first)
            end = self.count if most is None else min(self.count, first + most)
            return EventBatch(self._archive.between(first, end)), end

    def rows(
        self, sequence: int, most: int, columns: Sequence[str]
    ) -> tuple[EventBatch, npt.NDArray[np.int64], npt.NDArray[np.int64], list[list[str]], int]:
        """Return events as `part` does, with some of their columns.

        Args:
            sequence: of the first event.
            most: maximum number.
            columns: names of the columns.

        Returns:
            The events; their timestamps in microseconds since 1970, or pandas' NaT; their times of
            receipt; the words of each column; the sequence number after the last event.
        """
        with self._lock:
            events, stop = self.part(sequence, most)
            self._make_columns()
            first = stop - len(events)
            times, words = self._columns.words(self.count - first, self.count - stop, columns)
            return events, times, self._received.between(first, stop), words, stop

    def received(self, first: int, stop: int) -> list[float]:
        """Return the times of receipt of events, in seconds since 1970.

        Args:
            first: sequence number of the first, which must still be kept.
            stop: sequence number after the last.
        """
        with self._lock:
            times = self._received.between(first, stop)
        return [at / 1_000_000 for at in times.tolist()]

    def find(self, moment: float) -> int:
        """Return the sequence number of the first event received after a time.

        Args:
            moment: time in seconds since 1970.

        Returns:
            `count` if there is none; that of the oldest kept event if all are later.
        """
        with self._lock:
            return max(self._first, self._received.find(int(moment * 1_000_000)))

    def of_channels(self, ids: Collection[str]) -> tuple[int, int, frozenset[str]] | None:
        """Return where some channels occur, without decoding events.

        Args:
            ids: ids of the channels.

        Returns:
            The sequence numbers of their first and last event, and the ids of the bridges that
            their events name; None if they have no events.
        """
        with self._lock:
            self._make_columns()
            rows, bridges = self._columns.of_channels(ids)
            if not len(rows):
                return None
            return self._first + int(rows[0]), self._first + int(rows[-1]), bridges

    @property
    def first(self) -> int:
        """The sequence number of the oldest event kept."""
        return self._first

    def last(self, type: str | None = None) -> dict[str, Any] | None:
        """Return the newest event of a type, or of any type, or None."""
        word = (type or "").encode()
        with self._lock:
            for place in range(self.count - 1, self._first - 1, -1):
                text = self._archive[place]
                # Few texts contain the word: only those are decoded.
                if type is None or word in text or place in self._origins:
                    event = decode_event(text)[0]
                    if type is None or event.get("type") == type:
                        return event
        return None

    @property
    def df(self) -> pd.DataFrame:
        """The events kept as a DataFrame, oldest first."""
        return self._frame(None)

    def tail(self, n: int = 10) -> pd.DataFrame:
        """Return the last n rows of ``df``, without building the others."""
        return self._frame(max(0, n))

    def _frame(self, rows: int | None) -> pd.DataFrame:
        with self._lock:
            self._make_columns()
            if rows is None:
                return self._columns.frame(self._received.all_from(self._first))
            start = max(self._first, self.count - rows)
            return self._columns.frame(self._received.between(start, self.count))

    def __repr__(self) -> str:
        return f"<{len(self)} events>"


def _checked(keep: int | None) -> int | None:
    if keep is not None and keep < 1:
        raise ValueError(f"keep must be at least 1, not {keep}")
    return keep
