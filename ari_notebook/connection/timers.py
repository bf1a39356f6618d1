"""Timers of a connection: functions that are called once, later."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Generator
from typing import Any

from ari_notebook.background import Background
from ari_notebook.client.errors import UsageProblem

__all__ = ["Timer", "Timers"]


class Timer:
    """A function that is called once, some seconds after the timer was made.

    Args:
        function: the function, called without arguments.
        seconds: when, in seconds from now.
        name: name of the timer in error messages.
        failed: called with the name and the traceback of an exception.
        background: calls the function; usually in a thread.

    Attributes:
        name: name of the timer.
    """

    def __init__(
        self,
        function: Callable[[], object],
        seconds: float,
        name: str,
        failed: Callable[[str, str], None],
        background: Background,
    ) -> None:
        self.name = name
        self._function = function
        self._seconds = seconds
        self._failed = failed
        self._cancelled = self._began = False
        self._deciding = threading.Lock()
        self._job = background.start(f"ari-timer-{name}", self._run)

    @property
    def waiting(self) -> bool:
        """Whether the function is still to be called."""
        return not self._began and not self._cancelled

    def cancel(self) -> None:
        """Do not call the function; without effect once it was called. Idempotent."""
        with self._deciding:
            self._cancelled = True
        self._job.stop()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the function has returned, or the timer was cancelled.

        Args:
            timeout: seconds; None: without limit.
        """
        self._job.join(timeout)

    def _run(self) -> Generator[float | None, None, None]:
        yield self._seconds
        with self._deciding:
            if self._cancelled:
                return
            self._began = True
        try:
            self._function()
        except Exception:  # noqa: BLE001  reported
            self._failed(self.name, traceback.format_exc(limit=-6))

    def __repr__(self) -> str:
        state = "waiting" if self.waiting else "called" if self._began else "cancelled"
        return f"<timer {self.name}: {state}>"


class Timers:
    """The timers of one connection.

    Args:
        failed: as of `Timer`.
        background: as of `Timer`.
    """

    def __init__(self, failed: Callable[[str, str], None], background: Background) -> None:
        self._failed = failed
        self._background = background
        self._timers: list[Timer] = []

    def add(self, seconds: float, function: Callable[..., object], arguments: Any) -> Timer:
        """Start a timer.

        Args:
            seconds: when to call the function.
            function: the function.
            arguments: its arguments.

        Raises:
            UsageProblem: a negative time, or no function.
        """
        if not 0 <= seconds <= threading.TIMEOUT_MAX:
            raise UsageProblem(f"seconds must not be negative, nor {seconds!r}", "Give 2.5.")
        if not callable(function):
            raise UsageProblem(
                f"{function!r} is no function", "Give it without parentheses: channel.hangup."
            )
        name = getattr(function, "__name__", type(function).__name__)
        timer = Timer(lambda: function(*arguments), seconds, name, self._failed, self._background)
        self._timers = [*(each for each in self._timers if each.waiting), timer]
        return timer

    def stop(self) -> None:
        """Cancel all timers."""
        for timer in self._timers:
            timer.cancel()
