"""Calls and their legs: what the events said about them, and the rows of the tables."""

from __future__ import annotations

from typing import Any

from ari_notebook.store.call_events import PartyFields
from ari_notebook.store.sip import sip_response

__all__ = ["MEDIA_TECHNOLOGIES", "CallLeg", "CallRecord", "Span", "short_name"]

_BUSY, _CONGESTION = {17}, {34, 38, 41, 42}
# Technologies of channels without a person: media of programs, snoop channels, and the announcers
# and recorders of Asterisk's conferences.
MEDIA_TECHNOLOGIES = frozenset(
    {
        "Announcer", "AudioSocket", "CBAnn", "CBRec", "MulticastRTP", "Recorder", "Snoop",
        "UnicastRTP", "WebSocket",
    }
)  # fmt: skip
# Creation precedes the first event by less than a millisecond; timestamps have milliseconds.
_ROUNDING = 0.05
_MERGED = (
    "applications", "bridges", "failures", "held", "media", "recordings", "transfers", "uncertain",
)  # fmt: skip
_NO_ANSWER = {"NOANSWER", "CANCEL", ""}


def short_name(name: str) -> str:
    """Return a channel's name without its unique suffix: ``PJSIP/bob-0000001e`` is PJSIP/bob."""
    return name.split(";")[0].rpartition("-")[0] or name


def duration(begin: float | None, end: float | None) -> float | None:
    """Return the seconds between two times; None if one is unknown, or the clock went backwards."""
    if begin is None or end is None or end < begin - _ROUNDING:
        return None
    return max(0.0, end - begin)


class Span:
    """Time that passed while something lasted, in one or several parts."""

    __slots__ = ("first", "last", "since", "total")

    def __init__(self) -> None:
        self.first: float | None = None
        self.last: float | None = None
        self.since: float | None = None
        self.total = 0.0

    def begin(self, at: float) -> None:
        """Begin, unless it has begun."""
        if self.since is None:
            self.since = at
            self.first = at if self.first is None else self.first

    def end(self, at: float) -> None:
        """End, if it has begun."""
        if self.since is not None:
            self.total += max(0.0, at - self.since)
            self.last, self.since = at, None


class CallLeg:
    """One channel of a call. Times are seconds since 1970, or None if unknown.

    Args:
        id: id of the channel.
        name: its name.
        begin: time of its creation.
        created: its creation time as the server writes it, which distinguishes channels of one id.
    """

    __slots__ = (
        "answered", "app", "asked", "begin", "bridge", "call", "caller", "cause", "cause_txt",
        "created", "dialled", "end", "epoch", "exten", "forgotten", "id", "left", "name", "peer",
        "rang", "sip", "status", "talk", "torn", "up",
    )  # fmt: skip

    def __init__(self, id: str, name: str, begin: float, created: str | None = None) -> None:
        self.id = id
        self.name = name
        self.begin = begin
        self.created = created
        self.rang: float | None = None
        self.up = False  # was seen up
        self.answered: float | None = None  # also None if it was Up in its first event
        self.left: float | None = None  # left Stasis; whether it still exists is not known
        self.end: float | None = None
        self.epoch = 0  # steps of the server's clock before it began
        self.torn = False  # the clock jumped while it existed
        self.forgotten = False  # ended at an unknown time: another channel has its id now
        self.asked: tuple[int, str] | None = None  # order of the hangup, and its origin
        self.cause: int | None = None
        self.cause_txt = ""
        self.sip: int | None = None
        self.caller: PartyFields | None = None
        self.exten = ""
        self.app = ""  # dialplan application that waits for a person, or ""
        self.bridge: tuple[str, str] | None = None  # in which it could talk
        self.dialled: float | None = None
        self.status = ""  # the outcome of dialling it
        self.peer = ""  # the first other party that it talked with
        self.talk = Span()
        self.call: CallRecord

    @property
    def stem(self) -> str:
        """The name, which is the same for both halves of a Local channel."""
        return self.name.split(";")[0]

    @property
    def is_person(self) -> bool:
        """Whether a person may be at its end."""
        return self.name.partition("/")[0] not in MEDIA_TECHNOLOGIES

    def row(self) -> dict[str, Any]:
        """Return the leg as a row of `Legs.df`."""
        torn = self.torn
        return {
            "id": self.id,
            "call": self.call.first.id,
            "name": self.name,
            "endpoint": short_name(self.name),
            "begin": self.begin,
            "dialled": self.dialled,
            "ring": self.rang,
            "answered": self.answered,
            "connected": self.talk.first,
            "end": self.end,
            "wait": None if torn else duration(self.dialled, self.answered),
            "talk": None if torn else self._talked(),
            "with": self.peer,
            "status": self.status,
            "cause": self.cause,
            "cause_txt": self.cause_txt,
            "sip": self.sip,
            "asterisk_id": self.call.asterisk_id,
        }

    def _talked(self) -> float | None:
        return None if self.talk.since is not None or self.forgotten else self.talk.total


class CallRecord:
    """A call: channels that belong together, and what happened to them."""

    __slots__ = (
        "abandoned", "agent", "applications", "asterisk_id", "bridges", "connected", "dialled",
        "dialstatus", "digits", "failures", "held", "hold", "legs", "media", "recordings",
        "transfers", "uncertain", "unseen", "wait", "waiting",
    )  # fmt: skip

    def __init__(self, leg: CallLeg, asterisk_id: str) -> None:
        self.legs = [leg]
        self.asterisk_id = asterisk_id
        self.dialled = ""
        self.dialstatus = ""
        self.digits: dict[tuple[float, str], None] = {}
        # Sets that keep their order.
        self.bridges: dict[str, None] = {}
        self.media: dict[str, None] = {}
        self.recordings: dict[str, None] = {}
        self.applications: dict[str, None] = {}
        self.transfers: dict[float, None] = {}  # their times
        self.failures: dict[str, None] = {}
        self.connected: float | None = None
        self.agent = ""
        self.abandoned = False
        self.waiting: dict[str, None] = {}  # for what the caller waits now
        self.wait = Span()
        self.held: dict[str, None] = {}  # channels that hold the call now
        self.hold = Span()
        self.uncertain: dict[str, None] = {}
        self.unseen: set[str] = set()  # channels in its bridges of which no event came

    def join(self, other: CallRecord) -> None:
        """Add another call's channels: both are one call."""
        for leg in other.legs:
            leg.call = self
        earlier, later = (
            (other, self) if _order(other.first) < _order(self.first) else (self, other)
        )
        self.wait = earlier.wait if earlier.wait.first is not None else later.wait
        self.waiting = earlier.waiting if self.wait is earlier.wait else later.waiting
        self.connected, self.agent = (
            (earlier.connected, earlier.agent)
            if earlier.connected is not None
            else (later.connected, later.agent)
        )
        self.abandoned = earlier.abandoned
        if later is other and _order(self.legs[-1]) <= _order(other.first):
            self.legs += other.legs  # a phone that was dialled: the usual case
        else:
            self.legs = sorted(self.legs + other.legs, key=_order)
        if other.digits:
            self.digits = dict.fromkeys(sorted([*self.digits, *other.digits]))
        for name in _MERGED:
            if more := getattr(other, name):
                getattr(self, name).update(more)
        self.unseen |= other.unseen
        if other.hold.first is not None and self.hold.first is None:
            self.hold = other.hold
        self.dialled = self.dialled or other.dialled
        self.dialstatus = other.dialstatus or self.dialstatus

    @property
    def first(self) -> CallLeg:
        """The first channel of the call: the caller's."""
        return self.legs[0]

    @property
    def end(self) -> float | None:
        """When its last channel ended; None while one exists, or if that is unknown."""
        ends = [leg.end or leg.left for leg in self.legs]
        return None if None in ends else max(end for end in ends if end is not None)

    @property
    def alive(self) -> bool:
        """Whether a channel of it exists, as far as is known."""
        return any(leg.end is None and leg.left is None and not leg.forgotten for leg in self.legs)

    def row(self) -> dict[str, Any]:
        """Return the call as a row of `Calls.df`."""
        first, end = self.first, self.end
        answered = first.answered
        rang = [leg.rang for leg in self.legs if leg.rang is not None]
        waited = answered if first.up else end
        last = max(self.legs, key=lambda leg: leg.end or 0)
        ended = first if first.cause is not None else last
        # A call in progress has no cause, even if a branch of it ended with one.
        cause, cause_txt = (None, "") if end is None else (ended.cause, ended.cause_txt)
        doubts = self.doubts
        torn = "clock" in doubts
        failed_because = "" if end is None or doubts else self._failed_because()
        return {
            "id": first.id,
            "begin": first.begin,
            "ring": min(rang) if rang else None,
            "answered": answered,
            "end": end,
            "wait": None if torn else duration(first.begin, waited),
            "talk": None if torn else duration(answered, end),
            "disposition": self._disposition(cause) if end is not None else "",
            "cause": cause,
            "cause_txt": cause_txt,
            "hangup_by": self._who_hung_up(),
            "caller": _party(first.caller),
            "called": first.exten if first.exten not in ("", "s") else self.dialled,
            "applications": tuple(self.applications),
            "channels": tuple(leg.id for leg in self.legs),
            "channel_names": tuple(leg.name for leg in self.legs),
            "bridges": tuple(self.bridges),
            "media": tuple(self.media),
            "recordings": tuple(self.recordings),
            "digits": "".join(str(digit) for _, digit in self.digits),
            "asterisk_id": self.asterisk_id,
            "connected": self.connected,
            "agent": self.agent,
            "abandoned": self._abandoned(end, doubts),
            "queue_wait": None if torn else self._queue_wait(),
            "hold": None if torn or self.connected is None or self.held else self.hold.total,
            "transfers": len(self.transfers),
            "sip": self._sip(),
            "failed_because": failed_because,
            "uncertain": ", ".join(doubts),
        }

    @property
    def doubts(self) -> list[str]:
        """Why parts of the row are unknown; a complete call has none."""
        doubts = list(self.uncertain)
        if self.unseen:
            doubts.append("unseen channel")
        if any(leg.forgotten for leg in self.legs):
            doubts.append("end unknown")
        if any(leg.torn for leg in self.legs):
            doubts.append("clock")
        return doubts

    def _abandoned(self, end: float | None, doubts: list[str]) -> bool | None:
        if self.connected is not None:
            return False
        return None if doubts or (end is None and not self.abandoned) else self.abandoned

    def _queue_wait(self) -> float | None:
        if self.wait.first is None or (self.connected is None and self.waiting):
            return None
        return duration(self.wait.first, self.connected or self.wait.last)

    def _sip(self) -> int | None:
        """Return the response that decided a call that reached no person."""
        if self.connected is not None:
            return None
        return next((leg.sip for leg in reversed(self.legs) if leg.sip is not None), None)

    def _failed_because(self) -> str:
        if self.connected is not None:
            return ""
        if self.abandoned:
            return "the caller gave up"
        if self.failures:
            return "; ".join(self.failures)
        tried = [leg for leg in self.legs if leg.dialled is not None and leg.status != "ANSWER"]
        if tried and not any(leg.status == "ANSWER" for leg in self.legs):
            return "; ".join(dict.fromkeys(map(_outcome, tried)))
        if self.first.up or self.applications:
            return ""
        text = self.first.cause_txt
        return f"cause {self.first.cause} {text}".rstrip() if self.first.cause else ""

    def _disposition(self, cause: int | None) -> str:
        if self.first.up:
            return "ANSWERED"
        if self.dialstatus == "BUSY" or cause in _BUSY:
            return "BUSY"
        if self.dialstatus in ("CONGESTION", "CHANUNAVAIL") or cause in _CONGESTION:
            return "FAILED"
        return "NO ANSWER"

    def _who_hung_up(self) -> str:
        """Return the first party to hang up; failed attempts of an answered call do not count."""
        stem = self.first.stem  # both halves of a Local channel are one caller
        own = [leg for leg in self.legs if leg.stem == stem]
        legs = [leg for leg in self.legs if leg.up] or own
        asked = min(((*leg.asked, leg.id) for leg in legs if leg.asked), default=None)
        if asked is None:
            return ""
        _, by, channel = asked
        return by or ("caller" if channel == self.first.id else "called")

    # Its state now.

    def live(self) -> dict[str, Any]:
        """Return a call that goes on as a row of `Calls.live`."""
        state, since = self._state()
        return {
            "id": self.first.id,
            "state": state,
            "since": since,
            "begin": self.first.begin,
            "caller": _party(self.first.caller),
            "called": self.first.exten if self.first.exten not in ("", "s") else self.dialled,
            "agent": self.agent,
            "channels": tuple(leg.id for leg in self.legs),
        }

    def _state(self) -> tuple[str, float | None]:
        if self.held:
            return "held", self.hold.since
        talking = [leg.talk.since for leg in self.legs if leg.talk.since is not None]
        if talking:
            return "talking", min(talking)
        if self.waiting and self.connected is None:
            return "waiting", self.wait.first
        if self.first.up:
            return "answered", self.first.answered
        if self.first.rang is not None:
            return "ringing", self.first.rang
        return "dialling" if self.first.exten in ("", "s") else "begun", self.first.begin


def _outcome(leg: CallLeg) -> str:
    if leg.sip is not None:
        return f"{sip_response(leg.sip)} from {short_name(leg.name)}"
    if leg.status in _NO_ANSWER:
        return f"no answer from {short_name(leg.name)}"
    return f"{leg.status} from {short_name(leg.name)}"


def _order(leg: CallLeg) -> tuple[int, float, bool]:
    """Return the sort key of a channel: of a Local channel's halves, ``;1`` comes first.

    A channel that began after a step of the clock is later than one that began before it.
    """
    return leg.epoch, leg.begin, leg.name.endswith(";2")


def _party(caller: PartyFields | None) -> str:
    if caller is None:
        return ""
    name, number = caller.name, caller.number
    return f"{name} <{number}>" if name and number else name or number
