"""Mixing of audio: frames of 20 ms, computed for listeners only.

A listener pulls: what its channel is sent is what ARI plays to it, the other members of its bridge,
an echo, and what snoop channels whisper; what each of those sends is asked for in turn, once a
frame. Without a listener nothing is computed and no timer runs, so that signalling costs the same
with and without sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ari_notebook.simulator.clock import Clock, Timer
from ari_notebook.simulator.media.audio_source import AudioSource
from ari_notebook.simulator.media.renderer import Wave, render
from ari_notebook.simulator.pbx.channel import Channel

if TYPE_CHECKING:
    from ari_notebook.simulator.pbx.bridge import Bridge

__all__ = ["FRAME_SECONDS", "AudioTap", "Mixer"]

FRAME_SECONDS = 0.02
_FRAMES_A_SECOND = 50
Read: TypeAlias = Callable[[int], "Wave | None"]
OnFrame: TypeAlias = Callable[["Wave | None"], None]


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
        self._known: dict[tuple[str, Channel, int], Wave | None] = {}
        self._samples: dict[int, tuple[Wave, NDArray[np.int16]]] = {}  # by a wave's identity
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
        self._known.clear()
        for listener in tuple(self._listeners):
            if listener in self._listeners:
                listener.on_frame(listener.read(listener.rate))
        self._known.clear()
        self._samples.clear()
        self.frame += 1
        if self._listeners:
            self._plan()
        else:
            self._timer = None

    def outgoing(self, channel: Channel, rate: int) -> Wave | None:
        """Return what the far end of a channel receives in this frame."""
        return self._with_whispers(self.written(channel, rate), channel.audio.whispers_out, rate)

    def incoming(self, channel: Channel, rate: int) -> Wave | None:
        """Return what the exchange receives from a channel in this frame."""
        return self._with_whispers(self.spoken(channel, rate), channel.audio.whispers_in, rate)

    def written(self, channel: Channel, rate: int) -> Wave | None:
        """Return what the exchange sends to the far end of a channel, without whispers."""
        key = ("out", channel, rate)
        if key not in self._known:
            self._known[key] = None  # a loop, as of two echoes, is silent
            self._known[key] = self._written(channel, rate)
        return self._known[key]

    def spoken(self, channel: Channel, rate: int) -> Wave | None:
        """Return the audio from the far end of a channel, without whispers."""
        key = ("in", channel, rate)
        if key not in self._known:
            self._known[key] = None  # as above
            self._known[key] = self._spoken(channel, rate)
        return self._known[key]

    def bridged(self, bridge: Bridge, rate: int, besides: Channel | None = None) -> Wave | None:
        """Return the mix of a bridge in this frame.

        A holding bridge mixes nothing. ``softmix`` sends silence while no member sends frames.

        Args:
            bridge: the bridge.
            rate: samples per second.
            besides: the member that receives it, whose own audio is left out.
        """
        if bridge.bridge_type == "holding":
            return None
        parts = [
            self.incoming(member, rate)
            for member, options in bridge.members.items()
            if member is not besides and not options.mute
        ]
        mixed = _mixed([*parts, self.render(bridge.played, rate)])
        if mixed is None and bridge.technology == "softmix":
            return np.zeros(round(rate * FRAME_SECONDS), np.float32)
        return mixed

    def samples(self, wave: Wave) -> NDArray[np.int16]:
        """Return a frame as 16-bit samples."""
        kept = self._samples.get(id(wave))
        if kept is not None:
            return kept[1]
        return np.clip(np.rint(wave * 32768), -32768, 32767).astype(np.int16)

    def keep(self, wave: Wave, samples: NDArray[np.int16]) -> None:
        """Keep the samples of which a wave was made, until the frame is over."""
        self._samples[id(wave)] = wave, samples

    def _with_whispers(self, wave: Wave | None, whispers: list[Channel], rate: int) -> Wave | None:
        if not whispers or wave is None:  # whispers are mixed into frames
            return wave
        return _mixed([wave, *(self.outgoing(snoop, rate) for snoop in whispers)])

    def _written(self, channel: Channel, rate: int) -> Wave | None:
        audio, bridge = channel.audio, channel.bridge
        parts = [self.render(audio.played, rate)]
        if audio.echo:
            parts.append(self.incoming(channel, rate))
        if audio.near is not None:
            parts.append(cast("Wave | None", audio.near(self, rate)))
        if bridge is not None:
            parts.append(self.bridged(bridge, rate, besides=channel))
        mixed = _mixed(parts)
        return self._muted(mixed, "out" in audio.muted) if audio.muted else mixed

    def _spoken(self, channel: Channel, rate: int) -> Wave | None:
        audio = channel.audio
        made = None
        if audio.far is not None and audio.source.signal.kind != "key":  # in place of the voice
            made = cast("Wave | None", audio.far(self, rate))
        if made is None:
            made = self.render(audio.source, rate)
        return self._muted(made, "in" in audio.muted) if audio.muted else made

    def render(self, source: AudioSource, rate: int) -> Wave | None:
        """Return the signal of a source in this frame; None where it has no frames."""
        signal = source.signal
        if not signal.has_frames:
            return None
        count = round(rate * FRAME_SECONDS)
        return render(signal, self.frame * FRAME_SECONDS, count, rate)

    @staticmethod
    def _muted(wave: Wave | None, muted: bool) -> Wave | None:
        return np.zeros(len(wave), np.float32) if muted and wave is not None else wave


def _mixed(parts: list[Wave | None]) -> Wave | None:
    present = [each for each in parts if each is not None]
    if len(present) < 2:
        return present[0] if present else None
    mixed: Wave = np.clip(np.sum(present, axis=0), -1.0, 1.0).astype(np.float32)
    return mixed
