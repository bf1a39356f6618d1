"""What passed between a program and Asterisk, in order: the matter of the ladder.

Requests and events become steps between lifelines: the program, Asterisk, and each channel,
bridge and playback that something was said of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ari_notebook.live.details import detail
from ari_notebook.requestlog import SentRequest
from ari_notebook.views.cards import party
from ari_notebook.views.causes import Causes, subjects, touches
from ari_notebook.views.markup import clean

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["ASTERISK", "PROGRAM", "Lane", "Sequence", "Step", "arrange", "sequence", "timed_events"]

_MOST_LANES = 10
_MOST_EVENTS = 20_000
_ENDS = {
    "ChannelDestroyed": "channel",
    "StasisEnd": "channel",
    "BridgeDestroyed": "bridge",
    "PlaybackFinished": "playback",
    "RecordingFinished": "recording",
    "RecordingFailed": "recording",
}


@dataclass(frozen=True, slots=True)
class Lane:
    """A lifeline: what it stands for and what it is called."""

    kind: str
    id: str
    name: str

    @property
    def label(self) -> str:
        """Its name with its kind, where that is not plain."""
        plain = self.kind in ("channel", "program", "asterisk")
        return self.name if plain else f"{self.kind} {self.name}"


PROGRAM = Lane("program", "", "program")
ASTERISK = Lane("asterisk", "", "Asterisk")


@dataclass(frozen=True, slots=True)
class Step:
    """One arrow.

    ``at`` is in seconds since 1970; ``sent`` says whether the program sent it; ``number`` counts
    requests; ``cause`` is the number of the request that an event came of; ``ends`` says that the
    lane's object is over; ``source`` is all there is to know of it, as JSON would have it.
    """

    at: float
    sent: bool
    lane: Lane
    label: str
    outcome: str = ""
    failed: bool = False
    number: int = 0
    cause: int = 0
    ends: bool = False
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Steps in order and the lanes they use, the program's and Asterisk's first."""

    steps: tuple[Step, ...]
    lanes: tuple[Lane, ...]
    left_out: int = 0


class _Lanes:
    """Finds the lane of an object, and names it by the best that was said of it."""

    def __init__(self, events: Iterable[Mapping[str, Any]]) -> None:
        self._labels: dict[tuple[str, str], str] = {}
        for event in events:
            for name, kind in (("channel", "channel"), ("peer", "channel"), ("bridge", "bridge")):
                item = event.get(name)
                if not isinstance(item, Mapping) or not isinstance(item.get("id"), str):
                    continue
                label = party(item.get("caller")) if kind == "channel" else ""
                label = label or str(item.get("name") or "") or item["id"]
                self._labels.setdefault((kind, item["id"]), label)
            playback = event.get("playback")
            if isinstance(playback, Mapping) and isinstance(playback.get("id"), str):
                media = str(playback.get("media_uri") or playback["id"])
                self._labels.setdefault(("playback", playback["id"]), media)

    def of(self, kind: str, id: str) -> Lane:
        known = self._labels.get((kind, id))
        return Lane(kind, id, clean(known or id, 60))

    def of_request(self, request: SentRequest) -> Lane:
        parts = [unquote(part) for part in request.path.split("/") if part]
        if len(parts) >= 2 and parts[0] in ("channels", "bridges", "playbacks"):
            kind = parts[0].removesuffix("s")
            if (kind, parts[1]) in self._labels:
                return self.of(kind, parts[1])
        return ASTERISK

    def of_event(self, event: Mapping[str, Any]) -> Lane:
        for kind, id in subjects(event):
            if (kind, id) in self._labels:
                return self.of(kind, id)
        return ASTERISK


def sequence(
    session: Session,
    *,
    channel: Iterable[str] = (),
    seconds: float | None = None,
    last: int = 100,
) -> Sequence:
    """The requests and events of a session as steps.

    Args:
        session: whose.
        channel: only what names one of these channels; all if empty.
        seconds: only what is not older than so many seconds.
        last: at most so many steps, the latest.
    """
    return arrange(
        list(session.requests), timed_events(session), channel=channel, seconds=seconds, last=last
    )


def timed_events(session: Session) -> list[tuple[Mapping[str, Any], float]]:
    """The last 20,000 events of a session, each with when it was received."""
    log = session.log
    first = max(0, log.count - _MOST_EVENTS, log.count - len(log))
    events = log.since(first)
    received = log.tail(log.count - first)["received"]
    return [(event, at.timestamp()) for event, at in zip(events, received, strict=False)]


def arrange(
    requests: list[SentRequest],
    events: list[tuple[Mapping[str, Any], float]],
    *,
    channel: Iterable[str] = (),
    seconds: float | None = None,
    last: int = 100,
) -> Sequence:
    """Requests and events as steps; see `sequence`. Events come with when they were received."""
    lanes, causes, wanted = _Lanes(event for event, _ in events), Causes(requests), set(channel)
    caused = [(event, at, causes.of(event, at)) for event, at in events]
    if wanted:
        caused = [it for it in caused if wanted & {id for _, id in subjects(it[0])}]
    told = [_event_step(event, at, lanes, cause) for event, at, cause in caused[-last:]]
    shown = {step.cause for step in told}
    steps = [
        _request_step(number, request, lanes)
        for number, request in enumerate(requests, 1)
        if not wanted or number in shown or wanted & touches(request)
    ]
    steps = sorted(steps + told, key=lambda step: step.at)
    if seconds is not None and steps:
        begin = steps[-1].at - seconds
        steps = [step for step in steps if step.at >= begin]
    steps = steps[-last:]
    return _few_lanes(steps, len(requests) + len(events) - len(steps))


def _request_step(number: int, request: SentRequest, lanes: _Lanes) -> Step:
    lane = lanes.of_request(request)
    parts = [unquote(part) for part in request.path.split("/") if part]
    what = "/".join(parts[2:]) if lane is not ASTERISK else "/".join(parts)
    given = " ".join(f"{key}={value}" for key, value in request.params.items())
    known = {
        "request": f"{request.method} {request.path}",
        "params": request.params,
        "body": request.body,
        "status": request.status,
        "message": request.message,
        "milliseconds": request.milliseconds,
    }
    return Step(
        at=request.at,
        sent=True,
        lane=lane,
        label=clean(f"{request.method} {what} {given}".strip(), 90),
        outcome="no answer" if request.status is None else str(request.status),
        failed=request.status is None or request.status >= 400,
        number=number,
        source=known,
    )


def _event_step(event: Mapping[str, Any], at: float, lanes: _Lanes, cause: int | None) -> Step:
    lane = lanes.of_event(event)
    type = str(event.get("type") or "")
    words = detail(event) or str(event.get("detail") or "")
    if type == "ChannelStateChange" and isinstance(event.get("channel"), Mapping):
        words = str(event["channel"].get("state") or "")
    return Step(
        at=at,
        sent=False,
        lane=lane,
        label=clean(f"{type} {words}".strip(), 90),
        cause=0 if cause is None else cause + 1,
        ends=_ENDS.get(type) == lane.kind,
        source=event,
    )


def _few_lanes(steps: list[Step], left_out: int) -> Sequence:
    """The lanes in use; the rarest fold into Asterisk's where there are too many to draw."""
    uses: dict[Lane, int] = {}
    for step in steps:
        uses[step.lane] = uses.get(step.lane, 0) + 1
    uses.pop(ASTERISK, None)
    if len(uses) > _MOST_LANES:
        common = sorted(uses, key=lambda lane: -uses[lane])[:_MOST_LANES]
        uses = {lane: uses[lane] for lane in uses if lane in common}
        steps = [
            step
            if step.lane in uses
            else replace(step, lane=ASTERISK, label=clean(f"{step.label} ({step.lane.label})", 110))
            if step.lane is not ASTERISK
            else step
            for step in steps
        ]
    return Sequence(tuple(steps), (PROGRAM, ASTERISK, *uses), left_out)
