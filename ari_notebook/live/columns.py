"""The event log's columns: numbers in arrays that grow, words as numbers into a vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ari_notebook.live.details import detail
from ari_notebook.live.times import microseconds

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
# Where an event that has no `channel` has the one it is mostly about.
_OTHER_CHANNELS = ("peer", "replace_channel", "transferee", "transferer_first_leg")
_EMPTY: dict[str, Any] = {}
_FEW = 1000  # rows whose frame has not the whole of a long vocabulary, but the words in it


class _Vocabulary:
    """Words and their numbers; a number stays a word's for good."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self._words = np.empty(16, dtype=object)
        self._written = 0  # how many words are in it
        self._dtype: pd.CategoricalDtype | None = None

    def code(self, word: Any) -> int:
        """The number of a word; -1 for what is missing or empty."""
        if word is None or word == "":
            return -1
        codes = self.codes
        found = codes.get(word) if type(word) is str else codes.setdefault(str(word), len(codes))
        if found is None:
            found = codes[word] = len(codes)
        return found

    def replace(self, words: Iterable[str]) -> None:
        """Take other words, numbered anew."""
        self.codes.clear()
        self.codes.update((word, number) for number, word in enumerate(words))
        self._words, self._written, self._dtype = np.empty(16, dtype=object), 0, None

    def words(self) -> npt.NDArray[np.object_]:
        """The words so far, by number; a view that never changes."""
        count = len(self.codes)
        if count > len(self._words):
            self._words = np.concatenate([self._words[: self._written], np.empty(count, object)])
        if count > self._written:  # only the new ones are written
            new = islice(reversed(self.codes), count - self._written)
            self._words[self._written : count] = [*new][::-1]
            self._written = count
        return self._words[:count]

    def dtype(self) -> pd.CategoricalDtype:
        """The words so far as a category type."""
        if self._dtype is None or len(self._dtype.categories) != len(self.codes):
            self._dtype = _category_type(self.words())
        return self._dtype

    def excerpt(
        self, numbers: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int32], pd.CategoricalDtype]:
        """A category type of a few rows' words only, and the rows numbered after it."""
        used, places = np.unique(numbers, return_inverse=True)
        missing = int((used[:1] == -1).any())
        return places.astype(np.int32) - missing, _category_type(self.words()[used[missing:]])


def _category_type(words: npt.NDArray[np.object_]) -> pd.CategoricalDtype:
    """A category type of words that are different and not missing.

    Having pandas find that out of a hundred thousand anew takes longer than all the rest of a
    DataFrame.
    """
    import pandas as pd

    return pd.CategoricalDtype._from_fastpath(  # type: ignore[attr-defined, no-any-return]
        pd.Index(words, dtype=object, copy=False)
    )


class Columns:
    """One row an event, in the order of the log."""

    def __init__(self) -> None:
        self._times = np.empty(1024, dtype=np.int64)
        self._codes = np.empty((len(CATEGORIES), 1024), dtype=np.int32)
        self._vocabularies = [_Vocabulary() for _ in CATEGORIES]
        self._start = 0
        self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    def extend(self, events: Sequence[Mapping[str, Any]], origins: Iterable[str]) -> None:
        """Add rows.

        Args:
            events: decoded, of any shape.
            origins: who each is from: ``asterisk``, or one of our own marks.
        """
        (
            type_,
            application,
            channel,
            name,
            state,
            bridge,
            playback,
            recording,
            words,
            server,
            own,
        ) = (vocabulary.code for vocabulary in self._vocabularies)
        self._reserve(len(events))  # first, since it may number the words anew
        codes: list[tuple[int, ...]] = []
        times: list[int] = []
        for event, origin in zip(events, origins, strict=True):
            get = event.get
            of_channel = get("channel", _EMPTY)
            if of_channel is _EMPTY:
                of_channel = next((event[k] for k in _OTHER_CHANNELS if k in event), _EMPTY)
            if type(of_channel) is not dict:
                of_channel = _EMPTY
            codes.append(
                (
                    type_(get("type")),
                    application(get("application")),
                    channel(of_channel.get("id")),
                    name(of_channel.get("name")),
                    state(of_channel.get("state")),
                    bridge(_of(get("bridge"), "id")),
                    playback(_of(get("playback"), "id")),
                    recording(_of(get("recording"), "name")),
                    words(get("detail") if origin != "asterisk" else detail(event)),
                    server(get("asterisk_id")),
                    own(origin),
                )
            )
            times.append(microseconds(get("timestamp")))
        if not codes:
            return
        end = self._end + len(codes)
        self._codes[:, self._end : end] = np.array(codes, dtype=np.int32).T
        self._times[self._end : end] = times
        self._end = end

    def _reserve(self, more: int) -> None:
        """Make room: first by forgetting what was dropped, then by doubling."""
        capacity = self._codes.shape[1]
        if self._end + more <= capacity:
            return
        alive = len(self)
        size = capacity if alive + more <= capacity // 2 else 2 * max(capacity, alive + more)
        codes = np.empty((len(CATEGORIES), size), dtype=np.int32)
        times = np.empty(size, dtype=np.int64)
        codes[:, :alive] = self._codes[:, self._start : self._end]
        times[:alive] = self._times[self._start : self._end]
        if self._start:
            self._forget_words(codes[:, :alive])
        self._codes, self._times = codes, times
        self._start, self._end = 0, alive

    def _forget_words(self, codes: npt.NDArray[np.int32]) -> None:
        """Keep only the words that rows still use, so that a bounded log has bounded memory."""
        for row, vocabulary in zip(codes, self._vocabularies, strict=True):
            used = np.unique(row[row >= 0])
            words = list(vocabulary.codes)
            mapping = np.full(len(words) + 1, -1, dtype=np.int32)  # the last one is for -1
            mapping[used] = np.arange(len(used), dtype=np.int32)
            row[:] = mapping[row]
            vocabulary.replace(words[old] for old in used)

    def drop(self, rows: int) -> None:
        """Forget the oldest rows."""
        self._start += rows

    def frame(self, received: npt.NDArray[np.int64]) -> pd.DataFrame:
        """The last rows as a DataFrame; as many as there are times.

        Args:
            received: when each came, in microseconds since 1970; becomes the frame's own.
        """
        import pandas as pd

        rows = slice(self._end - len(received), self._end)
        utc = pd.DatetimeTZDtype("us", "UTC")
        columns: dict[str, Any] = {
            name: pd.array(times.view("datetime64[us]"), dtype=utc)
            for name, times in (("timestamp", self._times[rows].copy()), ("received", received))
        }
        for name, row, vocabulary in zip(
            CATEGORIES, self._codes[:, rows], self._vocabularies, strict=True
        ):
            if len(row) <= _FEW < len(vocabulary.codes):
                row, dtype = vocabulary.excerpt(row)
            else:
                dtype = vocabulary.dtype()
            # Copied in the size that pandas wants: who writes into the frame shall not write here.
            codes = row.astype(np.min_scalar_type(-len(dtype.categories) - 2))
            columns[name] = pd.Categorical.from_codes(codes, dtype=dtype, validate=False)
        return pd.DataFrame(columns, copy=False)


def _of(item: Any, key: str) -> Any:
    return item.get(key) if type(item) is dict else None
