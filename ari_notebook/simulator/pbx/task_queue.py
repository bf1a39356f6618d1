"""The queue of tasks of one channel or bridge.

Asterisk gives every channel that ARI controls a queue. A task that takes time (a playback, a
recording) delays everything queued after it: a DTMF digit requested during a recording is sent
after the recording.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol


class QueuedTask(Protocol):
    """A task that takes time.

    Attributes:
        on_end: called when it has ended.
    """

    on_end: list[Callable[[], None]]

    def begin(self) -> None:
        """Start the task; the tasks before it have ended."""

    def wake(self) -> None:
        """Handle that another task was queued: Asterisk's channel gets an empty frame then."""

    def hang_up(self) -> float:
        """Fail the task, because the channel or bridge has left.

        Returns:
            Seconds that the task takes all the same before it notices; the second call ends it.
        """


class QueuedCommand:
    """A task that takes no time, queued with those that do.

    Args:
        act: the function.
        too_late: called instead if the channel leaves first.
    """

    def __init__(self, act: Callable[[], None], too_late: Callable[[], None]) -> None:
        self.on_end: list[Callable[[], None]] = []
        self._act = act
        self._too_late = too_late

    def begin(self) -> None:
        """Call the function."""
        self._act()
        for done in self.on_end:
            done()

    def wake(self) -> None:
        """Do nothing: it takes no time."""

    def hang_up(self) -> float:
        """Call the replacement for a channel that has left."""
        self._too_late()
        return 0.0


class TaskQueue:
    """The queue of one channel or bridge.

    Args:
        on_idle: called when all tasks have ended.
    """

    def __init__(self, on_idle: Callable[[], None] = lambda: None) -> None:
        self._on_idle = on_idle
        self._waiting: deque[QueuedTask] = deque()
        self._current: QueuedTask | None = None
        self._closed = False

    @property
    def current(self) -> QueuedTask | None:
        """Return the running task, or None."""
        return self._current

    @property
    def busy(self) -> bool:
        """Return whether a task is running or queued."""
        return self._current is not None or bool(self._waiting)

    def add(self, task: QueuedTask) -> None:
        """Append a task; it starts at once if none is running."""
        if self._closed:
            task.hang_up()
            return
        task.on_end.append(lambda: self._ended(task))
        self._waiting.append(task)
        if self._current is not None:
            self._current.wake()
        self._go_on()

    def run(self, act: Callable[[], None], too_late: Callable[[], None] = lambda: None) -> None:
        """Call a function after the tasks before it.

        Args:
            act: the function.
            too_late: called instead if the channel leaves first.
        """
        if self._current is None and not self._waiting and not self._closed:
            act()
        else:
            self.add(QueuedCommand(act, too_late))

    def hang_up(self) -> Iterator[float]:
        """Close the queue and fail every task in order; yield the seconds that one takes first."""
        self._closed = True
        tasks = [*([self._current] if self._current else []), *self._waiting]
        self._waiting.clear()
        self._current = None
        for task in tasks:
            if seconds := task.hang_up():
                yield seconds
                task.hang_up()

    def _ended(self, task: QueuedTask) -> None:
        if self._current is task:
            self._current = None
            self._go_on()
            if not self.busy:
                self._on_idle()

    def _go_on(self) -> None:
        while self._current is None and self._waiting and not self._closed:
            self._current = self._waiting.popleft()
            self._current.begin()
