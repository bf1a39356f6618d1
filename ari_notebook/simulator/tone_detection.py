"""Tone detection: ChannelToneDetected, as TONE_DETECT asks for it.

As ``res/res_tonedetect.c`` does it, a single frequency is found where it sounds alone, once in
each tone that is played, however often that goes round. Asterisk listens at 8,000 samples a second;
in a channel that ARI makes without saying in which formats it finds nothing.
"""

from __future__ import annotations

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Timer

__all__ = ["ToneDetector"]

_LONGEST = 60_000  # ms of a tone that are looked through


class ToneDetector:
    """Listens to what one channel's other end says.

    Args:
        channel: whose.
        frequency: in Hz.
        milliseconds: how long it has to sound; a burst that is shorter is enough as well.
        wanted: from how many times on it is told.
        ends: whether it is told only once.

    Attributes:
        count: how often it was heard.
    """

    def __init__(
        self, channel: Channel, frequency: int, milliseconds: int, wanted: int, *, ends: bool
    ) -> None:
        self.count = 0
        self._channel = channel
        self._frequency = frequency
        self._milliseconds = milliseconds
        self._wanted = wanted
        self._ends = ends
        self._timer: Timer | None = None
        channel.voice.listen(self._changed)
        self._changed()

    def stop(self) -> None:
        """Listen no more."""
        self._channel.voice.ignore(self._changed)
        self._forget()

    def _changed(self) -> None:
        """The voice changes, now or in a moment."""
        self._channel.exchange.soon(self._look)

    def _look(self) -> None:
        self._forget()
        channel = self._channel
        over = self._ends and self.count >= self._wanted
        if channel.gone or over or channel.wideband or channel.voice.sound.kind != "tone":
            return
        at = 0
        for length, frequencies in channel.voice.sound.parts(channel.exchange.now, _LONGEST):
            if frequencies == (self._frequency,):
                heard = (at + min(length, self._milliseconds)) / 1000
                self._timer = channel.exchange.after(heard, self._hit)
                return
            at += length

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hit(self) -> None:
        self._timer = None
        self.count += 1
        if self.count >= self._wanted and not self._channel.gone:
            self._channel.publish("ChannelToneDetected")
