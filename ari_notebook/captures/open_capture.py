"""A capture as tables, without a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.background.pump import default_background
from ari_notebook.captures.charts import Pictures
from ari_notebook.captures.file_format import Reader
from ari_notebook.captures.progress import collector_paused, shown_runs
from ari_notebook.captures.replay.applier import RecordApplier
from ari_notebook.store.calls import Calls, Legs
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.history import History
from ari_notebook.store.live_tables import LiveTables
from ari_notebook.store.request_log import RequestLog
from ari_notebook.store.tables import Tables

if TYPE_CHECKING:
    from ari_notebook.captures.replay.server import ServedCapture

__all__ = ["OpenCapture"]

# Uncompressed size up to which a capture is read if `keep` sets no limit: otherwise a file of a few
# megabytes could fill the memory.
_MOST = 4 << 30


_UNREAD = 4096  # events after which calls are read and a chunk is compressed


class _UnreadTables(Tables):
    """Tables to which only server snapshots are applied."""

    def apply(self, events: Iterable[Any]) -> None:
        """Do nothing."""


class OpenCapture(LiveTables):
    """A capture read completely, as tables without a server.

    Args:
        path: the file.
        keep: maximum number of events and requests to keep; None: all, of the first 4 GiB.
    """

    def __init__(self, path: str | Path, *, keep: int | None = None) -> None:
        reader = Reader(path, _MOST if keep is None else None)
        self.path = reader.path
        self.header: Mapping[str, Any] = reader.header
        self.events = EventLog(keep=keep)
        if keep is not None:  # while reading, so many that calls are read before any is dropped
            self.events.limit(max(keep, 4 * _UNREAD))
        self.requests = RequestLog(keep=keep)
        # Without a limit, the history can rebuild the tables of any time, and those of the end are
        # built when they are needed first.
        kind = _UnreadTables if keep is None else Tables
        super().__init__(kind(subscribe_all=bool(self.header.get("subscribe_all"))))
        self.history = History(self.events, self._tables, most_changes=None)
        self.started = self.ended = reader.started
        self.problems: Counter[str] = Counter()
        self._calls: Calls | None = None
        self._read(reader)
        self.events.limit(keep)

    @property
    def log(self) -> EventLog:
        """Return the events, under the name they have in a session."""
        return self.events

    @property
    def calls(self) -> Calls:
        """Return its calls, also of events that were not kept; ``.df`` has one row per call."""
        if self._calls is None:
            self._calls = Calls(self.events, self._applier.first_snapshot)
        return self._calls

    @property
    def legs(self) -> Legs:
        """Return the channels of its calls; ``.legs.df`` has one row per channel."""
        return self.calls.legs

    @property
    def pictures(self) -> Pictures:
        """Return its charts, as matplotlib figures."""
        return Pictures(self)

    def serve(self, host: str = "127.0.0.1", port: int = 0, **options: Any) -> ServedCapture:
        """Serve the capture, so that a program can run again against the recorded server.

        Args:
            host: address to listen on.
            port: TCP port; 0: any free port.
            options: ``speed``, ``patience``, ``user`` and ``password`` of
                `ari_notebook.captures.replay.server.ServedCapture`.

        Returns:
            The server, with ``url``, ``credentials``, ``finished``, ``waiting_for``, ``problems``
            and ``stop()``; also a context manager.

        Raises:
            UsageProblem: invalid speed.
            CannotStart: the port is in use, or the host has no such address.
        """
        from ari_notebook.captures.replay.server import ServedCapture  # noqa: PLC0415  with the simulator 70 ms

        return ServedCapture(self.path, host, port, **options)

    @property
    def tables(self) -> Tables:
        """The live tables at the end."""
        if isinstance(self._tables, _UnreadTables):
            self._tables = self.history.at(self.events.count)
        return self._tables

    def _read(self, reader: Reader) -> None:
        """Read the file once: events are appended, their calls are read, then they are compressed.

        Threads decompress the file and compress the log, where there are threads.
        """
        self._applier = applier = RecordApplier(
            self.events,
            self._tables,
            self.requests,
            self.header,
            self._read_calls,
            history=self.history,
            merge=True,
        )
        self._unread = 0
        with collector_paused(), default_background().executor(2, "ari-reading") as executor:
            self._executor = reader.executor = executor
            for run in shown_runs(reader, f"reading {self.path.name}"):
                applier.take_run(run)
                self.ended = max(self.ended, run.at)
            applier.flush()
            applier.release()
            self.calls.read()
        self.problems = reader.problems + applier.problems

    def _read_calls(self, events: Sequence[Any], _first: int) -> None:
        self._unread += len(events)
        if self._unread >= _UNREAD:
            self._unread = 0
            self.calls.read()
            self._executor.submit(self.events.compress)

    def __repr__(self) -> str:
        calls = f", {self.ended - self.started:.1f} s of {self.header.get('asterisk', 'unknown')}"
        left_out = ", ".join(f"{count} {reason}" for reason, count in self.problems.items())
        return (
            f"<capture {self.path.name}: {len(self.events)} events, {len(self.requests)} requests"
            f"{calls}{'; skipped: ' + left_out if left_out else ''}>"
        )
