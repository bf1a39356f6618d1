"""The text form of this package's tables in a shell: the terminal's width, essential columns first.

pandas shows the first and the last columns of a table that is too wide. Here columns have an order
of importance: those that fit are shown, the others are named below.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd

__all__ = ["table_text"]

_ROWS = 40
_WIDEST, _NARROWEST = 36, 12  # maximum characters of a cell
# Columns that identify a table, and its columns by importance.
_TABLES: tuple[tuple[frozenset[str], tuple[str, ...]], ...] = (
    (
        frozenset({"timestamp", "type", "detail", "channel_name"}),
        ("timestamp", "type", "channel_name", "detail", "state", "application", "origin"),
    ),
    (
        frozenset({"method", "path", "curl"}),
        ("time", "method", "path", "status", "milliseconds", "message", "params"),
    ),
    (
        frozenset({"begin", "disposition", "called"}),
        ("begin", "caller", "called", "disposition", "talk", "cause_txt", "media", "digits"),
    ),
    (
        frozenset({"caller_number", "in_stasis", "exten"}),
        ("name", "state", "caller_number", "exten", "caller_name", "app_name", "playing", "bridge"),
    ),
    (frozenset({"bridge_type", "technology"}), ("bridge_type", "technology", "channels", "name")),
    (frozenset({"media_uri", "target_uri"}), ("media_uri", "state", "target_uri")),
    (frozenset({"duration", "target_uri"}), ("state", "format", "duration", "target_uri")),
    (frozenset({"technology", "resource"}), ("state", "channel_ids")),
    (frozenset({"channel_ids", "bridge_ids"}), ("channel_ids", "bridge_ids", "endpoint_ids")),
    (frozenset({"url", "applications", "used"}), ("state", "applications", "used", "url")),
    (frozenset({"about", "steps", "minutes"}), ("done", "minutes", "steps", "about", "notebook")),
    (frozenset({"formats"}), ("text", "formats")),
    (frozenset({"on", "runs", "failures"}), ("on", "runs", "failures", "waiting", "dropped")),
)


def table_text(table: pd.DataFrame, width: int | None = None) -> str:
    """Return a table as text.

    Args:
        table: any DataFrame; others, and tables that fit, are shown by pandas.
        width: width in characters; None: the terminal's.
    """
    width = width or shutil.get_terminal_size().columns
    names = [str(name) for name in table.columns]
    order = next((order for known, order in _TABLES if known <= set(names)), None)
    if order is None:
        return repr(table)
    if table.empty:
        return _wrapped(f"[no rows; columns {', '.join(names)}]", width)
    shown = table.iloc[-_ROWS:]
    columns = [[str(name) for name in shown.index]] if table.index.name else []
    heads = [str(table.index.name)] if columns else []
    left = width - (_width(heads[0], columns[0]) if columns else 0)
    chosen: list[str] = []
    for name in (each for each in order if each in names):
        cells = [_cell(value) for value in shown[name]]
        if not any(cells):
            continue
        gap = 2 if heads else 0
        most = min(_WIDEST, max(left - gap, _NARROWEST))
        cells = [cell if len(cell) <= most else f"{cell[: most - 1]}…" for cell in cells]
        needed = _width(name, cells) + gap
        if needed > left and chosen:
            continue
        left -= needed
        heads.append(name)
        columns.append(cells)
        chosen.append(name)
    rows = zip(*columns, strict=True)
    widths = [_width(head, cells) for head, cells in zip(heads, columns, strict=True)]
    lines = [_line(heads, widths), *(_line(row, widths) for row in rows)]
    hidden = [name for name in names if name not in chosen]
    before = f", the last {len(shown)}" if len(shown) < len(table) else ""
    more = f"; also {', '.join(hidden)}" if hidden else ""
    return "\n".join([*lines, _wrapped(f"[{len(table)} rows{before}{more}]", width)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def _width(head: str, cells: Sequence[str]) -> int:
    return max(len(head), *map(len, cells))


def _wrapped(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 2]}…]"


def _cell(value: Any) -> str:
    """Return a value in a few characters: the time of day of a time, the members of a list."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    if isinstance(value, dict):
        return " ".join(map(_cell, value.values()))
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%H:%M:%S.%f")[:-3]
    if isinstance(value, float):
        return f"{value:.1f}"
    return " ".join(str(value).split())
