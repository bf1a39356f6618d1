"""The audio formats of Asterisk: ulaw, alaw and slin at 8 to 192 kHz, and opus with its library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ari_notebook.audio import g711
from ari_notebook.audio.errors import AudioError

__all__ = ["CODECS", "FRAME_MS", "Codec", "codec_named", "slin_of"]

FRAME_MS = 20  # duration of a frame, as Asterisk sends it


def _pcm_encode(samples: NDArray[np.int16]) -> bytes:
    return samples.astype("<i2", copy=False).tobytes()


def _pcm_decode(data: bytes) -> NDArray[np.int16]:
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)


@dataclass(frozen=True, slots=True)
class Codec:
    """An audio format.

    Attributes:
        name: Asterisk's name of it.
        rate: samples per second.
        width: octets per sample; 0: each message is a packet of a size of its own.
        encode: returns 16-bit samples as bytes.
        decode: returns the 16-bit samples of bytes; half a sample at the end is dropped.
    """

    name: str
    rate: int
    width: int
    encode: Callable[[NDArray[np.int16]], bytes]
    decode: Callable[[bytes], NDArray[np.int16]]

    @property
    def frame_samples(self) -> int:
        """Return the samples of a frame of 20 ms."""
        return self.rate * FRAME_MS // 1000

    @property
    def frame_octets(self) -> int:
        """Return the octets of a frame of 20 ms."""
        return self.frame_samples * self.width


_SLIN_RATES = (8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000)
_SLIN = {rate: f"slin{rate // 1000}" if rate != 8000 else "slin" for rate in _SLIN_RATES}

CODECS = {
    "ulaw": Codec("ulaw", 8000, 1, g711.ulaw_encode, g711.ulaw_decode),
    "alaw": Codec("alaw", 8000, 1, g711.alaw_encode, g711.alaw_decode),
    **{name: Codec(name, rate, 2, _pcm_encode, _pcm_decode) for rate, name in _SLIN.items()},
}


def codec_named(name: str) -> Codec:
    """Return the codec of a format; of opus a new one, since it remembers what came before.

    Raises:
        AudioError: the format is unknown, or needs a library.
    """
    if name == "opus":
        return _opus()
    try:
        return CODECS[name]
    except KeyError:
        raise AudioError(f"no codec for {name!r}: use one of {', '.join(CODECS)}, opus") from None


def _opus() -> Codec:
    """Return a codec of opus at 48 kHz, with 20 ms in a packet.

    Raises:
        AudioError: opuslib-next or the library libopus is not installed.
    """
    try:
        import opuslib_next  # noqa: PLC0415  optional: the extra "opus"
    except Exception as error:  # noqa: BLE001  a bare one where libopus is missing
        raise AudioError(
            "opus needs a library: pip install opuslib-next, and libopus of your system "
            f"(Debian: apt install libopus0); {error}"
        ) from None
    rate = 48_000
    size = rate * FRAME_MS // 1000
    encoder = opuslib_next.Encoder(rate, 1, "voip")
    decoder = opuslib_next.Decoder(rate, 1)

    def decode(data: bytes) -> NDArray[np.int16]:
        try:
            return _pcm_decode(decoder.decode(data, size))
        except opuslib_next.OpusError:
            return np.zeros(size, np.int16)  # damaged: silence in its place

    def encode(samples: NDArray[np.int16]) -> bytes:
        return bytes(encoder.encode(_pcm_encode(samples), size))

    return Codec("opus", rate, 0, encode, decode)


def slin_of(rate: int) -> Codec:
    """Return the linear codec of a rate.

    Raises:
        AudioError: Asterisk has no linear format of that rate.
    """
    if rate not in _SLIN:
        rates = ", ".join(map(str, _SLIN_RATES))
        raise AudioError(f"Asterisk has no linear audio at {rate!r} Hz: use one of {rates}")
    return CODECS[_SLIN[rate]]
