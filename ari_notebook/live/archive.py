"""The event log's JSON: raw while it is new, compressed in chunks after that.

A decoded event is three kilobytes of Python objects, its JSON half a kilobyte, its share of a
compressed chunk some fifty bytes. Compressing takes longer than receiving, but not the interpreter:
whoever has a thread to spare calls `Archive.seal`, and the one that appends only does so when
nobody does.
"""

from __future__ import annotations

import itertools
import threading
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Archive"]

_CHUNK = 4096
_MOST_OPEN = 16 * _CHUNK


class Archive:
    """Texts by place; a place is counted from the first ever added and stays a text's for good.

    Args:
        lock: guards the archive; the caller holds it, except around `seal`.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._sealed: list[tuple[bytes, npt.NDArray[np.uint32]]] = []  # compressed, ends
        self._first = 0  # place of the first text of the first chunk
        self._open_from = 0  # place of the first text that is not compressed
        self._open: list[bytes] = []
        self._read: tuple[int, list[bytes]] = (-1, [])

    def extend(self, texts: Sequence[bytes]) -> None:
        """Add texts."""
        self._open += texts
        while len(self._open) >= _MOST_OPEN:
            self.seal()

    def seal(self) -> bool:
        """Compress the oldest full chunk; False if there is none. For any thread."""
        with self._lock:
            start, texts = self._open_from, self._open[:_CHUNK]
        if len(texts) < _CHUNK:
            return False
        ends = np.cumsum([len(text) for text in texts], dtype=np.uint32)
        packed = zlib.compress(b"".join(texts), 1)
        with self._lock:
            if self._open_from == start:  # else another thread was faster, or all was cleared
                self._sealed.append((packed, ends))
                del self._open[:_CHUNK]
                self._open_from += _CHUNK
        return True

    def drop(self, before: int) -> None:
        """Forget the chunks that end before a place."""
        while self._sealed and self._first + _CHUNK <= before:
            del self._sealed[0]
            self._first += _CHUNK

    def clear(self) -> None:
        """Forget all texts; places go on."""
        self._first = self._open_from = self._open_from + len(self._open)
        self._sealed.clear()
        self._open.clear()
        self._read = (-1, [])

    def __getitem__(self, place: int) -> bytes:
        if place >= self._open_from:
            return self._open[place - self._open_from]
        number, offset = divmod(place - self._first, _CHUNK)
        key = place - offset
        if self._read[0] != key:
            packed, ends = self._sealed[number]
            text = zlib.decompress(packed)
            self._read = (key, [text[a:b] for a, b in itertools.pairwise([0, *ends.tolist()])])
        return self._read[1][offset]

    def between(self, start: int, stop: int) -> Iterable[bytes]:
        """The texts from a place up to another, that one not included."""
        if start >= self._open_from:
            return self._open[start - self._open_from : stop - self._open_from]
        return (self[place] for place in range(start, stop))
