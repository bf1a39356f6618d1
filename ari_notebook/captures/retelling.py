"""A recording's records, taken in one after the other by a log, tables and requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from ari_notebook.captures.files import Record
from ari_notebook.live import KINDS, EventLog, Tables
from ari_notebook.requestlog import RequestLog, SentRequest, made_by

__all__ = ["Retelling"]

_BATCH = 4096


def _nobody(_events: list[dict[str, Any]], _first: int) -> None:
    """Where no handlers are."""


class Retelling:
    """Does with recorded events what the session did with them when they came.

    Args:
        log: takes the events.
        tables: change as they changed then.
        requests: takes the requests.
        header: the recording's first record.
        offer: called with events once the tables show what they say, and the place of the first
            of them in the log.
    """

    def __init__(
        self,
        log: EventLog,
        tables: Tables,
        requests: RequestLog,
        header: Mapping[str, Any],
        offer: Callable[[list[dict[str, Any]], int], None] = _nobody,
    ) -> None:
        self.problems: Counter[str] = Counter()
        self._log = log
        self._tables = tables
        self._requests = requests
        self.header = header
        self._offer = offer
        # Events that came at once are appended at once, as they were when they were recorded.
        self._frames: list[bytes] = []
        self._received = 0.0
        # What came after a gap waits until the new truth is in place.
        self._held: list[tuple[list[dict[str, Any]], int]] | None = None
        self._lost = False
        self._asked: Record | None = None

    def take(self, record: Record) -> None:
        """Take the next record; one that is not as it should be is counted and left out."""
        frames = self._frames
        if record.kind == "event":
            if frames and (record.at != self._received or len(frames) >= _BATCH):
                self.flush()
            self._frames.append(record.raw)
            self._received = record.at
            return
        self.flush()
        take = getattr(self, f"_take_{record.kind}", None)
        if take is not None:
            try:
                take(record)
            except (KeyError, TypeError, AttributeError, ValueError):
                self.problems[f"{record.kind} that is not as it should be"] += 1

    def flush(self) -> None:
        """Let the events taken so far be in the log, and everything of them done."""
        if self._frames:
            frames, self._frames = self._frames, []
            malformed, first = self._log.malformed, self._log.count
            self._process(self._log.append(frames, self._received), first)
            if self._log.malformed > malformed:
                self.problems["malformed event"] += self._log.malformed - malformed

    def release(self) -> None:
        """Nothing waits any longer: the truth is there, or will not come."""
        held, self._held = self._held or [], None
        for events, first in held:
            self._process(events, first)

    def _process(self, events: list[dict[str, Any]], first: int) -> None:
        if self._held is not None:
            self._held.append((events, first))
            return
        self._tables.apply(events)
        self._offer(events, first)

    # The kinds of records.

    def _take_malformed(self, record: Record) -> None:
        self._process(self._log.append([str(record.data).encode()], record.at), self._log.count - 1)

    def _take_row(self, record: Record) -> None:
        row, first = record.data, self._log.count
        self._log.add_row(row["origin"], row["event"], row["detail"], record.at)
        if row["origin"] == "gap":
            self._offer([row["event"]], first)
            self.release()

    def _take_applied(self, record: Record) -> None:
        self._tables.apply([record.data])

    def _take_snapshot(self, record: Record) -> None:
        rows = {kind: record.data.get(kind, []) for kind in KINDS}
        self._tables.replace(rows)
        for row in rows["channels"]:
            if "in_stasis" in row:  # as the live table had it; a server's answer has no such field
                self._tables.channels[row["id"]] = dict(row)

    def _take_state(self, record: Record) -> None:
        state = record.data["state"]
        if state == "connected" and self._lost and self._held is None:
            self._held = []
        self._lost = state == "reconnecting" or (self._lost and state != "connected")

    def _take_request(self, record: Record) -> None:
        self._asked = record
        if record.response is not None:
            self._requests.append(self._sent(record, record.response))

    def _take_response(self, record: Record) -> None:
        """An answer on a line of its own, as in a trace."""
        if self._asked is not None:
            milliseconds = (record.at - self._asked.at) * 1000
            answer = {**record.data, "milliseconds": milliseconds}
            self._requests.append(self._sent(self._asked, answer))

    def _sent(self, asked: Record, answer: Mapping[str, Any]) -> SentRequest:
        request = asked.data
        params = request.get("params") or {}
        query = f"?{urlencode(params)}" if params else ""
        return SentRequest(
            at=asked.at,
            method=request["method"],
            path=request["path"],
            params=params,
            body=request.get("body"),
            status=answer.get("status"),
            milliseconds=answer.get("milliseconds"),
            message=answer.get("message", ""),
            url=f"{self.header.get('url', 'http://localhost:8088')}/ari{request['path']}{query}",
            user=self.header.get("user", "asterisk"),
            made=made_by(request["method"], answer.get("body")),
        )
