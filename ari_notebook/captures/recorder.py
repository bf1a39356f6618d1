"""Recording of a session: every event, request, gap and state change, into a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from ari_notebook.captures.file_format import VERSION, Writer, line
from ari_notebook.client.errors import AriError
from ari_notebook.client.rest import RestResponse
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.redaction import without_secrets, without_secrets_in_path
from ari_notebook.store.request_log import SentRequest
from ari_notebook.store.tables import KINDS, Tables

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection

__all__ = ["Capture"]


class Capture:
    """A running capture; made by ``ari.capture(path)``, also a context manager.

    It starts with the current live tables and ends with `stop`, with the session, or when the
    program is killed: the file is complete up to the last half second at any time.

    Args:
        connection: connection to record.
        path: the file; compressed if its name ends in ``.gz``.
        overwrite: replace an existing file.

    Raises:
        UsageProblem: the file exists or cannot be written.
    """

    def __init__(
        self, connection: Connection, path: str | Path, *, overwrite: bool = False
    ) -> None:
        self.path = Path(path)
        self.events = 0
        self.requests = 0
        self.started = connection.background.time()
        self._connection = connection
        self._running = False
        self._malformed = connection.log.malformed
        # No event may fall between the snapshot and the first event.
        with connection.synchronizer.arrived:
            self._begin(overwrite=overwrite)
            self._running = True
            connection.synchronizer.add_listener(self)
        connection.sender.add_listener(self.answered)

    def _begin(self, *, overwrite: bool = False) -> None:
        """Begin a file, with the live tables."""
        connection = self._connection
        header = {
            "version": VERSION,
            "made_by": f"ari-notebook {version('ari-notebook')}",
            "url": connection.url,
            "asterisk": connection.server,
            "applications": list(connection.apps),
            "user": connection.user,
            "subscribe_all": connection.subscribe_all,
        }
        begin = line("capture", header) + line("snapshot", _standing(connection.tables))
        self._writer = self._open(self.path, begin, overwrite=overwrite)

    def _open(self, path: Path, begin: bytes, *, overwrite: bool) -> Writer:
        return Writer(path, begin, overwrite=overwrite, background=self._connection.background)

    # Callbacks of the session.

    def took(self, messages: Sequence[bytes], events: EventBatch, received: float) -> None:
        """Record received events."""
        self.events += len(messages)
        malformed, self._malformed = self._malformed, self._connection.log.malformed
        if malformed == self._malformed:
            self._writer.add_events(messages, received)
            return
        for place, raw in enumerate(messages):
            # not by its type: a server may send an event of that name
            if place in events.malformed:
                self._writer.add(line("malformed", events[place]["text"], received))
            else:
                self._writer.add_events([raw], received)

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """Record a row that the session added to the log."""
        self._add("row", {"origin": origin, "event": event, "detail": detail}, received)

    def applied(self, event: Mapping[str, Any]) -> None:
        """Record a change of the tables without an event."""
        self._add("applied", event)

    def snapshot(self, snapshot: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Record a replacement of the tables by a server snapshot."""
        self._add("snapshot", {kind: list(rows) for kind, rows in snapshot.items()})

    def state(self, state: str, reason: str) -> None:
        """Record a change of the connection's state."""
        self._add("state", {"state": state, "reason": reason})

    def answered(self, sent: SentRequest, answer: RestResponse | None) -> None:
        """Record a request, answered or failed."""
        self.requests += 1
        request = {
            "method": sent.method,
            "path": without_secrets_in_path(sent.path),
            "params": without_secrets(sent.params),
            "body": without_secrets(sent.body),
        }
        response = {
            "status": sent.status,
            "message": sent.message,
            "milliseconds": sent.milliseconds,
            **(_body(sent.path, sent.params, answer) if answer else {}),
        }
        self._writer.add(line("request", request, sent.at, response=response))

    def _add(self, kind: str, data: Any, at: float | None = None) -> None:
        self._writer.add(line(kind, data, at))

    # Public members.

    @property
    def running(self) -> bool:
        """Return whether it is still recording."""
        return self._running and not self.failure

    @property
    def failure(self) -> str:
        """Return why recording stopped, or ""."""
        return self._writer.failure

    @property
    def bytes(self) -> int:
        """Return the size of the file in bytes."""
        return self._writer.bytes

    def stop(self) -> Capture:
        """Write the queue and close the file."""
        synchronizer = self._connection.synchronizer
        with synchronizer.arrived:
            if not self._running:
                return self
            self._running = False
            synchronizer.remove_listener(self)
        self._connection.sender.remove_listener(self.answered)
        self._add("end", {"events": self.events, "requests": self.requests})
        self._writer.close()
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        how = self.failure or ("recording" if self._running else "finished")
        return (
            f"<capture {self.path}: {how}, {self.events} events, {self.requests} requests,"
            f" {self.bytes:,} bytes written>"
        )


def _standing(tables: Tables) -> dict[str, list[Any]]:
    return {kind: list(getattr(tables, kind).values()) for kind in KINDS}


def _body(path: str, params: Mapping[str, Any], answer: RestResponse) -> dict[str, Any]:
    """Return a response body for the file: JSON without secrets; of a file only its length."""
    if not answer.content:
        return {}
    if not answer.is_json:
        return {"bytes": len(answer.content)}
    try:
        body = answer.json()
    except AriError:
        return {"bytes": len(answer.content)}
    path, _, query = path.partition("?")
    if path.endswith("/variable"):  # {"value": …} of the requested variable
        asked = params.get("variable") or dict(parse_qsl(query)).get("variable", "")
        named = {"variable": asked, **body} if isinstance(body, dict) else body
        body = without_secrets(named)
        if isinstance(body, dict):
            body.pop("variable", None)
        return {"body": body}
    return {"body": without_secrets(body)}
