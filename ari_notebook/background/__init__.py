"""Background work: in threads, or in turns within one thread.

Code that has work of its own (handlers, the panel, captures, waits) takes a `Background` and
neither starts threads nor sleeps by itself. `Threads` is the usual one; `pump.Pump` needs no
thread: for an exchange in the same process, and for a browser, which has none.

Work is a generator that yields the seconds until its next step, or None to wait for `Job.wake`.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

__all__ = [
    "THREADS",
    "Background",
    "Condition",
    "Event",
    "Job",
    "Mailbox",
    "Threads",
    "Work",
    "once",
]

Work: TypeAlias = Callable[[], Generator[float | None, None, None]]


class Job(Protocol):
    """Work that was started."""

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""

    @property
    def current(self) -> bool:
        """Whether the caller is this work."""

    @property
    def frame(self) -> FrameType | None:
        """The frame in which it is; None between two steps."""

    def wake(self) -> None:
        """Take the next step now; from any thread. A wake-up between two steps is not lost."""

    def stop(self) -> None:
        """End after the current step; idempotent, from any thread."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended; at once if the caller is this work.

        Args:
            timeout: seconds; None: without limit.
        """


class Condition(AbstractContextManager[object], Protocol):
    """A lock, and waiting for a change that it guards; as `threading.Condition`."""

    def wait(self, timeout: float | None = None) -> object:
        """Release the lock until `notify_all` is called, or for so many seconds."""

    def notify_all(self) -> None:
        """Wake all that wait; called under the lock."""


class Event(Protocol):
    """A flag to wait for; as `threading.Event`."""

    def set(self) -> None:
        """Set it, and wake all that wait."""

    def clear(self) -> None:
        """Unset it."""

    def is_set(self) -> bool:
        """Return whether it is set."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds; return whether it is."""


class Mailbox(Protocol):
    """Values from one piece of work to another; as `queue.SimpleQueue`."""

    def put(self, item: Any) -> None:
        """Add a value."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the oldest value.

        Raises:
            queue.Empty: none came in time.
        """


class Background(Protocol):
    """Runs work beside the caller, and knows the time."""

    @property
    def loop(self) -> AbstractEventLoop | None:
        """The event loop of coroutines that run beside the caller; None: one in a thread."""

    def start(self, name: str, work: Work) -> Job:
        """Start work.

        Args:
            name: what it is called, as a thread's name.
            work: called once; see the module.
        """

    def shield(self, name: str, function: Callable[[], None]) -> None:
        """Call a function that an interrupt of the caller does not end.

        Args:
            name: what it is called, as a thread's name.
            function: reports its outcome by itself; the caller may go on before it has ended.
        """

    def condition(self) -> Condition:
        """Return a new condition."""

    def event(self) -> Event:
        """Return a new flag."""

    def mailbox(self) -> Mailbox:
        """Return a new mailbox."""

    def local(self) -> Any:
        """Return a new object whose attributes are each work's own; as `threading.local`."""

    def executor(self, workers: int, name: str) -> Executor:
        """Return a new executor of functions.

        Args:
            workers: how many functions run at once, where there are threads.
            name: prefix of the threads' names.
        """

    def time(self) -> float:
        """Return the time, in seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds since some moment, for durations."""

    def sleep(self, seconds: float) -> None:
        """Wait while other work goes on."""

    def fresh(self) -> Background:
        """Return another of its kind, for work that belongs to no exchange."""

    def catch_up(self) -> None:
        """Do what is due; where there are threads, they do it."""


def once(function: Callable[..., object], *arguments: object) -> Work:
    """Return work that calls a function, and ends.

    Args:
        function: the function.
        arguments: its arguments.
    """

    def work() -> Generator[float | None, None, None]:
        function(*arguments)
        return
        yield  # makes it a generator

    return work


class _ThreadJob:
    """Work in a separate thread."""

    def __init__(self, name: str, work: Work) -> None:
        self._work = work
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def current(self) -> bool:
        """Whether the caller runs in the thread."""
        return self._thread is threading.current_thread()

    @property
    def frame(self) -> FrameType | None:
        """The frame in which the thread is."""
        return sys._current_frames().get(self._thread.ident or 0)

    def wake(self) -> None:
        """See `Job.wake`."""
        self._woken.set()

    def stop(self) -> None:
        """See `Job.stop`."""
        self._stopped = True
        self._woken.set()

    def join(self, timeout: float | None = None) -> None:
        """See `Job.join`."""
        if not self.current:
            self._thread.join(timeout)

    def _run(self) -> None:
        with closing(self._work()) as steps:
            for pause in steps:
                if not self._stopped:
                    self._woken.wait(pause)
                if self._stopped:
                    return
                self._woken.clear()


class Threads:
    """Runs each work in a thread."""

    loop = None

    def start(self, name: str, work: Work) -> Job:
        """See `Background.start`."""
        job = _ThreadJob(name, work)
        try:
            job.start()
        except BaseException:  # an interrupt: the caller has no job to stop
            job.stop()
            raise
        return job

    def shield(self, name: str, function: Callable[[], None]) -> None:
        """See `Background.shield`: in a thread."""
        threading.Thread(target=function, name=name, daemon=True).start()

    def condition(self) -> Condition:
        """See `Background.condition`."""
        return threading.Condition()

    def event(self) -> Event:
        """See `Background.event`."""
        return threading.Event()

    def mailbox(self) -> Mailbox:
        """See `Background.mailbox`."""
        return queue.SimpleQueue()

    def local(self) -> Any:
        """See `Background.local`."""
        return threading.local()

    def executor(self, workers: int, name: str) -> Executor:
        """See `Background.executor`."""
        return ThreadPoolExecutor(workers, thread_name_prefix=name)

    def time(self) -> float:
        """See `Background.time`."""
        return time.time()

    def monotonic(self) -> float:
        """See `Background.monotonic`."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """See `Background.sleep`."""
        time.sleep(seconds)

    def fresh(self) -> Background:
        """Return itself, which has no state."""
        return self

    def catch_up(self) -> None:
        """Do nothing: the threads do it."""


THREADS = Threads()  # has no state of its own
