"""The state of a flow: its parties, from their events, and the objects that it created."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ari_notebook.client.errors import RequestFailed
from ari_notebook.flows.commands import Inbox, Perform, Steps

__all__ = ["FlowState", "Party", "new_id", "remove"]

_MOST_KEYS = 64  # typed ahead
_GONE = ("StasisEnd", "ChannelDestroyed")
# Hangup causes (Q.850), and a dial's status by them where Asterisk published none.
_STATUS = {17: "BUSY", 18: "NOANSWER", 19: "NOANSWER", 21: "BUSY", 26: "CANCEL"}


@dataclass
class Party:
    """A channel of a flow, from its events so far.

    Attributes:
        id: the channel's id.
        endpoint: the dialled endpoint; empty for the caller.
        up: whether it is answered.
        in_stasis: whether it has entered the application.
        gone: why it has ended; empty before.
        left: whether the flow itself has transferred it.
        keys: DTMF keys that were pressed and not read yet.
        dial_status: of a leg: ARI's dialstatus.
        early: of a leg: whether it is in the application before it is answered.
        cause: the hangup cause.
        sip: the cause of its technology, such as a SIP status code.
    """

    id: str
    endpoint: str = ""
    up: bool = False
    in_stasis: bool = False
    gone: str = ""
    left: bool = False
    keys: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_KEYS))
    dial_status: str = ""
    early: bool = False
    cause: int = 0
    sip: int = 0
    bridges: set[str] = field(default_factory=set)
    _ignored: str = ""  # keys of which one more may come and means nothing
    _ignored_before: float = 0  # by Asterisk's clock, as the next
    _last_key: float = 0

    def ignore_key(self, keys: str, seconds: float) -> None:
        """Ignore the next key if it is among some, and comes soon after the last one.

        Args:
            keys: among these.
            seconds: after the last key.
        """
        if self.keys and self.keys[0] in keys:
            self.keys.popleft()
        elif not self.keys:
            self._ignored, self._ignored_before = keys, self._last_key + seconds

    def ignore_no_key(self) -> None:
        """Count every key from now on."""
        self._ignored = ""

    def note(self, event: Mapping[str, Any]) -> None:
        """Note what an event says."""
        type = event.get("type")
        channel, peer = event.get("channel") or {}, event.get("peer") or {}
        if type == "Dial" and peer.get("id") == self.id:
            self.dial_status = str(event.get("dialstatus") or self.dial_status)
        if type == "Gap":
            if self.id in event.get("vanished", {}).get("channels", ()):
                self.gone = self.gone or "it was gone after the connection had been lost"
            return
        if channel.get("id") != self.id:
            return
        if type == "ChannelDtmfReceived":
            key, at = str(event.get("digit", "")), _time_of(event)
            if key not in self._ignored or at > self._ignored_before:
                self.keys.append(key)
            self._ignored, self._last_key = "", at
        elif type == "ChannelStateChange":
            self.up = channel.get("state") == "Up"
        elif type == "StasisStart":
            self.in_stasis = True
            self.up = self.up or channel.get("state") == "Up"
        elif type == "ChannelHangupRequest":
            self.cause = int(event.get("cause") or self.cause)
        elif type == "ChannelEnteredBridge":
            self.bridges.add(str(event.get("bridge", {}).get("id")))
        elif type == "ChannelLeftBridge":
            self.bridges.discard(str(event.get("bridge", {}).get("id")))
        elif type in _GONE:
            self.cause = int(event.get("cause") or self.cause)
            self.sip = int(event.get("tech_cause") or self.sip)
            self.gone = str(event.get("cause_txt") or self.gone or "it left the application")

    @property
    def answered(self) -> bool:
        """Whether a dialled leg is answered and in the application."""
        return self._was_answered and not self.gone

    @property
    def _was_answered(self) -> bool:
        return self.in_stasis and (self.up or not self.early)

    @property
    def status(self) -> str:
        """ANSWER, BUSY, NOANSWER, CONGESTION, CHANUNAVAIL or CANCEL, as Dial() has it."""
        if self._was_answered:
            return "ANSWER"
        if self.dial_status and self.dial_status not in ("RINGING", "PROGRESS", "PROCEEDING"):
            return self.dial_status
        rang = bool(self.dial_status) or not self.gone
        return _STATUS.get(self.cause, "NOANSWER" if rang else "CHANUNAVAIL")


class FlowState:
    """The state shared by the steps of one flow: inbox, parties, and created objects.

    Args:
        caller: the id of the flow's channel.
        inbox: collects the events of the flow's objects.
        clock: returns the time in seconds, as the runner measures it.
        application: the Stasis application that legs enter.
        start: the event that started the flow.
    """

    def __init__(
        self,
        caller: str,
        inbox: Inbox,
        clock: Callable[[], float],
        application: str,
        start: Mapping[str, Any],
    ) -> None:
        self.inbox = inbox
        self.clock = clock
        self.application = application
        self.start = start
        self.gaps = 0
        self.caller = Party(caller, up=start["channel"].get("state") == "Up", in_stasis=True)
        self.parties = {caller: self.caller}
        self.bridges: list[str] = []  # that the flow has made

    def note(self, event: Mapping[str, Any]) -> None:
        """Note what an event says about the parties."""
        self.gaps += event.get("type") == "Gap"
        for party in self.parties.values():
            party.note(event)

    def add_leg(self, endpoint: str) -> Party:
        """Add the leg of an endpoint, whose channel is to be made under the new id."""
        leg = Party(new_id("leg"), endpoint)
        self.parties[leg.id] = leg
        self.inbox.add(leg.id)
        return leg

    def clean_up(self) -> Steps[None]:
        """Hang up the call, and remove everything that the flow created."""
        legs = [each for each in self.parties.values() if each is not self.caller]
        for leg in legs:
            if not leg.gone and not leg.left:
                yield from remove("channels.hangup", channelId=leg.id)
                leg.gone = "the flow is over"
        while self.bridges:
            yield from remove("bridges.destroy", bridgeId=self.bridges[-1])
            self.bridges.pop()
        if not self.caller.gone and not self.caller.left:
            yield from remove("channels.hangup", channelId=self.caller.id)
            self.caller.gone = "the flow is over"


def _time_of(event: Mapping[str, Any]) -> float:
    """Return the time of an event by Asterisk's clock, in seconds since 1970; 0: it has none."""
    try:
        return datetime.fromisoformat(event["timestamp"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0


def new_id(kind: str) -> str:
    """Return an id for something that a flow makes."""
    return f"{kind}-{secrets.token_hex(6)}"


def remove(operation: str, **arguments: Any) -> Steps[None]:
    """Remove an object, which may have ended already."""
    try:
        yield Perform(operation, arguments)
    except RequestFailed:
        return
