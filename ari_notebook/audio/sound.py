"""`Sound`: samples of one channel and their rate, as a value."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ari_notebook.audio import dtmf, files, resampling, speech_detection, synthesis
from ari_notebook.audio.codecs import FRAME_MS
from ari_notebook.audio.errors import AudioError

__all__ = ["Sound"]

Samples: TypeAlias = "NDArray[np.int16] | NDArray[np.float32]"

RATE = 8000
LOWEST_RATE, HIGHEST_RATE = 1000, 384_000
LONGEST_SECONDS = 24 * 3600.0
KEY_SECONDS, PAUSE_SECONDS = 0.1, 0.1
_FULL_SCALE = 32768.0
_BLOCKS = "▁▂▃▄▅▆▇█"

T = TypeVar("T", bound="Sound")


class Sound:
    """Audio of one channel: numpy samples and their rate. A value: nothing changes it.

    ``sound[1.5:3]`` is a part by seconds, ``one + other`` plays one after the other, and
    ``sound * 0.5`` has half the amplitude. numpy takes it as an array of its samples.

    Args:
        samples: int16, or floats from -1 to 1 (kept as float32). Several channels (an array of two
            dimensions, samples by channels) become one, their mean.
        rate: samples per second.

    Raises:
        AudioError: another kind of array, or an impossible rate.

    Attributes:
        samples: the samples; not writable.
        rate: samples per second.
    """

    __slots__ = ("rate", "samples")

    samples: Samples
    rate: int

    def __init__(self, samples: ArrayLike | Sound, rate: int | None = None) -> None:
        if isinstance(samples, Sound):
            rate = samples.rate if rate is None else rate
            samples = samples.samples
        rate = RATE if rate is None else rate
        if isinstance(rate, bool) or not isinstance(rate, int | np.integer):
            raise AudioError(f"a rate is a whole number of samples a second, not {rate!r}")
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise AudioError(f"a rate of {rate}: use {LOWEST_RATE} to {HIGHEST_RATE}")
        made = _as_samples(samples)
        made.flags.writeable = False
        object.__setattr__(self, "samples", made)
        object.__setattr__(self, "rate", int(rate))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} cannot be assigned: a Sound is a value; make another one")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} cannot be deleted: a Sound is a value")

    # Sources.

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file: WAV, AU, or a raw format by its extension (``.ulaw``, ``.sln16``, …).

        Raises:
            AudioError: unknown format or damaged content.
            OSError: it cannot be read.
        """
        file = Path(path)
        return cls.decode(file.read_bytes(), file.suffix[1:])

    @classmethod
    def decode(cls, data: bytes, format: str = "") -> Self:
        """Return the sound of a file's content.

        Args:
            data: the content.
            format: extension that names a raw format; WAV and AU are known by their content.

        Raises:
            AudioError: unknown format or damaged content.
        """
        samples, rate = files.decode(bytes(data), format)
        return cls(samples, rate)

    @classmethod
    def silence(cls, seconds: float, rate: int = RATE) -> Self:
        """Return silence."""
        return cls(np.zeros(_count(seconds, rate), np.int16), rate)

    @classmethod
    def tone(
        cls,
        frequency: float | Sequence[float],
        seconds: float = 1.0,
        rate: int = RATE,
        level: float = -15.0,
    ) -> Self:
        """Return a tone.

        Args:
            frequency: in Hz; several sound together.
            seconds: its duration.
            rate: samples per second.
            level: in dBFS.

        Raises:
            AudioError: a frequency that the rate cannot carry, or an impossible duration.
        """
        wanted = [frequency] if isinstance(frequency, int | float) else list(frequency)
        for each in wanted:
            if not 0 <= each <= rate / 2:
                raise AudioError(f"{each} Hz: a rate of {rate} carries 0 to {rate // 2} Hz")
        at = np.arange(_count(seconds, rate)) / rate
        wave = sum((np.sin(2 * np.pi * each * at) for each in wanted), np.zeros(len(at)))
        peak = math.sqrt(2 / max(1, len(wanted))) * 10 ** (level / 20)
        return cls(_to_int16(wave * peak), rate)

    @classmethod
    def keys(
        cls,
        digits: str,
        rate: int = RATE,
        seconds: float = KEY_SECONDS,
        pause: float = PAUSE_SECONDS,
    ) -> Self:
        """Return the tones of pressed keys.

        Args:
            digits: keys of ``0123456789*#ABCD``.
            rate: samples per second.
            seconds: duration of each.
            pause: silence after each.

        Raises:
            AudioError: an invalid key.
        """
        made = cls.silence(0, rate)
        for digit in digits:
            pair = dtmf.frequencies(digit)
            if pair is None:
                raise AudioError(f"{digit!r} is not a key: use {dtmf.KEYS}")
            made = made + cls.tone(pair, seconds, rate) + cls.silence(pause, rate)
        return made

    @classmethod
    def speech(cls, text: str, voice: str | None = None, rate: int | None = None) -> Self:
        """Return a spoken text, by espeak-ng or piper.

        Args:
            text: what to say.
            voice: a voice of espeak-ng (``de``, ``en-us``), or the path of a voice of piper.
            rate: samples per second; None: the program's.

        Raises:
            AudioError: neither program is installed, or it fails.
        """
        made = cls.decode(synthesis.synthesize(text, voice))
        return made if rate is None else made.resample(rate)

    # Facts.

    @property
    def duration(self) -> float:
        """Return its length in seconds."""
        return len(self.samples) / self.rate

    @property
    def floats(self) -> NDArray[np.float32]:
        """Return the samples as floats from -1 to 1."""
        if self.samples.dtype == np.float32:
            return self.samples.astype(np.float32)
        return (self.samples / np.float32(_FULL_SCALE)).astype(np.float32)

    @property
    def int16(self) -> NDArray[np.int16]:
        """Return the samples as 16-bit integers; floats beyond -1 and 1 are clipped."""
        if self.samples.dtype == np.int16:
            return self.samples.astype(np.int16)
        return _to_int16(self.samples.astype(np.float64))

    @property
    def level(self) -> float:
        """Return the mean level in dBFS: 0 is a full-scale square wave, -inf is silence.

        A full-scale sine has -3 dBFS.
        """
        if not len(self.samples):
            return -math.inf
        power = float(np.mean(self._wave() ** 2))
        return 10 * math.log10(power) if power > 0 else -math.inf

    def dtmf(self) -> str:
        """Return the keys that are heard, in order."""
        return "".join(key for key, _, _ in dtmf.detect(self._wave(), self.rate))

    def dtmf_times(self) -> list[tuple[str, float, float]]:
        """Return the keys that are heard, each with begin and end in seconds."""
        return dtmf.detect(self._wave(), self.rate)

    def speech_segments(
        self,
        threshold: float | None = None,
        min_silence: float = 0.3,
        min_speech: float = 0.1,
    ) -> list[tuple[float, float]]:
        """Return begin and end of each part with speech, in seconds.

        Only the energy counts, so that music and noise are speech, too.

        Args:
            threshold: level in dBFS; None: 12 dB above the quiet parts, between -50 and -30.
            min_silence: shorter pauses, in seconds, do not end a part.
            min_speech: shorter parts, in seconds, are left out.
        """
        return speech_detection.segments(
            self._wave(),
            self.rate,
            threshold=threshold,
            min_silence=min_silence,
            min_speech=min_speech,
        )

    def find(self, part: Sound) -> tuple[float, float]:
        """Return where a part is heard best, and how alike the two are there.

        Args:
            part: the sound to look for; at another rate it is resampled.

        Returns:
            Begin in seconds, and the correlation: 1 is equal up to the volume, 0 is unlike.
        """
        return _find(self._wave(), part.resample(self.rate)._wave(), self.rate)

    # Other sounds.

    def resample(self, rate: int) -> Self:
        """Return it at another rate, without frequencies that the new rate cannot carry."""
        if rate == self.rate:
            return self
        target = type(self)(self.samples[:0], rate)  # checks the rate
        made = resampling.resample(self._wave(), self.rate, target.rate)
        return type(self)(self._of(made), target.rate)

    def mix(self, other: Sound, at: float = 0.0) -> Self:
        """Return the mix of both; longer than this one if the other ends later.

        Args:
            other: the other sound; resampled if its rate differs.
            at: seconds after which the other begins.
        """
        begin = _count(at, self.rate)
        added = other.resample(self.rate)._wave()
        made = np.zeros(max(len(self.samples), begin + len(added)))
        made[: len(self.samples)] += self._wave()
        made[begin : begin + len(added)] += added
        return type(self)(self._of(made), self.rate)

    def frames(self, milliseconds: int = FRAME_MS) -> Iterator[Samples]:
        """Yield arrays of equal length, the last one filled with silence.

        Args:
            milliseconds: their length.
        """
        size = max(1, self.rate * milliseconds // 1000)
        for begin in range(0, len(self.samples), size):
            part = self.samples[begin : begin + size]
            if len(part) < size:
                part = np.concatenate([part, np.zeros(size - len(part), part.dtype)])
            yield part

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a file; its extension is the format: ``.wav`` (16 bits), ``.ulaw``, ``.sln16``, ….

        Raises:
            AudioError: unknown format, or one that has another rate.
            OSError: it cannot be written.
        """
        file = Path(path)
        file.write_bytes(self.encode(file.suffix[1:]))
        return file

    def encode(self, format: str = "wav") -> bytes:
        """Return the content of a file.

        Args:
            format: its extension.

        Raises:
            AudioError: unknown format, or one that has another rate.
        """
        return files.encode(self.int16, self.rate, format)

    # Python.

    def __len__(self) -> int:
        return len(self.samples)

    def __bool__(self) -> bool:
        return len(self.samples) > 0

    def __getitem__(self, part: slice) -> Self:
        if not isinstance(part, slice) or part.step is not None:
            raise AudioError("take a part by seconds, as sound[1.5:3]; sound.samples has samples")
        begin, end = (
            None if each is None else round(float(each) * self.rate)
            for each in (part.start, part.stop)
        )
        return type(self)(self.samples[begin:end], self.rate)

    def __add__(self, other: Sound) -> Self:
        if not isinstance(other, Sound):
            return NotImplemented
        other = other.resample(self.rate)
        if self.samples.dtype == other.samples.dtype:
            return type(self)(np.concatenate([self.samples, other.samples]), self.rate)
        return type(self)(np.concatenate([self.floats, other.floats]), self.rate)

    def __radd__(self, other: object) -> Self:
        return self if other == 0 else NotImplemented  # so that sum() joins sounds

    def __mul__(self, factor: float) -> Self:
        if isinstance(factor, bool) or not isinstance(factor, int | float | np.number):
            return NotImplemented
        return type(self)(self._of(self._wave() * float(factor)), self.rate)

    __rmul__ = __mul__

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if dtype is None or np.dtype(dtype) == self.samples.dtype:
            return self.samples.copy() if copy else self.samples
        if copy is False:
            raise ValueError(f"samples of {self.samples.dtype} are copied to be {np.dtype(dtype)}")
        return self.samples.astype(dtype)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sound):
            return NotImplemented
        return (
            self.rate == other.rate
            and self.samples.dtype == other.samples.dtype
            and np.array_equal(self.samples, other.samples)
        )

    def __hash__(self) -> int:
        return hash((self.rate, self.samples.tobytes()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (np.array(self.samples), self.rate)

    def __repr__(self) -> str:
        level = "silent" if self.level == -math.inf else f"{self.level:.1f} dBFS"
        kind = "" if self.samples.dtype == np.int16 else " float32"
        picture = f" {self.outline()}" if len(self.samples) else ""
        return f"<Sound {self.duration:.2f} s, {self.rate} Hz{kind}, {level}{picture}>"

    def peaks(self, count: int) -> list[float]:
        """Return the loudest sample of each of ``count`` parts, from 0 to 1."""
        wave = np.abs(self._wave())
        parts = np.array_split(wave, min(count, len(wave))) if len(wave) else []
        return [min(1.0, float(part.max())) for part in parts]

    def outline(self, count: int = 24) -> str:
        """Return its shape as a line of block characters."""
        peaks = self.peaks(count)
        loudest = max(peaks, default=0.0) or 1.0
        return "".join(_BLOCKS[min(7, int(peak / loudest * 8))] for peak in peaks)

    def _wave(self) -> NDArray[np.float64]:
        if self.samples.dtype == np.int16:
            return self.samples.astype(np.float64) / _FULL_SCALE
        return self.samples.astype(np.float64)

    def _of(self, wave: NDArray[np.float64]) -> Samples:
        """Return samples of this sound's type."""
        return _to_int16(wave) if self.samples.dtype == np.int16 else wave.astype(np.float32)


def _to_int16(wave: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(wave * _FULL_SCALE), -32768, 32767).astype(np.int16)


def _as_samples(given: ArrayLike) -> Samples:
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise AudioError(f"samples are an array of numbers: {error}") from None
    if array.dtype == object or array.dtype.kind not in "iuf":
        raise AudioError(f"samples are int16 or floats from -1 to 1, not {array.dtype}")
    if array.ndim == 2 and 1 <= array.shape[1] <= 32:
        array = array[:, 0] if array.shape[1] == 1 else _mean(array)
    if array.ndim != 1:
        raise AudioError(f"samples have one dimension, or samples by channels, not {array.shape}")
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise AudioError("samples are finite numbers: there is a NaN or an infinity")
        return array.astype(np.float32)
    if len(array) and (array.max() > 32767 or array.min() < -32768):
        raise AudioError("integer samples are of 16 bits, from -32768 to 32767")
    return array.astype(np.int16)


def _mean(array: NDArray[Any]) -> NDArray[Any]:
    mean = np.asarray(array.mean(axis=1))
    return mean if array.dtype.kind == "f" else np.rint(mean).astype(np.int64)


def _count(seconds: float, rate: int) -> int:
    if not 0 <= seconds <= LONGEST_SECONDS:  # also refuses NaN
        raise AudioError(f"a duration of {seconds} s: use 0 to {LONGEST_SECONDS:.0f}")
    return round(seconds * rate)


def _find(whole: NDArray[np.float64], part: NDArray[np.float64], rate: int) -> tuple[float, float]:
    size = len(part)
    energy = float(np.sum(part**2))
    if not size or not energy or len(whole) < size:
        return 0.0, 0.0
    length = 1 << (len(whole) + size - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(whole, length) * np.conj(np.fft.rfft(part, length)), length)[
        : len(whole) - size + 1
    ]
    sums = np.concatenate([[0.0], np.cumsum(whole**2)])
    around = np.maximum(sums[size:] - sums[:-size], 0.0)
    # Where there is next to nothing, rounding errors would look like a resemblance.
    alike = product / np.sqrt(energy * np.maximum(around, energy * 1e-6))
    at = int(np.argmax(alike))
    return at / rate, float(alike[at])
