"""The pace of a replay: its thread plays records at a speed, pauses, steps and seeks."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from ari_notebook.bar import Bar
from ari_notebook.captures.files import Reader, Record
from ari_notebook.client.errors import UsageProblem

__all__ = ["Player", "checked_speed"]

_SLICE_SECONDS = 0.25


class Player:
    """Hands on the records of a capture, in their order, one after the other.

    Between two records as much time passes as passed when they were recorded, divided by the
    speed; where the recording's clock ran backwards, none.

    Args:
        reader: the capture.
        take: called with each record, and whether handlers are to run for it.
        settle: called before time passes: what was taken must be seen now.
        restart: called before playing begins again from the start.
        speed: 1 as it was, 10 ten times as fast, ``math.inf`` as fast as it goes.

    Raises:
        UsageProblem: the speed is none.
    """

    def __init__(
        self,
        reader: Reader,
        take: Callable[[Record, bool], None],
        settle: Callable[[], None],
        restart: Callable[[], None],
        speed: float = 1,
    ) -> None:
        self.started = reader.started
        self.position = 0.0
        self.events = 0
        self.finished = False
        self.problems: Counter[str] = Counter()
        self._reader = reader
        self._take, self._settle, self._restart = take, settle, restart
        self._changed = threading.Condition()
        self._speed = checked_speed(speed)
        self._playing = False
        self._steps = 0
        self._target: float | None = None
        self._again = False
        self._closed = False
        self._clock = (time.monotonic(), self.started)  # a moment here, and the one there
        self._thread = threading.Thread(target=self._work, name="ari-replay", daemon=True)
        self._thread.start()

    # Its user's part, in any thread.

    @property
    def playing(self) -> bool:
        """Whether it plays by itself."""
        return self._playing and not self.finished

    @property
    def speed(self) -> float:
        """How fast; may be set while it plays."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        speed = checked_speed(speed)
        with self._changed:
            self._speed = speed
            self._reset_clock()

    def play(self) -> None:
        """Play on; from the beginning where it had finished."""
        with self._changed:
            if self.finished:
                self._again, self.finished = True, False
            self._playing = True
            self._reset_clock()

    def pause(self) -> None:
        """Stand still."""
        with self._changed:
            self._playing = False
            self._changed.notify_all()

    def step(self, events: int = 1) -> None:
        """Play so many events, whatever time lay between them, and stand still."""
        if events < 1:
            raise UsageProblem(f"cannot step {events} events", "Step 1 or more.")
        with self._changed:
            self._playing = False
            self._steps += events
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._steps or self.finished or self._closed)

    def seek(self, moment: float | datetime) -> None:
        """Go to a moment; tables and log become what they were then, handlers do not run.

        Args:
            moment: seconds from the recording's beginning, or a time.
        """
        seconds = (
            moment.timestamp() - self.started if isinstance(moment, datetime) else float(moment)
        )
        if not math.isfinite(seconds):
            raise UsageProblem(f"no moment is {moment}", "Give seconds from the beginning.")
        with self._changed:
            if seconds < self.position or self.finished:
                self._again, self.finished = True, False
            self._target = self.started + seconds
            self._changed.notify_all()
            with Bar(f"seeking in {self._reader.path.name}") as bar:
                while not (self._target is None or self.finished or self._closed):
                    self._show(bar)
                    self._changed.wait(_SLICE_SECONDS)
            self._reset_clock()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has played to the end; False where the time was up before."""
        until = None if timeout is None else time.monotonic() + timeout
        with self._changed, Bar(f"playing {self._reader.path.name}") as bar:
            while not (self.finished or self._closed):
                self._show(bar)
                left = _SLICE_SECONDS if until is None else until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _SLICE_SECONDS))  # short, so that Ctrl-C works
        return True

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _show(self, bar: Bar) -> None:
        bar.at(self._reader.read_bytes / max(1, self._reader.size), f"{self.position:.0f} s")

    def _reset_clock(self) -> None:
        self._clock = (time.monotonic(), self.started + self.position)
        self._changed.notify_all()

    # The thread's part.

    def _work(self) -> None:
        while not self._closed:
            ended = self._play_through(iter(self._reader))
            self._settle()
            with self._changed:
                self.problems = Counter(self._reader.problems)
                if ended:
                    self.finished, self._playing = True, False
                    self._steps, self._target = 0, None
                    self._changed.notify_all()
                while not (self._again or self._closed):
                    self._changed.wait()
                self._again = False
                self.position, self.events = 0.0, 0
                self._reset_clock()
            if not self._closed:
                self._restart()

    def _play_through(self, records: Iterator[Record]) -> bool:
        """Play; whether to the end."""
        for record in records:
            seeking = self._wait_for_turn(record)
            if self._closed or self._again:
                return False
            self._take(record, not seeking)
            self.position = max(self.position, record.at - self.started)
            if record.kind == "event":
                self.events += 1
                if self._steps:
                    self._settle()
                    with self._changed:
                        self._steps -= 1
                        self._changed.notify_all()
        return True

    def _wait_for_turn(self, record: Record) -> bool:
        """Wait until a record is due; whether it is passed over on the way to a moment."""
        settled = False
        while not (self._closed or self._again):
            if self._target is not None:
                if record.at < self._target:
                    return True
                self._settle()
                with self._changed:
                    self.position = max(self.position, self._target - self.started)
                    self._target = None
                    self._reset_clock()
            if self._steps:
                return False
            if self._playing and self._speed == math.inf:
                return False
            now, then = self._clock
            left = now + (record.at - then) / self._speed - time.monotonic()
            if self._playing and left <= 0:
                return False
            if not settled:
                self._settle()
                settled = True
            with self._changed:
                if not (self._steps or self._again or self._closed or self._target is not None):
                    self._changed.wait(left if self._playing else None)
        return False


def checked_speed(speed: float) -> float:
    """A speed that something can be played at.

    Raises:
        UsageProblem: it is none.
    """
    if not speed > 0:
        raise UsageProblem(f"no speed is {speed}", "Give 1, 10, 0.5, or math.inf.")
    return float(speed)
