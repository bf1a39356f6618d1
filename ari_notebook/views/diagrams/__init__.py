"""Ladder, timeline and time travel: data, drawing and page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ari_notebook.views.diagrams.drawing import Drawing
from ari_notebook.views.diagrams.labels import FOLDED
from ari_notebook.views.diagrams.moment import Moment, when
from ari_notebook.views.diagrams.selection import Selection, Source

__all__ = ["ladder_of", "moment_in", "timeline_of"]


def ladder_of(
    source: Source,
    channel: Any = None,
    *,
    call: Any = None,
    last: int = 100,
    seconds: float | None = None,
    at: str | float | datetime | None = None,
    hide: str | Iterable[str] = (),
    fold: str | Iterable[str] | None = None,
) -> Drawing:
    """Return the sequence diagram of requests and events.

    Args:
        source: a session, a capture or a replay.
        channel: only steps that name this channel, or one of these: ids or live objects.
        call: only steps that name a channel of this channel's call.
        last: maximum number of arrows, the newest ones.
        seconds: maximum age.
        at: only steps up to this time, see `ari_notebook.store.history.moment_of`.
        hide: kinds of steps and event types to omit.
        fold: kinds of consecutive events shown as one; None: variables and dialplan.

    Raises:
        UsageProblem: a number is not positive, unknown kind, or invalid time.
    """
    chosen = Selection.of(
        source,
        channel,
        call=call,
        last=last,
        seconds=seconds,
        until=None if at is None else when(source, at),
        hide=hide,
        fold=FOLDED if fold is None else fold,
    )
    return Drawing(source, chosen, "ladder")


def timeline_of(
    source: Source,
    channel: Any = None,
    *,
    call: Any = None,
    last: int = 30,
    seconds: float | None = None,
    at: str | float | datetime | None = None,
) -> Drawing:
    """Return channels over time.

    Args:
        source: a session, a capture or a replay.
        channel: only this channel, or these: ids or live objects.
        call: only the channels of the call that this one belongs to.
        last: maximum number of channels, the newest ones.
        seconds: maximum age.
        at: only events up to this time.

    Raises:
        UsageProblem: a number is not positive, or invalid time.
    """
    chosen = Selection.of(
        source,
        channel,
        call=call,
        last=200,
        tracks=last,
        seconds=seconds,
        until=None if at is None else when(source, at),
        fold=FOLDED,
    )
    return Drawing(source, chosen, "timeline")


def moment_in(source: Source, moment: str | float | datetime) -> Moment:
    """Return the tables at an earlier time.

    Args:
        source: a session, a capture or a replay.
        moment: see `ari_notebook.store.history.moment_of`.

    Raises:
        UsageProblem: invalid time.
    """
    return Moment(source, when(source, moment))
