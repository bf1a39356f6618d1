"""`aconnect`, and the `AsyncSession` that it opens: a session for coroutines.

Its operations and waits are awaited, its handlers and flows are tasks of the program's own loop:
asyncio, or trio, and anyio on either. It is a twin of a blocking session, which is its `session`
and has the tables, views and captures. A twin rather than a second form of each method
(``play.aio(...)``), since editors and type checkers then complete and check the awaited form alone.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ari_notebook.client.credentials import HiddenPassword
from ari_notebook.client.errors import UsageProblem
from ari_notebook.client.rest import RestResponse
from ari_notebook.connection.async_objects import AsyncObject, wrap_async
from ari_notebook.connection.caller import Caller
from ari_notebook.connection.event_filter import EventFilter, EventPattern
from ari_notebook.connection.event_types import EventTypes
from ari_notebook.connection.followed_events import MOST_EVENTS, FollowedEvents
from ari_notebook.connection.generated.async_objects import (
    ASYNC_OBJECTS,
    ASYNC_RESOURCES,
    TypedAsyncSession,
)
from ari_notebook.connection.generated.events import Event
from ari_notebook.connection.handlers import PARAMETERS, Handlers
from ari_notebook.connection.resources import LoggedEvents
from ari_notebook.connection.signals import in_thread, in_worker
from ari_notebook.connection.spawner import Spawner
from ari_notebook.sessions.async_opening import AsyncOpening
from ari_notebook.sessions.session import Session, connect

if TYPE_CHECKING:
    from ari_notebook.flows.runtime import Flows

__all__ = ["AsyncSession", "aconnect"]

F = TypeVar("F", bound=Callable[..., Any])


def aconnect(
    url: str | None = None,
    app: str | Iterable[str] | None = None,
    user: str | None = None,
    password: str | None = None,
    name: str | None = None,
    subscribe_all: bool = False,
    read_only: bool = False,
    transport: Literal["http", "websocket"] = "http",
    verify: bool | str = True,
    keep: int | None = 1_000_000,
    tidy: bool | None = None,
    timeout: float = 10.0,
) -> AsyncOpening[AsyncSession]:
    """Return an asynchronous session, to be used as ``async with``.

    The arguments are those of `connect`. Nothing is opened before the block; at its end handlers
    and flows are cancelled and the connection is closed.

    Returns:
        An asynchronous context manager of an `AsyncSession`.
    """
    arguments = dict(locals())
    if password is not None:
        arguments["password"] = HiddenPassword(password)
        password = None

    def opening(spawners: Callable[[], Spawner]) -> AsyncSession:
        session = connect(**arguments, spawner=spawners())
        session.__enter__()  # so that closing removes what it has made
        return AsyncSession(session)

    return AsyncOpening(opening)


class AsyncSession(TypedAsyncSession):
    """A session for coroutines. Made by `aconnect`.

    Attributes:
        session: the blocking session: tables, views, captures.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        for name, resource in session.resources.items():
            cls = ASYNC_RESOURCES.get(name)
            if cls is not None and name != "events":
                setattr(self, name, cls(session, ASYNC_OBJECTS, resource))

    @property
    def events(self) -> LoggedEvents:
        """The event log."""
        found: LoggedEvents = self.session.events
        return found

    @property
    def handlers(self) -> Handlers:
        """The handlers by name."""
        return self.session.handlers

    @property
    def flows(self) -> Flows:
        """The session's flows."""
        return self.session.flows

    def off(self, name: str | Callable[..., Any]) -> None:
        """Remove a handler; see `Session.off`."""
        self.session.off(name)

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
        """Run a function for each call, as a decorator; see `Session.flow`.

        A coroutine function is a task of the program's loop for each call.
        """

        def add(function: F) -> F:
            return self.session.flow(**given)(function)

        return add if function is None else add(function)

    def follow(
        self,
        type: EventTypes = "*",
        *,
        channel: Any = None,
        bridge: Any = None,
        playback: Any = None,
        recording: Any = None,
        most: int = MOST_EVENTS,
        **where: Any,
    ) -> FollowedEvents:
        """Return the events about some objects, for ``async for``; see `Session.follow`."""
        return self.session.follow(
            type,
            channel=channel,
            bridge=bridge,
            playback=playback,
            recording=recording,
            most=most,
            **where,
        )

    async def wait_any(
        self, *patterns: EventPattern | str, timeout: float = 10, **named: EventPattern | str
    ) -> tuple[str, Event]:
        """Wait for the first of several events; see `Session.wait_any`."""
        return await self.session.next_any(*patterns, timeout=timeout, **named)

    async def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> RestResponse:
        """Send any request; see `Session.request`."""
        work = partial(self.session.request, method, path, params, body)
        return await in_worker(self.session.workers, work)

    async def call(
        self, extension: str = "1000", context: str = "default", caller: str | None = None
    ) -> Caller:
        """Dial an extension as a caller, whose methods block; see `Session.call`."""
        work = partial(self.session.call, extension, context, caller)
        return await in_worker(self.session.workers, work)

    async def close(self) -> None:
        """Cancel handlers and flows, and disconnect; idempotent."""
        await in_thread(self.session.close)

    def __repr__(self) -> str:
        return f"<async {repr(self.session)[1:]}"

    def _on(self, type: EventTypes, where: Mapping[str, Any]) -> Callable[[Any], Any]:
        chosen = EventFilter(type, where, self.session.declaration)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            for name in inspect.signature(function).parameters:
                if name not in PARAMETERS:
                    raise UsageProblem(
                        f"handler {function.__name__} has an unknown parameter {name!r}",
                        f"Use only: {', '.join(PARAMETERS)}.",
                    )
            handler = self.session.make_handler(function, chosen, wrap=self._wrap)
            self.session.handlers.add(handler)
            return function

        return decorate

    def _wrap(self, value: Any) -> Any:
        """Return a handler's argument as an object of this session."""
        if value is self.session:
            return self
        made: AsyncObject | Any = wrap_async(self.session, ASYNC_OBJECTS, value)
        return made

    async def _wait_for(self, type: EventTypes, where: Mapping[str, Any], timeout: float) -> Event:
        return await self.session._next_event(type, where, timeout)
