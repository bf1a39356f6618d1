"""The live tables at an earlier time, rebuilt from the events up to then.

A history stores what the event log lacks: the initial tables, server snapshots, and changes that no
event publishes. The events up to the time are applied again to the newest of these, or to one of
its periodic copies.
"""

from __future__ import annotations

import math
import re
import threading
import time
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson

from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.tables import Tables

__all__ = ["History", "moment_of"]

_PART = 4096  # events applied at once
_BETWEEN = 20_000  # events between two copies made while reading
_BETWEEN_LIVE = 100_000  # events between two copies made on receipt
_MOST_COPIES = 48
_MOST_CHANGES = 20_000  # maximum number of changes without an event; some megabytes
_SINCE_1970 = 1e9  # from here on, a number is seconds since 1970
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d+)?))?")


class History:
    """Rebuilds the tables of any time since its creation. A listener of the event synchronizer.

    Args:
        log: the event log.
        tables: the live tables, in the state of the log's end.
        most_changes: maximum number of changes without an event to keep; None: all.
    """

    def __init__(
        self, log: EventLog, tables: Tables, *, most_changes: int | None = _MOST_CHANGES
    ) -> None:
        self._log = log
        self._tables = tables
        self._lock = threading.RLock()  # held briefly, because the stream's thread waits for it
        self._held_from: int | None = None  # where events wait for a snapshot
        self._lost = False
        # Copies of the tables by the sequence number of the next event: those that cannot be
        # rebuilt, and the others.
        self._copies: dict[int, Tables] = {}
        self._pinned: set[int] = set()
        self._places: list[int] = []
        # Changes that no event publishes, with the sequence number of the next event.
        self._changes: deque[tuple[int, float, bytes]] = deque(maxlen=most_changes)
        self.clear()

    def clear(self) -> None:
        """Start again with the current tables."""
        with self._lock:
            self._copies, self._pinned, self._places = {}, set(), []
            self._changes.clear()
            self._held_from, self._lost = None, False
            self._keep(self._log.count, self._tables.copied(), pinned=True)

    # Methods of a listener.

    def took(self, messages: Sequence[bytes], events: EventBatch, received: float) -> None:
        """Copy the tables periodically, before they change."""
        del events, received
        place = self._log.count - len(messages)
        if self._held_from is None and place - self._places[-1] >= _BETWEEN_LIVE:
            with self._lock:
                self._keep(place, self._tables.copied())

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """Do nothing: the log has the row."""

    def applied(self, event: Mapping[str, Any], at: float | None = None) -> None:
        """Store a change that no event publishes, with its time; None: now."""
        with self._lock:
            now = time.time() if at is None else at
            self._changes.append((self._log.count, now, orjson.dumps(event, default=str)))

    def snapshot(self, snapshot: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Store the tables, which a server snapshot has just replaced."""
        del snapshot
        with self._lock:
            place = self._log.count if self._held_from is None else self._held_from
            self._held_from = None
            for other in [other for other in self._places if other >= place]:
                self._forget(other)
            while self._changes and self._changes[-1][0] >= place:
                self._changes.pop()
            self._keep(place, self._tables.copied(), pinned=True)
            if len(self._pinned) > _MOST_COPIES:  # after many reconnects
                self._forget(min(self._pinned))

    def state(self, state: str, reason: str) -> None:
        """Store the place from which events wait for a server snapshot."""
        del reason
        with self._lock:
            if state == "connected" and self._lost:
                self._held_from = self._log.count
            self._lost = state == "reconnecting" or (self._lost and state != "connected")

    def stop(self) -> None:
        """Do nothing: the history remains readable."""

    # Reading.

    def at(self, sequence: int, moment: float = math.inf) -> Tables:
        """Return the tables before an event.

        If the log has dropped events since the last copy, the tables begin empty, and an object
        that existed then appears with its next event.

        Args:
            sequence: the event's sequence number; the log's ``count`` for now.
            moment: seconds since 1970: changes without an event are applied up to this time.
        """
        with self._lock:
            index = bisect_right(self._places, sequence) - 1
            place = self._places[index] if index >= 0 else -1
            base = self._copies.get(place)
            changes = [
                (due, orjson.loads(change))
                for due, at, change in self._changes
                if place <= due <= sequence and at <= moment
            ]
        first = self._log.first
        if base is None or (place < first and place < sequence):
            tables, place = Tables(self._tables.subscribe_all), first
        else:
            tables = base.copied()
        copied = place
        while place < sequence:
            self._apply(tables, place, changes)
            stop = min(sequence, changes[0][0] if changes else sequence)
            events, end = self._log.part(place, min(_PART, stop - place))
            tables.apply(events)
            if end <= place:  # dropped or cleared meanwhile
                break
            place = end
            if place - copied >= _BETWEEN:
                copied = place
                with self._lock:
                    self._keep(place, tables.copied())
        self._apply(tables, place, changes)
        return tables

    def _apply(self, tables: Tables, place: int, changes: list[tuple[int, dict[str, Any]]]) -> None:
        """Apply the changes that belong to a place, once."""
        while changes and changes[0][0] <= place:
            tables.apply([changes.pop(0)[1]])

    def _keep(self, place: int, tables: Tables, *, pinned: bool = False) -> None:
        if place not in self._copies:
            insort(self._places, place)
        self._copies[place] = tables
        if pinned:
            self._pinned.add(place)
        loose = [other for other in self._places if other not in self._pinned]
        if len(loose) > _MOST_COPIES:  # the copy nearest to its neighbour
            gaps = [(b - a, b) for a, b in pairwise(loose)]
            self._forget(min(gaps)[1])

    def _forget(self, place: int) -> None:
        self._places.remove(place)
        self._pinned.discard(place)
        del self._copies[place]


def moment_of(value: object, begin: float, end: float) -> float:
    """Return a time in seconds since 1970.

    Args:
        value: a time of day in UTC such as ``16:23`` or ``16:23:41.5`` (the last one before the
            end); an ISO 8601 time, in UTC without a zone; a ``datetime``; or seconds: from the
            beginning, from the end if negative, since 1970 if above a billion.
        begin: begin of the log.
        end: end of the log.

    Raises:
        ValueError: the value has another form.
    """
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    text = str(value).strip()
    if found := _CLOCK.fullmatch(text):
        hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0)
        if hours > 23 or minutes > 59 or seconds >= 60:
            raise ValueError(f"not a time of day: {text}")
        day = datetime.fromtimestamp(end, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        moment = day + timedelta(hours=hours, minutes=minutes, seconds=seconds)
        # Before midnight, if the log ends after it.
        earlier = moment.timestamp() - 86400
        return earlier if moment.timestamp() > end + 1 and earlier >= begin else moment.timestamp()
    try:
        seconds = float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if not math.isfinite(seconds):
        raise ValueError(f"not a time: {text}")
    if seconds >= _SINCE_1970:
        return seconds
    return begin + seconds if seconds >= 0 else end + seconds
