"""Builds calls from events.

Asterisk's events are about channels. docs/explanation/calls.md has the rules that assign channels
to calls, and those for waiting, talking and abandoned calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ari_notebook.store.call import CallLeg, CallRecord, short_name
from ari_notebook.store.call_events import (
    NO_PLAN,
    NOT_DECODED,
    CallBridgeFields,
    CallChannelFields,
    CallEvent,
    asterisk_refused,
    converted,
    decode,
    decoded,
)
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.server_clock import CLOCK_STEP, ServerClock, Times

__all__ = ["CALLER_APPLICATION", "COLUMNS", "QUEUE_VARIABLE", "Ledger", "Snapshot"]

# Columns that decide whether an event has new information, in the order of `Ledger.knows`.
COLUMNS = ("type", "asterisk_id", "channel", "channel_name", "state", "detail")

# The "cause" of a soft hangup request consists of flags: this one is set if a program, or a user of
# the console, requested it (AST_SOFTHANGUP_EXPLICIT, include/asterisk/channel.h).
_EXPLICIT = 32
# Prefix of the applications with the phones of callers created by `ari.call`: a hangup requested
# there is the caller's.
CALLER_APPLICATION = "ari-notebook-phone-"
# Channel variable by which a program says that a caller waits in a queue of its own: the queue's
# name, and nothing when the caller leaves it.
QUEUE_VARIABLE = "ARI_QUEUE"
_DIAL_FIELDS = ("caller", "peer", "forwarded")
# Fields of events with channels besides ``channel``; all channels of an event belong to one call.
_CHANNEL_FIELDS = {
    "Dial": _DIAL_FIELDS,
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
# Applications of the dialplan in which a caller waits for a person.
_WAITING_APPS = {"Queue", "MusicOnHold"}
# "core show application Queue": CONTINUE and WITHDRAW are no failures.
_LEFT_WELL = {"CONTINUE", "WITHDRAW"}
# Seconds after its creation by which a channel's first event arrives.
_SEEN_WITHIN = 0.5
_IN_PROGRESS = {"RINGING", "PROGRESS", "PROCEEDING"}
# Raised by an event that is not as declared.
_INVALID = (*NOT_DECODED, KeyError, TypeError, AttributeError, ValueError, OverflowError)
Event = Mapping[str, Any]
Snapshot = Mapping[str, Iterable[Event]]  # ARI's "channels" and "bridges"
_NO_SNAPSHOT: Snapshot = {}
Key = tuple[str, str]  # of a server, and the id of a channel or bridge


class Ledger:
    """Builds calls from events, in their order. Invalid events raise no error, they are counted.

    Args:
        snapshot: the channels and bridges before the first event, as ARI lists them. They belong to
            one server, that of the first event.

    Attributes:
        unreadable: number of invalid events.
        problems: what makes rows uncertain, counted: ids that were used again, steps of a clock,
            gaps.
    """

    def __init__(self, snapshot: Snapshot = _NO_SNAPSHOT) -> None:
        self._legs: dict[Key, CallLeg] = {}
        self._replaced: list[CallLeg] = []  # whose ids other channels have now
        self._halves: dict[Key, CallLeg] = {}
        self._inside: dict[Key, dict[str, None]] = {}  # bridge → channels
        self._persons: dict[Key, dict[str, CallLeg]] = {}  # bridge → answered channels in it
        self._server = ""
        self._asked = 0
        self._partners: dict[Key, CallLeg] = {}  # unseen channel → one it was bridged with
        self._latest: dict[str, float] = {}  # server → its newest time
        self._since: dict[str, float] = {}  # server → the time from which all its events are here
        self._from_snapshot = snapshot is not _NO_SNAPSHOT
        self._steps: dict[str, int] = {}  # server → how often its clock jumped, either way
        self._clock = ServerClock()
        self._stamp: str | None = None
        self._timed = ""  # the server whose time it was noted as
        self._at = 0.0
        self.unreadable = 0
        self.problems: Counter[str] = Counter()
        self._begin_with(snapshot)

    def feed(self, events: Iterable[Event]) -> None:
        """Take more events."""
        batch = decoded(events.frames) if isinstance(events, EventBatch) else converted(events)
        self._take(batch)

    def feed_frames(self, frames: Iterable[bytes]) -> None:
        """Take more events, as JSON."""
        self._take(decoded(frames))

    def feed_rows(
        self,
        frames: Sequence[bytes],
        times: Times,
        received: Times,
        columns: Sequence[Sequence[str | None]],
    ) -> None:
        """Take more events, and decode only those with new information, if their times are valid.

        Args:
            frames: their JSON.
            times: their times in microseconds since 1970, or NaT.
            received: their times of receipt in microseconds since 1970.
            columns: their columns of the names in `COLUMNS`; a row that the server did not send has
                no ``asterisk_id``.
        """
        servers = list(dict.fromkeys(filter(None, columns[1])))
        if len(servers) > 1:
            self._take(decoded(frames))
            return
        sent = np.fromiter(map(bool, columns[1]), bool, len(times))
        start = 0
        for place in np.flatnonzero(sent)[self._clock.jumps(times[sent], received[sent])].tolist():
            self._feed_part(frames, times, sent, columns, slice(start, place))
            self._step(str(servers[0]), "clock jumped forward")
            start = place
        self._feed_part(frames, times, sent, columns, slice(start, len(times)))

    def _feed_part(
        self,
        frames: Sequence[bytes],
        times: Times,
        sent: npt.NDArray[np.bool_],
        columns: Sequence[Sequence[str | None]],
        part: slice,
    ) -> None:
        """Take rows of one server."""
        own = times[part][sent[part]]
        if not self._clock.in_order(own):
            self._take(decoded(frames[part]))  # the times of all of them count
            return
        feed, knows = self._feed, self.knows
        rows = zip(*(column[part] for column in columns), strict=True)
        for frame, row in zip(frames[part], rows, strict=True):
            if row[0] in _NEWS or not knows(*row):
                try:
                    feed(decode(frame))
                except _INVALID:
                    self.unreadable += 1
        if len(own):
            server = next(filter(None, columns[1]))
            self._latest[server] = max(float(own.max()) / 1e6, self._latest.get(server, 0.0))

    def _take(self, events: Iterable[CallEvent | None]) -> None:
        for event in events:
            if event is None:
                self.unreadable += 1
                continue
            if event.type in _IGNORED:
                continue
            try:
                self._feed(event)
            except _INVALID:
                self.unreadable += 1

    def __iter__(self) -> Iterator[CallRecord]:
        """Return the calls, in the order they began."""
        calls = {id(leg.call): leg.call for leg in (*self._replaced, *self._legs.values())}
        return iter(sorted(calls.values(), key=lambda call: call.first.begin))

    def _begin_with(self, snapshot: Snapshot) -> None:
        for each in snapshot.get("channels", ()):
            channel = _read(each, CallChannelFields)
            if channel is not None and channel.creationtime:
                at = _seconds(channel.creationtime)
                self._leg("", channel, at, begins=False, type_="").call.uncertain[
                    "began before"
                ] = None
        for each in snapshot.get("bridges", ()):
            bridge = _read(each, CallBridgeFields)
            for id in bridge.channels if bridge is not None else ():
                if bridge is not None and (leg := self._legs.get(("", id))):
                    self._in_bridge(leg, bridge, "", leg.begin)
                    leg.talk.since = leg.talk.first = None  # since when is not known
                    leg.call.connected, leg.call.agent = None, ""

    def _name_server(self, server: str) -> None:
        """Assign the snapshot, which has no server's id, to the server of the first event."""
        self._server = server
        by_server: list[dict[Key, Any]] = [
            self._legs, self._halves, self._inside, self._partners, self._persons,
        ]  # fmt: skip
        for known in by_server:
            for key in [key for key in known if not key[0]]:
                known[server, key[1]] = known.pop(key)
        for leg in self._legs.values():
            leg.call.asterisk_id = server
            if leg.bridge is not None:
                leg.bridge = (server, leg.bridge[1])

    def knows(
        self,
        type_: str,
        server: str,
        channel: str | None,
        name: str | None,
        state: str | None,
        detail: str | None,
    ) -> bool:
        """Return whether an event about one channel has no new information and need not be decoded.

        Most events have none: variables, dialplan priorities. An event of such a type can only add
        what `_leg` reads from its channel.

        Args:
            type_: type of the event.
            server: the ``asterisk_id``.
            channel: id of the channel.
            name: name of the channel.
            state: state of the channel.
            detail: its text in the column of that name.
        """
        if type_ in _IGNORED:
            return True
        if type_ in _FEW_MATTER:
            if detail and detail.startswith(_FEW_MATTER[type_]):
                return False
        elif type_ in _NEWS:
            return False
        leg = self._legs.get((server, channel or ""))
        return (
            leg is not None
            and leg.name == name
            and leg.caller is not None
            and leg.left is None
            and leg.end is None
            and not leg.app
            and (state != "Up" or leg.up)
            and (state != "Ringing" or leg.rang is not None)
        )

    def _feed(self, event: CallEvent) -> None:
        type_, server = event.type, event.asterisk_id
        if event.timestamp != self._stamp:  # many events have one time
            self._at = _seconds(event.timestamp)
            self._stamp = event.timestamp
            self._timed = ""
        at = self._at
        if type_ == "Vanished":
            self._vanished(event, at)
            return
        if type_ == "Gap":
            self._gap()
            return
        if server and server != self._timed:
            self._note_time(server, at)
        self._server = server
        begins = type_ in _BEGINNINGS
        fields = _CHANNEL_FIELDS.get(type_)
        leg: CallLeg | None = None
        if fields is None:
            if event.channel is not None:
                leg = self._leg(server, event.channel, at, begins=begins, type_=type_)
        else:
            for field in fields:
                snapshot: CallChannelFields | None = getattr(event, field)
                if snapshot is not None:
                    other = self._leg(server, snapshot, at, begins=begins, type_=type_)
                    if leg is None:
                        leg = other
                    else:
                        _join(leg, other)
        act = _ACTS.get(type_)
        if act is not None:
            act(self, event, server, leg, at)

    def _note_time(self, server: str, at: float) -> None:
        """Note the time of a server's event, and count a step of its clock backwards."""
        if not self._server:
            self._name_server(server)
        self._since.setdefault(server, 0.0 if self._from_snapshot else at)
        latest = self._latest.get(server, 0.0)
        if at < latest - CLOCK_STEP:
            self._step(server, "clock went backwards")
            self._latest[server] = at
        elif at > latest:
            self._latest[server] = at
        self._timed = server

    def _step(self, server: str, problem: str) -> None:
        """Count a step of a server's clock; durations across it are unknown."""
        self._steps[server] = self._steps.get(server, 0) + 1
        self.problems[problem] += 1

    def _leg(
        self, server: str, snapshot: CallChannelFields, at: float, *, begins: bool, type_: str
    ) -> CallLeg:
        """Return the leg of a channel, created if new, updated from the snapshot.

        Args:
            server: the ``asterisk_id``.
            snapshot: snapshot of the channel.
            at: time of the snapshot.
            begins: whether the event may be a channel's first. A channel that is Up in any other
                event was answered before, at an unknown time.
            type_: type of the event.
        """
        key = (server, snapshot.id)
        leg = self._legs.get(key)
        created = snapshot.creationtime
        if (
            leg is not None
            and (created is None or created != leg.created)
            and _is_another(leg, snapshot, type_)
        ):
            self._replace(leg, key)
            leg = None
        seen_before = leg is not None
        if leg is None:
            begin = _seconds(created) if created else at
            leg = self._legs[key] = CallLeg(snapshot.id, snapshot.name, begin, created)
            leg.epoch = self._steps.get(server, 0)
            leg.call = CallRecord(leg, server)
            leg.exten = (snapshot.dialplan or NO_PLAN).exten
            # An application is subscribed to a channel that it creates after its first events.
            if at - begin > _SEEN_WITHIN or not (begins or begin >= self._since.get(server, 0.0)):
                leg.call.uncertain["began before"] = None
                begins = type_ == "ChannelStateChange"
            self._join_other_half(server, leg)
            if partner := self._partners.pop(key, None):
                partner.call.unseen.discard(snapshot.id)
                _join(partner, leg)
        if snapshot.name:
            leg.name = snapshot.name
        if leg.end is None:
            leg.left = None
        state = snapshot.state
        if state == "Up" and not leg.up:
            leg.up = True
            if seen_before or begins:
                leg.answered = at
            else:
                leg.call.uncertain["began before"] = None
            if leg.bridge is not None:
                self._can_talk(leg, leg.bridge, at)
        elif state == "Ringing" and leg.rang is None:
            leg.rang = at
        caller = snapshot.caller
        if leg.caller is None and caller is not None and (caller.number or caller.name):
            leg.caller = caller
        return leg

    def _replace(self, leg: CallLeg, key: Key) -> None:
        """Put a leg aside whose id another channel has now."""
        self.problems["id used again"] += 1
        if leg.end is None:
            leg.forgotten = True
            self._no_longer_talks(leg, None)
        self._replaced.append(leg)
        del self._legs[key]

    def _join_other_half(self, server: str, leg: CallLeg) -> None:
        """Join ``Local/…;1`` and ``Local/…;2``, the halves of one Local channel."""
        stem, semicolon, _ = leg.name.rpartition(";")
        if semicolon:
            other = self._halves.pop((server, stem), None)
            if other is None:
                self._halves[server, stem] = leg
            else:
                _join(other, leg)

    # Waiting and talking.

    def _wait(self, call: CallRecord, reason: str, at: float) -> None:
        if call.connected is None and not call.abandoned:
            call.waiting[reason] = None
            call.wait.begin(at)

    def _end_wait(self, call: CallRecord, reason: str, at: float) -> None:
        if reason in call.waiting:
            del call.waiting[reason]
            if not call.waiting:
                call.wait.end(at)

    def _can_talk(self, leg: CallLeg, key: Key, at: float) -> None:
        """Note that an answered channel is in a bridge in which it can talk."""
        if not (leg.up and leg.is_person):
            return
        persons = self._persons.setdefault(key, {})
        persons[leg.id] = leg
        if len(persons) < 2:
            return
        others = [other for other in persons.values() if other is not leg]
        for one, other in ((leg, others[0]), *((each, leg) for each in others)):
            one.talk.begin(at)
            one.peer = one.peer or short_name(other.name)
        for call in {id(each.call): each.call for each in persons.values()}.values():
            if call.connected is None:
                self._connect(call, list(persons.values()), at)

    def _connect(self, call: CallRecord, persons: list[CallLeg], at: float) -> None:
        """Connect a call if its caller is in a bridge with another person."""
        own = [leg for leg in persons if _is_callers(leg) and leg.call is call]
        others = [leg for leg in persons if leg not in own]
        if own and others:
            call.connected, call.agent = at, short_name(others[0].name)
            call.waiting.clear()
            call.wait.end(at)

    def _no_longer_talks(self, leg: CallLeg, at: float | None) -> None:
        """Note that a channel has left its bridge; at an unknown time if None."""
        key, leg.bridge = leg.bridge, None
        persons = self._persons.get(key, {}) if key is not None else {}
        if persons.pop(leg.id, None) is None:
            return
        left = [leg, *persons.values()] if len(persons) < 2 else [leg]
        for each in left:
            if at is None:
                each.talk.since = None
            else:
                each.talk.end(at)

    # Effects of events.

    def _destroyed(self, event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is None:
            return
        leg.end = at
        cause = event.cause
        leg.cause = cause if isinstance(cause, int) and 0 <= cause < 1 << 15 else None
        leg.cause_txt = str(event.cause_txt)
        self._over(leg, at)

    def _over(self, leg: CallLeg, at: float) -> None:
        call = leg.call
        leg.torn = leg.epoch != self._steps.get(call.asterisk_id, 0)
        self._no_longer_talks(leg, at)
        self._end_wait(call, f"dial {leg.id}", at)
        self._end_hold(leg, at)
        if _is_callers(leg) and call.waiting:
            call.waiting.clear()
            call.wait.end(at)

    def _vanished(self, event: CallEvent, at: float) -> None:
        """Handle a row added after a gap; it has no server's id but follows the server's rows."""
        leg = self._legs.get((self._server, event.channel.id)) if event.channel else None
        if leg is not None and leg.end is None:
            leg.end = at
            self._over(leg, at)

    def _gap(self) -> None:
        self.problems["gap"] += 1
        self._since.clear()
        self._from_snapshot, self._timed = False, ""
        for leg in self._legs.values():
            if leg.end is None:
                leg.call.uncertain["gap"] = None

    def _stasis_start(self, event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is not None and event.application:
            leg.call.applications[str(event.application)] = None
            self._leave_app(leg, at)

    def _stasis_end(self, _event: CallEvent, server: str, leg: CallLeg | None, at: float) -> None:
        if leg is not None and leg.end is None:
            leg.left = at
            leg.torn = leg.epoch != self._steps.get(server, 0)

    def _hangup(self, event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is None or event.channel is None:
            return
        code = event.tech_cause
        if isinstance(code, int) and not isinstance(code, bool) and 100 <= code < 700:
            leg.sip = code
        if leg.asked is not None:
            return
        by = ""  # the channel's party
        plan = event.channel.dialplan or NO_PLAN
        if event.soft and not str(plan.app_data or "").startswith(CALLER_APPLICATION):
            flags = event.cause if isinstance(event.cause, int) else 0
            by = "program" if flags & _EXPLICIT else "dialplan"
        elif asterisk_refused(event.channel.state, event.tech_cause):
            by = "dialplan"
        self._asked += 1
        leg.asked = (self._asked, by)
        call = leg.call
        if call.waiting and _is_callers(leg):
            call.abandoned = not by
            call.waiting.clear()
            call.wait.end(at)

    def _dial(self, event: CallEvent, server: str, leg: CallLeg | None, at: float) -> None:
        if leg is None:
            return
        call = leg.call
        call.dialled = call.dialled or str(event.dialstring or "").removesuffix("/n")
        status = str(event.dialstatus or "")
        call.dialstatus = status or call.dialstatus
        peer = self._legs[server, event.peer.id] if event.peer is not None else leg
        if event.forwarded is not None:
            self._legs[server, event.forwarded.id].dialled = at
        if not status:
            peer.dialled = at if peer.dialled is None else peer.dialled
            if event.caller is not None and _is_callers(leg) and not _is_callers(peer):
                self._wait(call, f"dial {peer.id}", at)
        elif status not in _IN_PROGRESS:
            peer.status = peer.status or status
            self._end_wait(call, f"dial {peer.id}", at)

    def _dialplan(self, event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is None:
            return
        self._leave_app(leg, at)
        if event.dialplan_app in _WAITING_APPS and _is_callers(leg):
            leg.app = f"{event.dialplan_app} {str(event.dialplan_app_data).split(',')[0]}".strip()
            self._wait(leg.call, "application", at)

    def _leave_app(self, leg: CallLeg, at: float) -> None:
        if leg.app:
            leg.app = ""
            self._end_wait(leg.call, "application", at)

    def _variable(self, event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        name, value = event.variable, str(event.value or "")
        if leg is None or event.channel is None or not isinstance(name, str):
            return
        call = leg.call
        if name == QUEUE_VARIABLE and _is_callers(leg):
            if value:
                self._wait(call, "program", at)
            else:
                self._end_wait(call, "program", at)
        elif not value or not _is_callers(leg):
            return
        elif name == "QUEUESTATUS":
            if value not in _LEFT_WELL:
                call.failures[f"{leg.app or 'Queue'} ended with {value}"] = None
            self._leave_app(leg, at)
        elif name == "STASISSTATUS" and value == "FAILED":
            plan = event.channel.dialplan or NO_PLAN
            app = str(plan.app_data or "").split(",")[0]
            call.failures[f"Stasis application {app} was not connected"] = None
        elif name == "INVALID_EXTEN":
            call.failures[f"extension {value} does not exist"] = None
        elif (
            name == "DIALSTATUS"
            and value == "CHANUNAVAIL"
            and all(each.dialled is None for each in call.legs)
        ):
            call.failures["no channel could be created (DIALSTATUS=CHANUNAVAIL)"] = None

    def _hold(self, _event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is not None and leg.end is None:
            leg.call.held[leg.id] = None
            leg.call.hold.begin(at)

    def _unhold(self, _event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is not None:
            self._end_hold(leg, at)

    def _end_hold(self, leg: CallLeg, at: float) -> None:
        held = leg.call.held
        if leg.id in held:
            del held[leg.id]
            if not held:
                leg.call.hold.end(at)

    def _transfer(self, event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is not None and event.result == "Success":
            leg.call.transfers[at] = None

    def _digit(self, event: CallEvent, _server: str, leg: CallLeg | None, at: float) -> None:
        if leg is not None:
            leg.call.digits[at, str(event.digit)] = None

    def _entered(self, event: CallEvent, server: str, leg: CallLeg | None, at: float) -> None:
        if leg is not None:
            self._in_bridge(leg, _bridge(event), server, at)

    def _in_bridge(self, leg: CallLeg, bridge: CallBridgeFields, server: str, at: float) -> None:
        """Join a channel with the other channels of its bridge."""
        key = (server, bridge.id)
        inside = self._inside.setdefault(key, {})
        leg.call.bridges[bridge.id] = None
        inside[leg.id] = None
        if leg.bridge is not None and leg.bridge != key:
            self._no_longer_talks(leg, at)
        holds = bridge.bridge_type == "holding"
        if not holds and bridge.bridge_class != "base":
            # Parties in a holding bridge or a conference have separate calls.
            for id in (*inside, *bridge.channels):
                other = self._legs.get((server, id))
                if other is not None:
                    _join(other, leg)
                else:
                    self._partners[server, id] = leg
                    leg.call.unseen.add(id)
        if holds:
            if _is_callers(leg):
                self._wait(leg.call, "holding bridge", at)
        else:
            self._end_wait(leg.call, "holding bridge", at)
            leg.bridge = key
            self._can_talk(leg, key, at)

    def _left_bridge(self, event: CallEvent, server: str, leg: CallLeg | None, at: float) -> None:
        if leg is None:
            return
        bridge = _bridge(event)
        if leg.id not in self._inside.get((server, bridge.id), ()):
            # It entered before the first event.
            connected, agent = leg.call.connected, leg.call.agent
            self._in_bridge(leg, bridge, server, at)
            leg.call.connected, leg.call.agent = connected, agent
            leg.call.uncertain["began before"] = None
        self._inside[server, bridge.id].pop(leg.id, None)
        if leg.bridge == (server, bridge.id):
            self._no_longer_talks(leg, at)
        if bridge.bridge_type == "holding":
            self._end_wait(leg.call, "holding bridge", at)

    def _bridge_gone(self, event: CallEvent, server: str, _leg: CallLeg | None, at: float) -> None:
        key = (server, _bridge(event).id)
        self._inside.pop(key, None)
        for leg in list(self._persons.pop(key, {}).values()):
            leg.bridge = None
            leg.talk.end(at)

    def _playback(self, event: CallEvent, server: str, _leg: CallLeg | None, _at: float) -> None:
        if event.playback is not None:
            for call in self._targets(server, event.playback.target_uri):
                call.media[str(event.playback.media_uri)] = None

    def _recording(self, event: CallEvent, server: str, _leg: CallLeg | None, _at: float) -> None:
        if event.recording is not None:
            for call in self._targets(server, event.recording.target_uri):
                call.recordings[str(event.recording.name)] = None

    def _targets(self, server: str, uri: str) -> Iterator[CallRecord]:
        scheme, _, id = uri.partition(":")
        for channel in self._inside.get((server, id), {}) if scheme == "bridge" else (id,):
            leg = self._legs.get((server, channel))
            if leg is not None:
                yield leg.call


def _is_another(leg: CallLeg, snapshot: CallChannelFields, type_: str) -> bool:
    """Return whether a snapshot with another creation time is of another channel than a leg.

    A masquerade changes the creation time of a channel that exists, so that time alone is not
    enough.
    """
    if type_ == "ChannelCreated":
        return leg.end is not None or snapshot.creationtime is not None
    if leg.end is None or snapshot.creationtime is None or leg.created is None:
        return False
    return _seconds(snapshot.creationtime) >= leg.end


def _is_callers(leg: CallLeg) -> bool:
    """Return whether it is the caller's channel; either half of a Local channel is."""
    first = leg.call.first
    return leg is first or leg.stem == first.stem


def _bridge(event: CallEvent) -> CallBridgeFields:
    if event.bridge is None:
        raise ValueError("an event of a bridge has none")
    return event.bridge


def _read(item: Event, kind: type[Any]) -> Any:
    try:
        return msgspec.convert(item, kind)
    except msgspec.MsgspecError:
        return None


def _join(one: CallLeg, other: CallLeg) -> None:
    if one.call is not other.call:
        one.call.join(other.call)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


# Without a channel, or rows of this package.
_IGNORED = {
    "Appeared", "BridgeCreated", "ContactStatusChange", "DeviceStateChanged", "EndpointStateChange",
    "HandlerFailed", "PeerStatusChange",
}  # fmt: skip
# Of these, only the events whose detail begins with one of some texts matter.
_FEW_MATTER: dict[str, tuple[str, ...]] = {
    "ChannelDialplan": tuple(f"{name}(" for name in _WAITING_APPS),
    "ChannelVarset": (
        "DIALSTATUS=CHANUNAVAIL",
        "INVALID_EXTEN=",
        "QUEUESTATUS=",
        "STASISSTATUS=FAILED",
        f"{QUEUE_VARIABLE}=",
    ),
}
# Events that may be a channel's first, or in which it may be Up at the moment of the answer.
_BEGINNINGS = {"ChannelCreated", "ChannelStateChange", "Dial", "StasisStart"}
_ACTS: dict[str, Callable[[Ledger, CallEvent, str, CallLeg | None, float], None]] = {
    "BridgeAttendedTransfer": Ledger._transfer,
    "BridgeBlindTransfer": Ledger._transfer,
    "BridgeDestroyed": Ledger._bridge_gone,
    "ChannelDestroyed": Ledger._destroyed,
    "ChannelDialplan": Ledger._dialplan,
    "ChannelDtmfReceived": Ledger._digit,
    "ChannelEnteredBridge": Ledger._entered,
    "ChannelHangupRequest": Ledger._hangup,
    "ChannelHold": Ledger._hold,
    "ChannelLeftBridge": Ledger._left_bridge,
    "ChannelUnhold": Ledger._unhold,
    "ChannelVarset": Ledger._variable,
    "Dial": Ledger._dial,
    "PlaybackContinuing": Ledger._playback,
    "PlaybackStarted": Ledger._playback,
    "RecordingStarted": Ledger._recording,
    "StasisEnd": Ledger._stasis_end,
    "StasisStart": Ledger._stasis_start,
}
# All events of these types are decoded. ChannelCreated is the first event of a channel whose id may
# have been used before.
_NEWS = {"ChannelCreated", "Gap", "Vanished", *_ACTS, *_CHANNEL_FIELDS} - {*_FEW_MATTER}
