"""The open sessions by name: ``ari_notebook.sessions.use("office")``."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ari_notebook.connection import registry
from ari_notebook.connection.registry import close_all, names

if TYPE_CHECKING:
    from ari_notebook.sessions.session import Session

__all__ = ["close_all", "current", "find", "names", "opened", "use"]


def current() -> Session:
    """Return the current session.

    Raises:
        UsageProblem: none is open.
    """
    return cast("Session", registry.current())


def find(name: str) -> Session:
    """Return the open session of that name.

    Raises:
        UsageProblem: no such session.
    """
    return cast("Session", registry.find(name))


def opened() -> list[Session]:
    """Return the open sessions, oldest first."""
    return cast("list[Session]", registry.opened())


def use(name: str) -> Session:
    """Make a session the current one and return it.

    Raises:
        UsageProblem: no such session of that name.
    """
    return cast("Session", registry.use(name))
