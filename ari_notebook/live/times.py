"""Asterisk's timestamps as numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

__all__ = ["NO_TIME", "microseconds"]

NO_TIME = np.iinfo(np.int64).min  # pandas reads it as NaT
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(text: Any) -> int:
    """A time of ISO 8601, as Asterisk's ``2026-11-23T11:03:22.123+0000``, since 1970.

    Returns:
        `NO_TIME` where it is none, or does not say its zone.
    """
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except (TypeError, ValueError):
        return NO_TIME
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
