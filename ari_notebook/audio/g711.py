"""ITU-T G.711: 16-bit samples as 8-bit mu-law or A-law and back, by tables.

Every code but one survives a round trip: mu-law has two codes for zero, 0x7F and 0xFF, and zero is
encoded as 0xFF.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["alaw_decode", "alaw_encode", "ulaw_decode", "ulaw_encode"]

Samples: TypeAlias = NDArray[np.int16]

_BIAS, _CLIP = 0x84, 32635


@cache
def _ulaw_codes() -> NDArray[np.uint8]:
    """Return the code of each sample, indexed by the sample as an unsigned number."""
    sample = np.arange(0x10000, dtype=np.uint16).view(np.int16).astype(np.int32)
    value = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(value)).astype(np.int32) - 7
    mantissa = value >> (exponent + 3) & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    return np.asarray(~(sign | exponent << 4 | mantissa) & 0xFF, np.uint8)


@cache
def _ulaw_samples() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    value = (((code & 0x0F) << 3) + _BIAS << (code >> 4 & 7)) - _BIAS
    return np.where(code & 0x80, -value, value).astype(np.int16)


@cache
def _alaw_codes() -> NDArray[np.uint8]:
    sample = np.arange(0x10000, dtype=np.uint16).view(np.int16).astype(np.int32)
    value = np.where(sample < 0, ~sample, sample) >> 4
    segment = np.maximum(np.floor(np.log2(np.maximum(value, 1))).astype(np.int32) - 3, 0)
    mantissa = value >> np.maximum(segment - 1, 0) & 0x0F
    sign = np.where(sample < 0, 0, 0x80)
    return np.asarray((sign | segment << 4 | mantissa) ^ 0x55, np.uint8)


@cache
def _alaw_samples() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    segment, mantissa = code >> 4 & 7, (code & 0x0F) << 4
    value = np.where(segment == 0, mantissa + 8, mantissa + 0x108 << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, value, -value).astype(np.int16)


def ulaw_encode(samples: Samples) -> bytes:
    """Return samples as mu-law."""
    return _ulaw_codes()[samples.view(np.uint16)].tobytes()


def ulaw_decode(data: bytes) -> Samples:
    """Return the samples of mu-law."""
    return _ulaw_samples()[np.frombuffer(data, np.uint8)]


def alaw_encode(samples: Samples) -> bytes:
    """Return samples as A-law."""
    return _alaw_codes()[samples.view(np.uint16)].tobytes()


def alaw_decode(data: bytes) -> Samples:
    """Return the samples of A-law."""
    return _alaw_samples()[np.frombuffer(data, np.uint8)]
