"""The event log: every event exactly as received, and its columns.

Taking an event means keeping its JSON and the time it came, no more. Its columns are made when
somebody looks, or before that by whoever has time to call `EventLog.fill`.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt
import orjson

from ari_notebook.live.archive import Archive
from ari_notebook.live.columns import Columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EventLog"]

_ASTERISK, _MALFORMED = "asterisk", "malformed"
_STEP = 256  # rows made columns while the lock is held: about two milliseconds


Progress = Callable[[str], AbstractContextManager[Callable[[float], object]]]


class EventLog:
    """Events in the order they came, with a bound.

    One thread appends, any number read. An index counts from the oldest event kept; a sequence
    number (`count`, `since`) counts every event since the beginning, and stays an event's for good.

    Args:
        keep: how many events to keep at most; None for all. What was dropped is counted.
    """

    def __init__(self, keep: int | None = None) -> None:
        if keep is not None and keep < 1:
            raise ValueError(f"keep must be at least 1, not {keep}")
        self.keep = keep
        self.count = 0
        self.dropped = 0
        self.malformed = 0
        self._first = 0  # sequence number of the oldest event kept
        self._lock = threading.RLock()
        self._archive = Archive(self._lock)
        self._received = array("q")  # microseconds since 1970
        self._received_from = 0  # sequence number of the first of them
        self._origins: dict[int, str] = {}  # of what is not from Asterisk, by sequence number
        # Shown every event of Asterisk once, when its columns are made.
        self.look: Callable[[Mapping[str, Any]], None] | None = None
        # Told what takes long, gives what is to be told how far it is, from 0 to 1.
        self.progress: Progress = lambda _doing: nullcontext(lambda _part: None)
        self._columns = Columns()
        self._in_columns = 0  # sequence number of the first event not in the columns

    # Writing.

    def append(self, frames: Sequence[bytes], received: float) -> list[dict[str, Any]]:
        """Add events of the server.

        Args:
            frames: their JSON, one object each. What is none is kept all the same, counted in
                ``malformed``, and stands in the log as an event of that type.
            received: when they came, in seconds since 1970.

        Returns:
            The decoded events.
        """
        loads = orjson.loads
        malformed: list[int] = []
        try:
            events = [loads(frame) for frame in frames]
            sound = set(map(type, events)) <= {dict}
        except ValueError:
            sound = False
        if not sound:
            decoded = [_decode(frame) for frame in frames]
            malformed = [place for place, (_, whole) in enumerate(decoded) if not whole]
            events = [event for event, _ in decoded]
        with self._lock:
            for place in malformed:
                self._origins[self.count + place] = _MALFORMED
            self.malformed += len(malformed)
            self._add(frames, received)
        return events

    def add_row(
        self,
        origin: str,
        event: Mapping[str, Any],
        detail: str = "",
        received: float | None = None,
    ) -> None:
        """Add a row of our own: a gap, a change found after it, a handler that failed.

        Args:
            origin: what marks it as ours.
            event: as `log[i]` shall give it.
            detail: its words in the column of that name.
            received: when, in seconds since 1970; now if None.
        """
        own = dict(event)
        if detail:
            own["detail"] = detail
        with self._lock:
            self._origins[self.count] = origin
            self._add(
                [orjson.dumps(own, default=str)], time.time() if received is None else received
            )

    def _add(self, frames: Sequence[bytes], received: float) -> None:
        self._archive.extend(frames)
        self._received += array("q", [int(received * 1_000_000)]) * len(frames)
        self.count += len(frames)
        if self.keep is not None and len(self) > self.keep:
            self.dropped += len(self) - self.keep
            self._forget(self.count - self.keep)

    def clear(self) -> None:
        """Forget the events so far; sequence numbers go on."""
        with self._lock:
            self._archive.clear()
            self._columns = Columns()
            self._forget(self.count)

    def _forget(self, before: int) -> None:
        """Forget the events before a sequence number."""
        self._first = before
        self._archive.drop(before)
        in_columns_from = self._in_columns - len(self._columns)
        self._columns.drop(min(len(self._columns), max(0, before - in_columns_from)))
        self._in_columns = max(self._in_columns, before)
        unused = before - self._received_from
        if unused * 2 > len(self._received):  # not each time: the rest has to be moved
            del self._received[:unused]
            self._received_from = before
        while self._origins and (oldest := next(iter(self._origins))) < before:
            del self._origins[oldest]

    def compress(self) -> bool:
        """Compress a chunk of what came; False if there is none. For a thread of its own."""
        return self._archive.seal()

    def fill(self) -> bool:
        """Make columns of a few events; False if none are left. What is left is made when read."""
        return self._fill_columns(self._in_columns + _STEP)

    def _fill_columns(self, up_to: int) -> bool:
        with self._lock, self.progress("making columns") as told:
            before, stop = self._in_columns, min(up_to, self.count)
            while (start := self._in_columns) < stop:  # decoded in parts, not a day at once
                told((start - before) / (stop - before))
                self._in_columns = min(stop, start + _STEP)
                events, origins = self._extend(self._columns, start, self._in_columns)
                if self.look is not None:
                    for event, origin in zip(events, origins, strict=True):
                        if origin == _ASTERISK:
                            self.look(event)
            return stop < self.count

    def _extend(
        self, columns: Columns, start: int, stop: int
    ) -> tuple[list[dict[str, Any]], list[str]]:
        events = [_decode(text)[0] for text in self._archive.between(start, stop)]
        origins = [self._origins.get(place, _ASTERISK) for place in range(start, stop)]
        columns.extend(events, origins)
        return events, origins

    # Reading.

    def __len__(self) -> int:
        return self.count - self._first

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """An event exactly as received, or several; 0 is the oldest kept."""
        if not isinstance(index, slice):
            return _decode(self.raw(index))[0]
        with self._lock:
            return [self[i] for i in range(*index.indices(len(self)))]

    def raw(self, index: int) -> bytes:
        """An event's JSON, byte for byte."""
        with self._lock:
            size = len(self)
            if not -size <= index < size:
                raise IndexError(f"there are {size} events, no number {index}")
            return self._archive[self._first + (index if index >= 0 else index + size)]

    def since(self, sequence: int) -> list[dict[str, Any]]:
        """The events from a sequence number on, as far as they are kept."""
        return self.part(sequence)[0]

    def part(self, sequence: int, most: int | None = None) -> tuple[list[dict[str, Any]], int]:
        """Events from a sequence number on, as far as they are kept.

        Args:
            sequence: of the first that is wanted.
            most: how many at once; a long log is read in parts, each decoded only while it is read.

        Returns:
            The events, and the sequence number after the last of them.
        """
        with self._lock:
            first = max(sequence, self._first)
            end = self.count if most is None else min(self.count, first + most)
            return [_decode(text)[0] for text in self._archive.between(first, end)], end

    def last(self, type: str | None = None) -> dict[str, Any] | None:
        """The latest event of a type, or of any; None where there was none."""
        word = (type or "").encode()
        with self._lock:
            for place in range(self.count - 1, self._first - 1, -1):
                text = self._archive[place]
                # Few texts hold the word: only those are worth decoding.
                if type is None or word in text or place in self._origins:
                    event = _decode(text)[0]
                    if type is None or event.get("type") == type:
                        return event
        return None

    @property
    def df(self) -> pd.DataFrame:
        """The events kept as a DataFrame, oldest first."""
        with self._lock:
            self._fill_columns(self.count)
            return self._columns.frame(self._times(self._first))

    def tail(self, n: int = 10) -> pd.DataFrame:
        """The last n rows of ``df``, without making the others."""
        with self._lock:
            start = max(self._first, self.count - max(0, n))
            columns = self._columns
            if self.count - self._in_columns <= _STEP:
                self._fill_columns(self.count)
            else:  # the stream is ahead: what came before these rows can wait
                columns = Columns()
                self._extend(columns, start, self.count)
            return columns.frame(self._times(start))

    def _times(self, start: int) -> npt.NDArray[np.int64]:
        """When the events from a sequence number on came."""
        return np.frombuffer(self._received, dtype=np.int64)[start - self._received_from :].copy()

    def __repr__(self) -> str:
        return f"<{len(self)} events>"


def _decode(text: bytes) -> tuple[dict[str, Any], bool]:
    """An event and True; or what could not be read as one, as an event of type ``malformed``."""
    try:
        event = orjson.loads(text)
    except ValueError:
        event = None
    if isinstance(event, dict):
        return event, True
    return {"type": _MALFORMED, "text": text.decode("utf-8", "backslashreplace")}, False
