"""Sounds to be sent, frame by frame and in time, without I/O: what a stream says.

A `Playing` is one sound. `Outgoing` keeps them in order and yields frames when they are due: up to
`lead` seconds early, so that a busy program leaves no gaps, and never more, so that stopping takes
effect at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from ari_notebook.audio.codecs import FRAME_MS, Codec
from ari_notebook.audio.errors import AudioError
from ari_notebook.audio.sound import Sound
from ari_notebook.background import THREADS, Background

__all__ = ["Due", "Outgoing", "Playing"]

FRAME_SECONDS = FRAME_MS / 1000
_TOLERANCE = 1e-4  # seconds: times since 1970 have a resolution of 2e-7
Due: TypeAlias = "tuple[bytes, Playing | None]"


class Playing:
    """A sound that is being sent, or is queued.

    Args:
        frames: its encoded frames.
        duration: its duration in seconds.
        stop: called by `stop`.
        on_end: called once when it is over.
        background: what waits for its end.
    """

    def __init__(
        self,
        frames: deque[bytes],
        duration: float,
        stop: Callable[[Playing], None],
        on_end: Callable[[Playing], None],
        background: Background = THREADS,
    ) -> None:
        self.duration = duration
        self.stopped = False
        self.sent = 0.0  # seconds handed to the connection
        self.frames = frames
        self._stop = stop
        self._on_end = on_end
        self._over = background.event()
        self._heard: float | None = None

    @property
    def done(self) -> bool:
        """Return whether it is over: heard to its end, stopped, or cut off by the stream's end."""
        return self._over.is_set()

    @property
    def heard(self) -> float:
        """Return the seconds that the far end has heard; an estimate while it plays."""
        return min(self.duration, self.sent) if self._heard is None else self._heard

    def wait(self, timeout: float | None = None) -> float:
        """Wait until it is over; return the seconds that were heard.

        Args:
            timeout: seconds; None: without limit.

        Raises:
            TimeoutError: it is not over in time.
        """
        if not self._over.wait(timeout):
            raise TimeoutError(f"still playing after {timeout} s: {self.heard:.2f} s were heard")
        return self.heard

    def stop(self) -> int:
        """Stop at once, as when the caller interrupts; return the milliseconds that were heard."""
        self._stop(self)
        return round(self.heard * 1000)

    def end(self, heard: float | None = None, *, stopped: bool = False) -> None:
        """Mark it as over; only the stream calls this."""
        if not self._over.is_set():
            self._heard = min(self.duration, self.duration if heard is None else max(0.0, heard))
            self.stopped = stopped
            self._over.set()
            self._on_end(self)

    def __repr__(self) -> str:
        state = "stopped" if self.stopped else "done" if self.done else "playing"
        return f"<playing {self.duration:.2f} s: {state}, {self.heard:.2f} s heard>"


class Outgoing:
    """The sounds of a stream in order, and when each frame is due. Not thread-safe by itself.

    Args:
        codec: format of the frames.
        lead: seconds that frames are sent early.
        together: seconds of audio that become due together; less than the lead.
        background: what waits for the ends of sounds.

    Attributes:
        held: whether the far end has asked to wait (MEDIA_XOFF).
    """

    def __init__(
        self,
        codec: Codec,
        lead: float,
        together: float = FRAME_SECONDS,
        background: Background = THREADS,
    ) -> None:
        self.held = False
        self._codec = codec
        self._lead = lead
        # Time before now + lead from which frames are due: the tolerance is half a frame.
        self._slack = together - FRAME_SECONDS * 3 / 2
        self._background = background
        self._queue: deque[Playing] = deque()
        self._until = 0.0  # time up to which audio was sent
        # The latest frames: those that the far end may not have played yet.
        self._flying: deque[tuple[bytes, Playing]] = deque(maxlen=round(lead / FRAME_SECONDS) + 2)

    def add(
        self,
        sound: Sound,
        stop: Callable[[Playing], None],
        on_end: Callable[[Playing], None] = lambda _: None,
    ) -> Playing:
        """Queue a sound behind the others; its last frame is filled with silence.

        Args:
            sound: the sound.
            stop: stops it.
            on_end: called once when it is over.

        Raises:
            AudioError: it is empty.
        """
        if not sound:
            raise AudioError("nothing to play: the sound is empty")
        fitting = Sound(sound.resample(self._codec.rate).int16, self._codec.rate)
        frames = deque(
            self._codec.encode(np.asarray(frame, np.int16)) for frame in fitting.frames(FRAME_MS)
        )
        playing = Playing(frames, sound.duration, stop, on_end, self._background)
        self._queue.append(playing)
        return playing

    def take(self, now: float) -> list[Due]:
        """Return the frames that are due, each with the sound that ends with it, if any.

        Args:
            now: time in seconds, on a clock that never jumps.
        """
        due: list[Due] = []
        self._until = max(self._until, now)
        if self._until - self._lead + self._slack - now >= _TOLERANCE:
            return due
        end = now + self._lead + FRAME_SECONDS / 2 + _TOLERANCE
        while self._queue and not self.held and self._until < end:
            playing = self._queue[0]
            frame = playing.frames.popleft()
            self._until += FRAME_SECONDS
            playing.sent += FRAME_SECONDS
            self._flying.append((frame, playing))
            if playing.frames:
                due.append((frame, None))
            else:
                self._queue.popleft()
                due.append((frame, playing))
        return due

    def ahead(self, now: float) -> float:
        """Return the seconds that were sent and are not heard yet."""
        return max(0.0, self._until - now)

    def next_due(self, now: float) -> float | None:
        """Return the seconds until the next frame is due; None if nothing is queued."""
        if not self._queue or self.held:
            return None
        return max(0.0, self._until - self._lead + self._slack - now)

    def drop(self, playing: Playing) -> None:
        """Remove the unsent frames of a sound; idempotent."""
        playing.frames.clear()
        if playing in self._queue:
            self._queue.remove(playing)

    def flushed(self, now: float, stopped: Playing) -> set[Playing]:
        """Record that the far end has dropped its unplayed audio.

        Frames of other sounds among that are queued again.

        Args:
            now: time in seconds.
            stopped: the sound for whose sake it was flushed.

        Returns:
            The sounds of which frames were queued again.
        """
        again: set[Playing] = set()
        for _ in range(min(len(self._flying), round(self.ahead(now) / FRAME_SECONDS))):
            frame, playing = self._flying.pop()
            if playing is stopped or playing.done:
                continue
            playing.frames.appendleft(frame)
            playing.sent -= FRAME_SECONDS
            again.add(playing)
            if playing not in self._queue:
                self._queue.appendleft(playing)
        self._flying.clear()
        self._until = now
        return again

    @property
    def queue(self) -> tuple[Playing, ...]:
        """Return the sounds that are not sent completely."""
        return tuple(self._queue)
