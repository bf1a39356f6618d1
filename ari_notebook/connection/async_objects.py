"""The objects of an asynchronous session: their operations are coroutine functions.

Each wraps the blocking object of the same name. Its operations run in the session's worker
threads, a few for all calls; waits use no thread.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from ari_notebook.connection.resources import FiniteObject, LiveObject, ObjectResource, Resource
from ari_notebook.connection.signals import in_worker

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.connection.protocols import AsyncInvoker

__all__ = ["AsyncFinite", "AsyncObject", "AsyncObjects", "AsyncResource", "wrap_async"]

Member = TypeVar("Member", bound="AsyncObject", covariant=True)


class _Twin:
    """Performs the operations of a blocking object as coroutines."""

    _blocking: Any
    _session: AsyncInvoker
    _classes: Mapping[str, type[AsyncObject]]

    async def _perform(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Perform an operation, without arguments that are None."""
        given = {key: _plain(value) for key, value in arguments.items() if value is not None}
        wait = given.pop("wait", False)
        result = await self._work(partial(getattr(self._blocking, name), **given))
        if wait:
            await result.wait()
        return result

    async def _work(self, function: Callable[[], Any]) -> Any:
        found = await in_worker(self._session.workers, function)
        return wrap_async(self._session, self._classes, found)

    if not TYPE_CHECKING:  # checkers know the generated methods and fields

        def __getattr__(self, name: str) -> Any:
            """Return a field, or an operation that only the connected server declares."""
            if name.startswith("_"):
                raise AttributeError(name)
            found = getattr(self._blocking, name)
            if not inspect.ismethod(found):
                return found

            async def method(*args: Any, **kwargs: Any) -> Any:
                return await self._work(partial(found, *map(_plain, args), **kwargs))

            return method

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._blocking)})


class AsyncObject(_Twin):
    """A live object of an asynchronous session. It equals its id."""

    def __init__(
        self,
        session: AsyncInvoker,
        classes: Mapping[str, type[AsyncObject]],
        blocking: LiveObject,
    ) -> None:
        self._session, self._classes, self._blocking = session, classes, blocking
        self.id = blocking.id

    @property
    def blocking(self) -> LiveObject:
        """The same object of the blocking session."""
        found: LiveObject = self._blocking
        return found

    @property
    def since(self) -> int | None:
        """The place in the event log from which it exists; None where another program made it."""
        return self.blocking.since

    @property
    def alive(self) -> bool:
        """Whether it is in the session's live table."""
        return self.blocking.alive

    def __eq__(self, other: object) -> bool:
        return bool(self._blocking == getattr(other, "_blocking", other))

    def __hash__(self) -> int:
        return hash(self._blocking)

    def __repr__(self) -> str:
        return f"<async {repr(self._blocking)[1:]}"


class AsyncFinite(AsyncObject):
    """A playback or a recording in progress."""

    async def wait(self, timeout: float | None = None) -> Self:
        """Return when it is over; see `ari_notebook.connection.resources.FiniteObject.wait`."""
        kind = self._blocking._type.event_field
        await self._session.until_over(kind, self.id, self.since, timeout)
        return self


class AsyncResource(_Twin):
    """One of ARI's resources, with a coroutine function for each of its operations."""

    def __init__(
        self, session: AsyncInvoker, classes: Mapping[str, type[AsyncObject]], blocking: Resource
    ) -> None:
        self._session, self._classes, self._blocking = session, classes, blocking

    async def frame(self) -> pd.DataFrame:
        """Return a new DataFrame of the resource's current objects; ``df`` of a session."""
        found: pd.DataFrame = await in_worker(self._session.workers, lambda: self._blocking.df)
        return found

    def __repr__(self) -> str:
        return f"<async {repr(self._blocking)[1:]}"


class AsyncObjects(AsyncResource, Generic[Member]):
    """A resource that has live objects; those of the live tables are at hand without waiting."""

    _blocking: ObjectResource[Any]

    def __getitem__(self, id: str | AsyncObject) -> Member:
        kind = self._blocking._type
        text = str(getattr(id, "id", id))
        seen = getattr(self._session.tables, kind.table).get(text) if kind.table else None
        found = self._session.objects[kind.model](self._session, text, seen)
        member: Member = wrap_async(self._session, self._classes, found)
        return member

    def __contains__(self, id: object) -> bool:
        return getattr(id, "id", id) in self._live()

    def __len__(self) -> int:
        return len(self._live())

    def __iter__(self) -> Iterator[Member]:
        return iter([self[id] for id in self._live()])

    def _live(self) -> list[str]:
        table = self._blocking._type.table
        return list(getattr(self._session.tables, table)) if table else []


def wrap_async(session: AsyncInvoker, classes: Mapping[str, type[AsyncObject]], value: Any) -> Any:
    """Return live objects of a result as those of an asynchronous session."""
    if isinstance(value, list):
        return [wrap_async(session, classes, each) for each in value]
    if not isinstance(value, LiveObject):
        return value
    base = AsyncFinite if isinstance(value, FiniteObject) else AsyncObject
    return classes.get(value._type.model, base)(session, classes, value)


def _plain(value: Any) -> Any:
    """Return objects of an asynchronous session by their blocking twin."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return getattr(value, "_blocking", value)
