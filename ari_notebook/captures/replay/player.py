"""Replay timing: a thread plays records at a speed, pauses, steps and seeks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from datetime import datetime

from ari_notebook.background import THREADS, Background
from ari_notebook.captures.file_format import Reader, Record
from ari_notebook.client.errors import UsageProblem
from ari_notebook.store.progress_bar import ProgressBar

__all__ = ["Player", "checked_speed"]

_SLICE_SECONDS = 0.25


class Player:
    """Passes the records of a capture on in order, with their timing.

    The time between two records is the recorded time divided by the speed, and zero where the
    recorded clock ran backwards.

    Args:
        reader: reader of the capture.
        take: called with each record and whether to run handlers for it.
        settle: called before a pause, to process the records taken so far.
        restart: called before playback starts again from the beginning.
        speed: 1: recorded speed, 10: ten times as fast, ``math.inf``: without pauses.

    Raises:
        UsageProblem: invalid speed.
    """

    def __init__(
        self,
        reader: Reader,
        take: Callable[[Record, bool], None],
        settle: Callable[[], None],
        restart: Callable[[], None],
        speed: float = 1,
        background: Background = THREADS,
    ) -> None:
        self._background = background
        self.started = reader.started
        self.position = 0.0
        self.events = 0
        self.finished = False
        self.problems: Counter[str] = Counter()
        self._reader = reader
        self._take, self._settle, self._restart = take, settle, restart
        self._changed = background.condition()
        self._speed = checked_speed(speed)
        self._playing = False
        self._steps = 0
        self._target: float | None = None
        self._again = False
        self._closed = False
        # a monotonic time, and the capture's time at it
        self._clock = (self._background.monotonic(), self.started)
        self._job = background.start("ari-replay", self._work)

    # Controls, thread-safe.

    @property
    def playing(self) -> bool:
        """Return whether it is playing."""
        return self._playing and not self.finished

    @property
    def speed(self) -> float:
        """The speed; may be set during playback."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        speed = checked_speed(speed)
        with self._changed:
            self._speed = speed
            self._reset_clock()
            self._wake()

    def play(self) -> None:
        """Resume playback, from the beginning if it had finished."""
        with self._changed:
            if self.finished:
                self._again, self.finished = True, False
            self._playing = True
            self._reset_clock()
            self._wake()

    def pause(self) -> None:
        """Pause playback."""
        with self._changed:
            self._playing = False
            self._wake()

    def step(self, events: int = 1) -> None:
        """Play a number of events without delays, then pause."""
        if events < 1:
            raise UsageProblem(f"invalid number of events: {events}", "Step 1 or more.")
        with self._changed:
            self._playing = False
            self._steps += events
            self._wake()
            while self._steps and not (self.finished or self._closed):
                self._changed.wait()

    def seek(self, moment: float | datetime) -> None:
        """Jump to a time; tables and log show the state of that time, handlers do not run.

        Args:
            moment: seconds from the beginning of the capture, or a time.
        """
        seconds = (
            moment.timestamp() - self.started if isinstance(moment, datetime) else float(moment)
        )
        if not math.isfinite(seconds):
            raise UsageProblem(f"invalid time: {moment}", "Give seconds from the beginning.")
        with self._changed:
            if seconds < self.position or self.finished:
                self._again, self.finished = True, False
            self._target = self.started + seconds
            self._wake()
            with ProgressBar(f"seeking in {self._reader.path.name}") as bar:
                while not (self._target is None or self.finished or self._closed):
                    self._show(bar)
                    self._changed.wait(_SLICE_SECONDS)
            self._reset_clock()
            self._wake()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the end of playback; return False on timeout."""
        until = None if timeout is None else self._background.monotonic() + timeout
        with self._changed, ProgressBar(f"playing {self._reader.path.name}") as bar:
            while not (self.finished or self._closed):
                self._show(bar)
                left = _SLICE_SECONDS if until is None else until - self._background.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _SLICE_SECONDS))  # short, so that Ctrl-C works
        return True

    def close(self) -> None:
        """Stop the thread."""
        with self._changed:
            self._closed = True
            self._wake()
        self._job.join(timeout=5)

    def _show(self, bar: ProgressBar) -> None:
        bar.update(self._reader.read_bytes / max(1, self._reader.size), f"{self.position:.0f} s")

    def _reset_clock(self) -> None:
        self._clock = (self._background.monotonic(), self.started + self.position)
        self._changed.notify_all()

    def _wake(self) -> None:
        self._changed.notify_all()
        self._job.wake()

    # Methods of the thread.

    def _work(self) -> Generator[float | None, None, None]:
        while not self._closed:
            ended = yield from self._play_through(iter(self._reader))
            self._settle()
            with self._changed:
                self.problems = Counter(self._reader.problems)
                if ended:
                    self.finished, self._playing = True, False
                    self._steps, self._target = 0, None
                    self._changed.notify_all()
            while not (self._again or self._closed):
                yield None
            with self._changed:
                self._again = False
                self.position, self.events = 0.0, 0
                self._reset_clock()
            if not self._closed:
                self._restart()

    def _play_through(self, records: Iterator[Record]) -> Generator[float | None, None, bool]:
        """Play records; return whether the end was reached."""
        for record in records:
            seeking = yield from self._wait_for_turn(record)
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

    def _wait_for_turn(self, record: Record) -> Generator[float | None, None, bool]:
        """Wait until a record is due; return whether it is skipped by a seek."""
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
            left = now + (record.at - then) / self._speed - self._background.monotonic()
            if self._playing and left <= 0:
                return False
            if not settled:
                self._settle()
                settled = True
            yield left if self._playing else None
        return False


def checked_speed(speed: float) -> float:
    """Return a valid playback speed.

    Raises:
        UsageProblem: invalid speed.
    """
    if not speed > 0:
        raise UsageProblem(f"invalid speed: {speed}", "Use 1, 10, 0.5 or math.inf.")
    return float(speed)
