"""Calls: the channels that belong together, as one row each.

An event tells of a channel; a person thinks in calls. docs/calls.md has the rules by which
channels are joined, and what each column means.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ari_notebook.bar import Bar

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.live import EventLog

__all__ = ["Call", "Calls", "Ledger", "Leg"]

Event = Mapping[str, Any]
# A soft request's "cause" is flags: this one is set where a program, or a person at the console,
# asked for it (AST_SOFTHANGUP_EXPLICIT, include/asterisk/channel.h).
_EXPLICIT = 32
_BUSY, _CONGESTION = {17}, {34, 38, 41, 42}
# Where an event carries other channels than ``channel``; all of one event belong to one call.
_CHANNEL_FIELDS = {
    "Dial": ("caller", "peer", "forwarded"),
    "StasisStart": ("channel", "replace_channel"),
    "BridgeBlindTransfer": ("channel", "replace_channel", "transferee"),
    "BridgeAttendedTransfer": (
        "transferer_first_leg",
        "transferer_second_leg",
        "replace_channel",
        "transferee",
        "transfer_target",
        "destination_link_first_leg",
        "destination_link_second_leg",
        "destination_threeway_channel",
    ),
}
_CHANNEL_FIELD = ("channel",)
_NOTHING: Event = {}


class Leg:
    """One channel of a call. Times are seconds since 1970, None where not known."""

    __slots__ = (
        "answered", "asked", "begin", "call", "caller", "cause", "cause_txt", "end", "exten", "id",
        "left", "name", "rang",
    )  # fmt: skip

    def __init__(self, snapshot: Event, begin: float) -> None:
        self.id: str = snapshot["id"]
        self.name: str = snapshot.get("name", "")
        self.begin = begin
        self.rang: float | None = None
        self.answered: float | None = None
        self.left: float | None = None  # Stasis; whether it lives on is not known
        self.end: float | None = None
        self.asked: tuple[int, str] | None = None  # the how manieth to hang up, and by whom
        self.cause: int | None = None
        self.cause_txt = ""
        self.caller: Event = {}
        self.exten = ""
        self.call: Call


class Call:
    """Channels that belong together, and what happened to them."""

    __slots__ = (
        "applications", "asterisk_id", "bridges", "dialled", "dialstatus", "digits",
        "legs", "media", "recordings",
    )  # fmt: skip

    def __init__(self, leg: Leg, asterisk_id: str) -> None:
        self.legs = [leg]
        self.asterisk_id = asterisk_id
        self.dialled = ""
        self.dialstatus = ""
        self.digits: list[tuple[float, str]] = []
        # Sets that keep their order.
        self.bridges: dict[str, None] = {}
        self.media: dict[str, None] = {}
        self.recordings: dict[str, None] = {}
        self.applications: dict[str, None] = {}

    def join(self, other: Call) -> None:
        """Take another call's channels: they are one call."""
        for leg in other.legs:
            leg.call = self
        self.legs = sorted(self.legs + other.legs, key=_order)
        self.digits = sorted(self.digits + other.digits)
        for name in ("bridges", "media", "recordings", "applications"):
            getattr(self, name).update(getattr(other, name))
        self.dialled = self.dialled or other.dialled
        self.dialstatus = other.dialstatus or self.dialstatus

    @property
    def first(self) -> Leg:
        """The channel that the call began with: the caller's."""
        return self.legs[0]

    @property
    def end(self) -> float | None:
        """When its last channel ended; None while one lives."""
        ends = [leg.end or leg.left for leg in self.legs]
        return None if None in ends else max(end for end in ends if end is not None)

    def row(self) -> dict[str, Any]:
        """The call as a row of `Calls.df`."""
        first, end = self.first, self.end
        answered = first.answered
        rang = [leg.rang for leg in self.legs if leg.rang is not None]
        waited = answered if answered is not None else end
        last = max(self.legs, key=lambda leg: leg.end or 0)
        cause = first if first.cause is not None else last
        return {
            "id": first.id,
            "begin": first.begin,
            "ring": min(rang) if rang else None,
            "answered": answered,
            "end": end,
            "wait": None if waited is None else max(0.0, waited - first.begin),
            "talk": None if None in (answered, end) else max(0.0, end - answered),  # type: ignore[operator]
            "disposition": self._disposition(cause.cause) if end is not None else "",
            "cause": cause.cause,
            "cause_txt": cause.cause_txt,
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
        }

    def _disposition(self, cause: int | None) -> str:
        if self.first.answered is not None:
            return "ANSWERED"
        if self.dialstatus == "BUSY" or cause in _BUSY:
            return "BUSY"
        if self.dialstatus in ("CONGESTION", "CHANUNAVAIL") or cause in _CONGESTION:
            return "FAILED"
        return "NO ANSWER"

    def _who_hung_up(self) -> str:
        """Who asked first; an attempt that another one overtook has no say in an answered call."""
        stem = self.first.name.split(";")[0]  # a Local pair's two ends are one caller
        own = [leg for leg in self.legs if leg.name.split(";")[0] == stem]
        legs = [leg for leg in self.legs if leg.answered is not None] or own
        asked = min(((*leg.asked, leg.id) for leg in legs if leg.asked), default=None)
        if asked is None:
            return ""
        _, by, channel = asked
        return by or ("caller" if channel == self.first.id else "called")


def _order(leg: Leg) -> tuple[float, bool]:
    """Of a Local pair, which begins at once, ``;1`` is its caller's end."""
    return leg.begin, leg.name.endswith(";2")


def _well_formed(channel: Event) -> bool:
    """Whether the texts of a channel are texts, so that a row can be made of it."""
    caller = channel.get("caller") or _NOTHING
    dialplan = channel.get("dialplan") or _NOTHING
    texts = (
        channel["id"],
        channel.get("name", ""),
        channel.get("state", ""),
        caller.get("name", ""),
        caller.get("number", ""),
        dialplan.get("exten", ""),
    )
    return set(map(type, texts)) == {str}


def _party(caller: Event) -> str:
    name, number = caller.get("name", ""), caller.get("number", "")
    return f"{name} <{number}>" if name and number else name or number


class Ledger:
    """Makes calls of events, in their order. An event of any shape is taken, none raises."""

    def __init__(self) -> None:
        self._legs: dict[tuple[str, str], Leg] = {}
        self._halves: dict[tuple[str, str], Leg] = {}
        self._inside: dict[tuple[str, str], dict[str, None]] = {}  # bridge → channels
        self._server = ""
        self._asked = 0
        self.unreadable = 0

    def feed(self, events: Iterable[Event]) -> None:
        """Take more events."""
        for event in events:
            try:
                self._feed(event)
            except (KeyError, TypeError, AttributeError, ValueError):
                self.unreadable += 1

    def __iter__(self) -> Iterator[Call]:
        """The calls, in the order they began."""
        calls = {id(leg.call): leg.call for leg in self._legs.values()}
        return iter(sorted(calls.values(), key=lambda call: call.first.begin))

    def knows(
        self, type_: str, server: str, channel: str | None, name: str | None, state: str | None
    ) -> bool:
        """Whether an event about one channel says nothing new, and need not be decoded.

        It is the greater part of them: variables are set, priorities passed. What an event of such
        a type could tell is what `_leg` takes of its channel.

        Args:
            type_: the event's.
            server: the ``asterisk_id``.
            channel: its id.
            name: its name.
            state: its state.
        """
        if type_ in _IGNORED:
            return True
        if type_ in _ACTS or type_ in _CHANNEL_FIELDS:
            return False
        leg = self._legs.get((server, channel or ""))
        return (
            leg is not None
            and leg.name == name
            and bool(leg.caller)
            and leg.left is None
            and (state != "Up" or leg.answered is not None)
            and (state != "Ringing" or leg.rang is not None)
        )

    def _feed(self, event: Event) -> None:
        type_ = event.get("type", "")
        if type_ in _IGNORED:
            return
        server = event.get("asterisk_id", "")
        at = _seconds(event["timestamp"])
        if type_ == "Vanished":
            self._vanished(event, at)
            return
        self._server = server
        legs = [
            self._leg(server, event[field], at)
            for field in _CHANNEL_FIELDS.get(type_, _CHANNEL_FIELD)
            if type(event.get(field)) is dict
        ]
        for leg in legs[1:]:
            _join(legs[0], leg)
        act = _ACTS.get(type_)
        if act is not None:
            act(self, event, server, legs[0] if legs else None, at)

    def _leg(self, server: str, snapshot: Event, at: float) -> Leg:
        if not _well_formed(snapshot):
            raise TypeError("no channel of the declared form")
        key = (server, snapshot["id"])
        leg = self._legs.get(key)
        if leg is None:
            created = snapshot.get("creationtime")
            leg = self._legs[key] = Leg(snapshot, _seconds(created) if created else at)
            leg.call = Call(leg, server)
            dialplan = snapshot.get("dialplan") or {}
            leg.exten = dialplan.get("exten", "")
            self._join_other_half(server, leg)
        if snapshot.get("name"):
            leg.name = snapshot["name"]
        if leg.end is None:
            leg.left = None
        state = snapshot.get("state")
        if state == "Up" and leg.answered is None:
            leg.answered = at
        elif state == "Ringing" and leg.rang is None:
            leg.rang = at
        caller = snapshot.get("caller")
        if caller and (caller.get("number") or caller.get("name")):
            leg.caller = leg.caller or caller
        return leg

    def _join_other_half(self, server: str, leg: Leg) -> None:
        """``Local/…;1`` and ``Local/…;2`` are the two ends of one."""
        stem, semicolon, _ = leg.name.rpartition(";")
        if semicolon:
            other = self._halves.pop((server, stem), None)
            if other is None:
                self._halves[server, stem] = leg
            else:
                _join(other, leg)

    # What events do.

    def _destroyed(self, event: Event, _server: str, leg: Leg | None, at: float) -> None:
        if leg is not None:
            leg.end = at
            cause = event.get("cause")
            leg.cause = cause if isinstance(cause, int) and 0 <= cause < 1 << 15 else None
            leg.cause_txt = str(event.get("cause_txt", ""))

    def _vanished(self, event: Event, at: float) -> None:
        """A row of ours, found after a gap: it names no server, but follows the server's own."""
        leg = self._legs.get((self._server, event["channel"]["id"])) if "channel" in event else None
        if leg is not None and leg.end is None:
            leg.end = at

    def _stasis_start(self, event: Event, _server: str, leg: Leg | None, _at: float) -> None:
        if leg is not None and event.get("application"):
            leg.call.applications[event["application"]] = None

    def _stasis_end(self, _event: Event, _server: str, leg: Leg | None, at: float) -> None:
        if leg is not None and leg.end is None:
            leg.left = at

    def _hangup(self, event: Event, _server: str, leg: Leg | None, _at: float) -> None:
        if leg is None or leg.asked is not None:
            return
        by = ""  # the channel's own party
        if event.get("soft"):
            by = "program" if event.get("cause", 0) & _EXPLICIT else "dialplan"
        self._asked += 1
        leg.asked = (self._asked, by)

    def _dial(self, event: Event, _server: str, leg: Leg | None, _at: float) -> None:
        if leg is not None:
            call = leg.call
            call.dialled = call.dialled or event.get("dialstring", "").removesuffix("/n")
            call.dialstatus = str(event.get("dialstatus") or call.dialstatus)

    def _digit(self, event: Event, _server: str, leg: Leg | None, at: float) -> None:
        if leg is not None:
            leg.call.digits.append((at, event["digit"]))

    def _entered(self, event: Event, server: str, leg: Leg | None, _at: float) -> None:
        bridge = event["bridge"]
        inside = self._inside.setdefault((server, bridge["id"]), {})
        if leg is None:
            return
        leg.call.bridges[bridge["id"]] = None
        inside[leg.id] = None
        if bridge.get("bridge_type") == "holding" or bridge.get("bridge_class") == "base":
            return  # who waits beside others, or came to their conference, has a call of his own
        for id in (*inside, *bridge.get("channels", ())):
            other = self._legs.get((server, id))
            if other is not None:
                _join(other, leg)

    def _left_bridge(self, event: Event, server: str, leg: Leg | None, _at: float) -> None:
        if leg is not None:
            self._inside.get((server, event["bridge"]["id"]), {}).pop(leg.id, None)

    def _bridge_gone(self, event: Event, server: str, _leg: Leg | None, _at: float) -> None:
        self._inside.pop((server, event["bridge"]["id"]), None)

    def _playback(self, event: Event, server: str, _leg: Leg | None, _at: float) -> None:
        playback = event["playback"]
        for call in self._targets(server, playback["target_uri"]):
            call.media[playback["media_uri"]] = None

    def _recording(self, event: Event, server: str, _leg: Leg | None, _at: float) -> None:
        recording = event["recording"]
        for call in self._targets(server, recording["target_uri"]):
            call.recordings[recording["name"]] = None

    def _targets(self, server: str, uri: str) -> Iterator[Call]:
        scheme, _, id = uri.partition(":")
        for channel in self._inside.get((server, id), {}) if scheme == "bridge" else (id,):
            leg = self._legs.get((server, channel))
            if leg is not None:
                yield leg.call


def _join(one: Leg, other: Leg) -> None:
    if one.call is not other.call:
        one.call.join(other.call)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


# Of no channel, or rows of our own.
_IGNORED = {"DeviceStateChanged", "EndpointStateChange", "Gap", "Appeared", "HandlerFailed"}
_ACTS: dict[str, Callable[[Ledger, Event, str, Leg | None, float], None]] = {
    "BridgeDestroyed": Ledger._bridge_gone,
    "ChannelDestroyed": Ledger._destroyed,
    "ChannelDtmfReceived": Ledger._digit,
    "ChannelEnteredBridge": Ledger._entered,
    "ChannelHangupRequest": Ledger._hangup,
    "ChannelLeftBridge": Ledger._left_bridge,
    "Dial": Ledger._dial,
    "PlaybackContinuing": Ledger._playback,
    "PlaybackStarted": Ledger._playback,
    "RecordingStarted": Ledger._recording,
    "StasisEnd": Ledger._stasis_end,
    "StasisStart": Ledger._stasis_start,
}
_PART = 4096  # events decoded at once
_TIMES = ("begin", "ring", "answered", "end")


class Calls:
    """The calls of an event log; looking again reads only what has come since.

    Args:
        log: whose events.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._ledger = Ledger()
        self._read = 0
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Call]:
        """The calls, in the order they began."""
        with self._lock, Bar("reading calls") as bar:
            while self._read < self._log.count:
                events, self._read = self._log.part(self._read, _PART)
                self._ledger.feed(events)
                bar.at(self._read / self._log.count)
            return iter(self._ledger)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Forget the calls so far, and the events that they were made of."""
        with self._lock:
            self._ledger = Ledger()
            self._read = self._log.count

    @property
    def unreadable(self) -> int:
        """How many of the events read so far are not as they should be, and were left out."""
        return self._ledger.unreadable

    @property
    def df(self) -> pd.DataFrame:
        """A row a call, indexed by the id of its first channel; docs/calls.md has the columns."""
        return frame(self)

    def __repr__(self) -> str:
        calls = list(self)
        alive = sum(call.end is None for call in calls)
        left_out = f"; left out: {self.unreadable} events" if self.unreadable else ""
        return f"<{len(calls)} calls, {alive} of them going on{left_out}>"


def frame(calls: Iterable[Call]) -> pd.DataFrame:
    """Calls as a DataFrame."""
    import pandas as pd

    rows = [call.row() for call in calls]
    columns = list(rows[0]) if rows else list(_EMPTY)
    made: dict[str, Any] = {name: [row[name] for row in rows] for name in columns}
    for name in _TIMES:
        times = [None if at is None else round(at * 1000) for at in made[name]]
        made[name] = pd.to_datetime(pd.array(times, dtype="Int64"), unit="ms", utc=True)
    for name in ("wait", "talk"):
        made[name] = pd.array(made[name], dtype="Float64").round(3)
    made["cause"] = pd.array(made["cause"], dtype="Int16")
    for name in ("disposition", "cause_txt", "hangup_by", "asterisk_id"):
        made[name] = pd.Categorical(made[name])
    return pd.DataFrame(made).set_index("id")


_EMPTY = Call(Leg({"id": ""}, 0.0), "").row()
