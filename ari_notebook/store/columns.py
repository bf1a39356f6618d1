"""The event log's columns: growing arrays of numbers; texts are numbers into a vocabulary."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ari_notebook.store.event_head import NO_OBJECTS as _NONE
from ari_notebook.store.event_head import Head, decode_heads
from ari_notebook.store.event_scanner import Scanner, new_scanner, new_vocabulary
from ari_notebook.store.shared_frames import SharedFrames, can_share
from ari_notebook.store.timestamps import many_microseconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CATEGORIES", "Columns"]

CATEGORIES = (
    "type",
    "application",
    "channel",
    "channel_name",
    "state",
    "bridge",
    "playback",
    "recording",
    "detail",
    "asterisk_id",
    "origin",
)
_RECORDING, _ORIGIN = map(CATEGORIES.index, ("recording", "origin"))
_ROWS = 1024  # initial capacity in rows
_TYPE, _TIMESTAMP, _DETAIL = map(attrgetter, ("type", "timestamp", "detail"))
_APPLICATION, _ASTERISK_ID = map(attrgetter, ("application", "asterisk_id"))
_CHANNEL, _ID, _NAME, _STATE = map(attrgetter, ("channel", "id", "name", "state"))
_Rows = slice | npt.NDArray[np.intp]
_SHARED = 1 << 14  # minimum rows of a frame that shares arrays; one of fewer would keep all of them
_FEW = 1000  # maximum rows of a frame that gets its own words instead of a long vocabulary


class _Column:
    """A column of words, stored as numbers. A word keeps its number; an empty word is -1."""

    def __init__(self, size: int) -> None:
        self.codes: npt.NDArray[Any] = np.empty(size, dtype=np.int8)
        self.vocabulary = new_vocabulary()
        self._words = np.empty(16, dtype=object)
        self._written = 0  # number of words in it
        self._dtype: pd.CategoricalDtype | None = None

    def __len__(self) -> int:
        """Return the number of words."""
        return len(self.vocabulary.words)

    def number(self, word: str) -> int:
        """Return a word's number; a new word gets a new one."""
        number = self.vocabulary[word]
        self._widen()
        return number

    def write(self, rows: _Rows, words: Iterable[str], count: int) -> None:
        """Write a word into each of a number of rows."""
        self.write_numbers(
            rows, np.fromiter(map(self.vocabulary.__getitem__, words), np.int32, count)
        )

    def write_alike(self, rows: _Rows, words: list[str]) -> None:
        """Write words that are often all equal: comparing is faster than looking up."""
        if words.count(words[0]) == len(words):
            number = self.number(words[0])
            self.codes[rows] = number
        else:
            self.write(rows, words, len(words))

    def write_numbers(self, rows: _Rows, numbers: npt.NDArray[np.int32]) -> None:
        """Write words by their numbers."""
        self._widen()
        self.codes[rows] = numbers

    def _widen(self) -> None:
        """Use larger integers if there are too many words, as pandas does."""
        needed = _code_type(len(self))
        if needed.itemsize > self.codes.itemsize:
            self.codes = self.codes.astype(needed)

    def keep(self, start: int, stop: int, size: int) -> None:
        """Move rows to the beginning of an array of that size, and remove the others' words."""
        rows = self.codes[start:stop]
        if start:
            used = np.unique(rows[rows >= 0])
            words = self.words()[used]
            mapping = np.full(len(self) + 1, -1, dtype=np.int32)  # the last one is for -1
            mapping[used] = np.arange(len(used), dtype=np.int32)
            rows = mapping[rows]
            self.vocabulary = new_vocabulary(words)
            self._words, self._written, self._dtype = np.empty(16, dtype=object), 0, None
        self.codes = np.empty(size, dtype=_code_type(len(self)))
        self.codes[: stop - start] = rows

    def words(self) -> npt.NDArray[np.object_]:
        """Return the words so far, by number; a view that never changes."""
        there = len(self)
        if there > len(self._words):
            self._words = np.concatenate([self._words[: self._written], np.empty(there, object)])
        if there > self._written:  # only new words are written
            self._words[self._written : there] = self.vocabulary.words[self._written :]
            self._written = there
        return self._words[:there]

    def numbers(self, words: Collection[str]) -> list[int]:
        """Return the numbers of those of some words that occur."""
        return [number for number, word in enumerate(self.vocabulary.words) if word in words]

    def texts(self, rows: slice) -> list[str]:
        """Return the words of some rows; an empty word is an empty text."""
        codes = self.codes[rows]
        texts: list[str]
        if not len(self):
            return [""] * len(codes)
        found = self.words()[codes]
        found[codes < 0] = ""
        texts = found.tolist()
        return texts

    def categorical(self, rows: slice, shared: bool) -> pd.Categorical:
        """Return the words of some rows.

        Args:
            rows: the rows.
            shared: whether the array may be a read-only part of this column.
        """
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        codes = self.codes[rows]
        if len(codes) <= _FEW < len(self):
            codes, dtype = self._excerpt(codes)
        else:
            if self._dtype is None or len(self._dtype.categories) != len(self):
                self._dtype = _category_type(self.words())
            dtype = self._dtype
        # In the size that pandas expects; a copy lets the frame be changed without this column.
        codes = codes.astype(_code_type(len(dtype.categories)), copy=not shared)
        codes.flags.writeable = not shared
        return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)

    def _excerpt(self, codes: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], pd.CategoricalDtype]:
        """Return a category type with only the words of a few rows, and the rows' codes for it."""
        used, places = np.unique(codes, return_inverse=True)
        missing = int((used[:1] == -1).any())
        return places - missing, _category_type(self.words()[used[missing:]])


def _code_type(words: int) -> np.dtype[Any]:
    """Return the integer type of pandas' codes for a number of categories."""
    return np.min_scalar_type(-words - 2)


def _category_type(words: npt.NDArray[np.object_]) -> pd.CategoricalDtype:
    """Return a category type of distinct words without missing values.

    pandas' own check of a hundred thousand words would take longer than the rest of a DataFrame.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    return pd.CategoricalDtype._from_fastpath(  # type: ignore[attr-defined, no-any-return]
        pd.Index(words, dtype=object, copy=False)
    )


class Columns:
    """Columns with one row per event, in the order of the log."""

    def __init__(self) -> None:
        self._times = np.empty(_ROWS, dtype=np.int64)
        self._columns = [_Column(_ROWS) for _ in CATEGORIES]
        self._start = 0
        self._end = 0
        self._frames = SharedFrames()
        self._scanner = self._new_scanner()

    def __len__(self) -> int:
        return self._end - self._start

    def _scanned(self) -> list[_Column]:
        """Return the columns whose words the scanner numbers, in its order."""
        return [*self._columns[:_RECORDING], *self._columns[_RECORDING + 1 : _ORIGIN]]

    def _new_scanner(self) -> Scanner | None:
        return new_scanner([column.vocabulary for column in self._scanned()])

    def decode(self, frames: Sequence[bytes]) -> tuple[list[Head], list[int]]:
        """Decode the heads of events that are then passed to `extend`.

        Args and result are those of `decode_heads`.
        """
        if self._scanner is None:
            return decode_heads(frames)
        heads, others = self._scanner.scan(list(frames))
        if not others:
            return heads, []
        decoded, malformed = decode_heads([frames[place] for place in others])
        for place, head in zip(others, decoded, strict=True):
            heads[place] = head
        return heads, [others[place] for place in malformed]

    def extend(self, heads: list[Head], origins: Mapping[int, str]) -> None:
        """Add rows.

        Args:
            heads: heads of the events.
            origins: origins of the events that are not from Asterisk, by index.
        """
        rows = len(heads)
        if not rows:
            return
        self._reserve(rows)  # first, because it may renumber the words
        start, self._end = self._end, self._end + rows
        if self._scanner is None:
            self._write(slice(start, self._end), heads)
        else:
            times, numbers, others = self._scanner.rows(heads)
            self._times[start : self._end] = np.frombuffer(times, np.int64)
            by_column = np.frombuffer(numbers, np.int32).reshape(-1, rows)
            for column, those in zip(self._scanned(), by_column, strict=True):
                column.write_numbers(slice(start, self._end), those)
            self._columns[_RECORDING].codes[start : self._end] = -1
            if others:
                self._write(np.array(others) + start, [heads[place] for place in others])
        own = self._columns[_ORIGIN]
        own.codes[start : self._end] = own.number("asterisk")
        for place, origin in origins.items():
            own.codes[start + place] = own.number(origin)

    def _write(self, rows: _Rows, heads: Sequence[Head]) -> None:
        """Write all columns but the origin into some rows."""
        count = len(heads)
        type_, application, channel, name, state, *objects, words, server, _ = self._columns
        self._times[rows] = many_microseconds([*map(_TIMESTAMP, heads)])
        type_.write(rows, map(_TYPE, heads), count)
        application.write_alike(rows, [*map(_APPLICATION, heads)])
        server.write_alike(rows, [*map(_ASTERISK_ID, heads)])
        channels = [*map(_CHANNEL, heads)]
        channel.write(rows, map(_ID, channels), count)
        name.write(rows, map(_NAME, channels), count)
        state.write(rows, map(_STATE, channels), count)
        words.write(rows, map(_DETAIL, heads), count)
        for column in objects:
            column.codes[rows] = -1
        having = [(n, ids) for n, head in enumerate(heads) if (ids := head.objects) is not _NONE]
        if having:
            places, ids = zip(*having, strict=True)
            those = np.array(places) + rows.start if isinstance(rows, slice) else rows[[*places]]
            for column, words_of in zip(objects, zip(*ids, strict=True), strict=True):
                column.write(those, words_of, len(places))

    def _reserve(self, more: int) -> None:
        """Make room: first by removing dropped rows, then by doubling."""
        capacity = len(self._times)
        if self._end + more <= capacity:
            return
        alive = len(self)
        size = capacity if alive + more <= capacity // 2 else 2 * max(capacity, alive + more)
        times = np.empty(size, dtype=np.int64)
        times[:alive] = self._times[self._start : self._end]
        for column in self._columns:
            column.keep(self._start, self._end, size)
        if self._start:  # words have new numbers
            self._scanner = self._new_scanner()
        self._times = times
        self._start, self._end = 0, alive

    def drop(self, rows: int) -> None:
        """Drop the oldest rows."""
        self._start += rows

    def words(
        self, first: int, stop: int, columns: Sequence[str]
    ) -> tuple[npt.NDArray[np.int64], list[list[str]]]:
        """Return the timestamps of some rows, and the words of some columns.

        Args:
            first: the first row, counted from the end: 1 is the last row.
            stop: the row after the last one, counted in the same way.
            columns: their names.
        """
        rows = slice(self._end - first, self._end - stop)
        found = [self._columns[CATEGORIES.index(name)].texts(rows) for name in columns]
        return self._times[rows].copy(), found

    def of_channels(self, ids: Collection[str]) -> tuple[npt.NDArray[np.intp], frozenset[str]]:
        """Return the rows of some channels, and the bridges that these rows name.

        Args:
            ids: ids of the channels.
        """
        channel, bridge = (self._columns[CATEGORIES.index(name)] for name in ("channel", "bridge"))
        kept = slice(self._start, self._end)
        rows = np.flatnonzero(np.isin(channel.codes[kept], channel.numbers(ids)))
        numbers = np.unique(bridge.codes[kept][rows])
        return rows, frozenset(bridge.words()[numbers[numbers >= 0]])

    def frame(self, received: npt.NDArray[np.int64]) -> pd.DataFrame:
        """Return the last rows as a DataFrame, one per time.

        Args:
            received: time of receipt of each, in microseconds since 1970; an array that never
                changes.
        """
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        rows = slice(self._end - len(received), self._end)
        shared = len(received) >= _SHARED and can_share()
        utc = pd.DatetimeTZDtype("us", "UTC")
        columns: dict[str, Any] = {}
        for name, times in (("timestamp", self._times[rows]), ("received", received)):
            those = times.view() if shared else times.copy()
            those.flags.writeable = not shared
            columns[name] = pd.array(those, dtype=utc, copy=False)  # numbers are not copied again
        for name, column in zip(CATEGORIES, self._columns, strict=True):
            columns[name] = column.categorical(rows, shared)
        frame = pd.DataFrame(columns, copy=False)
        return self._frames.share(frame) if shared else frame
