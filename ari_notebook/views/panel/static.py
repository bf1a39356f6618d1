"""The panel as text, for the shell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ari_notebook.connection.status import counted
from ari_notebook.views.display.cards import party
from ari_notebook.views.display.html import clean

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection

__all__ = ["snapshot_text"]

_MOST = 50
_TEXT = 60  # maximum characters of an untrusted text
_COLUMNS = ("channel", "state", "caller", "dialled", "bridge", "media")


def _rows(connection: Connection) -> list[tuple[str, ...]]:
    rows = list(connection.tables.channels.values())
    names = {id: row.get("name") or id for id, row in list(connection.tables.bridges.items())}
    return [
        _row(row, names.get(str(row.get("bridge")), row.get("bridge")))
        for row in sorted(rows, key=lambda row: str(row.get("bridge") or "~"))
    ]


def _row(row: dict[str, Any], bridge: object) -> tuple[str, ...]:
    dialplan = row.get("dialplan") or {}
    media = [f"playing {row['playing']}"] if row.get("playing") else []
    media += [f"recording {row['recording']}"] if row.get("recording") else []
    return tuple(
        clean(value, _TEXT)
        for value in (
            row.get("name") or row.get("id"),
            row.get("state"),
            party(row.get("caller")),
            f"{dialplan.get('exten', '')}@{dialplan.get('context', '')}",
            bridge,
            ", ".join(media),
        )
    )


def _headline(connection: Connection) -> str:
    channels = counted(len(connection.tables.channels), "channel")
    bridges = counted(len(connection.tables.bridges), "bridge")
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    state = connection.status.state
    return f"{connection.name}, {state}: {channels}, {bridges} at {at}"


def snapshot_text(connection: Connection) -> str:
    """Return the channels of a session as a table of text."""
    rows = _rows(connection)
    shown = [_COLUMNS, *rows[:_MOST]] if rows else []
    widths = [max(len(row[i]) for row in shown) for i in range(len(_COLUMNS))] if shown else []
    lines = [
        "  " + "  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
    more = [f"  … {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return "\n".join([_headline(connection), *lines, *more])
