"""Where coroutines of a connection run: a loop in a separate thread, or the program's loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from functools import partial
from typing import Any, Protocol, TypeAlias

from ari_notebook.connection.signals import running_trio

__all__ = ["LoopThread", "RunningLoop", "Spawner", "TrioNursery", "running_spawners"]

CoroutineFunction: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Spawner(Protocol):
    """Starts coroutines, from any thread, as concurrent tasks."""

    def spawn(self, function: CoroutineFunction, context: Context | None = None) -> None:
        """Start a coroutine.

        Args:
            function: returns it; called in the loop's thread.
            context: context variables of the task; those of the caller if None.
        """

    def close(self) -> None:
        """Cancel all tasks and start no more; idempotent."""


class RunningLoop:
    """Spawns tasks in an asyncio loop that runs already.

    Args:
        loop: the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def spawn(self, function: CoroutineFunction, context: Context | None = None) -> None:
        """See `Spawner.spawn`."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._start, function, context)

    def _start(self, function: CoroutineFunction, context: Context | None) -> None:
        if not self._closed:
            task = self._loop.create_task(function(), context=context)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Cancel all tasks."""
        self._closed = True
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        """The tasks that have not ended."""
        return set(self._tasks)


class LoopThread:
    """Spawns tasks in an asyncio loop in a separate thread, started with the first of them."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._running: RunningLoop | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def spawn(self, function: CoroutineFunction, context: Context | None = None) -> None:
        """See `Spawner.spawn`."""
        with self._starting:
            if self._closed:
                return
            if self._running is None:
                made: Future[RunningLoop] = Future()
                self._thread = threading.Thread(
                    target=self._run, args=(made,), name="ari-tasks", daemon=True
                )
                self._thread.start()
                self._running = made.result()
            running = self._running
        running.spawn(function, context)

    def _run(self, made: Future[RunningLoop]) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            running = RunningLoop(self._loop)
            made.set_result(running)
            runner.run(self._until_closed())

    async def _until_closed(self) -> None:
        self._end = asyncio.Event()
        while not self._closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), 0.5)

    def close(self) -> None:
        """Cancel all tasks, and end the thread."""
        with self._starting:
            self._closed = True
            running, loop = self._running, self._loop
        if running is None or loop is None:
            return
        running.close()
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(lambda: self._end.set())
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)


class TrioNursery:
    """Spawns tasks in a nursery of trio.

    Args:
        trio: the module.
        nursery: the nursery.
        token: of its run.
    """

    def __init__(self, trio: Any, nursery: Any, token: Any) -> None:
        self._trio = trio
        self._nursery = nursery
        self._token = token
        self._scopes: set[Any] = set()
        self._closed = False

    def spawn(self, function: CoroutineFunction, context: Context | None = None) -> None:
        """See `Spawner.spawn`."""
        self._soon(self._start, function, context)

    def _start(self, function: CoroutineFunction, context: Context | None) -> None:
        if self._closed:
            return
        scope = self._trio.CancelScope()
        self._scopes.add(scope)
        start = partial(self._nursery.start_soon, self._run, function, scope)
        start() if context is None else context.run(start)

    async def _run(self, function: CoroutineFunction, scope: Any) -> None:
        try:
            with scope:
                await function()
        finally:
            self._scopes.discard(scope)

    def close(self) -> None:
        """Cancel all tasks; the nursery stays open."""
        self._closed = True
        self._soon(self._cancel)

    def _cancel(self) -> None:
        for scope in self._scopes:
            scope.cancel()

    def _soon(self, function: Callable[..., Any], *args: Any) -> None:
        with suppress(self._trio.RunFinishedError):
            self._token.run_sync_soon(function, *args)


@asynccontextmanager
async def running_spawners() -> AsyncIterator[Callable[[], Spawner]]:
    """Return a function that makes spawners of the loop that runs: asyncio's, or trio's.

    Under trio the block ends when all their tasks have ended.
    """
    trio = running_trio()
    if trio is None:
        yield partial(RunningLoop, asyncio.get_running_loop())
        return
    async with trio.open_nursery() as nursery:
        yield partial(TrioNursery, trio, nursery, trio.lowlevel.current_trio_token())
