"""Tables as Arrow C streams, for Polars, DuckDB and other consumers.

Rows are in memory as numpy arrays, some of them numbers into vocabularies. Arrow's dictionary
columns have the same form, so that the numbers are not copied. pyarrow creates the stream; it is
optional, because it takes more space than all other dependencies together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import orjson

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ArrowStream"]


class ArrowStream:
    """An object with a DataFrame, ``df``, readable as Arrow: ``polars.DataFrame(ari.events)``."""

    _json_columns: ClassVar[frozenset[str]] = frozenset()  # of dicts, passed to Arrow as JSON

    if TYPE_CHECKING:

        @property
        def df(self) -> pd.DataFrame:
            """The rows as a DataFrame."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the rows as a PyCapsule of an Arrow C stream; an index becomes a column.

        Raises:
            ImportError: pyarrow is not installed.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415  optional
        except ImportError:
            raise ImportError("reading this as Arrow needs pyarrow: pip install pyarrow") from None
        frame = self.df
        if frame.index.name is not None:
            frame = frame.reset_index()
        arrays = {
            name: _array(pa, frame[name], as_json=name in self._json_columns)
            for name in frame.columns
        }
        return pa.table(arrays).__arrow_c_stream__(requested_schema)


def _array(pa: Any, column: pd.Series[Any], as_json: bool) -> Any:
    """Create an Arrow array whose type does not depend on the column's values."""
    if column.dtype == "category":
        codes = column.cat.codes.to_numpy()
        words = pa.array(column.cat.categories, pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), words)
    if column.dtype == "str":
        return pa.array(column, pa.string(), from_pandas=True)
    if column.dtype == np.dtype(object):
        if not as_json and all(isinstance(value, tuple) for value in column):
            return pa.array(column, pa.list_(pa.string()))
        texts = [orjson.dumps(value, default=str).decode() for value in column]
        return pa.array(texts, pa.string())
    return pa.array(column, from_pandas=True)
