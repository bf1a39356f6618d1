"""DTMF tones (ITU-T Q.23): made, and found in samples by Goertzel's algorithm.

A key is the sum of one of four low and one of four high frequencies. Goertzel's filter measures one
frequency of a block; here all eight are measured for all blocks by one matrix product, which gives
the same numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["KEYS", "detect", "frequencies"]

_ROWS = (697, 770, 852, 941)
_COLUMNS = (1209, 1336, 1477, 1633)
_PAD = ("123A", "456B", "789C", "*0#D")
KEYS = "0123456789*#ABCD"

_BLOCK_SECONDS = 0.0256  # 205 samples at 8 kHz, the usual block
_TWIST = 10 ** (10 / 10)  # at most 10 dB between the two frequencies
_PURITY = 0.7  # part of a block's energy that the two frequencies have
_QUIETEST = 0.003  # of full scale, squared mean: nothing below about -50 dBFS
_CONFIRMED = 2  # half-overlapping blocks: a key of 40 ms, the shortest of ITU-T Q.24, has two


def frequencies(key: str) -> tuple[float, float] | None:
    """Return the low and the high frequency of a key in Hz; None if it is not a key."""
    for low, row in zip(_ROWS, _PAD, strict=True):
        if key and key.upper() in row:
            return float(low), float(_COLUMNS[row.index(key.upper())])
    return None


def detect(samples: NDArray[np.float64], rate: int) -> list[tuple[str, float, float]]:
    """Return the keys in samples, each with begin and end in seconds.

    Args:
        samples: from -1 to 1.
        rate: samples per second, at least 4,000.
    """
    block = round(_BLOCK_SECONDS * rate)
    hop = block // 2
    if len(samples) < block or rate < 4000:
        return []
    blocks = np.lib.stride_tricks.sliding_window_view(samples, block)[::hop]
    steps = np.outer(np.arange(block), np.array(_ROWS + _COLUMNS) / rate)
    found = blocks @ np.exp(-2j * np.pi * steps)
    power = 2 * np.abs(found / block) ** 2  # mean square of each frequency's sine
    low, high = power[:, :4], power[:, 4:]
    row, column = low.argmax(axis=1), high.argmax(axis=1)
    lowest, highest = low.max(axis=1), high.max(axis=1)
    total = np.mean(blocks**2, axis=1)
    both = lowest + highest
    good = (
        (both > _PURITY * total)
        & (total > _QUIETEST**2)
        & (lowest < _TWIST * highest)
        & (highest < _TWIST * lowest)
    )
    keys = [_PAD[row[at]][column[at]] if good[at] else "" for at in range(len(blocks))]
    seconds = hop / rate
    return [
        (key, begin * seconds, (end - 1) * seconds + block / rate)
        for key, begin, end in _runs(keys)
        if key and end - begin >= _CONFIRMED
    ]


def _runs(keys: list[str]) -> list[tuple[str, int, int]]:
    """Return equal neighbours as value, begin and end."""
    runs: list[tuple[str, int, int]] = []
    begin = 0
    for at in range(1, len(keys) + 1):
        if at == len(keys) or keys[at] != keys[begin]:
            runs.append((keys[begin], begin, at))
            begin = at
    return runs
