"""Speech detection by the energy of frames of 20 ms, relative to the surrounding noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_SECONDS", "SpeechDetector", "frame_levels", "segments"]

FRAME_SECONDS = 0.02
QUIETEST = -90.0  # dBFS: what counts as the level of digital silence
_LOWEST_THRESHOLD, _HIGHEST_THRESHOLD = -50.0, -30.0  # dBFS
_ABOVE_NOISE = 12.0  # dB


def frame_levels(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Return the level of each frame of 20 ms in dBFS, at least -90."""
    size = max(1, round(FRAME_SECONDS * rate))
    count = -(-len(samples) // size)
    padded = np.zeros(count * size)
    padded[: len(samples)] = samples
    power = np.mean(padded.reshape(count, size) ** 2, axis=1)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, 1e-12))
    return np.maximum(levels, QUIETEST)


def threshold_of(levels: NDArray[np.float64]) -> float:
    """Return the level from which a frame counts as speech: 12 dB above the quiet frames."""
    if not len(levels):
        return _LOWEST_THRESHOLD
    noise = float(np.percentile(levels, 10))
    return min(max(noise + _ABOVE_NOISE, _LOWEST_THRESHOLD), _HIGHEST_THRESHOLD)


def segments(
    samples: NDArray[np.float64],
    rate: int,
    *,
    threshold: float | None = None,
    min_silence: float = 0.3,
    min_speech: float = 0.1,
) -> list[tuple[float, float]]:
    """Return begin and end of each part with speech, in seconds.

    Args:
        samples: from -1 to 1.
        rate: samples per second.
        threshold: level in dBFS; None: 12 dB above the quiet frames, between -50 and -30.
        min_silence: pauses shorter than this, in seconds, do not end a part.
        min_speech: parts shorter than this, in seconds, are left out.
    """
    levels = frame_levels(samples, rate)
    limit = threshold_of(levels) if threshold is None else threshold
    loud = np.flatnonzero(levels > limit)
    if not len(loud):
        return []
    gap = max(1, round(min_silence / FRAME_SECONDS))
    breaks = np.flatnonzero(np.diff(loud) > gap)
    begins = np.concatenate([loud[:1], loud[breaks + 1]])
    ends = np.concatenate([loud[breaks], loud[-1:]]) + 1
    duration = len(samples) / rate
    found = [
        (float(begin) * FRAME_SECONDS, min(float(end) * FRAME_SECONDS, duration))
        for begin, end in zip(begins, ends, strict=True)
    ]
    return [(begin, end) for begin, end in found if end - begin >= min_speech]


class SpeechDetector:
    """Detects begin and end of speech in frames as they arrive.

    Args:
        threshold: level in dBFS from which a frame counts as speech.
        begin_after: seconds of it that begin speech.
        end_after: seconds without it that end speech.

    Attributes:
        speaking: whether speech was detected.
        silence: seconds since the last frame of speech.
    """

    def __init__(
        self, threshold: float = -40.0, begin_after: float = 0.06, end_after: float = 0.5
    ) -> None:
        self.speaking = False
        self.silence = 0.0
        self._threshold = threshold
        self._begin_after = begin_after
        self._end_after = end_after
        self._loud = 0.0

    def feed(self, level: float, seconds: float) -> bool:
        """Take a frame; return whether speech began or ended with it.

        Args:
            level: its level in dBFS.
            seconds: its duration.
        """
        before = self.speaking
        if level > self._threshold:
            self._loud += seconds
            self.silence = 0.0
            self.speaking = before or self._loud >= self._begin_after - 1e-9
        else:
            self._loud = 0.0
            self.silence += seconds
            self.speaking = before and self.silence < self._end_after - 1e-9
        return self.speaking != before
