"""The exchange's time: it passes only when it is told to, and things happen in a fixed order.

Programs (a channel's dialplan, a call being set up) are generators, run as tasks: they yield the
seconds they sleep, or None to wait until they are woken.
"""

from __future__ import annotations

import heapq
import inspect
import itertools
from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any

__all__ = ["Clock", "Program", "Task", "Timer"]

Program = Generator[float | None, Any, Any]

# So many cancelled timers do not matter.
_FEW = 1000


class Timer:
    """Something that will happen at a time."""

    __slots__ = ("_action", "at")

    def __init__(self, at: float, action: Callable[[], object]) -> None:
        self.at = at
        self._action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Let it not happen."""
        self._action = None

    @property
    def cancelled(self) -> bool:
        """Whether it will not happen, or has."""
        return self._action is None

    def fire(self) -> None:
        """Let it happen."""
        action, self._action = self._action, None
        if action is not None:
            action()


class Clock:
    """Time and what is to happen in it.

    Args:
        start: seconds since 1970.
    """

    def __init__(self, start: float) -> None:
        self.now = start
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = itertools.count()
        self._roomy = _FEW

    def after(self, seconds: float, action: Callable[[], object]) -> Timer:
        """Do something later; what is due at one time happens in the order it was asked for."""
        timer = Timer(self.now + max(0.0, seconds), action)
        if len(self._heap) > self._roomy:
            self._tidy()
        heapq.heappush(self._heap, (timer.at, next(self._numbers), timer))
        return timer

    def soon(self, action: Callable[[], object]) -> Timer:
        """Do something next, at this very time."""
        return self.after(0, action)

    def _tidy(self) -> None:
        """Forget what was cancelled, so that calls that are gone leave nothing behind."""
        self._heap = [entry for entry in self._heap if not entry[2].cancelled]
        heapq.heapify(self._heap)
        self._roomy = max(_FEW, 2 * len(self._heap))

    def next_due(self) -> float | None:
        """When something next wants to happen; None where nothing does."""
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, to: float) -> None:
        """Let time pass, and everything happen that is due by then.

        Args:
            to: seconds since 1970; an earlier time than now lets only what is due now happen.
        """
        while (due := self.next_due()) is not None and due <= max(to, self.now):
            _, _, timer = heapq.heappop(self._heap)
            self.now = max(self.now, timer.at)
            timer.fire()
        self.now = max(self.now, to)


class Task:
    """A running program.

    Args:
        clock: whose time it sleeps in.
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
        """Begin, at this time but not at once."""
        self._timer = self._clock.soon(lambda: self._step(self._program.send, None))

    def wake(self, value: Any = None) -> None:
        """Let a program that waits go on, with a value; nothing where it runs or is over."""
        if not self._running() and not self._over():
            self._step(self._program.send, value)

    def throw(self, error: BaseException) -> None:
        """Raise an error where the program waits; one that runs gets it when it next waits."""
        if self._over():
            return
        if self._running():
            self._clock.soon(lambda: self.throw(error))
        else:
            self._step(self._program.throw, error)

    def abandon(self) -> None:
        """Leave the program where it waits; nothing is told of its end."""
        self.done = True
        if self._timer is not None:
            self._timer.cancel()
        self._program.close()

    def _over(self) -> bool:
        """Whether nothing is left of it: it has ended, or Python has collected it."""
        return self.done or inspect.getgeneratorstate(self._program) == inspect.GEN_CLOSED

    def _running(self) -> bool:
        """Asked of the generators themselves, of the program and of those that it yields from.

        Python runs the ends of those that nobody holds any more, the inner ones first or last.
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
