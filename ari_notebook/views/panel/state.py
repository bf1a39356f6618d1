"""The panel's data, and its changes since the last message.

A `PanelState` reads the live tables, log and requests, and builds messages for a page: small JSON,
numbered so that a page detects a missing one. It sends nothing and starts no threads. Rows are
compared by identity: the tables replace rows, and never change them.
"""

from __future__ import annotations

import time
from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.views.display.html import clean
from ari_notebook.views.panel.facts import Facts, short
from ari_notebook.views.panel.rows import (
    Rows,
    TargetMedia,
    event_lines,
    media_by_target,
    request_lines,
    states,
)

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.connection.status import Status
    from ari_notebook.store.request_log import SentRequest

__all__ = ["PanelState", "media_length"]

Row = Mapping[str, Any]
Message = dict[str, Any]

_EVENTS_A_LOOK = 60  # and as many requests
_EVENTS_BEFORE = 2000  # read when a panel begins, for what they say of the calls that live


def media_length(connection: Connection) -> Callable[[str], float | None]:
    """Return what knows the length of media without playing them: the simulator, else nothing."""
    simulator = connection.simulator
    return (lambda _media: None) if simulator is None else simulator.media_length


class PanelState:
    """The panel's view of one session.

    Args:
        connection: connection of the panel.
        clock: returns seconds since 1970.
    """

    def __init__(self, connection: Connection, clock: Any = time.time) -> None:
        self._connection = connection
        self._clock = clock
        self._number = 0
        self._facts = Facts(media_length(connection))
        self._rows = Rows(self._facts, connection.read_only)
        self._channels: Mapping[str, Row] = {}
        self._shown: dict[str, Message] = {}  # the channels' rows on the page
        self._bridges: Mapping[str, Row] = {}
        self._media: TargetMedia = {}
        self._others: dict[str, dict[str, Row]] = {"endpoints": {}, "device_states": {}}
        self._sequence = max(connection.log.first, connection.log.count - _EVENTS_BEFORE)
        self._requests = max(0, connection.requests.count - len(list(connection.requests)))
        self._outage: Message = {}
        self._sent_sets: set[str] = set()
        self._status: Message = {}
        self._learn()

    def all(self) -> Message:
        """Return all data, for a new page or one that missed a message."""
        self.changes()
        self._sent_sets.clear()
        return self._finish(self.whole())

    def whole(self) -> Message:
        """Return everything as of the last look, which is not counted as one: for a picture."""
        tables = self._connection.tables
        return {
            "kind": "all",
            "channels": {"set": self._rows.channels(tables.channels.copy(), self._media)},
            "bridges": {"set": self._rows.bridges(tables.bridges.copy(), self._media)},
            "endpoints": {"set": states(tables.endpoints.copy())},
            "device_states": {"set": states(tables.device_states.copy())},
            "status": self._status or self._read_status(),
            "events": self._feed(self._events_from(self._sequence - _EVENTS_A_LOOK)),
            "requests": self._request_lines(_EVENTS_A_LOOK),
        }

    def changes(self) -> Message | None:
        """Return the changes since the last call, or None."""
        message: Message = {"kind": "patch"}
        requests_before = self._requests
        events, touched = self._learn()
        tables = self._connection.tables
        before, self._media = self._media, media_by_target(tables)
        now: Mapping[str, Row] = tables.channels.copy()
        other = {id: r for id, r in now.items() if self._channels.get(id) is not r or id in touched}
        gone = [id for id in self._channels if id not in now]
        self._channels = now
        news = self._news(self._rows.channels(other, self._media), gone)
        if news or gone:
            ended = {id: self._facts.ended[id] for id in gone if id in self._facts.ended}
            message["channels"] = {"set": news, "gone": gone, "ended": ended}
        bridges: Mapping[str, Row] = tables.bridges.copy()
        other = {
            id: row
            for id, row in bridges.items()
            if self._bridges.get(id) is not row
            or id in touched
            or before.get(f"bridge:{id}") != self._media.get(f"bridge:{id}")
        }
        left = [id for id in self._bridges if id not in bridges]
        self._bridges = bridges
        if other or left:
            message["bridges"] = {"set": self._rows.bridges(other, self._media), "gone": left}
        for kind, known in self._others.items():
            rows: dict[str, Row] = getattr(tables, kind).copy()
            fresh = states({k: r for k, r in rows.items() if known.get(k) is not r})
            lost = [k for k in known if k not in rows]
            self._others[kind] = rows
            if fresh or lost:
                message[kind] = {"set": fresh, "gone": lost}
        if events:
            message["events"] = self._feed(events)
            message["skipped"] = max(0, len(events) - _EVENTS_A_LOOK)
        if sent := self._requests - requests_before:
            message["requests"] = self._request_lines(min(sent, _EVENTS_A_LOOK))
        status = self._read_status()
        if status != self._status:
            message["status"] = self._status = status
        return self._finish(message) if len(message) > 1 else None

    def numbered(self, message: Message) -> Message:
        """Return a message of another kind, with the next number."""
        return self._finish(message)

    def event(self, sequence: int) -> dict[str, Any] | None:
        """Return an event by its sequence number, or None if it was dropped."""
        log = self._connection.log
        found = log.since(sequence)[:1] if sequence >= log.count - len(log) else []
        return found[0] if found else None

    def _finish(self, message: Message) -> Message:
        sets = self._rows.sets
        fresh = {key: made for key, made in sets.items() if key not in self._sent_sets}
        if fresh:
            message["sets"] = fresh
            self._sent_sets |= fresh.keys()
        self._number += 1
        return message | {"n": self._number, "now": self._clock() * 1000}

    def _learn(self) -> tuple[list[Row], set[str]]:
        """Return the events since, and the channels and bridges of which facts became known."""
        log, requests = self._connection.log, self._connection.requests
        fresh = requests.count - self._requests
        self._requests += fresh
        touched = self._facts.take_requests(list(requests)[-fresh:] if fresh else ())
        count = log.count
        batch, end = log.part(self._sequence)
        events: list[Row] = list(batch)
        times = log.received(end - len(events), end) if events else []
        touched |= self._facts.take_events(events, times)
        # More may have come meanwhile, and what a log no longer keeps is counted all the same.
        self._sequence = max(self._sequence + len(events), count)
        tables = self._connection.tables
        self._facts.forget(ChainMap(tables.channels, tables.bridges))
        return events, touched

    def details(self, id: str) -> Message:
        """Return the details of a chosen channel or bridge.

        Args:
            id: its id; the object may have ended.
        """
        return {
            "variables": dict(self._facts.variables.get(id, {})),
            "recordings": [short(name) for name in self._facts.recordings.get(id, ())],
        }

    def length(self, media: str) -> float | None:
        """Return how many seconds a medium lasts; None where that is unknown.

        Args:
            media: its URI.
        """
        return self._facts.length(media)

    def request(self, number: int) -> SentRequest | None:
        """Return a request by its number, redacted, or None if it was dropped."""
        requests = self._connection.requests
        kept = list(requests)
        place = number - (requests.count - len(kept))
        return kept[place].shown if 0 <= place < len(kept) else None

    def _request_lines(self, many: int) -> list[list[Any]]:
        """Return the newest requests, as lines of the log."""
        kept = list(self._connection.requests)
        many = min(many, len(kept))
        return request_lines(enumerate(kept[len(kept) - many :], self._requests - many))

    def _events_from(self, sequence: int) -> list[Row]:
        found = self._connection.log.since(max(0, sequence))
        return list(found[: max(0, self._sequence - max(0, sequence))])

    def _news(self, rows: dict[str, Message], gone: list[str]) -> dict[str, Message]:
        """Return the rows that differ from the page's: most events change nothing visible."""
        for id in gone:
            self._shown.pop(id, None)
        news = {id: row for id, row in rows.items() if self._shown.get(id) != row}
        self._shown.update(news)
        return news

    def _feed(self, events: list[Row]) -> list[list[Any]]:
        """Return the last of some events, which end where `changes` has read to."""
        shown = events[-_EVENTS_A_LOOK:]
        return event_lines(shown, self._sequence - len(shown))

    def _read_status(self) -> Message:
        status = self._connection.status
        self._note_outage(status)
        return {
            "name": short(status.name),
            "state": status.state,
            "reason": short(status.reason),
            "server": short(status.asterisk),
            "url": short(status.url),
            "applications": [short(name) for name in status.applications],
            "readOnly": status.read_only,
            "recorded": self._connection.recorded,
            "phones": self._connection.simulator is not None,  # which can be answered from here
            "subscribeAll": status.subscribe_all,
            **self._span(),
            "events": status.events,
            "dropped": status.dropped,
            "requests": status.requests,
            "reconnects": status.reconnects,
            "gaps": status.gap_count,
            "gap": clean(status.gaps[-1]) if status.gaps else "",
            "gapEnded": status.gaps[-1].end * 1000 if status.gaps else 0,
            "outage": self._outage.get("milliseconds"),
            **self._facts.totals,
        }

    def _span(self) -> Message:
        """Return when the log begins and, where nothing more will come, when it ends."""
        log = self._connection.log
        begin = log.received(log.first, log.first + 1) if len(log) else []
        over = self._connection.closed or self._connection.recorded
        end = log.received(log.count - 1, log.count) if over and len(log) else []
        return {
            "begin": begin[0] * 1000 if begin else None,
            "end": end[0] * 1000 if end else None,
        }

    def _note_outage(self, status: Status) -> None:
        """Measure how long the connection was away: a gap begins with the last event before."""
        away = status.state not in ("connected", "closed")
        if away and "began" not in self._outage:
            self._outage = {"began": self._clock()}
        elif not away and "began" in self._outage:
            self._outage = {"milliseconds": (self._clock() - self._outage["began"]) * 1000}
