"""Rendering of an `AudioSignal` as samples, computed only for a listener."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ari_notebook.audio.sound import Sound
from ari_notebook.audio.speech_detection import FRAME_SECONDS
from ari_notebook.simulator.media import samples
from ari_notebook.simulator.media.audio_source import AudioSignal

__all__ = ["Frame", "Spoken", "render", "spoken_signal"]

Frame: TypeAlias = NDArray[np.int16]


class Spoken:
    """A `Sound` as the audio of a signal, at whatever rate it is listened to.

    Args:
        sound: the sound.
    """

    def __init__(self, sound: Sound) -> None:
        self._sound = sound
        self._at_rate: dict[int, Frame] = {}

    def read(self, begin: float, count: int, rate: int) -> Frame:
        """Return samples; silence outside the sound."""
        if rate not in self._at_rate:
            self._at_rate[rate] = self._sound.resample(rate).int16
        whole, at = self._at_rate[rate], round(begin * rate)
        made = np.zeros(count, np.int16)
        first, last = max(0, at), min(len(whole), at + count)
        if first < last:
            made[first - at : last - at] = whole[first:last]
        return made


def spoken_signal(sound: Sound, since: float) -> AudioSignal:
    """Return the signal of a sound from a time on, with the pauses that Asterisk finds in it."""
    size = max(1, round(sound.rate * FRAME_SECONDS))
    wave = np.abs(sound.int16.astype(np.int32))
    quiet = [
        (at // size) * 20
        for at in range(0, len(wave), size)
        if wave[at : at + size].mean() < samples.SILENT_LEVEL
    ]
    pauses: list[tuple[int, int]] = []
    for begin in quiet:
        if pauses and pauses[-1][1] == begin:
            pauses[-1] = (pauses[-1][0], begin + 20)
        else:
            pauses.append((begin, begin + 20))
    return AudioSignal("speech", pauses=tuple(pauses), since=since, audio=Spoken(sound))


def render(signal: AudioSignal, begin: float, count: int, rate: int) -> Frame | None:
    """Return the samples of a signal; None where it has no frames.

    Args:
        signal: the signal.
        begin: time of the first sample, in the clock of the exchange.
        count: number of samples.
        rate: samples per second.
    """
    if not signal.has_frames:
        return None
    if signal.audio is not None:
        made: Frame = signal.audio.read(begin - signal.since, count, rate)
        return made
    wave = np.zeros(count, np.int16)
    if signal.kind == "silence":
        return wave
    at = 0
    milliseconds = -(-count * 1000 // rate)
    for length, frequencies in signal.parts(begin, milliseconds):
        end = min(count, at + round(length * rate / 1000))
        if frequencies and end > at:
            seconds = (begin % 1000.0) + np.arange(at, end) / rate
            sines = sum(np.sin(2 * np.pi * each * seconds) for each in frequencies)
            wave[at:end] = np.rint(samples.AMPLITUDE / len(frequencies) * np.asarray(sines))
        at = end
    return wave
