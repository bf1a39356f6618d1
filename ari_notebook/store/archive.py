"""Storage of the event log's JSON: new events raw, older ones compressed in chunks.

A decoded event takes three kilobytes of Python objects, its JSON half a kilobyte, its share of a
compressed chunk about forty bytes. Compressing takes longer than receiving, but without the GIL: a
thread with idle time calls `Archive.seal`, and the appending thread compresses only if none does.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Sequence

import numpy as np

__all__ = ["Archive"]

_CHUNK = 4096
_LEVEL = 4  # a seventh less memory than level 1, for half as much time again in an idle thread
# Maximum number of uncompressed bytes: a burst of a quarter of a million events.
_MOST_OPEN = 1 << 27
_SIZES = 4 * _CHUNK  # bytes at the beginning of a chunk: the size of each text, in 32 bits


class Archive:
    """Texts by place. A text keeps its place, which counts from the first text added.

    Args:
        lock: guards the archive; the caller holds it, except around `seal`.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._sealed: list[bytes] = []  # chunks
        self._first = 0  # place of the first text of the first chunk
        self._open_from = 0  # place of the first text that is not compressed
        self._open: list[bytes] = []
        self._open_bytes = 0
        self._read: tuple[int, list[bytes]] = (-1, [])

    def extend(self, texts: Sequence[bytes]) -> None:
        """Add texts."""
        self._open += texts
        self._open_bytes += sum(map(len, texts))
        while self._open_bytes > _MOST_OPEN and self.seal():
            pass

    def seal(self, *, burst: bool = False) -> bool:
        """Compress the oldest full chunk; False if there is none. For any thread.

        Args:
            burst: texts are arriving fast: only if half as many as possible are not compressed.
        """
        with self._lock:
            if len(self._open) < _CHUNK or (burst and self._open_bytes < _MOST_OPEN // 2):
                return False
            start, texts = self._open_from, self._open[:_CHUNK]
        sizes = np.fromiter(map(len, texts), np.uint32, _CHUNK)
        packed = zlib.compress(b"".join([sizes.tobytes(), *texts]), _LEVEL)
        with self._lock:
            if self._open_from == start:  # otherwise sealed or cleared meanwhile
                self._sealed.append(packed)
                del self._open[:_CHUNK]
                self._open_bytes -= int(sizes.sum())
                self._open_from += _CHUNK
        return True

    def drop(self, before: int) -> None:
        """Remove the chunks that end before a place."""
        while self._sealed and self._first + _CHUNK <= before:
            del self._sealed[0]
            self._first += _CHUNK

    def clear(self) -> None:
        """Remove all texts; places continue."""
        self._first = self._open_from = self._open_from + len(self._open)
        self._sealed.clear()
        self._open.clear()
        self._open_bytes = 0
        self._read = (-1, [])

    def __getitem__(self, place: int) -> bytes:
        if place >= self._open_from:
            return self._open[place - self._open_from]
        number, offset = divmod(place - self._first, _CHUNK)
        key = place - offset
        if self._read[0] != key:
            self._read = (key, _texts(zlib.decompress(self._sealed[number])))
        return self._read[1][offset]

    def between(self, start: int, stop: int) -> list[bytes]:
        """Return the texts from a place up to, and without, another."""
        if start >= self._open_from:
            return self._open[start - self._open_from : stop - self._open_from]
        return [self[place] for place in range(start, stop)]


def _texts(chunk: bytes) -> list[bytes]:
    """Return the texts of a decompressed chunk."""
    texts = []
    start = _SIZES
    for size in np.frombuffer(chunk[:_SIZES], np.uint32).tolist():
        texts.append(chunk[start : start + size])
        start += size
    return texts
