"""Asterisk's timestamps as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NO_TIME", "iso", "many_microseconds", "microseconds"]

NO_TIME = np.iinfo(np.int64).min  # pandas reads it as NaT
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Positions in Asterisk's 2026-11-23T11:03:22.123+0000: seconds, point, zone.
_LENGTH, _SECONDS, _POINT, _ZONE = 28, 17, 19, 23


def microseconds(text: Any) -> int:
    """Convert an ISO 8601 time such as Asterisk's ``2026-11-23T11:03:22.123+0000``.

    Returns:
        Microseconds since 1970; `NO_TIME` if it is invalid or lacks a time zone.
    """
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except (TypeError, ValueError):
        return NO_TIME
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def iso(at: float) -> str:
    """Return a time in seconds since 1970 as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def many_microseconds(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Convert many times; those in Asterisk's form at once, with one date per minute.

    Returns:
        As `microseconds` for each of them.
    """
    joined = "".join(texts)
    if set(map(len, texts)) == {_LENGTH} and joined.isascii():
        octets = np.frombuffer(joined.encode(), dtype=np.uint8).reshape(-1, _LENGTH)
        digits = octets[:, _SECONDS:_ZONE] - ord("0")  # negative values become large numbers
        if (
            (np.delete(digits, _POINT - _SECONDS, axis=1) <= 9).all()
            and (digits[:, 0] <= 5).all()
            and (octets[:, _POINT] == ord(".")).all()
        ):
            minutes = np.hstack([octets[:, :_SECONDS], octets[:, _ZONE:]])
            changes = np.flatnonzero((minutes[1:] != minutes[:-1]).any(axis=1)) + 1
            firsts = [0, *changes.tolist()]
            begins = [
                microseconds(f"{text[:_SECONDS]}00.000{text[_ZONE:]}")
                for text in map(texts.__getitem__, firsts)
            ]
            begin = np.repeat(np.array(begins), np.diff([*firsts, len(texts)]).astype(np.intp))
            since = digits @ np.array([10_000, 1_000, 0, 100, 10, 1]) * 1000
            return np.where(begin == NO_TIME, NO_TIME, begin + since)
    return np.array([*map(microseconds, texts)], dtype=np.int64)
