"""Stacks of a pump's steps, which can be put aside while a step waits.

Greenlet has such stacks. In a browser with JavaScript Promise Integration, Pyodide has: each
callback of the page's event loop runs on a stack of its own, and `pyodide.ffi.run_sync` suspends
it. Without either, a step runs on its caller's stack and cannot be put aside.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

try:
    import greenlet
except ImportError:  # a browser has none
    greenlet = None

__all__ = ["Stack", "can_suspend", "new_stack", "outside_of_loops", "suspend"]


class Stack(Protocol):
    """The stack of a step."""

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on it."""

    @property
    def can_park(self) -> bool:
        """Whether the caller runs on it, and can put it aside."""

    @property
    def can_run(self) -> bool:
        """Whether the caller, on another stack, can let it go on."""

    def run(self) -> None:
        """Start the step or let it go on, until it ends or is put aside; raise what it raises."""

    def park(self) -> None:
        """Put it aside: return to the caller of `run`, until the next `run`."""

    def close(self) -> None:
        """End the step, which is put aside: `park` raises what is no `Exception`."""


class _CallersStack:
    """The stack of the caller."""

    is_current = True
    can_park = can_run = False

    def __init__(self, function: Callable[[], None]) -> None:
        self.run = function

    def park(self) -> None:
        """Raise: it cannot be put aside."""
        raise NotImplementedError

    close = park


class _Greenlet:
    """A stack of greenlet."""

    can_run = True

    def __init__(self, function: Callable[[], None]) -> None:
        self._greenlet = greenlet.greenlet(function)

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on it, not on a greenlet of its own."""
        return greenlet.getcurrent() is self._greenlet

    can_park = is_current

    def run(self) -> None:
        """See `Stack.run`."""
        self._greenlet.parent = greenlet.getcurrent()
        self._greenlet.switch()

    def park(self) -> None:
        """See `Stack.park`."""
        self._greenlet.parent.switch()

    def close(self) -> None:
        """See `Stack.close`."""
        self._greenlet.parent = greenlet.getcurrent()
        self._greenlet.throw()


class _Callback:
    """The stack of a callback of the page's event loop.

    The caller of `run` is suspended as well: Pyodide does not nest stacks.
    """

    def __init__(self, function: Callable[[], None], page: asyncio.AbstractEventLoop) -> None:
        self._function, self._page = function, page
        self._bottom: FrameType | None = None
        self._left: asyncio.Future[None] = page.create_future()
        self._resumed: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self._closed = False

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on it, not in another callback."""
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame is not self._bottom:
            frame = frame.f_back
        return frame is not None

    @property
    def can_park(self) -> bool:
        """Whether the caller runs on it, not in a callback of JavaScript."""
        return self.is_current and can_suspend()

    @property
    def can_run(self) -> bool:
        """Whether the caller can be suspended; a callback of JavaScript cannot."""
        return can_suspend()

    def run(self) -> None:
        """See `Stack.run`."""
        self._left = self._page.create_future()
        if self._resumed is None:
            self._page.call_soon(self._start)
        else:
            self._resumed.set_result(None)
        suspend(self._left, self._page)
        if self._error is not None:
            raise self._error

    def park(self) -> None:
        """See `Stack.park`."""
        self._resumed = self._page.create_future()
        self._left.set_result(None)
        suspend(self._resumed, self._page)
        if self._closed:
            raise GeneratorExit

    def close(self) -> None:
        """End the step soon, with `GeneratorExit`."""
        assert self._resumed is not None  # noqa: S101  it is put aside
        self._closed = True
        self._left = self._page.create_future()
        self._resumed.set_result(None)

    def _start(self) -> None:
        self._bottom = sys._getframe()
        try:
            self._function()
        except BaseException as error:  # noqa: BLE001 - raised by `run`
            self._error = error
        self._bottom = None
        self._left.set_result(None)


def new_stack(function: Callable[[], None], page: asyncio.AbstractEventLoop | None) -> Stack:
    """Return a stack for a step.

    Args:
        function: the step.
        page: the loop that runs in this thread, if there is one; in a browser, the page's.
    """
    if greenlet is not None:
        return _Greenlet(function)
    if page is not None and can_suspend():
        return _Callback(function, page)
    return _CallersStack(function)


def can_suspend() -> bool:
    """Return whether the caller can wait for the page's event loop."""
    if sys.platform == "emscripten":
        from pyodide.ffi import can_run_sync  # noqa: PLC0415  only there

        return bool(can_run_sync())
    return False


def suspend(future: asyncio.Future[Any], page: asyncio.AbstractEventLoop) -> None:
    """Let the page's event loop run until a future is done.

    Args:
        future: a future of that loop.
        page: the loop.
    """
    from pyodide.ffi import run_sync  # noqa: PLC0415  only there

    with outside_of_loops(page):
        run_sync(future)


@contextmanager
def outside_of_loops(page: asyncio.AbstractEventLoop | None = None) -> Iterator[None]:
    """Leave the running loop and task for a moment, as their extending functions allow.

    Args:
        page: the loop that runs meanwhile.
    """
    outer = asyncio._get_running_loop()
    if outer is page:
        yield
        return
    task = None if outer is None else asyncio.current_task(outer)
    if outer is not None and task is not None:
        asyncio.tasks._leave_task(outer, task)
    asyncio._set_running_loop(page)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
        if outer is not None and task is not None:
            asyncio.tasks._enter_task(outer, task)
