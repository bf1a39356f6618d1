"""``%ari trace``: requests and events as they pass, below the cell that turned it on.

Requests look as ``curl -v`` would show them, events as wscat would.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from ari_notebook.client.rest import Answer
    from ari_notebook.requestlog import SentRequest
    from ari_notebook.session import Session

__all__ = ["start", "stop"]

_traces: weakref.WeakKeyDictionary[Session, Trace] = weakref.WeakKeyDictionary()


class Trace:
    """Shows what passes through one session; a listener to its requests and its events.

    Args:
        place: where it shows it.
    """

    def __init__(self, place: Callable[[], AbstractContextManager[Any]]) -> None:
        self._place = place

    def _show(self, text: str) -> None:
        with self._place():
            sys.stdout.write(text)
            sys.stdout.flush()

    def answered(self, request: SentRequest, answer: Answer | None) -> None:
        """A request was sent, and answered or not."""
        parts = urlsplit(request.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        lines = [f"$ {request.curl()}", f"> {request.method} {target} HTTP/1.1"]
        if request.body is not None:
            lines.append(f"> {orjson.dumps(request.body).decode()}")
        if answer is None:
            lines.append(f"* {request.message}")
        else:
            lines.append(f"< HTTP/1.1 {answer.status} {answer.reason}")
            if answer.content:
                lines.append(f"< {_body(answer)}")
        self._show("\n".join(lines) + "\n")

    # What a follower tells its listeners.

    def took(
        self, messages: Sequence[bytes], events: Sequence[dict[str, Any]], received: float
    ) -> None:
        """Events came in."""
        del events, received
        self._show("".join(f"< {raw.decode('utf-8', 'backslashreplace')}\n" for raw in messages))

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """A row of our own: nothing passed."""

    def applied(self, event: Mapping[str, Any]) -> None:
        """The tables changed: nothing passed."""

    def snapshot(self, truth: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """The tables were read anew: the session's own affair."""

    def state(self, state: str, reason: str) -> None:
        """The connection went into another state."""
        self._show(f"* {state}{f': {reason}' if reason else ''}\n")

    def stop(self) -> None:
        """The session is closed."""


def _body(answer: Answer) -> str:
    if not answer.is_json:
        return f"[{len(answer.content)} bytes]"
    return answer.content.decode("utf-8", "backslashreplace").strip()


def start(session: Session, place: Callable[[], AbstractContextManager[Any]]) -> None:
    """Show what passes from now on, at a place; no longer at another one."""
    stop(session)
    trace = _traces[session] = Trace(place)
    session.sending.listeners += (trace.answered,)
    session.following.listeners += (trace,)


def stop(session: Session) -> None:
    """Show no more."""
    trace = _traces.pop(session, None)
    if trace is not None:
        kept = session.sending.listeners
        session.sending.listeners = tuple(each for each in kept if each != trace.answered)
        listeners = session.following.listeners
        session.following.listeners = tuple(each for each in listeners if each is not trace)
