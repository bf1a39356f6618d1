"""Calls: channels that belong together, one row per call, and their legs.

`ari_notebook.store.ledger` builds them from events, `ari_notebook.store.call` has their rows.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ari_notebook.store.arrow_stream import ArrowStream
from ari_notebook.store.call import CallLeg, CallRecord
from ari_notebook.store.ledger import CALLER_APPLICATION, COLUMNS, Ledger, Snapshot
from ari_notebook.store.progress_bar import ProgressBar

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.store.event_log import EventLog

__all__ = [
    "CALLER_APPLICATION",
    "CallLeg",
    "CallRecord",
    "Calls",
    "Ledger",
    "Legs",
    "frame",
    "legs_frame",
    "live_frame",
    "problems_of",
]

_NO_SNAPSHOT: Snapshot = {}
_PART = 4096  # events decoded at once
_DURATIONS = ("wait", "talk", "queue_wait", "hold")
_TIMES = ("begin", "ring", "answered", "end", "connected", "dialled", "since")
_WORDS = (
    "disposition",
    "cause_txt",
    "hangup_by",
    "asterisk_id",
    "agent",
    "failed_because",
    "uncertain",
    "endpoint",
    "with",
    "status",
    "state",
)


class Calls(ArrowStream):
    """The calls of an event log; each access reads only new events.

    Args:
        log: the event log.
        snapshot: the channels and bridges before the first event, as ARI lists them.
    """

    def __init__(self, log: EventLog, snapshot: Snapshot = _NO_SNAPSHOT) -> None:
        self._log = log
        self._ledger = Ledger(snapshot)
        self._read = 0
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[CallRecord]:
        """Return the calls, in the order they began."""
        with self._lock, ProgressBar("reading calls") as bar:
            while self._read < self._log.count:
                self._read_part()
                bar.update(self._read / self._log.count)
            return iter(self._ledger)

    def read(self) -> None:
        """Read new events, without a progress bar."""
        with self._lock:
            while self._read < self._log.count:
                self._read_part()

    def _read_part(self) -> None:
        events, times, received, columns, self._read = self._log.rows(self._read, _PART, COLUMNS)
        self._ledger.feed_rows(events.frames, times, received, columns)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def legs(self) -> Legs:
        """The channels of the calls; ``.df`` has one row per channel."""
        return Legs(self)

    @property
    def live(self) -> pd.DataFrame:
        """The calls that go on: ``state``, ``since``, ``begin``, ``caller``, ``called``, ``agent``.

        The state is ``begun``, ``dialling``, ``ringing``, ``answered`` (by the dialplan or a
        program), ``waiting`` for a person, ``talking`` or ``held``.
        """
        return live_frame(self)

    @property
    def problems(self) -> Counter[str]:
        """What makes rows uncertain, counted: events, and calls by reason."""
        self.read()
        with self._lock:
            return problems_of(self._ledger)

    def clear(self) -> None:
        """Remove the calls so far, and the events they were built from."""
        with self._lock:
            self._ledger = Ledger()
            self._read = self._log.count

    @property
    def unreadable(self) -> int:
        """The number of malformed events, which were skipped."""
        return self._ledger.unreadable

    @property
    def df(self) -> pd.DataFrame:
        """Return one row per call, indexed by the id of its first channel."""
        return frame(self)

    def __repr__(self) -> str:
        calls = list(self)
        alive = sum(call.alive for call in calls)
        problems = ", ".join(f"{count} {what}" for what, count in self.problems.items())
        left_out = f"; {problems}" if problems else ""
        return f"<{len(calls)} calls, {alive} of them going on{left_out}>"


class Legs(ArrowStream):
    """The channels of calls.

    Args:
        calls: the calls.
    """

    def __init__(self, calls: Iterable[CallRecord]) -> None:
        self._calls = calls

    def __len__(self) -> int:
        return sum(len(call.legs) for call in self._calls)

    @property
    def df(self) -> pd.DataFrame:
        """Return one row per channel, indexed by its id; ``call`` is the id of its call."""
        return legs_frame(self._calls)

    def __repr__(self) -> str:
        return f"<{len(self)} legs>"


def problems_of(ledger: Ledger) -> Counter[str]:
    """Return what makes rows uncertain, counted: events, and calls by reason."""
    found = Counter(ledger.problems)
    if ledger.unreadable:
        found["invalid event"] = ledger.unreadable
    found.update(f"call: {doubt}" for call in ledger for doubt in call.doubts)
    return found


def frame(calls: Iterable[CallRecord]) -> pd.DataFrame:
    """Return calls as a DataFrame."""
    return _table([call.row() for call in calls], _NO_CALL.row())


def live_frame(calls: Iterable[CallRecord]) -> pd.DataFrame:
    """Return the calls that go on as a DataFrame."""
    return _table([call.live() for call in calls if call.alive], _NO_CALL.live())


def legs_frame(calls: Iterable[CallRecord]) -> pd.DataFrame:
    """Return the legs of calls as a DataFrame."""
    return _table([leg.row() for call in calls for leg in call.legs], _NO_LEG.row())


def _table(rows: list[dict[str, Any]], like: dict[str, Any]) -> pd.DataFrame:
    """Return rows as a DataFrame; its types are the same where there is no row.

    Args:
        rows: the rows.
        like: a row whose fields are empty.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    made: dict[str, Any] = {name: [row[name] for row in rows] for name in like}
    for name, values in made.items():
        empty = like[name]
        if name in _TIMES:
            times = [None if at is None else round(at * 1000) for at in values]
            made[name] = pd.to_datetime(pd.array(times, dtype="Int64"), unit="ms", utc=True)
        elif name in _DURATIONS:
            made[name] = pd.array(values, dtype="Float64").round(3)
        elif name in ("cause", "sip") or name == "transfers":
            made[name] = pd.array(values, dtype="Int16")
        elif name == "abandoned":
            made[name] = pd.array(values, dtype="boolean")
        elif name in _WORDS:
            made[name] = pd.Categorical(values)
        elif isinstance(empty, tuple):
            made[name] = pd.Series(values, dtype=object)
        else:
            made[name] = pd.array(values, dtype="str")
    return pd.DataFrame(made).set_index("id")


_NO_LEG = CallLeg("", "", 0.0)
_NO_CALL = _NO_LEG.call = CallRecord(_NO_LEG, "")
