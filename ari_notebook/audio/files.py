"""Audio files: WAV, AU, and the raw formats that Asterisk keeps by their extension.

The reader takes what recorders write: WAV of 8 to 32 bits, of floats or of G.711, with more than
one channel (their mean is taken), and with a length that the writer could not know.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from ari_notebook.audio import g711
from ari_notebook.audio.codecs import CODECS, Codec
from ari_notebook.audio.errors import AudioError

__all__ = ["EXTENSIONS", "decode", "encode", "wav"]

_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_AU_ULAW, _AU_PCM16, _AU_ALAW = 1, 3, 27

# Extension → codec, as Asterisk's format modules name their files.
_RAW: dict[str, Codec] = {
    **dict.fromkeys(("ulaw", "ul", "mu", "ulw", "pcm"), CODECS["ulaw"]),
    **dict.fromkeys(("alaw", "al", "alw"), CODECS["alaw"]),
    **dict.fromkeys(("sln", "slin", "raw"), CODECS["slin"]),
    **{
        f"sln{name.removeprefix('slin')}": codec
        for name, codec in CODECS.items()
        if name.startswith("slin") and name != "slin"
    },
}
EXTENSIONS = ("wav", "wav16", "au", *_RAW)

Decoded = tuple[NDArray[np.int16] | NDArray[np.float32], int]


def decode(data: bytes, format: str = "") -> Decoded:
    """Return the samples of a file, and their rate.

    Args:
        data: the content.
        format: the file's extension; WAV and AU are known by their content.

    Raises:
        AudioError: unknown format, or damaged content.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _read_wav(data)
    if data[:4] == b".snd":
        return _read_au(data)
    codec = _RAW.get(format.lower())
    if codec is None:
        raise AudioError(
            f"no reader for {format or 'this content'}: Asterisk converts a file with "
            f"'file convert x.{format or 'gsm'} x.wav'; known are {', '.join(EXTENSIONS)}"
        )
    return codec.decode(data), codec.rate


def encode(samples: NDArray[np.int16], rate: int, format: str) -> bytes:
    """Return the content of a file.

    Args:
        samples: one channel.
        rate: samples per second.
        format: the file's extension.

    Raises:
        AudioError: unknown format, or one that has another rate.
    """
    format = format.lower()
    if format in ("wav", "wav16"):
        return wav(samples, rate)
    if format == "au":
        payload = g711.ulaw_encode(samples)
        return struct.pack(">4s5I", b".snd", 24, len(payload), _AU_ULAW, rate, 1) + payload
    codec = _RAW.get(format)
    if codec is None:
        raise AudioError(f"no writer for {format!r}: use one of {', '.join(EXTENSIONS)}")
    if codec.rate != rate:
        raise AudioError(f".{format} has {codec.rate} samples a second: .resample({codec.rate})")
    return codec.encode(samples)


def wav(samples: NDArray[np.int16], rate: int) -> bytes:
    """Return a WAV file of 16-bit samples."""
    payload = samples.astype("<i2").tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, rate, 2 * rate, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(payload), b"WAVE")
        + form
        + struct.pack("<4sI", b"data", len(payload))
        + payload
    )


def _read_wav(data: bytes) -> Decoded:
    form: tuple[int, int, int, int] | None = None  # tag, channels, rate, bits
    at = 12
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        at += 8
        body = data[at : at + length]  # a length beyond the end means: up to the end
        if name == b"fmt ":
            if len(body) < 16:
                break
            tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if tag == _EXTENSIBLE and len(body) >= 26:
                tag = struct.unpack_from("<H", body, 24)[0]
            form = tag, channels, rate, bits
        elif name == b"data" and form is not None:
            return _mono(_wav_samples(body, form[0], form[3]), form[1]), _rate(form[2])
        at += length + length % 2
    raise AudioError("a damaged WAV file: it has no format or no data")


def _wav_samples(body: bytes, tag: int, bits: int) -> NDArray[np.int16] | NDArray[np.float32]:
    width = bits // 8
    body = body[: len(body) // width * width] if width else b""
    match tag, bits:
        case _ if tag == _ULAW and bits == 8:
            return g711.ulaw_decode(body)
        case _ if tag == _ALAW and bits == 8:
            return g711.alaw_decode(body)
        case _ if tag == _FLOAT and bits in (32, 64):
            return np.frombuffer(body, f"<f{width}").astype(np.float32)
        case _ if tag == _PCM and bits == 8:
            return ((np.frombuffer(body, np.uint8).astype(np.int16) - 128) << 8).astype(np.int16)
        case _ if tag == _PCM and bits == 16:
            return np.frombuffer(body, "<i2").astype(np.int16)
        case _ if tag == _PCM and bits in (24, 32):
            octets = np.frombuffer(body, np.uint8).reshape(-1, width)
            whole = np.zeros((len(octets), 4), np.uint8)
            whole[:, 4 - width :] = octets
            return (whole.view("<i4")[:, 0] / np.float64(1 << 31)).astype(np.float32)
    raise AudioError(f"a WAV file of format {tag} with {bits} bits: convert it to 16-bit PCM")


def _read_au(data: bytes) -> Decoded:
    if len(data) < 24:
        raise AudioError("a damaged AU file: it ends in its header")
    _, begin, length, encoding, rate, channels = struct.unpack_from(">4s5I", data)
    body = data[begin:] if length == 0xFFFFFFFF else data[begin : begin + length]
    if encoding == _AU_ULAW:
        return _mono(g711.ulaw_decode(body), channels), _rate(rate)
    if encoding == _AU_ALAW:
        return _mono(g711.alaw_decode(body), channels), _rate(rate)
    if encoding == _AU_PCM16:
        body = body[: len(body) // 2 * 2]
        return _mono(np.frombuffer(body, ">i2").astype(np.int16), channels), _rate(rate)
    raise AudioError(f"an AU file of encoding {encoding}: convert it to WAV")


def _rate(rate: int) -> int:
    if not rate:
        raise AudioError("a damaged file: it has 0 samples a second")
    return rate


def _mono(
    samples: NDArray[np.int16] | NDArray[np.float32], channels: int
) -> NDArray[np.int16] | NDArray[np.float32]:
    if channels == 1:
        return samples
    if not channels:
        raise AudioError("a damaged file: it has no channel")
    whole = samples[: len(samples) // channels * channels].reshape(-1, channels)
    mean = np.asarray(whole.mean(axis=1))
    return np.rint(mean).astype(np.int16) if samples.dtype == np.int16 else mean.astype(np.float32)
