"""The registry of open sessions by name, with the current one."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from ari_notebook.background import Background
from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    from ari_notebook.connection.protocols import OpenConnection

__all__ = [
    "add",
    "background",
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
_open: dict[str, OpenConnection] = {}
_current: str | None = None


def free_name(wanted: str) -> str:
    """Return the name, with a number appended if it is taken."""
    with _lock:
        name, number = wanted, 2
        while name in _open:
            name, number = f"{wanted}-{number}", number + 1
        return name


def add(session: OpenConnection, *, current: bool = True) -> None:
    """Register an opened session.

    Args:
        session: the session.
        current: make it the current one; otherwise only if there is none.
    """
    global _current
    with _lock:
        if not _open:
            atexit.register(close_all)
        _open[session.name] = session
        if current or _current is None:
            _current = session.name


def rename(session: OpenConnection, wanted: str) -> None:
    """Rename an open session; a number is appended if the name is taken."""
    with _lock:
        del _open[session.name]
    session.name = free_name(wanted)
    add(session)


def remove(session: OpenConnection) -> None:
    """Remove a closed session; the one opened last becomes the current one."""
    global _current
    with _lock:
        if _open.get(session.name) is session:
            del _open[session.name]
        if _current not in _open:
            _current = next(reversed(_open), None)


def current() -> OpenConnection:
    """Return the current session.

    Raises:
        UsageProblem: none is open.
    """
    session = _open.get(_current or "")
    if session is None:
        raise UsageProblem("not connected to an Asterisk", "Type: %ari connect")
    return session


def background() -> Background:
    """Return what runs work of the current session, or of none if none is open."""
    from ari_notebook.background.pump import default_background  # noqa: PLC0415  asyncio: 50 ms

    session = _open.get(_current or "")
    return default_background() if session is None else session.background


def find(name: str) -> OpenConnection:
    """Return the open session of that name.

    Raises:
        UsageProblem: there is none.
    """
    session = _open.get(name)
    if session is None:
        raise UsageProblem(
            f"unknown session: {name!r}", f"Open sessions: {', '.join(_open) or 'none'}."
        )
    return session


def use(name: str) -> OpenConnection:
    """Make a session the current one and return it."""
    global _current
    session = find(name)
    _current = session.name
    return session


def names() -> list[str]:
    """Return the names of the open sessions, oldest first."""
    return list(_open)


def opened() -> list[OpenConnection]:
    """Return the open sessions, oldest first."""
    return list(_open.values())


def _abandon_all() -> None:
    """Release the parent's sessions in a forked child, without sending or ending anything."""
    global _lock, _current
    _lock = threading.Lock()  # a thread of the parent may have held the lock
    for session in opened():
        session.abandon()
    _open.clear()
    _current = None


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_abandon_all)


def close_all() -> None:
    """Close every session; at the kernel's exit, and when the extension is unloaded."""
    for session in opened():
        session.close()
