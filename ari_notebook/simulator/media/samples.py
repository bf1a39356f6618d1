"""Audio samples: how signals sound, and the file formats that recordings are written in.

Speech is simulated by a steady tone, a pressed key by its two frequencies (ITU-T Q.23). Samples are
linear, of 16 bits, at 8,000 a second but for the formats of another rate. Formats that need a codec
are known by name, as in a real Asterisk. Those that Debian's Asterisk can encode (gsm, g722, …) are
written with the length of the audio, not with its sound; in the others (g729, …) nothing is
written, as by an Asterisk that has the format but no translator.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path

RATE = 8000
AMPLITUDE = 8000
SILENT_LEVEL = 256  # mean magnitude of 20 ms below which Asterisk finds silence (main/dsp.c)
SPEECH_HZ = 300.0

_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
_KEYS = ("123A", "456B", "789C", "*0#D")
_DTMF = {
    key: (float(low), float(high))
    for low, keys in zip(_ROWS, _KEYS, strict=True)
    for high, key in zip(_COLUMNS, keys, strict=True)
}


def key_frequencies(key: str) -> tuple[float, ...]:
    """Return the two frequencies of a DTMF key; none if it is not a key."""
    return _DTMF.get(key.upper(), ())


def _linear(samples: array[int]) -> bytes:
    if sys.byteorder == "big":  # files are little-endian
        samples = array("h", samples)
        samples.byteswap()
    return samples.tobytes()


def _ulaw_octet(sample: int) -> int:
    """Encode one sample by ITU-T G.711, mu-law."""
    sign = 0x80 if sample < 0 else 0
    value = min(abs(sample), 32635) + 0x84
    exponent = max(value.bit_length() - 8, 0)
    return ~(sign | exponent << 4 | (value >> (exponent + 3)) & 0x0F) & 0xFF


def _alaw_octet(sample: int) -> int:
    """Encode one sample by ITU-T G.711, A-law."""
    sign = 0 if sample < 0 else 0x80
    value = (~sample if sample < 0 else sample) >> 4
    segment = max(value.bit_length() - 4, 0)
    mantissa = (value >> max(segment - 1, 0)) & 0x0F
    return (sign | segment << 4 | mantissa) ^ 0x55


@cache
def _table(encode: Callable[[int], int]) -> bytes:
    return bytes(encode(sample if sample < 0x8000 else sample - 0x10000) for sample in range(65536))


def _companded(encode: Callable[[int], int]) -> Callable[[array[int]], bytes]:
    def encoded(samples: array[int]) -> bytes:
        table = _table(encode)
        return bytes(table[sample & 0xFFFF] for sample in samples)

    return encoded


def _wav(samples: array[int], rate: int = RATE) -> bytes:
    data = _linear(samples)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE")
    return head + form + struct.pack("<4sI", b"data", len(data)) + data


def _au(samples: array[int]) -> bytes:
    data = _companded(_ulaw_octet)(samples)
    return struct.pack(">4sIIIII", b".snd", 24, len(data), 1, RATE, 1) + data


_RATES = {
    f"sln{kilohertz}": 44100 if kilohertz == 44 else kilohertz * 1000
    for kilohertz in (12, 16, 24, 32, 44, 48, 96, 192)
} | {"wav16": 16000}
_ENCODERS: dict[str, Callable[[array[int]], bytes]] = {
    "wav": _wav,
    "wav16": lambda samples: _wav(samples, 16000),
    "au": _au,
    **dict.fromkeys(("sln", "slin", "raw"), _linear),
    **{format: _linear for format in _RATES if format != "wav16"},
    **dict.fromkeys(("ulaw", "ul", "mu", "ulw", "pcm"), _companded(_ulaw_octet)),
    **dict.fromkeys(("alaw", "al", "alw"), _companded(_alaw_octet)),
}
_CODED = (
    "g722 g726-16 g726-24 g726-32 g726-40 siren7 siren14 h263 h264 vp8 g729 ilbc opus g719 g723 "
    "g723sf vox spx spx16 spx32 gsm ogg WAV wav49"
)
FORMATS = frozenset((*_ENCODERS, *_CODED.split()))

_EXTENSIONS = {"wav49": "WAV"}


def _wav49(samples: array[int]) -> bytes:
    """Return silence as GSM in a RIFF file: 65 octets for 40 ms."""
    blocks = len(samples) // 320
    form = struct.pack("<4sIHHIIHHHH", b"fmt ", 20, 49, 1, RATE, 1625, 65, 0, 2, 320)
    fact = struct.pack("<4sII", b"fact", 4, blocks * 320)
    data = struct.pack("<4sI", b"data", blocks * 65) + bytes(blocks * 65)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form + fact + data), b"WAVE") + form + fact + data


def _frames(frame: bytes, milliseconds: int) -> Callable[[array[int]], bytes]:
    """Return a function that writes the same frame for each period of milliseconds."""
    return lambda samples: frame * (len(samples) * 1000 // RATE // milliseconds)


# Formats of which only the length of the audio is written; ogg and opus have no fixed length.
_SILENT: dict[str, Callable[[array[int]], bytes]] = {
    "gsm": _frames(b"\xd0" + bytes(32), 20),
    "g722": _frames(bytes(160), 20),
    "g726-16": _frames(bytes(40), 20),
    "g726-32": _frames(bytes(80), 20),
    "vox": _frames(bytes(80), 20),
    **dict.fromkeys(("WAV", "wav49"), _wav49),
    **dict.fromkeys(("ogg", "opus"), lambda samples: b""),
}


def is_known(format: str | None) -> bool:
    """Return whether Asterisk has a file format of this name or extension."""
    return format in FORMATS


def is_writable(format: str) -> bool:
    """Return whether Asterisk can write audio in a known format."""
    return format in _ENCODERS or format in _SILENT


def extension(format: str) -> str:
    """Return the extension that Asterisk gives a format's files."""
    return _EXTENSIONS.get(format, format)


def sample_rate(format: str) -> int:
    """Return the samples per second of a format."""
    return _RATES.get(format, RATE)


def encode(format: str, samples: array[int]) -> bytes:
    """Encode samples at the format's rate; empty if the format cannot be written."""
    encoder = _ENCODERS.get(format) or _SILENT.get(format)
    return encoder(samples) if encoder else b""


_OCTETS_A_SECOND = {
    "ulaw": 8000, "alaw": 8000, "pcm": 8000, "ul": 8000, "mu": 8000, "ulw": 8000, "al": 8000,
    "alw": 8000, "sln": 16000, "slin": 16000, "raw": 16000, "gsm": 1650, "g722": 8000,
    "g726-16": 2000, "g726-32": 4000, "vox": 4000,
}  # fmt: skip


def file_duration(path: Path) -> int:
    """Return a stored file's duration in ms from its size and header; 0 if unknown."""
    size = path.stat().st_size
    format = path.suffix[1:]
    if format in ("wav", "wav16"):
        with path.open("rb") as file:
            head = file.read(44)
        if len(head) < 44 or head[:4] != b"RIFF":
            return 0
        per_second = struct.unpack_from("<I", head, 28)[0]
        return (size - 44) * 1000 // per_second if per_second else 0
    if format == "au":
        return max(0, size - 24) * 1000 // RATE
    if format == "WAV":
        return max(0, size - 60) // 65 * 40
    if format in _RATES:
        return size * 1000 // (2 * _RATES[format])
    per_second = _OCTETS_A_SECOND.get(format, 0)
    return size * 1000 // per_second if per_second else 0


def extend(format: str, before: bytes, samples: array[int]) -> bytes:
    """Append samples to the content of an existing file."""
    head = {"wav": 44, "wav16": 44, "au": 24}.get(format, 0)
    after = encode(format, samples)
    if not head or len(before) < head:
        return before + after
    data = before[head:] + after[head:]
    if format == "au":
        return before[:8] + struct.pack(">I", len(data)) + before[12:head] + data
    size = struct.pack("<I", 36 + len(data))
    return before[:4] + size + before[8:40] + struct.pack("<I", len(data)) + data
