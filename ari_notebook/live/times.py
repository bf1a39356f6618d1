"""Asterisk's timestamps as numbers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

__all__ = ["NO_TIME", "Times"]

NO_TIME = np.iinfo(np.int64).min  # pandas reads it as NaT
_MOST_SECONDS = 1000


class Times:
    """Reads timestamps that lie close together, as events' do: each second is read once."""

    def __init__(self) -> None:
        self._seconds: dict[str, int] = {}

    def microseconds(self, text: Any) -> int:
        """Asterisk's ``2026-11-23T11:03:22.123+0000``, or any of ISO 8601, since 1970.

        Returns:
            `NO_TIME` where it is none.
        """
        try:
            second, milliseconds = text[:19] + text[23:], int(text[20:23])
            base = self._seconds.get(second)
            if base is None:
                parsed = datetime.strptime(second, "%Y-%m-%dT%H:%M:%S%z")
                if len(self._seconds) >= _MOST_SECONDS:
                    self._seconds.clear()
                base = self._seconds[second] = int(parsed.timestamp()) * 1_000_000
            return base + milliseconds * 1000
        except (TypeError, ValueError):
            pass
        try:  # an event of ours, or of another make
            return int(datetime.fromisoformat(text).timestamp() * 1_000_000)
        except (TypeError, ValueError):
            return NO_TIME
