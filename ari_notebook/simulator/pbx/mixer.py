"""Mixing of audio: frames of 20 ms, computed for listeners only.

A listener pulls: what its channel is sent is what ARI plays to it, the other members of its bridge,
an echo, and what snoop channels whisper; what each of those sends is asked for in turn, once a
frame. Without a listener nothing is computed and no timer runs, so that signalling costs the same
with and without sound.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ari_notebook.simulator.clock import Clock, Timer
from ari_notebook.simulator.media.audio_source import AudioSource
from ari_notebook.simulator.media.renderer import Frame, render
from ari_notebook.simulator.pbx.channel import Channel

if TYPE_CHECKING:
    from ari_notebook.simulator.pbx.bridge import Bridge

__all__ = ["FRAME_SECONDS", "AudioTap", "Mixer"]

FRAME_SECONDS = 0.02
_FRAMES_A_SECOND = 50
Read: TypeAlias = Callable[[int], "Frame | None"]
OnFrame: TypeAlias = Callable[["Frame | None"], None]


@dataclass(slots=True, eq=False)
class AudioTap:
    """A listener to audio of an exchange.

    Attributes:
        read: returns the current frame of 20 ms at a rate; None where nothing is sent.
        rate: samples per second.
        on_frame: called with each frame.
        background: whether nothing depends on the next frame.
    """

    read: Read
    rate: int
    on_frame: OnFrame
    background: bool = False


class Mixer:
    """Computes the frames of an exchange's channels.

    Args:
        clock: the exchange's clock.

    Attributes:
        frame: number of the current frame: its first sample is at ``frame * 0.02`` seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self.frame = 0
        self._clock = clock
        self._listeners: dict[AudioTap, None] = {}
        # Of this frame, by rate and channel: keys that need no memory of their own.
        self._written: defaultdict[int, dict[Channel, Frame | None]] = defaultdict(dict)
        self._spoken: defaultdict[int, dict[Channel, Frame | None]] = defaultdict(dict)
        self._timer: Timer | None = None

    def listen(self, read: Read, rate: int, on_frame: OnFrame) -> AudioTap:
        """Begin to compute frames.

        Args:
            read: returns the current frame, as `outgoing` and `incoming` of a channel do.
            rate: samples per second.
            on_frame: called with each frame.
        """
        listener = AudioTap(read, rate, on_frame)
        self._listeners[listener] = None
        if self._timer is None:
            self.frame = math.floor(self._clock.now * _FRAMES_A_SECOND + 1e-6)
            self._plan()
        else:
            self._timer.background = False
        return listener

    def leave(self, listener: AudioTap) -> None:
        """Stop; idempotent."""
        self._listeners.pop(listener, None)
        if not self._listeners and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self) -> None:
        due = (self.frame + 1) / _FRAMES_A_SECOND
        self._timer = self._clock.after(max(0.0, due - self._clock.now), self._tick)
        self._timer.background = all(each.background for each in self._listeners)

    def _tick(self) -> None:
        self._forget()
        for listener in tuple(self._listeners):
            if listener in self._listeners:
                listener.on_frame(listener.read(listener.rate))
        self._forget()
        self.frame += 1
        if self._listeners:
            self._plan()
        else:
            self._timer = None

    def _forget(self) -> None:
        self._written.clear()
        self._spoken.clear()

    # A frame passes three to six of these functions for each listener: they avoid lists, properties
    # and further calls where a channel has a single source.

    def outgoing(self, channel: Channel, rate: int) -> Frame | None:
        """Return what the far end of a channel receives in this frame."""
        frame, whispers = self.written(channel, rate), channel.audio.whispers_out
        return self._with_whispers(frame, whispers, rate) if whispers else frame

    def incoming(self, channel: Channel, rate: int) -> Frame | None:
        """Return what the exchange receives from a channel in this frame."""
        frame, whispers = self.spoken(channel, rate), channel.audio.whispers_in
        return self._with_whispers(frame, whispers, rate) if whispers else frame

    def written(self, channel: Channel, rate: int) -> Frame | None:
        """Return what the exchange sends to the far end of a channel, without whispers."""
        known = self._written[rate]
        if channel in known:
            return known[channel]
        known[channel] = None  # a loop, as of two echoes, is silent
        audio, bridge = channel.audio, channel.bridge
        frame: Frame | None = None
        if audio.played.signal.kind != "nothing":
            frame = self.render(audio.played, rate)
        if audio.echo:
            frame = _mixed(frame, self.incoming(channel, rate))
        if audio.near is not None:
            frame = _mixed(frame, audio.near(self, rate))
        if bridge is not None:
            frame = _mixed(frame, self.bridged(bridge, rate, besides=channel))
        if frame is not None and "out" in audio.muted:
            frame = np.zeros_like(frame)
        known[channel] = frame
        return frame

    def spoken(self, channel: Channel, rate: int) -> Frame | None:
        """Return the audio from the far end of a channel, without whispers."""
        known = self._spoken[rate]
        if channel in known:
            return known[channel]
        known[channel] = None  # as above
        audio = channel.audio
        frame: Frame | None = None
        if audio.far is not None and audio.source.signal.kind != "key":  # in place of the voice
            frame = audio.far(self, rate)
        if frame is None:
            frame = self.render(audio.source, rate)
        if frame is not None and "in" in audio.muted:
            frame = np.zeros_like(frame)
        known[channel] = frame
        return frame

    def bridged(self, bridge: Bridge, rate: int, besides: Channel | None = None) -> Frame | None:
        """Return the mix of a bridge in this frame.

        A holding bridge mixes nothing. ``softmix`` sends silence while no member sends frames.

        Args:
            bridge: the bridge.
            rate: samples per second.
            besides: the member that receives it, whose own audio is left out.
        """
        if bridge.bridge_type == "holding":
            return None
        frame: Frame | None = None
        if bridge.played.signal.kind != "nothing":
            frame = self.render(bridge.played, rate)
        for member, options in bridge.members.items():
            if member is not besides and not options.mute:
                frame = _mixed(frame, self.incoming(member, rate))
        if frame is None and bridge.technology == "softmix":
            return np.zeros(round(rate * FRAME_SECONDS), np.int16)
        return frame

    def mixed(self, one: Frame | None, other: Frame | None) -> Frame | None:
        """Return the sum of two frames, limited to 16 bits; None where there is none."""
        return _mixed(one, other)

    def render(self, source: AudioSource, rate: int) -> Frame | None:
        """Return the signal of a source in this frame; None where it has no frames."""
        signal = source.signal
        if not signal.has_frames:
            return None
        count = round(rate * FRAME_SECONDS)
        return render(signal, self.frame * FRAME_SECONDS, count, rate)

    def _with_whispers(
        self, frame: Frame | None, whispers: list[Channel], rate: int
    ) -> Frame | None:
        if frame is not None:  # whispers are mixed into frames
            for snoop in whispers:
                frame = _mixed(frame, self.outgoing(snoop, rate))
        return frame


def _mixed(one: Frame | None, other: Frame | None) -> Frame | None:
    if one is None:
        return other
    if other is None:
        return one
    total: Frame = np.add(one, other, dtype=np.int32).clip(-32768, 32767).astype(np.int16)
    return total
