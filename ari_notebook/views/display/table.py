"""A DataFrame of this package as a readable table: few columns, names, states as words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from ari_notebook.connection.status import counted
from ari_notebook.views.display.columns import COLUMNS, Column, moment, plain
from ari_notebook.views.display.html import Markup, element
from ari_notebook.views.display.names import Names
from ari_notebook.views.display.render import framed

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection

__all__ = ["Opener", "TableKind", "kind_of", "table_view"]

_ROWS = 50
_NOUNS = {"device_states": "device state", "mailboxes": "mailbox"}
_EMPTY = {
    "channels": "No channels now. A call makes one: %ari call 1000",
    "bridges": "No bridges now. This makes one: %ari bridge create sales",
    "events": "No events yet. A call makes some: %ari call 1000",
    "calls": "No calls yet. This makes one: %ari call 1000",
    "playbacks": "Nothing is played now.",
    "recordings": "No recordings.",
    "sounds": "No sound has that in its name or words.",
}


@dataclass(frozen=True, slots=True)
class TableKind:
    """The content of a table.

    Attributes:
        name: name such as ``channels``, in `COLUMNS` or not.
        python: its Python expression, such as ``ari.channels.df``.
        last: whether the newest rows are last; of a long table, these are shown.
    """

    name: str
    python: str = ""
    last: bool = False

    @property
    def noun(self) -> str:
        """The noun for a row."""
        return _NOUNS.get(self.name, self.name.removesuffix("s"))


@dataclass(frozen=True, slots=True)
class Opener:
    """The button of a row.

    Attributes:
        ask: the page's request when it is pressed.
        label: its accessible label.
        shown: the button's text.
        words: the spoken text of a sound.
    """

    ask: str
    label: str
    shown: str = "▸"
    words: str | None = None


def kind_of(name: str) -> TableKind:
    """Return the kind of the table that a verb shows."""
    last = name in ("events", "requests", "calls")
    return TableKind(name, f"ari.{name}.df", last)


def table_view(
    frame: pd.DataFrame,
    kind: TableKind,
    connection: Connection | None,
    *,
    openers: Mapping[str, Opener] | None = None,
    now: float | None = None,
) -> Markup:
    """Return a table as HTML.

    Args:
        frame: the rows.
        kind: the content of the table.
        connection: source of names for ids.
        openers: buttons by row id; None: a static table.
        now: seconds since 1970; None: the present.
    """
    now = time.time() if now is None else now
    shown = frame.iloc[-_ROWS:] if kind.last else frame.iloc[:_ROWS]
    head = _caption(kind, len(frame), len(shown), now)
    if frame.empty:
        return framed(head, element("p", _EMPTY.get(kind.name, "Nothing."), class_="k"))
    columns = COLUMNS.get(kind.name) or _generic(frame)
    names = Names(connection)
    rows = list(_rows(shown))
    cells = [[column.cell(row, names, now) for column in columns] for row in rows]
    used = [place for place in range(len(columns)) if any(line[place] for line in cells)]
    heads = [columns[place].head for place in used]
    body = []
    for row, line in zip(rows, cells, strict=True):
        opener = openers.get(str(row["id"])) if openers else None
        body.append(_line(heads, [line[place] for place in used], opener, bool(openers)))
    blank = [element("th", element("span", "open", class_="unseen"), scope="col")]
    names_of = [element("th", head or element("span", "ago", class_="unseen"), scope="col")
                for head in heads]  # fmt: skip
    return framed(
        head,
        element(
            "div",
            element(
                "table",
                element("thead", element("tr", *(blank if openers else []), *names_of)),
                element("tbody", *body),
                class_="list",
            ),
            class_="scroll",
            tabindex="0",
            role="group",
            aria_label=f"Table of {counted(len(shown), kind.noun)}",
        ),
    )


def _caption(kind: TableKind, count: int, shown: int, now: float) -> Markup:
    part = ", the last " if kind.last else ", the first "
    at = datetime.fromtimestamp(now, UTC).strftime("%H:%M:%S UTC")
    return element(
        "p",
        element("span", counted(count, kind.noun), class_="t"),
        f"{part}{shown}" if shown < count else "",
        f" at {at}",
        element("span", " · as a DataFrame: ", element("code", kind.python)) if kind.python else "",
        class_="k caption",
    )


def _line(
    heads: Sequence[str], cells: Sequence[object], opener: Opener | None, has_openers: bool
) -> Markup:
    made = [
        element("td", cell if cell is not None else "", data_label=head)
        for head, cell in zip(heads, cells, strict=True)
    ]
    if not has_openers:
        return element("tr", *made)
    if opener is None:
        return element("tr", element("td"), *made)
    button = element(
        "button",
        opener.shown,
        type="button",
        data_ask=opener.ask,
        data_words=opener.words,
        aria_label=opener.label,
        title=opener.label,
        aria_expanded=None if opener.words is not None else "false",
    )
    return element("tr", element("td", button), *made, data_opens=True)


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows as mappings, without pandas' missing values."""
    names = [str(name) for name in frame.columns]
    for index, values in zip(frame.index, frame.itertuples(index=False, name=None), strict=True):
        row = {"id": index}
        row.update((name, _value(value)) for name, value in zip(names, values, strict=True))
        row["id"] = index
        yield row


def _value(value: Any) -> Any:
    if isinstance(value, list | tuple | dict | str):
        return value
    return None if value is None or pd.isna(value) else value


def _generic(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the first eight columns of a table without an entry in `COLUMNS`."""
    index = [("id", str(frame.index.name))] if frame.index.name else []
    fields = [*index, *((str(name), str(name)) for name in frame.columns)]
    return tuple(Column(head, _any(name)) for name, head in fields[:8])


def _any(name: str) -> Callable[[Mapping[str, Any], Names, float], object]:
    def cell(row: Mapping[str, Any], names: Names, now: float) -> object:
        value = row.get(name)
        return moment(value, now) if isinstance(value, datetime) else plain(value)

    return cell
