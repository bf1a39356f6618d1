"""Recording a session: every event, request, gap and change of the connection, into a file."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ari_notebook._version import __version__
from ari_notebook.captures.files import VERSION, Writer, line
from ari_notebook.captures.secrets import without_secrets, without_secrets_in_path
from ari_notebook.client.errors import AriError
from ari_notebook.client.rest import Answer
from ari_notebook.live import KINDS, Tables
from ari_notebook.requestlog import SentRequest

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["Capture"]


class Capture:
    """A recording at work; made by ``ari.capture(path)``, also a context manager.

    It begins with the live tables as they stand, and ends with `stop`, with the session, or where
    the program is killed: the file is complete up to the last half second at any moment.

    Args:
        session: what is recorded.
        path: the file; compressed if its name ends in ``.gz``.
        overwrite: replace a file that is there.

    Raises:
        UsageProblem: the file is there already, or cannot be written.
    """

    def __init__(self, session: Session, path: str | Path, *, overwrite: bool = False) -> None:
        self.path = Path(path)
        self.events = 0
        self.requests = 0
        self.started = time.time()
        self._session = session
        header = {
            "version": VERSION,
            "made_by": f"ari-notebook {__version__}",
            "url": session.url,
            "asterisk": session.server,
            "applications": list(session.apps),
            "user": session.user,
            "subscribe_all": session.subscribe_all,
        }
        self._writer = Writer(self.path, line("capture", header), overwrite=overwrite)
        self._running = True
        self._malformed = session.log.malformed
        with session.following.arrived:  # no event between what stands and what follows
            self.snapshot(_standing(session.tables))
            session.following.listeners += (self,)
        session.sending.listeners += (self.answered,)

    # What the session reports.

    def took(self, messages: Sequence[bytes], events: Sequence[Any], received: float) -> None:
        """Events came in."""
        self.events += len(messages)
        malformed, self._malformed = self._malformed, self._session.log.malformed
        if malformed == self._malformed:
            self._writer.add_events(messages, received)
            return
        for raw, event in zip(messages, events, strict=True):
            if event.get("type") == "malformed" and "text" in event:
                self._writer.add(line("malformed", event["text"], received))
            else:
                self._writer.add_events([raw], received)

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """The session added a row of its own to the log."""
        self._add("row", {"origin": origin, "event": event, "detail": detail}, received)

    def applied(self, event: Mapping[str, Any]) -> None:
        """The session knew of a change without being told, and changed its tables."""
        self._add("applied", event)

    def snapshot(self, truth: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """The tables were replaced by what the server says."""
        self._add("snapshot", {kind: list(rows) for kind, rows in truth.items()})

    def state(self, state: str, reason: str) -> None:
        """The connection went into another state."""
        self._add("state", {"state": state, "reason": reason})

    def answered(self, sent: SentRequest, answer: Answer | None) -> None:
        """A request was answered, or was not."""
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

    # For its user.

    @property
    def running(self) -> bool:
        """Whether it still records."""
        return self._running and not self.failure

    @property
    def failure(self) -> str:
        """Why nothing more is written; empty while all is well."""
        return self._writer.failure

    @property
    def bytes(self) -> int:
        """How long the file is."""
        return self._writer.bytes

    def stop(self) -> Capture:
        """Write what waits, and close the file."""
        following, sending = self._session.following, self._session.sending
        with following.arrived:
            if not self._running:
                return self
            self._running = False
            following.listeners = tuple(one for one in following.listeners if one is not self)
        sending.listeners = tuple(one for one in sending.listeners if one != self.answered)
        self._add("end", {"events": self.events, "requests": self.requests})
        self._writer.close()
        return self

    def __enter__(self) -> Capture:
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


def _body(path: str, params: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    """An answer's body: JSON without secrets; of a file only its length."""
    if not answer.content:
        return {}
    if not answer.is_json:
        return {"bytes": len(answer.content)}
    try:
        body = answer.json()
    except AriError:
        return {"bytes": len(answer.content)}
    path, _, query = path.partition("?")
    if path.endswith("/variable"):  # {"value": …} of the variable that was asked for
        asked = params.get("variable") or dict(parse_qsl(query)).get("variable", "")
        named = {"variable": asked, **body} if isinstance(body, dict) else body
        body = without_secrets(named)
        if isinstance(body, dict):
            body.pop("variable", None)
        return {"body": body}
    return {"body": without_secrets(body)}
