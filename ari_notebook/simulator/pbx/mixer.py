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
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ari_notebook.simulator.clock import Clock, Timer
from ari_notebook.simulator.media.audio_source import AudioSource
from ari_notebook.simulator.media.renderer import Wave, render
from ari_notebook.simulator.pbx.channel import Channel

__all__ = ["FRAME_SECONDS", "AudioTap", "Mixer"]

FRAME_SECONDS = 0.02
OnFrame: TypeAlias = Callable[["Wave | None"], None]


@dataclass(slots=True, eq=False)
class AudioTap:
    """A listener to the audio that a channel is sent, or to that from its far end.

    Attributes:
        channel: the channel.
        rate: samples per second.
        on_frame: called with each frame of 20 ms; None where nothing is sent.
        incoming: whether to the audio from the far end.
    """

    channel: Channel
    rate: int
    on_frame: OnFrame
    incoming: bool = False


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

    def listen(
        self, channel: Channel, rate: int, on_frame: OnFrame, *, incoming: bool = False
    ) -> AudioTap:
        """Begin to compute the audio sent to a channel, or received from its far end."""
        listener = AudioTap(channel, rate, on_frame, incoming)
        self._listeners[listener] = None
        if self._timer is None:
            self.frame = math.floor(self._clock.now / FRAME_SECONDS + 1e-6)
            self._plan()
        return listener

    def leave(self, listener: AudioTap) -> None:
        """Stop; idempotent."""
        self._listeners.pop(listener, None)
        if not self._listeners and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _plan(self) -> None:
        due = (self.frame + 1) * FRAME_SECONDS
        self._timer = self._clock.after(max(0.0, due - self._clock.now), self._tick)

    def _tick(self) -> None:
        self._known.clear()
        for listener in tuple(self._listeners):
            if listener in self._listeners:
                heard = self.incoming if listener.incoming else self.outgoing
                listener.on_frame(heard(listener.channel, listener.rate))
        self._known.clear()
        self._samples.clear()
        self.frame += 1
        if self._listeners:
            self._plan()
        else:
            self._timer = None

    def outgoing(self, channel: Channel, rate: int) -> Wave | None:
        """Return what the exchange sends to the far end of a channel in this frame."""
        key = ("out", channel, rate)
        if key not in self._known:
            self._known[key] = None  # a loop, as of two echoes, is silent
            self._known[key] = self._outgoing(channel, rate)
        return self._known[key]

    def incoming(self, channel: Channel, rate: int) -> Wave | None:
        """Return the audio from the far end of a channel in this frame."""
        key = ("in", channel, rate)
        if key not in self._known:
            self._known[key] = None  # as above
            self._known[key] = self._incoming(channel, rate)
        return self._known[key]

    def keep(self, wave: Wave, samples: NDArray[np.int16]) -> None:
        """Keep the samples of which a wave was made, until the frame is over."""
        self._samples[id(wave)] = wave, samples

    def kept(self, wave: Wave) -> NDArray[np.int16] | None:
        """Return the samples of which a wave was made, if it has passed unchanged."""
        found = self._samples.get(id(wave))
        return None if found is None else found[1]

    def _outgoing(self, channel: Channel, rate: int) -> Wave | None:
        audio, bridge = channel.audio, channel.bridge
        parts = [self._render(audio.played, rate)]
        if audio.echo:
            parts.append(self.incoming(channel, rate))
        if audio.near is not None:
            parts.append(cast("Wave | None", audio.near(self, rate)))
        if bridge is not None and bridge.bridge_type != "holding":
            parts.append(self._render(bridge.played, rate))
            parts += [
                self.incoming(other, rate)
                for other, member in bridge.members.items()
                if other is not channel and not member.mute
            ]
        if audio.whispers:
            parts += [self.outgoing(snoop, rate) for snoop in audio.whispers if not snoop.gone]
        mixed = _mixed(parts)
        return self._muted(mixed, "out" in audio.muted) if audio.muted else mixed

    def _incoming(self, channel: Channel, rate: int) -> Wave | None:
        audio = channel.audio
        if audio.far is None:
            made = self._render(audio.source, rate)
        else:
            made = cast("Wave | None", audio.far(self, rate))
            if audio.source.signal.kind == "key":  # in place of the voice
                made = self._render(audio.source, rate)
        return self._muted(made, "in" in audio.muted) if audio.muted else made

    def _render(self, source: AudioSource, rate: int) -> Wave | None:
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
