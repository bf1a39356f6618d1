"""Simulated time: it passes only by `Clock.advance`, and timers fire in a fixed order.

Programs (a channel's dialplan, a call being set up) are generators, run as tasks: they yield the
seconds to sleep, or None to wait until they are woken.
"""

from __future__ import annotations

import heapq
import inspect
import itertools
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from types import GeneratorType
from typing import Any

__all__ = ["Clock", "Program", "ProgramTask", "Timer"]

Program = Generator[float | None, Any, Any]

# Below this many timers the heap is not compacted.
_FEW = 1000


class Timer:
    """A function to call at a given time.

    Attributes:
        at: the time.
        background: whether it repeats for as long as nothing else happens.
    """

    __slots__ = ("_action", "at", "background")

    def __init__(self, at: float, action: Callable[[], object]) -> None:
        self.at = at
        self.background = False
        self._action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Cancel the timer; idempotent."""
        self._action = None

    @property
    def cancelled(self) -> bool:
        """Return whether it was cancelled or has fired."""
        return self._action is None

    def fire(self) -> None:
        """Call the function, unless it was cancelled."""
        action, self._action = self._action, None
        if action is not None:
            action()


class Clock:
    """The current simulated time and its timers.

    Args:
        start: seconds since 1970.
    """

    def __init__(self, start: float) -> None:
        self.now = start
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._roomy = _FEW
        self._second = ("", -1)

    def timestamp(self, at: float | None = None) -> str:
        """Return a time in Asterisk's format, ``2026-11-23T11:03:22.123+0000``; default: now."""
        at = self.now if at is None else at
        second = int(at)
        if self._second[1] != second:
            text = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            self._second = (text, second)
        return f"{self._second[0]}.{int((at - second) * 1000):03d}+0000"

    def after(self, seconds: float, action: Callable[[], object]) -> Timer:
        """Schedule a function; timers with the same time fire in order of creation."""
        timer = Timer(self.now + max(0.0, seconds), action)
        if len(self._heap) > self._roomy:
            self._tidy()
        heapq.heappush(self._heap, (timer.at, next(self._numbers), timer))
        return timer

    def soon(self, action: Callable[[], object]) -> Timer:
        """Schedule a function for the current time, after those already due."""
        return self.after(0, action)

    def _tidy(self) -> None:
        """Remove cancelled timers, so that ended calls leave nothing in memory."""
        self._heap = [entry for entry in self._heap if not entry[2].cancelled]
        heapq.heapify(self._heap)
        self._roomy = max(_FEW, 2 * len(self._heap))

    def next_due(self) -> float | None:
        """Return the time of the next timer, or None."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def busy(self) -> bool:
        """Return whether a timer will fire, other than those in the background."""
        return any(not timer.background and not timer.cancelled for _, _, timer in self._heap)

    def advance(self, to: float) -> None:
        """Advance the time and fire the timers that are due.

        Args:
            to: seconds since 1970; a time in the past only fires timers due now.
        """
        while (due := self.next_due()) is not None and due <= max(to, self.now):
            _, _, timer = heapq.heappop(self._heap)
            self.now = max(self.now, timer.at)
            timer.fire()
        self.now = max(self.now, to)


class ProgramTask:
    """A running program.

    Args:
        clock: clock for its sleeps.
        program: a generator that yields seconds to sleep, or None to wait for `wake`.
        ended: called with the program's result once it returns.
    """

    __slots__ = ("_clock", "_ended", "_program", "_timer", "done", "result")

    def __init__(
        self, clock: Clock, program: Program, ended: Callable[[Any], None] | None = None
    ) -> None:
        self._clock = clock
        self._program = program
        self._ended = ended
        self._timer: Timer | None = None
        self.done = False
        self.result: Any = None

    def start(self) -> None:
        """Schedule the first step for the current time."""
        self._timer = self._clock.soon(lambda: self._step(self._program.send, None))

    def wake(self, value: Any = None) -> None:
        """Resume a waiting program with a value; does nothing if it is running or has ended."""
        if not self._running() and not self._over():
            self._step(self._program.send, value)

    def throw(self, error: BaseException) -> None:
        """Raise an exception in the program where it waits, or at its next wait."""
        if self._over():
            return
        if self._running():
            self._clock.soon(lambda: self.throw(error))
        else:
            self._step(self._program.throw, error)

    def abandon(self) -> None:
        """Close the program where it waits, without calling ``ended``."""
        self.done = True
        if self._timer is not None:
            self._timer.cancel()
        self._program.close()

    def _over(self) -> bool:
        """Return whether the program has ended or was garbage-collected."""
        return self.done or inspect.getgeneratorstate(self._program) == inspect.GEN_CLOSED

    def _running(self) -> bool:
        """Return whether a generator is running: the program or one it delegates to.

        When Python collects unreferenced generators, inner ones may be closed before or after outer
        ones.
        """
        running: Any = self._program
        while isinstance(running, GeneratorType):
            if running.gi_running:
                return True
            running = running.gi_yieldfrom
        return False

    def _step(self, resume: Callable[[Any], float | None], value: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            seconds = resume(value)
        except StopIteration as stop:
            self.done = True
            self.result = self.result or stop.value
            if self._ended is not None:
                self._ended(self.result)
            return
        except BaseException:
            self.done = True
            raise
        if seconds is not None:
            self._timer = self._clock.after(seconds, lambda: self._step(self._program.send, None))
