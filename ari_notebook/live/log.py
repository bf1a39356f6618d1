"""The event log: every event exactly as received, and its columns.

Raw JSON is kept, compressed in chunks once a chunk is full; a decoded event is three kilobytes of
Python objects, its compressed text some fifty bytes. Columns are made for a full chunk at once,
and for the rest when somebody looks.
"""

from __future__ import annotations

import itertools
import threading
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt
import orjson

from ari_notebook.live.columns import Columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EventLog"]

_CHUNK = 4096
_ASTERISK, _MALFORMED = "asterisk", "malformed"


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
        self._cleared = 0
        self._lock = threading.RLock()
        self._columns = Columns()
        self._sealed: list[tuple[bytes, npt.NDArray[np.uint32]]] = []  # compressed, ends
        self._first_sealed = 0  # sequence number of the first event of the first chunk
        self._open_from = 0  # sequence number of the first event not sealed
        self._raw: list[bytes] = []
        self._events: list[dict[str, Any]] = []
        self._received: list[float] = []
        self._origins: list[str] = []
        self._in_columns = 0
        self._read_chunk: tuple[int, list[bytes]] = (-1, [])

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
        try:
            events = [loads(frame) for frame in frames]
            origins = [_ASTERISK] * len(events)
            if not all(type(event) is dict for event in events):
                raise ValueError
        except ValueError:
            events, origins = self._with_malformed(frames)
        with self._lock:
            self._raw += frames
            self._events += events
            self._received += [received] * len(events)
            self._origins += origins
            self.count += len(events)
            if len(self._raw) >= _CHUNK:
                self._seal()
            self._enforce_keep()
        return events

    def _with_malformed(self, frames: Sequence[bytes]) -> tuple[list[dict[str, Any]], list[str]]:
        events = [_decode(frame) for frame in frames]
        origins = [_MALFORMED if e.get("type") == _MALFORMED else _ASTERISK for e in events]
        self.malformed += origins.count(_MALFORMED)
        return events, origins

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
        now = time.time() if received is None else received
        own = dict(event)
        if detail:
            own["detail"] = detail
        with self._lock:
            self._raw.append(orjson.dumps(own, default=str))
            self._events.append(own)
            self._received.append(now)
            self._origins.append(origin)
            self.count += 1
            self._enforce_keep()

    def clear(self) -> None:
        """Forget the events so far; sequence numbers go on."""
        with self._lock:
            self._sealed.clear()
            for kept in (self._raw, self._events, self._received, self._origins):
                kept.clear()
            self._columns = Columns()
            self._in_columns = 0
            self._first_sealed = self._open_from = self._cleared = self.count
            self._read_chunk = (-1, [])

    def _fill_columns(self) -> None:
        done = self._in_columns
        if done < len(self._events):
            self._columns.extend(self._events[done:], self._received[done:], self._origins[done:])
            self._in_columns = len(self._events)

    def _seal(self) -> None:
        self._fill_columns()
        while len(self._raw) >= _CHUNK:
            frames = self._raw[:_CHUNK]
            ends = np.cumsum([len(frame) for frame in frames], dtype=np.uint32)
            self._sealed.append((zlib.compress(b"".join(frames), 1), ends))
            for kept in (self._raw, self._events, self._received, self._origins):
                del kept[:_CHUNK]
            self._in_columns -= _CHUNK
            self._open_from += _CHUNK

    def _enforce_keep(self) -> None:
        if self.keep is None:
            return
        excess = len(self) - self.keep
        if excess <= 0:
            return
        self.dropped += excess
        self._cleared += excess
        while self._sealed and self._first_sealed + _CHUNK <= self._cleared:
            del self._sealed[0]
            self._first_sealed += _CHUNK
        self._fill_columns()
        self._columns.drop(excess)

    # Reading.

    def __len__(self) -> int:
        return self.count - self._cleared

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """An event exactly as received, or several; 0 is the oldest kept."""
        with self._lock:
            if isinstance(index, slice):
                return [self[i] for i in range(*index.indices(len(self)))]
            place = self._place(index)
            if place >= self._open_from:
                return self._events[place - self._open_from]
            return _decode(self._sealed_raw(place))

    def raw(self, index: int) -> bytes:
        """An event's JSON, byte for byte."""
        with self._lock:
            place = self._place(index)
            if place >= self._open_from:
                return self._raw[place - self._open_from]
            return self._sealed_raw(place)

    def _place(self, index: int) -> int:
        size = len(self)
        if not -size <= index < size:
            raise IndexError(f"there are {size} events, no number {index}")
        return self._cleared + (index if index >= 0 else index + size)

    def _sealed_raw(self, place: int) -> bytes:
        number, offset = divmod(place - self._first_sealed, _CHUNK)
        key = self._first_sealed + number * _CHUNK
        if self._read_chunk[0] != key:
            packed, ends = self._sealed[number]
            text = zlib.decompress(packed)
            frames = [text[a:b] for a, b in itertools.pairwise([0, *ends.tolist()])]
            self._read_chunk = (key, frames)
        return self._read_chunk[1][offset]

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
            first = max(sequence, self._cleared)
            end = self.count if most is None else min(self.count, first + most)
            if first >= self._open_from:
                return self._events[first - self._open_from : end - self._open_from], end
            return [self[place - self._cleared] for place in range(first, end)], end

    def last(self, type: str | None = None) -> dict[str, Any] | None:
        """The latest event of a type, or of any; None where there was none."""
        with self._lock:
            for index in range(len(self) - 1, -1, -1):
                event = self[index]
                if type is None or event.get("type") == type:
                    return event
        return None

    @property
    def df(self) -> pd.DataFrame:
        """The events kept as a DataFrame, oldest first."""
        with self._lock:
            self._fill_columns()
            return self._columns.frame()

    def tail(self, n: int = 10) -> pd.DataFrame:
        """The last n rows of ``df``, without making the others."""
        with self._lock:
            self._fill_columns()
            return self._columns.frame(max(0, n))

    def __repr__(self) -> str:
        return f"<{len(self)} events>"


def _decode(raw: bytes) -> dict[str, Any]:
    """An event, or what could not be read as one, as an event of type ``malformed``."""
    try:
        event = orjson.loads(raw)
    except ValueError:
        event = None
    if isinstance(event, dict):
        return event
    return {"type": _MALFORMED, "text": raw.decode("utf-8", "backslashreplace")}
