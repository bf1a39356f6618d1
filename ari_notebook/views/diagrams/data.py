"""Sequences and tracks as JSON, for the viewer's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ari_notebook.views.diagrams.labels import FOLDED, KINDS, isolated
from ari_notebook.views.diagrams.sequence import Sequence, SequenceStep
from ari_notebook.views.diagrams.svg import clock
from ari_notebook.views.diagrams.timeline import Track
from ari_notebook.views.display.html import clean, pretty

__all__ = ["LONGEST_SOURCE", "picture_data", "source_text"]

LONGEST_SOURCE = 20_000  # characters of a step's JSON

Json = dict[str, Any]


def picture_data(shown: Sequence, tracks: list[Track]) -> Json:
    """Return a picture without the JSON of its steps.

    Args:
        shown: the sequence.
        tracks: the channels over time.
    """
    places = {lane: number for number, lane in enumerate(shown.lanes)}
    return {
        "kinds": list(KINDS),
        "fold": sorted(shown.fold),
        "folded": list(FOLDED),
        "note": shown.note,
        "lanes": [
            {"kind": lane.kind, "id": clean(lane.id, 100), "name": lane.name}
            for lane in shown.lanes
        ],
        "steps": [_step(step, places[step.lane]) for step in shown.steps],
        "bars": [
            {
                "lane": places[bar.lane],
                "kind": bar.kind,
                "label": bar.label,
                "begin": bar.begin,
                "end": bar.end,
            }
            for bar in shown.bars
        ],
        "tracks": [_track(track) for track in tracks],
    }


def source_text(source: Mapping[str, Any]) -> str:
    """Return a step's ``source`` as indented JSON."""
    return pretty(source)[:LONGEST_SOURCE]


def _step(step: SequenceStep, lane: int) -> Json:
    made: Json = {
        "key": step.key,
        "at": step.at,
        "clock": clock(step.at),
        "sent": step.sent,
        "lane": lane,
        "kind": step.kind,
        "type": "" if step.sent else clean(step.source.get("type"), 60),
        "label": step.label,
        "failed": step.failed,
        "number": step.number,
        "cause": step.cause,
        "ends": step.ends,
    }
    if step.sent:
        made |= {
            "path": step.path,
            "outcome": isolated(step.outcome),
            "ms": step.milliseconds,
        }
    return made


def _track(track: Track) -> Json:
    return {
        "id": clean(track.id, 100),
        "label": track.label,
        "spans": [
            {
                "kind": span.kind,
                "label": span.label,
                "begin": span.begin,
                "end": span.end,
                "open": span.open,
            }
            for span in track.spans
        ],
        "keys": [list(key) for key in track.keys],
    }
