"""Selection of the requests and events of a diagram, limited to a number afterwards.

Ladder, timeline and table take the same selection, of a session, a capture or a replay. A call is
found regardless of the number of later events: the log's columns give the places of its channels,
and only the events between are read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from ari_notebook.client.errors import UsageProblem
from ari_notebook.schema.suggest import suggest
from ari_notebook.store.calls import CallRecord
from ari_notebook.store.event_head import decode_event
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.history import History
from ari_notebook.store.request_log import RequestLog
from ari_notebook.views.diagrams.labels import KINDS

__all__ = ["ReceivedEvent", "Selected", "Selection", "Source", "read", "span_of"]

_PART = 4096  # events read at once
_BEFORE, _AFTER = 2.0, 5.0  # seconds around a call in which related events are searched
_TAIL = 2000  # minimum number of events read if no channel is chosen


class Source(Protocol):
    """A source of requests and events: a session, a capture or a replay."""

    @property
    def history(self) -> History:
        """The tables at earlier times."""

    @property
    def log(self) -> EventLog:
        """The event log."""

    @property
    def requests(self) -> RequestLog:
        """The request log."""

    @property
    def calls(self) -> Iterable[CallRecord]:
        """The calls."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """An event, when it was received, and its sequence number in the log."""

    event: Mapping[str, Any]
    at: float
    sequence: int


@dataclass(frozen=True, slots=True)
class Selection:
    """The requests and events to show.

    Attributes:
        channels: only steps that name one of these channels; empty: all.
        last: maximum number of steps, the newest ones.
        seconds: maximum age in seconds.
        until: only steps up to this time, in seconds since 1970; None: all.
        hide: kinds of steps (see `KINDS`) and event types to omit.
        fold: kinds of consecutive events shown as one.
        tracks: maximum number of channels over time, the newest ones.
    """

    channels: frozenset[str] = frozenset()
    last: int = 100
    seconds: float | None = None
    until: float | None = None
    hide: frozenset[str] = frozenset()
    fold: frozenset[str] = frozenset()
    tracks: int = 30

    @classmethod
    def of(
        cls,
        source: Source,
        channel: Any = None,
        *,
        call: Any = None,
        last: int,
        seconds: float | None = None,
        until: float | None = None,
        hide: str | Iterable[str] = (),
        fold: str | Iterable[str] = (),
        tracks: int = 30,
    ) -> Selection:
        """Validate and complete a user's arguments.

        Args:
            source: the object with the channels and calls.
            channel: a channel or several: ids or live objects.
            call: a channel of the call, or the call's id.
            last: see the class.
            seconds: see the class.
            until: see the class.
            hide: kinds and types, as a list or with commas.
            fold: kinds, likewise.
            tracks: see the class.

        Raises:
            UsageProblem: a number is not positive, or unknown kind.
        """
        for number in (last, tracks):
            if number < 1:
                raise UsageProblem(f"last must be at least 1, not {number}", "Leave it out.")
        if seconds is not None and seconds <= 0:
            raise UsageProblem(f"seconds must be more than 0, not {seconds}", "Leave it out.")
        many = channel if isinstance(channel, list | tuple | set | frozenset) else [channel]
        ids = {str(getattr(one, "id", one)) for one in many if one is not None}
        if call is not None:
            ids |= _of_call(source.calls, str(getattr(call, "id", call)))
        hidden, folded = _listed(hide), _listed(fold)
        for word in hidden | folded:
            if word not in KINDS and not word[:1].isupper():
                kinds = f"Kinds: {', '.join(KINDS)}; or an event's type."
                raise UsageProblem(
                    f"unknown kind of step: {word!r}",
                    f"{suggest(word, KINDS)} {kinds}".strip(),
                )
        return cls(frozenset(ids), last, seconds, until, hidden, folded, tracks)

    def at(self, moment: float | None) -> Selection:
        """Return the same selection up to another time."""
        return replace(self, until=moment)


def _listed(words: str | Iterable[str]) -> frozenset[str]:
    many = words.split(",") if isinstance(words, str) else words
    return frozenset(word.strip() for word in many if word.strip())


def _of_call(calls: Iterable[CallRecord], id: str) -> set[str]:
    """Return the channels of a call by one of them."""
    legs = ({leg.id for leg in call.legs} for call in calls)
    return next((ids for ids in legs if id in ids), {id})


@dataclass(slots=True)
class Selected:
    """The part of a log that a selection needs.

    Attributes:
        events: the events that name the chosen objects; more than are shown, because causes and
            names need them.
        bridges: the bridges that the chosen channels were in.
        total: number of all events in the log.
    """

    events: list[ReceivedEvent] = field(default_factory=list)
    bridges: frozenset[str] = frozenset()
    total: int = 0


def read(log: EventLog, selection: Selection) -> Selected:
    """Read the part of a log that a selection needs.

    Args:
        log: the event log.
        selection: the requests and events to show.
    """
    stop = log.count if selection.until is None else log.find(selection.until)
    total = max(0, stop - log.first)
    if not selection.channels:
        first = stop - max(_TAIL, 20 * selection.last, 200 * selection.tracks)
        if selection.seconds is not None and stop > log.first:
            newest = log.received(stop - 1, stop)
            first = max(first, log.find(newest[0] - selection.seconds - _AFTER) if newest else 0)
        return Selected(_between(log, max(log.first, first), stop), frozenset(), total)
    found = log.of_channels(selection.channels)
    if found is None:
        return Selected(total=total)
    first, last, bridges = found
    begin, end = log.received(first, first + 1), log.received(last, last + 1)
    if not begin or not end:  # dropped meanwhile
        return Selected(total=total)
    first, stop = log.find(begin[0] - _BEFORE), min(stop, log.find(end[0] + _AFTER))
    needles = _needles(selection.channels | bridges)
    return Selected(_between(log, first, stop, needles), bridges, total)


def span_of(source: Source) -> tuple[float, float]:
    """Return begin and end of the stored events and requests; 0 and 0 if there are none."""
    log = source.log
    times = [
        *(log.received(log.first, log.first + 1) if len(log) else ()),
        *(log.received(log.count - 1, log.count) if len(log) else ()),
        *(request.at for request in list(source.requests)[:1]),
        *(request.at for request in list(source.requests)[-1:]),
    ]
    return (min(times), max(times)) if times else (0.0, 0.0)


def _needles(ids: Collection[str]) -> list[bytes]:
    """Return ids in the forms in which JSON may contain them."""
    plain = {json.dumps(id, ensure_ascii=False)[1:-1].encode("utf-8", "replace") for id in ids}
    ascii_only = {json.dumps(id)[1:-1].encode() for id in ids}
    return [*(plain | ascii_only | {needle.replace(b"/", b"\\/") for needle in plain})]


def _between(
    log: EventLog, first: int, stop: int, needles: Sequence[bytes] = ()
) -> list[ReceivedEvent]:
    """Return the events between two places whose JSON contains one of some texts."""
    found: list[ReceivedEvent] = []
    while first < stop:
        batch, end = log.part(first, min(_PART, stop - first))
        begin = end - len(batch)
        times = log.received(begin, end)
        for place, frame in enumerate(batch.frames):
            if (not needles or any(needle in frame for needle in needles)) and place < len(times):
                event = decode_event(frame)[0]
                found.append(ReceivedEvent(event, times[place], begin + place))
        if end <= first:
            break
        first = end
    return found
