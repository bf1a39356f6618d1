"""The audio received by a simulated phone, as a `Sound`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import numpy as np

from ari_notebook.audio.sound import Sound
from ari_notebook.simulator.media.renderer import Frame
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.mixer import FRAME_SECONDS

__all__ = ["Hearing"]


class Hearing:
    """The audio that a phone receives from now on. A hangup ends it.

    Args:
        channel: the phone's channel.
        rate: samples per second.

    Attributes:
        rate: samples per second.
        began: time of its first sample, in seconds since 1970.
    """

    def __init__(self, channel: Channel, rate: int) -> None:
        self.rate = rate
        self.began = channel.exchange.now
        self._channel = channel
        self._frames: list[Frame] = []
        self._changed = threading.Condition()
        self._ended = False
        self._mixer = channel.exchange.mixer
        self._listener = self._mixer.listen(
            partial(self._mixer.outgoing, channel), rate, self._take
        )
        channel.on_gone.append(self.stop)

    @property
    def sound(self) -> Sound:
        """Return the audio received so far."""
        with self._changed:
            frames = tuple(self._frames)
        return Sound(np.concatenate(frames) if frames else np.zeros(0, np.int16), self.rate)

    def wait(self, seconds: float, running: Callable[[], bool] = lambda: True) -> Sound:
        """Wait in a separate thread until a duration was received, or the call has ended.

        Args:
            seconds: the duration, in simulated time.
            running: whether the exchange still runs.
        """
        count = round(seconds / FRAME_SECONDS)
        with self._changed:
            while len(self._frames) < count and not self._ended and running():
                self._changed.wait(0.5)
        return self.sound[:seconds]

    def stop(self) -> None:
        """Stop; idempotent."""
        self._mixer.leave(self._listener)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take(self, frame: Frame | None) -> None:
        size = round(self.rate * FRAME_SECONDS)
        with self._changed:
            self._frames.append(np.zeros(size, np.int16) if frame is None else frame)
            self._changed.notify_all()
