"""Tables returned by verbs: DataFrames, shown as pages whose rows can be opened."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.views.display.html import Markup, clean, element
from ari_notebook.views.display.narrow import table_text
from ari_notebook.views.display.table import Opener, TableKind, table_view
from ari_notebook.views.pages.widget import Answer, Shown

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.views.diagrams.drawing import Drawing

__all__ = ["ShownTable"]

_LONGEST_AUDIO = 4_000_000  # bytes
_GROUP = re.compile(r"^(?:vm|conf|auth|agent|queue|confbridge|privacy|pbx|tt)-")


class ShownTable(Shown, pd.DataFrame):
    """A DataFrame that a notebook shows as a page. Results of its methods are plain DataFrames.

    Args:
        frame: the rows.
        kind: the content of the table.
        connection: connection of the table.
        ladder: draws the call of a channel, as `Session.ladder` does.
    """

    _kind: TableKind
    _connection: Connection
    _draw: Callable[..., Drawing]

    def __init__(
        self,
        frame: pd.DataFrame,
        kind: TableKind,
        connection: Connection,
        ladder: Callable[..., Drawing],
    ) -> None:
        super().__init__(frame)  # type: ignore[call-arg]  # the stubs have only __new__
        object.__setattr__(self, "_kind", kind)  # pandas would treat an assignment as a column
        object.__setattr__(self, "_connection", connection)
        object.__setattr__(self, "_draw", ladder)

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    @property
    def df(self) -> pd.DataFrame:
        """The same as a plain DataFrame."""
        return pd.DataFrame(self)

    def page_text(self) -> str:
        """Return the table as text."""
        return table_text(self)

    def page_html(self, *, live: bool) -> Markup:
        """Return the table as HTML; with a kernel, each row has a button."""
        openers = self._openers() if live else None
        return table_view(self, self._kind, self._connection, openers=openers)

    def _openers(self) -> dict[str, Opener] | None:
        name = self._kind.name
        if name in ("channels", "calls"):
            return {
                str(id): Opener(f"ladder {id}", f"ladder of the call {clean(id, 60)}")
                for id in self.index
            }
        if name == "bridges":
            return {
                str(id): Opener(f"ladder {members[0]}", f"ladder of the call in {clean(id, 60)}")
                for id, members in self["channels"].items()
                if members
            }
        if name == "events":
            return {
                str(id): Opener(f"ladder {channel}", f"ladder of the call of event {id}")
                for id, channel in self["channel"].dropna().items()
            }
        if name == "sounds":
            texts = self["text"].fillna("") if "text" in self else pd.Series("", index=self.index)
            return {
                str(id): Opener(
                    f"hear sound:{id}",
                    f"hear {clean(id, 60)}",
                    "🔊",
                    clean(text) or _words(str(id)),
                )
                for id, text in texts.items()
            }
        if name == "recordings":
            return {
                str(id): Opener(f"hear recording:{id}", f"hear {clean(id, 60)}", "🔊", "")
                for id in self.index
            }
        return None

    def answer(self, ask: str) -> Answer:
        """Return the ladder of a row's call, or the sound of a recording."""
        what, _, of = ask.partition(" ")
        known = {opener.ask for opener in (self._openers() or {}).values()}
        if ask not in known:
            raise UsageProblem("this table has no such row", "Run its cell again.")
        if what == "ladder":
            return Answer(self._ladder(of))
        kind, _, name = of.partition(":")
        return Answer(audio=self._recording(name) if kind == "recording" else "")

    def _ladder(self, channel: str) -> Markup:
        drawing = self._draw(call=channel)
        command = f"%ari ladder --call {channel}"
        copy = element("button", "copy", type="button", data_copy=command)
        return element(
            "div",
            element("p", element("code", command), " ", copy, class_="k"),
            Markup(drawing.svg),
        )

    def _recording(self, name: str) -> str:
        operation = self._connection.operation("recordings.get_stored_file")
        audio = self._connection.invoke(operation, {"recordingName": name})
        if not isinstance(audio, bytes) or len(audio) > _LONGEST_AUDIO:
            raise AriError(f"{name} cannot be played here", "Its file is on the server.")
        return base64.b64encode(audio).decode()


def _words(sound: str) -> str:
    """Return the words of a sound without a text: those of its name."""
    return clean(_GROUP.sub("", sound.rpartition("/")[2]).replace("-", " "), 100)
