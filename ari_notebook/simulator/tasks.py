"""What is asked of one channel or bridge, done one after another.

Asterisk gives every channel under its control a queue. What takes time (a playback, a recording)
holds up everything behind it, also what takes none: a DTMF digit asked for during a recording is
sent when that is over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol


class Task(Protocol):
    """Something that takes time.

    Attributes:
        on_end: called when it is over.
    """

    on_end: list[Callable[[], None]]

    def begin(self) -> None:
        """Its turn has come."""

    def hang_up(self) -> None:
        """What it was asked of is gone."""


class Command:
    """Something that takes no time, in the queue of what does.

    Args:
        act: what to do.
        too_late: done in its place where the channel is gone before.
    """

    def __init__(self, act: Callable[[], None], too_late: Callable[[], None]) -> None:
        self.on_end: list[Callable[[], None]] = []
        self._act = act
        self._too_late = too_late

    def begin(self) -> None:
        """Do it."""
        self._act()
        for done in self.on_end:
            done()

    def hang_up(self) -> None:
        """It is too late."""
        self._too_late()


class TaskQueue:
    """The queue of one channel or bridge.

    Args:
        on_idle: called when all that was asked is done.
    """

    def __init__(self, on_idle: Callable[[], None] = lambda: None) -> None:
        self._on_idle = on_idle
        self._waiting: deque[Task] = deque()
        self._current: Task | None = None
        self._closed = False

    @property
    def current(self) -> Task | None:
        """What is being done."""
        return self._current

    @property
    def busy(self) -> bool:
        """Whether something is being done, or waits to be."""
        return self._current is not None or bool(self._waiting)

    def add(self, task: Task) -> None:
        """Do something when all before it is done; at once where nothing is."""
        if self._closed:
            task.hang_up()
            return
        task.on_end.append(lambda: self._ended(task))
        self._waiting.append(task)
        self._go_on()

    def run(self, act: Callable[[], None], too_late: Callable[[], None] = lambda: None) -> None:
        """Do something that takes no time, when all before it is done.

        Args:
            act: what to do.
            too_late: done in its place where the channel is gone before.
        """
        if self._current is None and not self._waiting and not self._closed:
            act()
        else:
            self.add(Command(act, too_late))

    def hang_up(self) -> None:
        """The channel is gone; each task hears of it in its turn."""
        self._closed = True
        tasks = [*([self._current] if self._current else []), *self._waiting]
        self._waiting.clear()
        self._current = None
        for task in tasks:
            task.hang_up()

    def _ended(self, task: Task) -> None:
        if self._current is task:
            self._current = None
            self._go_on()
            if not self.busy:
                self._on_idle()

    def _go_on(self) -> None:
        while self._current is None and self._waiting and not self._closed:
            self._current = self._waiting.popleft()
            self._current.begin()
