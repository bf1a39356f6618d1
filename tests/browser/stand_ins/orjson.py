"""orjson by the standard library, for a Pyodide without its wheel: tests only."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable
from typing import Any

OPT_INDENT_2, OPT_SORT_KEYS, OPT_APPEND_NEWLINE, OPT_NON_STR_KEYS, OPT_SERIALIZE_NUMPY = (
    1,
    2,
    4,
    8,
    16,
)
OPT_NAIVE_UTC, OPT_UTC_Z = 32, 64
JSONDecodeError = json.JSONDecodeError
JSONEncodeError = TypeError


def loads(text: bytes | bytearray | memoryview | str) -> Any:
    """Return the value of a JSON text."""
    if not isinstance(text, str):
        try:
            text = bytes(text).decode()
        except UnicodeDecodeError as error:
            raise JSONDecodeError("invalid UTF-8", "", 0) from error

    def refuse(constant: str) -> None:
        raise JSONDecodeError(f"{constant} is not JSON", str(text), 0)

    return json.loads(text, parse_constant=refuse)


def dumps(
    value: Any, default: Callable[[Any], Any] | None = None, option: int | None = None
) -> bytes:
    """Return a value's JSON."""
    option = option or 0

    def convert(other: Any) -> Any:
        if dataclasses.is_dataclass(other) and not isinstance(other, type):
            return dataclasses.asdict(other)
        if isinstance(other, datetime.datetime | datetime.date):
            return other.isoformat()
        if default is not None:
            return default(other)
        raise TypeError(f"Type is not JSON serializable: {type(other).__name__}")

    text = json.dumps(
        value,
        default=convert,
        ensure_ascii=False,
        indent=2 if option & OPT_INDENT_2 else None,
        separators=None if option & OPT_INDENT_2 else (",", ":"),
        sort_keys=bool(option & OPT_SORT_KEYS),
    )
    return (text + ("\n" if option & OPT_APPEND_NEWLINE else "")).encode()
