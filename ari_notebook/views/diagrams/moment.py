"""A session, capture or replay at an earlier time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from IPython.display import display

from ari_notebook.client.errors import UsageProblem
from ari_notebook.store.calls import Ledger, frame
from ari_notebook.store.history import moment_of
from ari_notebook.store.live_tables import LiveTables
from ari_notebook.views.diagrams.drawing import Drawing
from ari_notebook.views.diagrams.labels import FOLDED
from ari_notebook.views.diagrams.picture import View
from ari_notebook.views.diagrams.selection import Selection, Source, span_of
from ari_notebook.views.diagrams.svg import clock
from ari_notebook.views.display.comms import in_notebook

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Moment", "when"]

_PART = 4096  # events read at once


def when(source: Source, moment: object) -> float:
    """Return a user's time in seconds since 1970.

    Args:
        source: the object with the log.
        moment: see `ari_notebook.store.history.moment_of`.

    Raises:
        UsageProblem: invalid time.
    """
    begin, end = span_of(source)
    try:
        return moment_of(moment, begin, end)
    except (ValueError, OverflowError, OSError):
        raise UsageProblem(
            f"not a time: {str(moment)!r}",
            "Give a time of day in UTC as 16:23:41, or seconds from the beginning of the log;"
            " from its end, if negative.",
        ) from None


class Moment(LiveTables):
    """The tables, the log and the calls at an earlier time. Created by ``ari.at(...)``.

    Args:
        source: a session, a capture or a replay.
        at: time in seconds since 1970.
    """

    def __init__(self, source: Source, at: float) -> None:
        self._source = source
        self.at = at
        self._sequence = source.log.find(at)
        super().__init__(source.history.at(self._sequence, at))

    @property
    def time(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def events(self) -> pd.DataFrame:
        """The events up to then, like ``ari.events.df``."""
        log = self._source.log
        later = log.count - self._sequence
        table = log.df
        return table.iloc[: max(0, len(table) - later)]

    @property
    def calls(self) -> pd.DataFrame:
        """The calls up to then, in their state at that time, like ``ari.calls.df``."""
        ledger = Ledger()
        for events in self._parts():
            ledger.feed(events)
        return frame(ledger)

    def _parts(self) -> Iterator[Any]:
        place = self._source.log.first
        while place < self._sequence:
            events, end = self._source.log.part(place, min(_PART, self._sequence - place))
            yield events
            if end <= place:
                return
            place = end

    def ladder(self, channel: Any = None, *, call: Any = None, last: int = 100) -> Drawing:
        """Return the requests and events up to then; the arguments are those of ``ari.ladder``."""
        chosen = Selection.of(
            self._source, channel, call=call, last=last, until=self.at, fold=FOLDED
        )
        return Drawing(self._source, chosen, "ladder")

    def timeline(self, channel: Any = None, *, call: Any = None, last: int = 30) -> Drawing:
        """Return the channels up to then; the arguments are those of ``ari.timeline``."""
        chosen = Selection.of(
            self._source, channel, call=call, last=100, tracks=last, until=self.at, fold=FOLDED
        )
        return Drawing(self._source, chosen, "timeline")

    def _repr_html_(self) -> str:
        return self._drawing("ladder")._repr_html_()

    def _ipython_display_(self) -> None:
        if in_notebook():
            self._drawing("tables")._ipython_display_()
            return
        tables = [table for table in (self.channels.df, self.bridges.df) if len(table)]
        display({"text/plain": repr(self)}, raw=True)
        for table in tables:
            display(table)

    def _drawing(self, view: View) -> Drawing:
        chosen = Selection.of(self._source, last=100, until=self.at, fold=FOLDED)
        return Drawing(self._source, chosen, view)

    def __repr__(self) -> str:
        tables = ", ".join(
            f"{len(getattr(self, kind))} {kind}" for kind in ("channels", "bridges", "playbacks")
        )
        return f"<{clock(self.at)} UTC: {tables}, {self._sequence} events>"
