"""``%ari trace``: requests and events as they pass, below the cell that turned it on."""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any

import orjson

from ari_notebook.magics.verbs.events import place_of
from ari_notebook.matching import Pattern

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["start", "stop"]

_NAME = "trace"
_shown: weakref.WeakKeyDictionary[Session, int] = weakref.WeakKeyDictionary()


def start(session: Session, shell: Any) -> None:
    """Show what passes from now on."""
    _shown[session] = session.requests.count

    def trace(event: Any) -> None:
        _requests(session)
        sys.stdout.write(f"< {orjson.dumps(event).decode()}\n")

    trace.__name__ = _NAME
    handler = session.make_handler(trace, Pattern("*", {}, session.declaration))
    handler.output = place_of(shell)
    session.handlers.add(handler)


def _requests(session: Session) -> None:
    """The requests since the last time, which came before the event that is shown next."""
    new = session.requests.count - _shown.get(session, 0)
    _shown[session] = session.requests.count
    for request in list(session.requests)[len(session.requests) - new :] if new else []:
        sys.stdout.write(f"$ {request.curl()}\n> {request}\n")


def stop(session: Session) -> None:
    """Show no more."""
    if _NAME in session.handlers:
        session.off(_NAME)
