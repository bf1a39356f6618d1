"""Live tables as DataFrames with proper types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["make"]

Row = Mapping[str, Any]


def _path(name: str, inner: str | None = None) -> Callable[[Row], Any]:
    if inner is None:
        return lambda row: row.get(name)

    def read(row: Row) -> Any:
        value = row.get(name)
        return value.get(inner) if type(value) is dict else None

    return read


# Column → (how it is read, its type). A type of "time" is Asterisk's text made a timestamp.
_CHANNELS: dict[str, tuple[Callable[[Row], Any], str]] = {
    "name": (_path("name"), "str"),
    "state": (_path("state"), "category"),
    "caller_name": (_path("caller", "name"), "str"),
    "caller_number": (_path("caller", "number"), "str"),
    "connected_name": (_path("connected", "name"), "str"),
    "connected_number": (_path("connected", "number"), "str"),
    "context": (_path("dialplan", "context"), "str"),
    "exten": (_path("dialplan", "exten"), "str"),
    "priority": (_path("dialplan", "priority"), "Int64"),
    "app_name": (_path("app_name"), "str"),
    "in_stasis": (_path("in_stasis"), "bool"),
    "bridge": (_path("bridge"), "str"),
    "playing": (_path("playing"), "str"),
    "recording": (_path("recording"), "str"),
    "created": (_path("creationtime"), "time"),
    "language": (_path("language"), "category"),
}
_BRIDGES: dict[str, tuple[Callable[[Row], Any], str]] = {
    "name": (_path("name"), "str"),
    "bridge_type": (_path("bridge_type"), "category"),
    "technology": (_path("technology"), "category"),
    "channels": (lambda row: tuple(row.get("channels", ())), "object"),
    "bridge_class": (_path("bridge_class"), "category"),
    "creator": (_path("creator"), "category"),
    "video_mode": (_path("video_mode"), "category"),
    "created": (_path("creationtime"), "time"),
}
_PLAYBACKS: dict[str, tuple[Callable[[Row], Any], str]] = {
    "media_uri": (_path("media_uri"), "str"),
    "next_media_uri": (_path("next_media_uri"), "str"),
    "target_uri": (_path("target_uri"), "str"),
    "language": (_path("language"), "category"),
    "state": (_path("state"), "category"),
}
_RECORDINGS: dict[str, tuple[Callable[[Row], Any], str]] = {
    "format": (_path("format"), "category"),
    "state": (_path("state"), "category"),
    "target_uri": (_path("target_uri"), "str"),
}
_ENDPOINTS: dict[str, tuple[Callable[[Row], Any], str]] = {
    "technology": (_path("technology"), "category"),
    "resource": (_path("resource"), "str"),
    "state": (_path("state"), "category"),
    "channel_ids": (lambda row: tuple(row.get("channel_ids", ())), "object"),
}
_DEVICE_STATES: dict[str, tuple[Callable[[Row], Any], str]] = {
    "state": (_path("state"), "category"),
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
    """A DataFrame of a live table's rows, with the same types whether it is empty or not."""
    import pandas as pd

    columns, identity = _TABLES[kind]
    index = pd.Index(["/".join(str(row[n]) for n in identity) for row in rows], dtype="str")
    made: dict[str, Any] = {}
    for name, (read, type) in columns.items():
        values = [read(row) for row in rows]
        if type == "time":
            times = pd.to_datetime(pd.Series(values, dtype="str"), utc=True, errors="coerce")
            made[name] = times.dt.as_unit("us").array
        elif type == "str":
            texts = [
                value if isinstance(value, str) else "" if value is None else str(value)
                for value in values
            ]
            made[name] = pd.array(texts, dtype="str")
        elif type == "category":
            made[name] = pd.Categorical([None if v is None else str(v) for v in values])
        elif type == "object":
            made[name] = pd.Series(values, dtype=object).array
        else:
            made[name] = pd.array(values, dtype=type)  # type: ignore[call-overload]
    return pd.DataFrame(made, index=index.rename("id"))
