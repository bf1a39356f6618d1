"""Requests and events between a program and Asterisk, in order: the data of the ladder.

Requests and events become steps between lifelines: the program, each named channel and bridge, and
Asterisk for the rest. Playbacks and recordings become bars on the lifeline of their channel or
bridge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.diagrams import labels
from ari_notebook.views.diagrams.causality import Causes, subjects, touches
from ari_notebook.views.diagrams.labels import isolated
from ari_notebook.views.diagrams.selection import ReceivedEvent, Selected, Selection, Source, read
from ari_notebook.views.display.cards import party
from ari_notebook.views.display.html import clean
from ari_notebook.views.display.names import short_id

__all__ = [
    "ASTERISK",
    "PROGRAM",
    "Bar",
    "Fold",
    "Lane",
    "Sequence",
    "SequenceStep",
    "arrange",
    "request_source",
    "rows",
    "sequence",
]

_MOST_LANES = 10
_MOST_FOLDED = 10  # factor of events to rows, because many of them are folded
_AROUND = 1.0  # seconds around a call in which requests to its bridges belong to it
_ENDS = {"ChannelDestroyed": "channel", "StasisEnd": "channel", "BridgeDestroyed": "bridge"}
_BEGIN_BAR = {"PlaybackStarted": "playing", "RecordingStarted": "recording"}
_END_BAR = {"PlaybackFinished", "RecordingFinished", "RecordingFailed"}


@dataclass(frozen=True, slots=True)
class Lane:
    """A lifeline, with its object and name."""

    kind: str
    id: str
    name: str

    @property
    def label(self) -> str:
        """Its name, with its kind if necessary."""
        plain = self.kind in ("channel", "program", "asterisk")
        return self.name if plain else f"{self.kind} {self.name}"


PROGRAM = Lane("program", "", "program")
ASTERISK = Lane("asterisk", "", "Asterisk")


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """One arrow.

    Attributes:
        key: unique name in the session, such as ``r3`` or ``e1207``.
        at: time in seconds since 1970.
        sent: whether the program sent it.
        lane: the other lifeline.
        kind: one of `labels.KINDS`.
        label: its text. Names in it are isolated, see `labels.isolated`.
        path: method and path of a request, with ``{id}`` for ids.
        outcome: status of a request.
        milliseconds: time until the response to a request.
        failed: whether the request was refused or has no response, or the event reports a failure.
        number: number of a request, from 1.
        cause: number of the request that caused an event.
        ends: whether the lane's object has ended.
        source: all its data, as JSON values.
        curl: a request as a curl command, without secrets.
    """

    key: str
    at: float
    sent: bool
    lane: Lane
    kind: str
    label: str
    path: str = ""
    outcome: str = ""
    milliseconds: float | None = None
    failed: bool = False
    number: int = 0
    cause: int = 0
    ends: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)
    curl: str = ""

    @property
    def tail(self) -> str:
        """Transport and response of a request; empty for an event."""
        if not self.sent:
            return ""
        took = "" if self.milliseconds is None else f", {self.milliseconds:.0f} ms"
        return f" · {self.path} → {self.outcome}{took}"


@dataclass(frozen=True, slots=True)
class Bar:
    """A playback or recording of a lane's object; its end is None if it continues."""

    lane: Lane
    kind: str
    label: str
    begin: float
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """Consecutive events that are shown as one."""

    steps: tuple[SequenceStep, ...]

    @property
    def at(self) -> float:
        """Time of the first event."""
        return self.steps[0].at

    @property
    def label(self) -> str:
        """Their number and kind."""
        kinds = {step.kind for step in self.steps}
        count = len(self.steps)
        if kinds == {"variables"}:
            return f"+{count} variable{'s' if count > 1 else ''}"
        if kinds == {"dialplan"}:
            return f"+{count} of the dialplan"
        return f"+{count} variables and dialplan"


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps in order, and the lanes that they use, the program's first.

    Attributes:
        steps: the arrows.
        lanes: the lifelines.
        bars: playbacks and recordings.
        fold: kinds of events of which several in a row are shown as one.
        earlier: number of earlier requests and events of the selection that are left out.
        others: number of requests and events of other channels.
        hidden: number of those left out by ``hide``.
    """

    steps: tuple[SequenceStep, ...]
    lanes: tuple[Lane, ...]
    bars: tuple[Bar, ...] = ()
    fold: frozenset[str] = frozenset()
    earlier: int = 0
    others: int = 0
    hidden: int = 0

    @property
    def note(self) -> str:
        """What is left out, and how to see it."""
        parts = []
        if self.earlier:
            parts.append(f"{self.earlier} earlier left out (a larger last= shows them)")
        if self.others:
            parts.append(f"{self.others} of other channels left out (ari.ladder() shows all)")
        if self.hidden:
            parts.append(f"{self.hidden} hidden")
        return ", ".join(parts)


def rows(shown: Sequence) -> list[SequenceStep | Fold]:
    """Return the steps, with folded ones as one."""
    made: list[SequenceStep | Fold] = []
    for step in shown.steps:
        if step.sent or step.kind not in shown.fold:
            made.append(step)
        elif made and isinstance(made[-1], Fold):
            made[-1] = Fold((*made[-1].steps, step))
        else:
            made.append(Fold((step,)))
    return made


class _Lanes:
    """Finds the lane of an object, and its best known name."""

    def __init__(self, events: Iterable[ReceivedEvent]) -> None:
        self._labels: dict[tuple[str, str], str] = {}
        self._targets: dict[tuple[str, str], tuple[str, str]] = {}
        for logged in events:
            for name, kind in (("channel", "channel"), ("peer", "channel"), ("bridge", "bridge")):
                item = logged.event.get(name)
                if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
                    continue
                label = party(item.get("caller")) if kind == "channel" else ""
                label = label or str(item.get("name") or "") or short_id(item["id"])
                self._labels.setdefault((kind, item["id"]), label)
            self._note_target(logged.event)

    def _note_target(self, event: Mapping[str, Any]) -> None:
        """Store the target of a playback or recording, because requests do not name it."""
        for thing, key in (("playback", "id"), ("recording", "name")):
            item = event.get(thing)
            if isinstance(item, Mapping):
                scheme, _, id = str(item.get("target_uri") or "").partition(":")
                if scheme in ("channel", "bridge") and id:
                    self._targets[thing, str(item.get(key))] = (scheme, id)

    def of(self, kind: str, id: str) -> Lane:
        return Lane(kind, id, clean(self._labels.get((kind, id)) or short_id(id), 60))

    def name(self, kind: str, id: str) -> str:
        """Return an object's name for a label."""
        return isolated(self.of(kind, id).name)

    def of_request(self, request: SentRequest) -> Lane:
        parts = [unquote(part) for part in request.path.split("/") if part]
        if len(parts) >= 2 and parts[0] in ("channels", "bridges"):
            kind = parts[0].removesuffix("s")
            if (kind, parts[1]) in self._labels:
                return self.of(kind, parts[1])
        thing = None
        if parts[:1] == ["playbacks"] and len(parts) > 1:
            thing = ("playback", parts[1])
        elif parts[:2] == ["recordings", "live"] and len(parts) > 2:
            thing = ("recording", parts[2])
        target = self._targets.get(thing) if thing else None
        if target in self._labels:
            return self.of(*target)
        if request.made and ("bridge", request.made) in self._labels:
            return self.of("bridge", request.made)
        return ASTERISK

    def of_event(self, event: Mapping[str, Any]) -> Lane:
        for kind, id in subjects(event):
            if (kind, id) in self._labels:
                return self.of(kind, id)
        return ASTERISK


def sequence(source: Source, selection: Selection) -> Sequence:
    """Return the requests and events of a session, capture or replay as steps.

    Args:
        source: a session, a capture or a replay.
        selection: the requests and events to show.
    """
    return arrange(
        list(source.requests), read(source.log, selection), selection, count=source.requests.count
    )


def arrange(
    requests: list[SentRequest],
    selected: Selected,
    selection: Selection,
    *,
    count: int | None = None,
) -> Sequence:
    """Return requests and events as steps.

    Args:
        requests: the stored requests, oldest first.
        selected: the events, see `selection.read`.
        selection: the requests and events to show.
        count: number of all requests, so that a request keeps its number; None: the stored ones.
    """
    if selection.until is not None:
        requests = [request for request in requests if request.at <= selection.until]
    before = max(0, (count or 0) - len(requests)) if selection.until is None else 0
    lanes, causes = _Lanes(selected.events), Causes(requests)
    caused = [(logged, causes.of(logged.event, logged.at)) for logged in selected.events]
    if selection.channels:
        caused = [it for it in caused if _concerns(it[0].event, selection, selected.bridges)]
    related = len(caused) if selection.channels else selected.total
    caused = _latest(caused, selection)
    steps = [
        _event_step(logged, lanes, cause, before, None if cause is None else requests[cause])
        for logged, cause in caused
    ]
    numbers = {step.cause for step in steps}
    span = (steps[0].at - _AROUND, steps[-1].at + _AROUND) if steps else (0.0, 0.0)
    steps += [
        _request_step(number, request, lanes)
        for number, request in enumerate(requests, before + 1)
        if not selection.channels
        or number in numbers
        or _touches(request, selection, selected.bridges, span)
    ]
    related += len(steps) - len(caused)
    steps.sort(key=lambda step: step.at)
    bars = _bars(steps)
    if selection.seconds is not None and steps:
        begin = steps[-1].at - selection.seconds
        steps = [step for step in steps if step.at >= begin]
    unhidden = [step for step in steps if not _hides(selection, step)]
    hidden = len(steps) - len(unhidden)
    kept = _cut(unhidden, selection)
    earlier = max(0, related - len(kept) - hidden)
    others = max(0, selected.total + len(requests) - related)
    return _few_lanes(Sequence(tuple(kept), (), bars, selection.fold, earlier, others, hidden))


_Caused = tuple[ReceivedEvent, int | None]


def _latest(caused: list[_Caused], selection: Selection) -> list[_Caused]:
    """Return the events that may be among the newest steps, and the events of bars."""
    left, folding = selection.last, False
    kept: list[_Caused] = []
    most = _MOST_FOLDED * selection.last
    for it in reversed(caused):
        type = str(it[0].event.get("type", ""))
        kind = labels.event_kind(type)
        folds = kind in selection.fold
        if left >= 0 and not (folds and folding) and not selection.hide & {kind, type}:
            left -= 1
        if (left >= 0 and len(kept) < most) or type in _BEGIN_BAR or type in _END_BAR:
            kept.append(it)
        folding = folds
    return kept[::-1]


def _concerns(event: Mapping[str, Any], selection: Selection, bridges: frozenset[str]) -> bool:
    """Return whether an event is about a chosen channel or one of its bridges."""
    about = list(subjects(event))
    channels = {id for kind, id in about if kind == "channel"}
    if channels:
        return bool(channels & selection.channels)
    return bool(bridges.intersection(id for _, id in about))


def _touches(
    request: SentRequest,
    selection: Selection,
    bridges: frozenset[str],
    span: tuple[float, float],
) -> bool:
    named = touches(request)
    if named & selection.channels:
        return True
    if not named & bridges or "channel" in request.params:
        return False
    return bool(request.made) or span[0] <= request.at <= span[1]


def _hides(selection: Selection, step: SequenceStep) -> bool:
    type = str(step.source.get("type", ""))
    return bool(selection.hide & {step.kind, type})


def _cut(steps: list[SequenceStep], selection: Selection) -> list[SequenceStep]:
    """Return the newest steps up to the maximum number; folded ones count as one."""
    left, folding = selection.last, False
    for place in range(len(steps) - 1, -1, -1):
        step = steps[place]
        folds = not step.sent and step.kind in selection.fold
        if not (folds and folding):
            left -= 1
        if left < 0:
            return steps[place + 1 :]
        folding = folds
    return steps


def request_source(request: SentRequest) -> dict[str, Any]:
    """Return a request's data without secrets, as JSON values."""
    shown = request.shown
    return {
        "request": f"{shown.method} {shown.path}",
        "params": shown.params,
        "body": shown.body,
        "status": shown.status,
        "message": shown.message,
        "milliseconds": None if shown.milliseconds is None else round(shown.milliseconds, 3),
    }


def _request_step(number: int, request: SentRequest, lanes: _Lanes) -> SequenceStep:
    lane = lanes.of_request(request)
    request = request.shown
    return SequenceStep(
        key=f"r{number}",
        at=request.at,
        sent=True,
        lane=lane,
        kind=labels.request_kind(request),
        label=labels.request_words(request, lanes.name),
        path=labels.request_path(request),
        outcome="no answer" if request.status is None else str(request.status),
        milliseconds=request.milliseconds,
        failed=request.status is None or request.status >= 400,
        number=number,
        source=request_source(request),
        curl=request.curl(),
    )


def _event_step(
    logged: ReceivedEvent,
    lanes: _Lanes,
    cause: int | None,
    before: int,
    other: SentRequest | None,
) -> SequenceStep:
    event = logged.event
    lane = lanes.of_event(event)
    type = str(event.get("type") or "")
    return SequenceStep(
        key=f"e{logged.sequence}",
        at=logged.at,
        sent=False,
        lane=lane,
        kind=labels.event_kind(type),
        label=labels.event_words(event, lanes.name),
        failed=_failed(type, event, other),
        cause=0 if cause is None else before + cause + 1,
        ends=_ENDS.get(type) == lane.kind,
        source=event,
    )


def _failed(type: str, event: Mapping[str, Any], cause: SentRequest | None) -> bool:
    """Return whether an event reports a failure; an interrupted playback has not failed."""
    playback = event.get("playback")
    if isinstance(playback, Mapping) and playback.get("state") == "failed":
        return cause is None or "/play" in cause.path
    return type in ("RecordingFailed", "ApplicationMoveFailed", "HandlerFailed")


def _bars(steps: list[SequenceStep]) -> tuple[Bar, ...]:
    """Return playbacks and recordings as bars, from their events."""
    made: dict[tuple[str, str], Bar] = {}
    over: list[Bar] = []
    for step in steps:
        type = str(step.source.get("type", ""))
        if step.sent or not (type in _BEGIN_BAR or type in _END_BAR):
            continue
        kind = "playing" if type.startswith("Playback") else "recording"
        item = step.source.get("playback" if kind == "playing" else "recording")
        if not isinstance(item, Mapping) or step.lane is ASTERISK:
            continue
        key = (kind, str(item.get("id") or item.get("name")))
        if type in _BEGIN_BAR and key not in made:
            label = clean(item.get("media_uri") if kind == "playing" else item.get("name"), 60)
            made[key] = Bar(step.lane, kind, label, step.at)
        elif type in _END_BAR and key in made:
            over.append(replace(made.pop(key), end=step.at))
    return tuple(sorted([*over, *made.values()], key=lambda bar: bar.begin))


def _few_lanes(shown: Sequence) -> Sequence:
    """Return the used lanes; if there are too many, the rarest become Asterisk's."""
    uses: dict[Lane, int] = {}
    for step in shown.steps:
        uses[step.lane] = uses.get(step.lane, 0) + 1
    uses.pop(ASTERISK, None)
    steps = shown.steps
    if len(uses) > _MOST_LANES:
        common = sorted(uses, key=lambda lane: -uses[lane])[:_MOST_LANES]
        uses = {lane: uses[lane] for lane in uses if lane in common}
        steps = tuple(
            step
            if step.lane in uses or step.lane is ASTERISK
            else replace(step, lane=ASTERISK, label=f"{step.label} ({isolated(step.lane.label)})")
            for step in steps
        )
    rest = (ASTERISK,) if any(step.lane is ASTERISK for step in steps) else ()
    bars = tuple(bar for bar in shown.bars if bar.lane in uses)
    return replace(shown, steps=steps, lanes=(PROGRAM, *uses, *rest), bars=bars)
