"""``%ari trace``: requests and events, printed below the cell that enabled it.

Requests are in the form of ``curl -v``, events in that of wscat.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from ari_notebook.store.progress_bar import rewrites_lines

if TYPE_CHECKING:
    from ari_notebook.client.rest import RestResponse
    from ari_notebook.sessions.session import Session
    from ari_notebook.store.request_log import SentRequest

__all__ = ["start", "stop"]

_CODES = {"$": 2, ">": 34, "<": 32, "*": 33}  # faint, blue, green, yellow: SGR codes by prefix
_REFUSED = 31  # red
_REFUSAL = re.compile(r"< HTTP/1\.1 [45]")
_ANSWER_SECONDS = 0.5  # seconds an event waits for the response to an earlier request

_traces: weakref.WeakKeyDictionary[Session, Trace] = weakref.WeakKeyDictionary()


class Trace:
    """Prints the requests and events of a session; a listener to both.

    Args:
        place: context for the output.
        under_way: returns the pending requests with their times, so that events they cause are
            shown after them.
    """

    def __init__(
        self,
        place: Callable[[], AbstractContextManager[Any]],
        under_way: Mapping[int, float],
    ) -> None:
        self._place = place
        self._under_way = under_way
        self._lock = threading.Lock()
        self._held = ""

    def _show(self, text: str) -> None:
        with self._place():
            in_colour = rewrites_lines(sys.stdout) and "NO_COLOR" not in os.environ
            sys.stdout.write(_coloured(text) if in_colour else text)
            sys.stdout.flush()

    def answered(self, request: SentRequest, answer: RestResponse | None) -> None:
        """Print a request and its response."""
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
        with self._lock:
            held, self._held = self._held, ""
        self._show("\n".join(lines) + "\n" + held)

    # Methods of a listener to the synchronizer.

    def took(
        self, messages: Sequence[bytes], events: Sequence[dict[str, Any]], received: float
    ) -> None:
        """Print received events."""
        del events, received
        text = "".join(f"< {raw.decode('utf-8', 'backslashreplace')}\n" for raw in messages)
        newest = max(self._under_way.values(), default=0.0)
        with self._lock:
            text, self._held = self._held + text, ""
            if time.monotonic() - newest < _ANSWER_SECONDS:
                text, self._held = "", text
        if text:
            self._show(text)

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """Do nothing: a row of this package was not received."""

    def applied(self, event: Mapping[str, Any]) -> None:
        """Do nothing: nothing was received."""

    def snapshot(self, snapshot: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Ignore a refresh of the tables."""

    def state(self, state: str, reason: str) -> None:
        """Print a state change of the connection."""
        self._show(f"* {state}{f': {reason}' if reason else ''}\n")

    def stop(self) -> None:
        """End the trace: the session is closed."""


def _coloured(text: str) -> str:
    """Return a text with each line in the colour of its prefix, and refusals in red."""
    lines = text.removesuffix("\n").split("\n")
    return "".join(f"\x1b[{_code(line)}m{line}\x1b[0m\n" for line in lines)


def _code(line: str) -> int:
    return _REFUSED if _REFUSAL.match(line) else _CODES.get(line[:1], 0)


def _body(answer: RestResponse) -> str:
    if not answer.is_json:
        return f"[{len(answer.content)} bytes]"
    return answer.content.decode("utf-8", "backslashreplace").strip()


def start(session: Session, place: Callable[[], AbstractContextManager[Any]]) -> None:
    """Print requests and events from now on, in one place only."""
    stop(session)
    trace = _traces[session] = Trace(place, session.sender.under_way)
    session.sender.add_listener(trace.answered)
    session.synchronizer.add_listener(trace)


def stop(session: Session) -> None:
    """Stop the trace."""
    trace = _traces.pop(session, None)
    if trace is not None:
        session.sender.remove_listener(trace.answered)
        session.synchronizer.remove_listener(trace)
