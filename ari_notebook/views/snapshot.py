"""The panel without a panel: as text in the shell, as plain HTML in a saved notebook."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ari_notebook.status import counted
from ari_notebook.views.cards import party
from ari_notebook.views.forms import table_html
from ari_notebook.views.markup import Markup, clean, element

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["board_html", "board_text"]

_MOST = 50
_TEXT = 60  # characters of a text from outside
_COLUMNS = ("channel", "state", "caller", "dialled", "bridge", "media")


def _rows(session: Session) -> list[tuple[str, ...]]:
    rows = list(session.tables.channels.values())
    names = {id: row.get("name") or id for id, row in list(session.tables.bridges.items())}
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


def _headline(session: Session) -> str:
    channels = counted(len(session.tables.channels), "channel")
    bridges = counted(len(session.tables.bridges), "bridge")
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    state = session.status.state
    return f"{session.name}, {state}: {channels}, {bridges} at {at}"


def board_text(session: Session) -> str:
    """The channels of a session as a table of text."""
    rows = _rows(session)
    shown = [_COLUMNS, *rows[:_MOST]] if rows else []
    widths = [max(len(row[i]) for row in shown) for i in range(len(_COLUMNS))] if shown else []
    lines = [
        "  " + "  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
    more = [f"  … {len(rows) - _MOST} more"] if len(rows) > _MOST else []
    return "\n".join([_headline(session), *lines, *more])


def board_html(session: Session) -> Markup:
    """The channels of a session as plain HTML, for where no kernel runs."""
    rows = _rows(session)
    said = "A picture of the panel when it was saved; for a live one run: %ari panel"
    more = f"… {len(rows) - _MOST} more" if len(rows) > _MOST else None
    return element(
        "div",
        element("p", element("strong", _headline(session)), " ", said),
        table_html(_COLUMNS, rows[:_MOST]) if rows else None,
        element("p", more) if more else None,
        class_="ari-snapshot",
    )
