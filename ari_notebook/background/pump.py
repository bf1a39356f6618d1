"""Background work without threads: a pump runs it in turns while the program waits.

A pump has a clock of its own. It moves from one due step to the next: of the exchange in the same
process, of a job, or of a coroutine. Whatever waits (`Pump.run_until`) moves it, up to the real
time or, with virtual time, as far as the wait needs. Between waits an asyncio loop moves it, where
one runs in this thread, such as a Jupyter kernel's; otherwise the next use does, and catches up on
what would have happened meanwhile, each step at its own time.

A step may wait itself. It is then put aside with its stack (see `stacks`), and goes on when its
wait is over. Where stacks cannot be put aside the pump runs inside of the step: what waits outside
goes on when the inner wait is over.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import queue
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from functools import cache
from types import FrameType
from typing import Any, Protocol, TypeVar

from ari_notebook.background import THREADS, Background, Condition, Event, Job, Mailbox, Work
from ari_notebook.background.stacks import Stack, can_suspend, new_stack, outside_of_loops, suspend

__all__ = ["Pump", "RealTime", "TimeSource", "default_background"]

T = TypeVar("T")

_SLICE_SECONDS = 0.1  # of real sleep, between which an interrupt is noticed everywhere
_FAR = float("inf")

logger = logging.getLogger(__name__)


class TimeSource(Protocol):
    """What the pump moves, such as an exchange."""

    @property
    def present(self) -> float:
        """Its time, in seconds since 1970."""

    def limit(self) -> float:
        """Return the time up to which it may move without a wait."""

    def real_delay(self, until: float) -> float | None:
        """Return the real seconds to sleep until a time; None: it is reached by moving there."""

    def next_due(self) -> float | None:
        """Return the time of its next action, or None."""

    def advance(self, to: float) -> None:
        """Move to a time, with all actions that are due."""


class _Job:
    """Work, one step at a time."""

    def __init__(self, pump: Pump, name: str, steps: Generator[float | None, None, None]) -> None:
        self._pump, self._name, self._steps = pump, name, steps
        self._woken = self._running = self._stopped = False
        self._turn = 0  # of the latest timer; older ones are void
        self._context = Context()  # empty, as a thread's
        self.alive = True

    @property
    def current(self) -> bool:
        """Whether the caller runs inside of its step."""
        return self._pump.current is self

    @property
    def frame(self) -> FrameType | None:
        """The frame in which it waits or runs."""
        return self._pump.frame_of(self)

    def wake(self) -> None:
        """See `Job.wake`."""
        if self._woken or not self.alive:
            return
        self._woken = True
        if not self._running:
            self._pump.soon(self._step)

    def stop(self) -> None:
        """See `Job.stop`."""
        self._stopped = True
        if not self._running:
            self.alive = False
            self._steps.close()

    def join(self, timeout: float | None = None) -> None:
        """See `Job.join`."""
        if not self.current:
            self._pump.run_until(lambda: not self.alive, timeout)

    def start(self) -> None:
        """Take the first step soon."""
        self.wake()

    def _step(self) -> None:
        if not self._running and self.alive:
            self._woken, self._running = False, True
            self._turn += 1
            self._pump.enter(self, lambda: self._context.run(self._take_step))

    def _take_step(self) -> None:
        try:
            pause = next(self._steps)
        except StopIteration:
            self.alive = False
            return
        except Exception:
            self.alive = False
            logger.exception("%s failed", self._name)
            return
        except BaseException:
            self.alive = False
            raise
        finally:
            self._running = False
        if self._stopped:
            self.alive = False
            self._steps.close()
        elif self._woken:
            self._pump.soon(self._step)
        elif pause is not None:
            self._pump.later(pause, self._timer(self._turn))

    def _timer(self, turn: int) -> Callable[[], None]:
        def due() -> None:
            if turn == self._turn and not self._woken:
                self._step()

        return due


class _Condition:
    """A condition in one thread, which needs no lock."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._changes = 0

    def __enter__(self) -> object:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def wait(self, timeout: float | None = None) -> object:
        """See `Condition.wait`."""
        before = self._changes
        return self._pump.run_until(lambda: self._changes != before, timeout)

    def notify_all(self) -> None:
        """See `Condition.notify_all`."""
        self._changes += 1


class _Local:
    """Attributes of each job, and of what runs outside of jobs; as `threading.local`."""

    def __init__(self, pump: Pump) -> None:
        object.__setattr__(self, "_pump", pump)
        object.__setattr__(self, "_of_jobs", weakref.WeakKeyDictionary())
        object.__setattr__(self, "_outside", {})

    def _attributes(self) -> dict[str, Any]:
        job = self._pump.current
        found: dict[str, Any] = self._outside if job is None else self._of_jobs.setdefault(job, {})
        return found

    def __getattr__(self, name: str) -> Any:
        try:
            return self._attributes()[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._attributes()[name] = value

    def __delattr__(self, name: str) -> None:
        self._attributes().pop(name, None)


@dataclass(eq=False)
class _Parked:
    """A step that waits, put aside with its stack."""

    stack: Stack
    job: _Job | None
    frame: FrameType
    condition: Callable[[], bool]
    end: float

    def is_over(self, now: float) -> bool:
        """Return whether the wait is over."""
        return now >= self.end or self.condition()


class _Event:
    """A flag in one thread."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._is_set = False

    def set(self) -> None:
        """See `Event.set`."""
        self._is_set = True

    def clear(self) -> None:
        """See `Event.clear`."""
        self._is_set = False

    def is_set(self) -> bool:
        """See `Event.is_set`."""
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        """See `Event.wait`."""
        return self._is_set or self._pump.run_until(self.is_set, timeout)


class _Mailbox:
    """Values from one piece of work to another."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._items: deque[Any] = deque()

    def put(self, item: Any) -> None:
        """See `Mailbox.put`."""
        self._items.append(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """See `Mailbox.get`."""
        if not self._pump.run_until(lambda: bool(self._items), timeout if block else 0):
            raise queue.Empty
        return self._items.popleft()


class _Inline(Executor):
    """Runs functions at once."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run a function."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - raised where the result is read
            future.set_exception(error)
        return future


class _Selector:
    """In the place of a selector: a loop without sockets, which stops when it would wait."""

    def __init__(self, loop: _Loop) -> None:
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return no sockets; note until when the loop would wait."""
        if timeout is None or timeout > 0:
            self._loop.due = None if timeout is None else self._loop.time() + timeout
            self._loop.stop()
        return []

    def close(self) -> None:
        """Do nothing."""


class _Loop(asyncio.BaseEventLoop):
    """An asyncio loop in the pump's time, run until it would wait."""

    def __init__(self, pump: Pump) -> None:
        super().__init__()
        self._selector = _Selector(self)
        self._clock_resolution = 1e-3  # seconds since 1970 are too coarse for the usual one
        self._pump = pump
        self.due: float | None = None

    def time(self) -> float:
        """Return the pump's time."""
        return self._pump.monotonic()

    def call_soon(  # type: ignore[override]  # every argument is passed on
        self, *args: Any, **kwargs: Any
    ) -> asyncio.Handle:
        """Call a function in the next turn."""
        self._pump.loop_changed()
        return super().call_soon(*args, **kwargs)

    def call_at(  # type: ignore[override]  # every argument is passed on
        self, *args: Any, **kwargs: Any
    ) -> asyncio.TimerHandle:
        """Call a function at a time."""
        self._pump.loop_changed()
        return super().call_at(*args, **kwargs)

    def _process_events(self, event_list: list[Any]) -> None:
        del event_list

    def _write_to_self(self) -> None:
        self._pump.loop_changed()


class Pump:
    """Runs the work of one exchange in turns. It belongs to the thread that made it.

    Args:
        source: the exchange.
    """

    def __init__(self, source: TimeSource) -> None:
        self._source = source
        self._ready: deque[Callable[[], None]] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._depth = 0
        self._parked: list[_Parked] = []
        self._stack: Stack | None = None  # of the step that the caller is in
        self.current: _Job | None = None  # whose step the caller is in
        self._thread = threading.get_ident()
        self._loop: _Loop | None = None
        self._loop_is_due = False
        self._host: asyncio.AbstractEventLoop | None = None
        self._tick_handle: asyncio.Handle | None = None
        self._tick_at = _FAR
        self._closed = False
        self.find_host()

    # As `Background`.

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of its coroutines."""
        if self._loop is None:
            self._loop = _Loop(self)
        return self._loop

    def start(self, name: str, work: Work) -> Job:
        """See `Background.start`."""
        job = _Job(self, name, work())
        job.start()
        return job

    def shield(self, name: str, function: Callable[[], None]) -> None:
        """Call a function, which takes no time: the exchange is called directly."""
        del name
        function()

    def condition(self) -> Condition:
        """See `Background.condition`."""
        return _Condition(self)

    def event(self) -> Event:
        """See `Background.event`."""
        return _Event(self)

    def frame_of(self, job: Job) -> FrameType | None:
        """Return the frame in which a job waits or runs."""
        if self.current is job:
            return sys._getframe()
        for parked in self._parked:
            if parked.job is job:
                return parked.frame
        return None

    def mailbox(self) -> Mailbox:
        """See `Background.mailbox`."""
        return _Mailbox(self)

    def local(self) -> Any:
        """See `Background.local`."""
        return _Local(self)

    def executor(self, workers: int, name: str) -> Executor:
        """Return an executor that runs each function at once."""
        del workers, name
        return _Inline()

    def time(self) -> float:
        """See `Background.time`."""
        return self._source.present

    def monotonic(self) -> float:
        """See `Background.monotonic`."""
        return self._source.present

    def sleep(self, seconds: float) -> None:
        """See `Background.sleep`."""
        self.run_until(lambda: False, seconds)

    def fresh(self) -> Background:
        """Return a pump in real time."""
        return Pump(RealTime())

    def catch_up(self) -> None:
        """Do all that is due by now, unless the caller is a step itself."""
        self._wait_for_others()
        if self._depth == 0 and self.current is None and not self._closed:
            self.check_thread()
            self.find_host()
            self._run(lambda: False, self._source.limit())

    # Moving.

    def soon(self, function: Callable[[], None]) -> None:
        """Call a function in the next turn."""
        self._ready.append(function)
        self._call_host()

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Call a function after a time."""
        at = self._source.present + max(0.0, seconds)
        heapq.heappush(self._timers, (at, next(self._numbers), function))
        self._call_host()

    def source_changed(self) -> None:
        """Note that the exchange has another next action than before."""
        self._call_host()

    def loop_changed(self) -> None:
        """Note that the loop of coroutines has something to do."""
        self._loop_is_due = True
        self._call_host()

    def run_until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Move until a condition is true.

        Args:
            condition: called after each step.
            timeout: seconds of the pump's time; None: without limit.

        Returns:
            Whether it became true.
        """
        self.check_thread()
        if self._closed:
            return condition()
        self.catch_up()  # what happened before the wait began
        end = _FAR if timeout is None else self._source.present + timeout
        stack = self._stack
        if stack is None or not stack.can_park:
            return self._run(condition, end)
        if not condition() and self._source.present < end:
            self._parked.append(_Parked(stack, self.current, sys._getframe(), condition, end))
            stack.park()
        return condition()

    def enter(self, job: _Job | None, function: Callable[[], None]) -> None:
        """Call a function as a step of a job, with a stack of its own where there are such.

        Args:
            job: the job.
            function: takes the step.
        """
        self._run_stack(new_stack(function, self._host), job)

    def _run_stack(self, stack: Stack, job: _Job | None) -> None:
        before = self.current, self._stack
        self.current, self._stack = job, stack
        try:
            stack.run()
        finally:
            self.current, self._stack = before

    def _resume_parked(self) -> bool:
        """Let a step go on whose wait is over; return whether there was one."""
        now = self._source.present
        for parked in self._parked:
            if parked.stack.can_run and parked.is_over(now):
                self._parked.remove(parked)
                self._run_stack(parked.stack, parked.job)
                return True
        return False

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine beside everything else, and return its result."""
        if self._loop is not None and self._loop.is_running():
            coroutine.close()
            raise RuntimeError("a coroutine of the in-process simulator cannot wait for another")
        task = self.loop.create_task(coroutine)
        self.run_until(task.done)
        return task.result()

    def close(self) -> None:
        """Run nothing any more, and end the steps that wait."""
        self._closed = True
        parked, self._parked = self._parked, []
        for each in parked:
            each.stack.close()
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        self._ready.clear()
        self._timers.clear()
        if self._loop is not None and not self._loop.is_running():
            self._loop.close()

    def check_thread(self) -> None:
        """Raise if the caller is another thread than the one that made the pump.

        Raises:
            RuntimeError: it is.
        """
        if threading.get_ident() != self._thread:
            raise RuntimeError(
                "the in-process simulator belongs to the thread that started it; with several"
                " threads use ari_notebook.connect() without 'simulator:'"
            )

    def _run(self, condition: Callable[[], bool], end: float) -> bool:
        self._depth += 1
        try:
            while True:
                if self._take_turn(condition):
                    return True
                now = self._source.present
                if now >= end:
                    return False
                self._move(min(end, self._next_due()))
        finally:
            self._depth -= 1
            self._call_host()

    def _take_turn(self, condition: Callable[[], bool]) -> bool:
        """Do what is due at the present time, until the condition is true; return whether."""
        while True:
            if condition():
                return True
            now = self._source.present
            if self._ready:
                self._ready.popleft()()
            elif self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
            elif self._parked and self._resume_parked():
                continue
            elif self._loop_can_run(now):
                self._run_loop()
            elif (due := self._source.next_due()) is not None and due <= now:
                self._source.advance(now)
            else:
                return False

    def _loop_can_run(self, now: float) -> bool:
        loop = self._loop
        if loop is None or loop.is_running() or loop.is_closed():
            return False
        return self._loop_is_due or (loop.due is not None and loop.due <= now)

    def _run_loop(self) -> None:
        assert self._loop is not None  # noqa: S101  it can run
        self._loop_is_due = False
        with outside_of_loops():
            self._loop.run_forever()
        self._loop_is_due = False

    def _next_due(self) -> float:
        due = self._source.next_due()
        first = _FAR if due is None else due
        if self._timers:
            first = min(first, self._timers[0][0])
        if self._loop is not None and self._loop.due is not None and not self._loop.is_running():
            first = min(first, self._loop.due)
        now = self._source.present  # what is over and still parked cannot go on here
        return min([first, *(parked.end for parked in self._parked if parked.end > now)])

    def _move(self, to: float) -> None:
        """Move to a time, or sleep for a part of the way to it."""
        delay = self._source.real_delay(to)
        if delay is None or delay <= 0:
            self._source.advance(max(to, self._source.present))
            return
        self._pause(min(delay, _SLICE_SECONDS))
        self._source.advance(min(to, max(self._source.limit(), self._source.present)))

    def _pause(self, seconds: float) -> None:
        """Sleep; in a browser that can, let the page's other tasks run meanwhile."""
        if self._host is None or not can_suspend():
            time.sleep(seconds)
            return
        self._turn_page(self._host, seconds)
        self._wait_for_others()

    def _wait_for_others(self) -> None:
        """Wait while another task of the page is suspended because it runs a step."""
        while (
            self._host is not None
            and self._stack is not None
            and not self._stack.is_current
            and can_suspend()
        ):
            self._turn_page(self._host, 0.0)

    @staticmethod
    def _turn_page(host: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Let the page's tasks run for so long."""
        over: asyncio.Future[None] = host.create_future()
        host.call_later(seconds, over.set_result, None)
        suspend(over, host)

    # Between waits.

    def find_host(self) -> None:
        """Let the asyncio loop of this thread move the pump while nothing waits."""
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            return
        if running is not self._loop and running is not self._host:
            self._host, self._tick_handle, self._tick_at = running, None, _FAR
            self._call_host()

    def _call_host(self) -> None:
        """Schedule the next turn in the host's loop."""
        host = self._host
        if host is None or self._depth or self._closed:
            return
        if host.is_closed():
            self._host = None
            return
        now = self._source.present
        is_due = self._ready or self._loop_is_due or any(each.is_over(now) for each in self._parked)
        at = now if is_due else self._next_due()
        if self._tick_handle is not None and at == self._tick_at:
            return
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        self._tick_at, self._tick_handle = at, None
        if at == _FAR:
            return
        delay = self._source.real_delay(at)
        if delay is None:
            if at > self._source.present:
                return  # virtual time waits for a wait
            delay = 0.0
        with suppress(RuntimeError):  # it is closing
            self._tick_handle = host.call_later(max(0.0, delay), self._tick)

    def _tick(self) -> None:
        self._tick_handle, self._tick_at = None, _FAR
        if self._depth == 0 and not self._closed:
            self._run(lambda: False, self._source.limit())


class RealTime:
    """Nothing but the real time, for work without an exchange."""

    @property
    def present(self) -> float:
        """Return the time."""
        return time.time()

    def limit(self) -> float:
        """Return the time."""
        return time.time()

    def real_delay(self, until: float) -> float | None:
        """Return the seconds until a time."""
        return max(0.0, until - time.time())

    def next_due(self) -> float | None:
        """Return None: nothing is due."""
        return None

    def advance(self, to: float) -> None:
        """Do nothing: time passes by itself."""


@cache
def default_background() -> Background:
    """Return what runs work that belongs to no session: threads, or a pump in a browser."""
    return Pump(RealTime()) if sys.platform == "emscripten" else THREADS
