"""Facts about the end of one call, collected from its events and requests in one pass.

The explanations in `why` only read these facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from ari_notebook.store.call_events import asterisk_refused
from ari_notebook.store.calls import CallLeg, CallRecord
from ari_notebook.store.request_log import SentRequest

__all__ = ["CallFacts", "DialAttempt", "Fact", "Step", "collect", "short_name"]

Event = Mapping[str, Any]
# Variables in which an application reports how it ended, and the values that mean success
# ("core show application" of each).
_STATUSES = {
    "STASISSTATUS": {"SUCCESS"},
    "PLAYBACKSTATUS": {"SUCCESS"},
    "BACKGROUNDSTATUS": {"SUCCESS"},
    "RECORD_STATUS": {"DTMF", "SILENCE", "SKIP", "TIMEOUT", "HANGUP", "OPERATOR"},
    "QUEUESTATUS": {"CONTINUE", "WITHDRAW"},
    "VMSTATUS": {"SUCCESS", "USEREXIT"},
    "SYSTEMSTATUS": {"SUCCESS", "APPERROR"},
    "AGISTATUS": {"SUCCESS", "HANGUP"},
    "TRANSFERSTATUS": {"SUCCESS"},
    "PARKINGSTATUS": {"SUCCESS"},
    "PAGESTATUS": {"SUCCESS"},
    "ORIGINATESTATUS": {"SUCCESS"},
    "BRIDGERESULT": {"SUCCESS"},
    "TRYSTATUS": {"SUCCESS"},
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of evidence.

    Attributes:
        at: seconds since 1970.
        source: the event's type, or the request's method and path.
        channel: the channel's name; "" where it concerns none.
        text: its description.
    """

    at: float
    source: str
    channel: str
    text: str


@dataclass(slots=True)
class DialAttempt:
    """One channel that was dialled for the call. Times are seconds since 1970."""

    channel: str  # id
    peer: str  # such as PJSIP/bob
    begin: float
    rang: float | None = None
    end: float | None = None
    status: str = ""  # of the last Dial event, such as BUSY; "" while it goes on
    cause: int | None = None
    cause_txt: str = ""
    # The peer's response: tech_cause of its hangup request. That of ChannelDestroyed alone is what
    # Asterisk maps its own cause to.
    sip: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A priority of the dialplan that the caller's channel executed."""

    at: float
    place: str  # such as 1000,2
    app: str
    data: str


@dataclass(slots=True)
class CallFacts:
    """The facts about one call.

    Attributes:
        call: the call.
        attempts: the dialled channels, in the order of dialling.
        steps: of the caller's channel (of a Local channel, both ends).
        last_place: extension and priority at the caller's end, such as ``1000,3``.
        statuses: variables that report how an application ended: time, name, value, application.
        invalid_exten: the value of INVALID_EXTEN; "" where unset.
        entered: Stasis applications entered: time, name, channel id.
        left: times at which channels left Stasis, by channel id.
        playback_failures: media that could not be played, with time.
        recording_failures: recordings that failed, with time and cause.
        hangups: hangup requests: time, channel id, origin ("party", "program", "dialplan"), state.
        requests: those of this session that concern the call.
        destroyed: events ChannelDestroyed, by channel id.
        evidence: rows in the order of time.
    """

    call: CallRecord
    attempts: list[DialAttempt] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    last_place: str = ""
    statuses: list[tuple[float, str, str, str]] = field(default_factory=list)
    dial_status: str = ""
    invalid_exten: str = ""
    entered: list[tuple[float, str, str]] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)
    playback_failures: list[tuple[float, str]] = field(default_factory=list)
    recording_failures: list[tuple[float, str, str]] = field(default_factory=list)
    hangups: list[tuple[float, str, str, str]] = field(default_factory=list)
    requests: list[SentRequest] = field(default_factory=list)
    destroyed: dict[str, Event] = field(default_factory=dict)
    connected: float | None = None  # since when two answered channels are in a bridge
    vanished: bool = False
    evidence: list[Fact] = field(default_factory=list)

    @property
    def first(self) -> CallLeg:
        """The channel that the call began with."""
        return self.call.first

    @property
    def own(self) -> list[CallLeg]:
        """The caller's channel; both ends where it is a Local channel."""
        stem = self.first.name.split(";")[0]
        return [leg for leg in self.call.legs if leg.name.split(";")[0] == stem]


def collect(
    call: CallRecord, events: Iterable[Event], requests: Iterable[SentRequest]
) -> CallFacts:
    """Collect the facts about a call from events and requests.

    Args:
        call: the call.
        events: those of its channels, in the order of arrival; events of any shape are taken.
        requests: those that may concern it.
    """
    facts = CallFacts(call)
    reader = _Reader(facts)
    for event in events:
        try:
            reader.read(event)
        except (KeyError, TypeError, AttributeError, ValueError):
            continue  # counted by the table of calls
    reader.complete()
    ids = {leg.id for leg in call.legs}
    for request in requests:
        if _concerns(request, ids):
            facts.requests.append(request)
            facts.evidence.append(
                Fact(request.at, f"{request.method} {request.path}", "", _outcome(request))
            )
    facts.evidence.sort(key=lambda fact: fact.at)
    return facts


class _Reader:
    """Derives the facts from events."""

    def __init__(self, facts: CallFacts) -> None:
        self._facts = facts
        self._ids = {leg.id for leg in facts.call.legs}
        self._own = {leg.id for leg in facts.own}
        self._attempts: dict[str, DialAttempt] = {}
        self._apps: dict[str, str] = {}  # channel → its latest application, with arguments
        self._bridged: dict[str, set[str]] = {}

    def read(self, event: Event) -> None:
        type_ = str(event.get("type"))
        read = _READERS.get(type_)
        if read is None:
            return
        channel = event.get("channel") or event.get("peer") or {}
        id = channel.get("id")
        if id not in self._ids and type_ not in ("PlaybackFinished", "RecordingFailed"):
            return
        read(self, event, channel, datetime.fromisoformat(event["timestamp"]).timestamp())

    def complete(self) -> None:
        """Give a dialled Local channel, which ends without a cause, the cause of its far end."""
        for attempt in self._facts.attempts:
            if attempt.cause or not attempt.peer.startswith("Local/"):
                continue
            near = next((e for e in self._facts.call.legs if e.id == attempt.channel), None)
            if near is None:
                continue
            stem = near.name.rpartition(";")[0]
            for far in self._facts.call.legs:
                event = self._facts.destroyed.get(far.id)
                if event and far is not near and far.name.rpartition(";")[0] == stem:
                    attempt.cause, attempt.cause_txt = (
                        event.get("cause"),
                        event.get("cause_txt", ""),
                    )

    def _note(self, at: float, source: str, channel: Event, text: str) -> None:
        self._facts.evidence.append(Fact(at, source, str(channel.get("name", "")), text))

    def _created(self, _event: Event, channel: Event, at: float) -> None:
        plan = channel.get("dialplan") or {}
        if channel["id"] == self._facts.first.id:
            self._facts.last_place = f"{plan.get('exten')},{plan.get('priority')}"
        self._note(at, "ChannelCreated", channel, str(channel.get("state", "")))

    def _dialplan(self, event: Event, channel: Event, at: float) -> None:
        app, data = str(event.get("dialplan_app")), str(event.get("dialplan_app_data") or "")
        self._apps[channel["id"]] = f"{app}({data})"
        if app in ("AppDial", "AppDial2") or channel["id"] not in self._own:
            return
        plan = channel.get("dialplan") or {}
        place = f"{plan.get('exten')},{plan.get('priority')}"
        self._facts.steps.append(Step(at, place, app, data))
        self._facts.last_place = place
        self._note(at, "ChannelDialplan", channel, f"{place}: {app}({data})")

    def _variable(self, event: Event, channel: Event, at: float) -> None:
        name, value = str(event.get("variable")), str(event.get("value") or "")
        if not value:
            return
        if name == "DIALSTATUS" and channel["id"] in self._own:
            self._facts.dial_status = value
        elif name == "INVALID_EXTEN":
            self._facts.invalid_exten = value
        elif name in _STATUSES:
            if value in _STATUSES[name]:
                return
            app = self._apps.get(channel["id"], "")
            self._facts.statuses.append((at, name, value, app))
        else:
            return
        self._note(at, "ChannelVarset", channel, f"{name}={value}")

    def _dial(self, event: Event, peer: Event, at: float) -> None:
        peer = event.get("peer") or {}
        status = str(event.get("dialstatus") or "")
        attempt = self._attempts.get(peer["id"])
        if attempt is None:
            attempt = DialAttempt(peer["id"], short_name(str(peer.get("name", ""))), at)
            self._attempts[peer["id"]] = attempt
            self._facts.attempts.append(attempt)
        if status == "RINGING":
            attempt.rang = attempt.rang or at
        elif status and status != "PROGRESS":
            attempt.status, attempt.end = status, at
        self._note(at, "Dial", peer, status or "dialled")

    def _state(self, _event: Event, channel: Event, at: float) -> None:
        self._note(at, "ChannelStateChange", channel, str(channel.get("state", "")))

    def _hangup(self, event: Event, channel: Event, at: float) -> None:
        by = "party"
        if event.get("soft"):
            by = "program" if event.get("cause", 0) & 32 else "dialplan"
        elif asterisk_refused(channel.get("state"), event.get("tech_cause")):
            by = "dialplan"
        if event.get("tech_cause") and (attempt := self._attempts.get(channel["id"])):
            attempt.sip, attempt.cause = int(event["tech_cause"]), event.get("cause")
        self._facts.hangups.append((at, channel["id"], by, str(channel.get("state", ""))))
        words = {"party": "by the party", "program": "by a program", "dialplan": "by the dialplan"}
        code = event.get("tech_cause")
        text = words[by] + (f", SIP {code}" if code else "")
        self._note(at, "ChannelHangupRequest", channel, text)

    def _destroyed(self, event: Event, channel: Event, at: float) -> None:
        self._facts.destroyed[channel["id"]] = event
        plan = channel.get("dialplan") or {}
        if channel["id"] in self._own and plan.get("exten"):
            self._facts.last_place = f"{plan['exten']},{plan.get('priority')}"
        if attempt := self._attempts.get(channel["id"]):
            attempt.end = attempt.end or at
            attempt.cause = attempt.cause if attempt.cause is not None else event.get("cause")
            attempt.cause_txt = str(event.get("cause_txt", ""))
        code = event.get("tech_cause")
        text = f"cause {event.get('cause')} {event.get('cause_txt', '')}".strip()
        self._note(at, "ChannelDestroyed", channel, text + (f", SIP {code}" if code else ""))

    def _entered(self, event: Event, channel: Event, at: float) -> None:
        self._facts.entered.append((at, str(event.get("application")), channel["id"]))
        self._facts.left.pop(channel["id"], None)
        self._note(at, "StasisStart", channel, str(event.get("application")))

    def _left(self, event: Event, channel: Event, at: float) -> None:
        self._facts.left[channel["id"]] = at
        self._note(at, "StasisEnd", channel, str(event.get("application")))

    def _in_bridge(self, event: Event, channel: Event, at: float) -> None:
        inside = self._bridged.setdefault(event["bridge"]["id"], set())
        inside.add(channel["id"])
        if len(inside) > 1 and self._facts.connected is None:
            self._facts.connected = at
        self._note(at, "ChannelEnteredBridge", channel, str(event["bridge"]["id"]))

    def _out_of_bridge(self, event: Event, channel: Event, at: float) -> None:
        self._bridged.get(event["bridge"]["id"], set()).discard(channel["id"])
        self._note(at, "ChannelLeftBridge", channel, str(event["bridge"]["id"]))

    def _playback(self, event: Event, _channel: Event, at: float) -> None:
        playback = event["playback"]
        if playback.get("state") == "failed" and self._targets(playback):
            self._facts.playback_failures.append((at, str(playback.get("media_uri"))))
            self._note(at, "PlaybackFinished", {}, f"{playback.get('media_uri')} failed")

    def _recording(self, event: Event, _channel: Event, at: float) -> None:
        recording = event["recording"]
        if self._targets(recording):
            cause = str(recording.get("cause") or "")
            self._facts.recording_failures.append((at, str(recording.get("name")), cause))
            self._note(at, "RecordingFailed", {}, f"{recording.get('name')} failed: {cause}")

    def _targets(self, what: Event) -> bool:
        kind, _, id = str(what.get("target_uri", "")).partition(":")
        return id in (self._ids if kind == "channel" else self._facts.call.bridges)

    def _vanished(self, _event: Event, channel: Event, at: float) -> None:
        self._facts.vanished = True
        self._note(at, "Vanished", channel, "ended while the connection was lost")


_READERS = {
    "ChannelCreated": _Reader._created,
    "ChannelDestroyed": _Reader._destroyed,
    "ChannelDialplan": _Reader._dialplan,
    "ChannelEnteredBridge": _Reader._in_bridge,
    "ChannelHangupRequest": _Reader._hangup,
    "ChannelLeftBridge": _Reader._out_of_bridge,
    "ChannelStateChange": _Reader._state,
    "ChannelVarset": _Reader._variable,
    "Dial": _Reader._dial,
    "PlaybackFinished": _Reader._playback,
    "RecordingFailed": _Reader._recording,
    "StasisEnd": _Reader._left,
    "StasisStart": _Reader._entered,
    "Vanished": _Reader._vanished,
}


def short_name(name: str) -> str:
    """Return a channel's name without its unique suffix: ``PJSIP/bob-0000001e`` is PJSIP/bob."""
    return name.split(";")[0].rpartition("-")[0] or name


def _concerns(request: SentRequest, ids: set[str]) -> bool:
    parts = {unquote(part) for part in request.path.split("/")}
    named = {
        one
        for name in ("channel", "channelId", "otherChannelId", "originator", "snoopId")
        for one in str(request.params.get(name, "")).split(",")
    }
    return not ids.isdisjoint(parts | named | {request.made})


def _outcome(request: SentRequest) -> str:
    if request.status is None:
        return request.message
    return f"{request.status} {request.message}".strip()
