"""Live tables as DataFrames with proper types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from ari_notebook.store.timestamps import microseconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of", "make", "nested_frame"]

Row = Mapping[str, Any]
_Columns = dict[str, tuple[tuple[str, ...], str]]


# Column → (path in a row, type). "time": Asterisk's text is converted to a timestamp.
_CHANNELS: _Columns = {
    "name": (("name",), "str"),
    "state": (("state",), "category"),
    "caller_name": (("caller", "name"), "str"),
    "caller_number": (("caller", "number"), "str"),
    "connected_name": (("connected", "name"), "str"),
    "connected_number": (("connected", "number"), "str"),
    "context": (("dialplan", "context"), "str"),
    "exten": (("dialplan", "exten"), "str"),
    "priority": (("dialplan", "priority"), "Int64"),
    "app_name": (("app_name",), "str"),
    "in_stasis": (("in_stasis",), "bool"),
    "bridge": (("bridge",), "str"),
    "playing": (("playing",), "str"),
    "recording": (("recording",), "str"),
    "created": (("creationtime",), "time"),
    "language": (("language",), "category"),
}
_BRIDGES: _Columns = {
    "name": (("name",), "str"),
    "bridge_type": (("bridge_type",), "category"),
    "technology": (("technology",), "category"),
    "channels": (("channels",), "tuple"),
    "bridge_class": (("bridge_class",), "category"),
    "creator": (("creator",), "category"),
    "video_mode": (("video_mode",), "category"),
    "created": (("creationtime",), "time"),
}
_PLAYBACKS: _Columns = {
    "media_uri": (("media_uri",), "str"),
    "next_media_uri": (("next_media_uri",), "str"),
    "target_uri": (("target_uri",), "str"),
    "language": (("language",), "category"),
    "state": (("state",), "category"),
}
_RECORDINGS: _Columns = {
    "format": (("format",), "category"),
    "state": (("state",), "category"),
    "target_uri": (("target_uri",), "str"),
}
_ENDPOINTS: _Columns = {
    "technology": (("technology",), "category"),
    "resource": (("resource",), "str"),
    "state": (("state",), "category"),
    "channel_ids": (("channel_ids",), "tuple"),
}
_DEVICE_STATES: _Columns = {
    "state": (("state",), "category"),
}
_TABLES = {
    "channels": (_CHANNELS, ("id",)),
    "bridges": (_BRIDGES, ("id",)),
    "playbacks": (_PLAYBACKS, ("id",)),
    "recordings": (_RECORDINGS, ("name",)),
    "endpoints": (_ENDPOINTS, ("technology", "resource")),
    "device_states": (_DEVICE_STATES, ("name",)),
}


def make(kind: str, rows: list[Row]) -> pd.DataFrame:
    """Return a DataFrame of a live table's rows, with the same types whether it is empty or not."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    columns, identity = _TABLES[kind]
    names = [_texts(_values(rows, (part,)), "") for part in identity]
    joined = names[0] if len(names) == 1 else map("/".join, zip(*names, strict=True))
    index = pd.Index([*joined], dtype="str")
    made: dict[str, Any] = {}
    for name, (path, type) in columns.items():
        values = _values(rows, path)
        if type == "time":
            times = np.array([*map(microseconds, values)], dtype="datetime64[us]")
            made[name] = pd.array(times, dtype=pd.DatetimeTZDtype("us", "UTC"))
        elif type == "str":
            made[name] = pd.array(_texts(values, ""), dtype="str")
        elif type == "category":
            made[name] = _category(_texts(values, None))
        elif type == "tuple":
            tuples = [tuple(v) if isinstance(v, list) else () for v in values]
            made[name] = pd.Series(tuples, dtype=object).array
        elif type == "Int64":
            fit = range(-(1 << 63), 1 << 63)  # a value of another type is missing
            numbers = [v if isinstance(v, int) and v in fit else None for v in values]
            made[name] = pd.array(numbers, dtype=pd.Int64Dtype())
        else:
            made[name] = np.array([*map(bool, values)], dtype=bool)
    return pd.DataFrame(made, index=index.rename("id"), copy=False)


def _category(texts: list[str | None]) -> pd.Categorical:
    """Return a category of few words in many rows, faster than pandas determines them."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    words = sorted(word for word in set(texts) if word is not None)
    codes: dict[str | None, int] = {None: -1, **{word: n for n, word in enumerate(words)}}
    numbers = np.array([codes[text] for text in texts], dtype=np.int32)
    return pd.Categorical.from_codes(numbers, pd.Index(words, dtype="str"), validate=False)


def _values(rows: list[Row], path: tuple[str, ...]) -> list[Any]:
    """Return one field of every row, or None if a row lacks it."""
    try:
        found: Iterable[Any] = rows
        for name in path:
            found = map(itemgetter(name), found)
        return list(found)
    except (KeyError, TypeError):  # then individually
        return [_value(row, path) for row in rows]


def _value(row: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(row, Mapping):
            return None
        row = row.get(name)
    return row


def _texts(values: list[Any], missing: str | None) -> list[str | None]:
    if set(map(type, values)) <= {str}:
        return values
    return [missing if value is None else str(value) for value in values]


def frame_of(
    items: list[dict[str, Any]],
    ids: list[str] | None = None,
    columns: list[str] | None = None,
    *,
    drop_id: bool = False,
) -> pd.DataFrame:
    """Return a DataFrame of JSON objects without conversions.

    Args:
        items: the objects, one per row.
        ids: the index, called ``id``; None: number the rows.
        columns: the columns; None: the objects' own.
        drop_id: leave out the column ``id``, which the index holds.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    index = None if ids is None else pd.Index(ids, name="id", dtype="str")
    table = pd.DataFrame(items, index=index, columns=columns)
    return table.drop(columns="id") if drop_id else table


def nested_frame(item: Any) -> pd.DataFrame:
    """Return one row of a JSON object, with a column ``outer.inner`` for each nested value."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    return pd.json_normalize(item)
