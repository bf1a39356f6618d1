"""DataFrames that share arrays with the event log, by pandas' copy-on-write.

pandas copies an array before it writes to it if another DataFrame has it too. The log keeps such a
DataFrame for each that it returns, as long as anything made from that one still has an array of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SharedFrames", "can_share"]


def can_share() -> bool:
    """Return whether this pandas copies on write."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    return int(pd.__version__.partition(".")[0]) >= 3


class SharedFrames:
    """DataFrames of read-only arrays, whose readers may nevertheless write into their own."""

    def __init__(self) -> None:
        self._kept: list[pd.DataFrame] = []

    def share(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a DataFrame of the same arrays, which pandas copies before it writes to them.

        Args:
            frame: a new DataFrame of read-only arrays; no other code has a reference to it.
        """
        self._kept = [*filter(_is_in_use, self._kept), frame]
        return frame.copy(deep=False)


def _is_in_use(frame: pd.DataFrame) -> bool:
    """Return whether another DataFrame has one of its arrays."""
    return any(block.refs.has_reference() for block in frame._mgr.blocks)
