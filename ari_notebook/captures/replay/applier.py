"""Application of recorded records to a log, tables and requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ari_notebook.captures.file_format import Record, Run
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.history import History
from ari_notebook.store.request_log import RequestLog, SentRequest, made_by
from ari_notebook.store.tables import KINDS, Tables

__all__ = ["RecordApplier"]

_BATCH = 4096


def _ignore(_events: Sequence[dict[str, Any]], _first: int) -> None:
    """Do nothing: there are no handlers."""


class RecordApplier:
    """Applies recorded events to a log, tables and requests, as the recorded session did.

    Args:
        log: event log to append to.
        tables: live tables to update.
        requests: request log to append to.
        header: first record of the capture.
        offer: called with events after the tables were updated, and the sequence number of the
            first of them in the log.
        history: records table changes without an event; None: none.
        merge: whether events that were received at different times may be applied together, which
            is faster; a program must get them apart, as when they were recorded.
    """

    def __init__(
        self,
        log: EventLog,
        tables: Tables,
        requests: RequestLog,
        header: Mapping[str, Any],
        offer: Callable[[Sequence[dict[str, Any]], int], None] = _ignore,
        *,
        history: History | None = None,
        merge: bool = False,
    ) -> None:
        self.problems: Counter[str] = Counter()
        # The channels and bridges that were there before the first event.
        self.first_snapshot: Mapping[str, Sequence[Mapping[str, Any]]] = {}
        self._log = log
        self._tables = tables
        self._requests = requests
        self.header = header
        self._offer = offer
        self._history = history
        self._merge = merge
        # Events that are appended together: their number by time of receipt.
        self._frames: list[bytes] = []
        self._receipts: list[tuple[int, float]] = []
        # Events after a gap are buffered until the server snapshot is applied.
        self._held: list[tuple[EventBatch, int]] | None = None
        self._lost = False
        self._asked: Record | None = None

    def take(self, record: Record) -> None:
        """Apply the next record; an invalid one is counted and skipped."""
        if record.kind == "event":
            self._add([record.raw], record.at)
            return
        self.flush()
        take = getattr(self, f"_take_{record.kind}", None)
        if take is not None:
            try:
                take(record)
            except (KeyError, TypeError, AttributeError, ValueError):
                self.problems[f"invalid {record.kind}"] += 1

    def take_run(self, item: Record | Run) -> None:
        """Apply the next record, or events that were received together."""
        if not isinstance(item, Run):
            self.take(item)
            return
        self._add(item.frames, item.at)

    def _add(self, frames: Sequence[bytes], at: float) -> None:
        receipts = self._receipts
        apart = bool(receipts) and not self._merge and receipts[-1][1] != at
        if apart or len(self._frames) >= _BATCH:
            self.flush()
            receipts = self._receipts
        if receipts and receipts[-1][1] == at:
            receipts[-1] = (receipts[-1][0] + len(frames), at)
        else:
            receipts.append((len(frames), at))
        self._frames += frames

    def flush(self) -> None:
        """Append the buffered events to the log and process them."""
        if self._frames:
            frames, self._frames = self._frames, []
            receipts, self._receipts = self._receipts, []
            malformed, first = self._log.malformed, self._log.count
            self._process(self._log.append_receipts(frames, receipts), first)
            if self._log.malformed > malformed:
                self.problems["malformed event"] += self._log.malformed - malformed

    def release(self) -> None:
        """Process buffered events: the server snapshot was applied, or will not arrive."""
        held, self._held = self._held or [], None
        for events, first in held:
            self._process(events, first)

    def _process(self, events: EventBatch, first: int) -> None:
        if self._held is not None:
            self._held.append((events, first))
            return
        self._tables.apply(events)
        self._offer(events, first)

    # Handlers of record kinds.

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
        if self._history is not None:
            self._history.applied(record.data, record.at)

    def _take_snapshot(self, record: Record) -> None:
        rows = {kind: record.data.get(kind, []) for kind in KINDS}
        if not self._log.count and not self.first_snapshot:
            self.first_snapshot = {kind: rows[kind] for kind in ("channels", "bridges")}
        self._tables.replace(rows)
        for row in rows["channels"]:
            if "in_stasis" in row:  # as in the live table; a server's response lacks this field
                self._tables.channels[row["id"]] = dict(row)
        if self._history is not None:
            self._history.snapshot(rows)

    def _take_state(self, record: Record) -> None:
        state = record.data["state"]
        if self._history is not None:
            self._history.state(state, "")
        if state == "connected" and self._lost and self._held is None:
            self._held = []
        self._lost = state == "reconnecting" or (self._lost and state != "connected")

    def _take_request(self, record: Record) -> None:
        self._asked = record
        if record.response is not None:
            self._requests.append(self._sent(record, record.response))

    def _take_response(self, record: Record) -> None:
        """Apply a response on a separate line, as in a trace."""
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
