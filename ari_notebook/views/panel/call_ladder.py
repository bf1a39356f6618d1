"""The ladder of a chosen call or bridge, as the panel's page draws it."""

from __future__ import annotations

from typing import Any

from ari_notebook.views.diagrams.data import picture_data
from ari_notebook.views.diagrams.labels import FOLDED
from ari_notebook.views.diagrams.picture import Picture
from ari_notebook.views.diagrams.selection import Selection, Source, read
from ari_notebook.views.diagrams.sequence import arrange

__all__ = ["call_ladder", "call_picture"]

_ARROWS = 60
_STILL_ARROWS = 20  # in a picture of the panel


def call_ladder(source: Source, ids: list[str], until: float | None) -> dict[str, Any]:
    """Return the latest requests and events of some channels and bridges.

    Args:
        source: a session, capture or replay.
        ids: ids of the chosen channels and bridges.
        until: time of the last item, in seconds since 1970; None: all.
    """
    chosen = Selection.of(source, ids, last=_ARROWS, until=until, fold=FOLDED)
    selected, count = read(source.log, chosen), source.requests.count
    shown = arrange(list(source.requests), selected, chosen, count=count)
    return {**picture_data(shown, []), "until": until, "live": until is None}


def call_picture(source: Source, ids: list[str]) -> str:
    """Return the latest requests and events of some channels and bridges as SVG.

    Args:
        source: a session, capture or replay.
        ids: ids of the chosen channels and bridges.
    """
    chosen = Selection.of(source, ids, last=_STILL_ARROWS, fold=FOLDED)
    return Picture(source, chosen, "ladder").svg
