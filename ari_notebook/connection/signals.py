"""Signals from threads to coroutines, in any event loop: asyncio, and trio where it runs.

anyio runs on one of the two. Nothing is imported of trio: it is found where it is running.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

__all__ = ["Signal", "in_thread", "in_worker", "running_trio"]

Result = TypeVar("Result")


def running_trio() -> Any:
    """Return the module trio if the caller is one of its tasks, otherwise None."""
    trio = sys.modules.get("trio")
    if trio is None:
        return None
    try:
        trio.lowlevel.current_task()
    except RuntimeError:
        return None
    return trio


class Signal:
    """A flag that any thread sets and one coroutine awaits. Made in that coroutine."""

    def __init__(self) -> None:
        self._trio = running_trio()
        if self._trio is not None:
            self._event = self._trio.Event()
            self._token = self._trio.lowlevel.current_trio_token()
        else:
            self._loop = asyncio.get_running_loop()
            self._future: asyncio.Future[None] = self._loop.create_future()

    def set(self) -> None:
        """Wake the coroutine; does nothing if it or its loop has ended."""
        if self._trio is not None:
            with suppress(self._trio.RunFinishedError):
                self._token.run_sync_soon(self._event.set)
            return
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._resolve)

    def _resolve(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set.

        Args:
            timeout: seconds; None: without limit.

        Returns:
            Whether it was set.
        """
        if self._trio is not None:
            with self._trio.move_on_after(float("inf") if timeout is None else timeout):
                await self._event.wait()
            return bool(self._event.is_set())
        await asyncio.wait([self._future], timeout=timeout)
        return self._future.done()


async def in_worker(workers: Executor, function: Callable[[], Result]) -> Result:
    """Run a blocking function in a thread of a pool, with this task's context variables.

    Args:
        workers: the pool.
        function: what to run. A task that is cancelled does not wait for its end.
    """
    context = copy_context()
    signal = Signal()
    future: Future[Result] = workers.submit(lambda: context.run(function))
    future.add_done_callback(lambda _: signal.set())
    await signal.wait()
    for variable, value in context.items():  # such as the position of a program's waits
        if variable.get(None) is not value:
            variable.set(value)
    return future.result()


async def in_thread(function: Callable[[], Result]) -> Result:
    """Run a blocking function in a separate thread to its end, even if the task is cancelled.

    For what opens and closes a session, whose own workers are not there yet, or not any more.
    """
    trio = running_trio()
    if trio is not None:
        with trio.CancelScope(shield=True):
            result: Result = await trio.to_thread.run_sync(function)
            return result
    return await asyncio.shield(asyncio.to_thread(function))
