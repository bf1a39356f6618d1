"""`AsyncOpening`: opens a session or a server for coroutines, and closes it, as ``async with``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from ari_notebook.connection.signals import in_thread
from ari_notebook.connection.spawner import Spawner, running_spawners

__all__ = ["AsyncOpening"]


class AsyncClosable(Protocol):
    """What can be closed by awaiting."""

    async def close(self) -> Any:
        """Close it."""


Opened = TypeVar("Opened", bound=AsyncClosable)


class AsyncOpening(Generic[Opened]):
    """An asynchronous context manager of what it opens; made by `aconnect` and `aaccept`.

    Args:
        opening: opens it, and may block; given a function that makes spawners of the running loop.
    """

    def __init__(self, opening: Callable[[Callable[[], Spawner]], Opened]) -> None:
        self._opening = opening
        self._leaving = AsyncExitStack()

    async def __aenter__(self) -> Opened:
        """Open it; other tasks run meanwhile."""
        spawners = await self._leaving.enter_async_context(running_spawners())
        try:
            self._opened = await in_thread(partial(self._opening, spawners))
        except BaseException:
            await self._leaving.aclose()
            raise
        return self._opened

    async def __aexit__(self, *exception: object) -> None:
        """Cancel handlers and flows, and close it."""
        try:
            await self._opened.close()
        finally:
            # The nursery has its own cancellation, which no exception of the block is.
            await self._leaving.aclose()
