"""Tables of parts, with times as the analysis has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ari_notebook.store.dataframes import frame_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["table"]

_TIMES = ("begin", "answered", "end", "since")


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a DataFrame; times, in seconds since 1970, become UTC timestamps."""
    frame = frame_of([dict(row) for row in rows], None, list(columns))
    for column in set(_TIMES) & set(columns):
        frame[column] = frame[column].astype("float64").mul(1e9).astype("datetime64[ns]")
        frame[column] = frame[column].dt.tz_localize("UTC")
    return frame
