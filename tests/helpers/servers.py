"""The interface of an Asterisk, real or simulated, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import ari_notebook
from ari_notebook import Session
from ari_notebook.simulator import RunningSimulator


class Server(Protocol):
    """An Asterisk that a session can connect to."""

    @property
    def url(self) -> str:
        """URL without ``/ari``."""

    @property
    def user(self) -> str:
        """Name of its ARI user."""

    @property
    def password(self) -> str:
        """Password of that user."""

    def password_of(self, user: str) -> str:
        """Return the password of one of its ARI users."""


Event = dict[str, Any]  # an event as decoded from JSON


@contextmanager
def connected(server: Server, app: str, dialplan: str | None = None) -> Iterator[Session]:
    """Open a session on a server, after replacing its dialplan until the test ends."""
    if dialplan is not None:
        if isinstance(server, RunningSimulator):
            server.set_dialplan(dialplan)
        else:
            real: Any = server
            real.write_config("extensions.conf", dialplan)
            real.reload()
    with ari_notebook.connect(server.url, app, server.user, server.password) as ari:
        yield ari
