"""`aaccept`, and the `AsyncOutboundServer` that it starts: `accept` for coroutines."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, overload

from ari_notebook.client.accepted_websocket import Refusal
from ari_notebook.client.credentials import HiddenPassword
from ari_notebook.connection.outbound_config import ConnectionType, OutboundConfig
from ari_notebook.connection.signals import in_thread
from ari_notebook.connection.spawner import Spawner
from ari_notebook.sessions.async_opening import AsyncOpening
from ari_notebook.sessions.async_session import AsyncSession
from ari_notebook.sessions.outbound_server import OutboundServer, accept
from ari_notebook.sessions.session import Session

__all__ = ["AsyncOutboundServer", "aaccept"]

F = TypeVar("F", bound=Callable[..., Any])
P = TypeVar("P", bound=Callable[[AsyncSession], object])


def aaccept(
    port: int = 8765,
    app: str | Iterable[str] = "hello-world",
    user: str = "asterisk",
    password: str | None = None,
    host: str = "127.0.0.1",
    *,
    certificate: str | None = None,
    key: str | None = None,
    subscribe_all: bool = False,
    keep: int | None = 1_000_000,
    tidy: bool | None = None,
    timeout: float = 10.0,
) -> AsyncOpening[AsyncOutboundServer]:
    """Return a server for Asterisk's outbound WebSockets, to be used as ``async with``.

    The arguments are those of `accept`. It listens from the beginning of the block; at its end
    handlers and flows are cancelled and the sessions closed.

    Returns:
        An asynchronous context manager of an `AsyncOutboundServer`. Entering it raises
        `UsageProblem` if the port, an application's name or the certificate cannot be used.
    """
    arguments = dict(locals())
    if password is not None:
        arguments["password"] = HiddenPassword(password)
        password = None

    def opening(spawners: Callable[[], Spawner]) -> AsyncOutboundServer:
        return AsyncOutboundServer(accept(**arguments, spawner=spawners))

    return AsyncOpening(opening)


class AsyncOutboundServer:
    """Accepts Asterisk's outbound WebSockets for coroutines; made by `aaccept`.

    Attributes:
        server: the blocking server, with the blocking sessions.
    """

    def __init__(self, server: OutboundServer) -> None:
        self.server = server
        self._changing = threading.Lock()
        self._twins: dict[Session, AsyncSession] = {}

    def on_session(self, function: P) -> P:
        """Call a function with each new session, before its first event, as a decorator.

        A plain function, which adds handlers and flows; see `OutboundServer.on_session`.
        """
        self.server.on_session(lambda session: function(self._twin(session)))
        return function

    @overload
    def flow(self, function: F, /) -> F: ...
    @overload
    def flow(
        self,
        *,
        args: str | Iterable[str] | None = None,
        exten: str | None = None,
        app: str | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Callable[[F], F]: ...
    def flow(self, function: Callable[..., Any] | None = None, **given: Any) -> Any:
        """Run a function for each call, as a decorator; see `OutboundServer.flow`.

        A coroutine function is a task of the program's loop for each call.
        """
        add = self.server.flow(**given)
        return add if function is None else add(function)

    @property
    def sessions(self) -> dict[str, AsyncSession]:
        """The open sessions by name."""
        return {name: self._twin(each) for name, each in self.server.sessions.items()}

    @property
    def refused(self) -> list[Refusal]:
        """The last connections that were not accepted, each with its reason."""
        return list(self.server.refused)

    @property
    def port(self) -> int:
        """The port."""
        return self.server.port

    @property
    def url(self) -> str:
        """Where Asterisk connects to, from this machine."""
        return self.server.url

    def config_for(
        self,
        host: str | None = None,
        connection_type: ConnectionType = "persistent",
        *,
        authority: str | None = None,
        verify: bool = True,
    ) -> OutboundConfig:
        """Return the stanzas for Asterisk's files; see `OutboundServer.config_for`."""
        return self.server.config_for(host, connection_type, authority=authority, verify=verify)

    async def wait(self, timeout: float = 30) -> AsyncSession:
        """Return the next session that was not returned yet; see `OutboundServer.wait`."""
        return self._twin(await self.server.next_session(timeout))

    async def close(self) -> None:
        """Listen no longer, cancel handlers and flows, and close the sessions; idempotent."""
        await in_thread(self.server.close)

    def __repr__(self) -> str:
        return f"<async {repr(self.server)[1:]}"

    def _twin(self, session: Session) -> AsyncSession:
        """Return the asynchronous form of a session, the same each time."""
        with self._changing:
            for each in [each for each in self._twins if each.closed]:
                del self._twins[each]
            return self._twins.setdefault(session, AsyncSession(session))
