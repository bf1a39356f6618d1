"""The open sessions by name, and which of them is meant when none is named."""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING

from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = [
    "add",
    "close_all",
    "current",
    "find",
    "free_name",
    "names",
    "opened",
    "remove",
    "rename",
    "use",
]

_lock = threading.Lock()
_open: dict[str, Session] = {}
_current: str | None = None


def free_name(wanted: str) -> str:
    """The name, or the name with a number where it is taken."""
    with _lock:
        name, number = wanted, 2
        while name in _open:
            name, number = f"{wanted}-{number}", number + 1
        return name


def add(session: Session) -> None:
    """Keep an opened session; it becomes the current one."""
    global _current
    with _lock:
        if not _open:
            atexit.register(close_all)
        _open[session.name] = session
        _current = session.name


def rename(session: Session, wanted: str) -> None:
    """Give an open session another name, or that name with a number where it is taken."""
    with _lock:
        del _open[session.name]
    session.name = free_name(wanted)
    add(session)


def remove(session: Session) -> None:
    """Forget a closed session; the one opened last becomes the current one."""
    global _current
    with _lock:
        if _open.get(session.name) is session:
            del _open[session.name]
        if _current not in _open:
            _current = next(reversed(_open), None)


def current() -> Session:
    """The session that is meant when none is named.

    Raises:
        UsageProblem: none is open.
    """
    session = _open.get(_current or "")
    if session is None:
        raise UsageProblem("not connected to an Asterisk", "Type: %ari connect")
    return session


def find(name: str) -> Session:
    """The open session of that name.

    Raises:
        UsageProblem: there is none.
    """
    session = _open.get(name)
    if session is None:
        raise UsageProblem(
            f"no session is called {name!r}", f"Open are: {', '.join(_open) or 'none'}."
        )
    return session


def use(name: str) -> Session:
    """Make a session the current one and return it."""
    global _current
    session = find(name)
    _current = session.name
    return session


def names() -> list[str]:
    """The names of the open sessions, oldest first."""
    return list(_open)


def opened() -> list[Session]:
    """The open sessions, oldest first."""
    return list(_open.values())


def close_all() -> None:
    """Close every session; at the kernel's exit, and when the extension is unloaded."""
    for session in opened():
        session.close()
