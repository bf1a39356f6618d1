"""The Dial application: call endpoints and bridge the one that answers."""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from ari_notebook.simulator.calls.dial import (
    ANSWERED_ELSEWHERE,
    NO_ANSWER,
    call_program,
    inherit,
    inherit_accounts,
    make_channel,
)
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import split
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.numbers import natural, seconds
from ari_notebook.simulator.pbx.bridge import Bridge
from ari_notebook.simulator.pbx.channel import NORMAL, CallerId, Channel, ChannelHungUp
from ari_notebook.simulator.pbx.exchange import Exchange

log = logging.getLogger(__name__)

_NO_ROUTE, _NO_SUCH_TECHNOLOGY = 3, 66  # hangup causes
_READ_LATER = 0.002  # seconds in which several callees' threads get ahead of Dial's
_READS_AT_ONCE = 0.5  # probability that they do not
_HEARD = ("RINGING", "PROGRESS", "PROCEEDING")
_CLEARED = (
    "DIALSTATUS",
    "DIALEDPEERNUMBER",
    "DIALEDPEERNAME",
    "ANSWEREDTIME",
    "ANSWEREDTIME_MS",
    "DIALEDTIME",
    "DIALEDTIME_MS",
    "RINGTIME",
    "RINGTIME_MS",
    "PROGRESSTIME",
    "PROGRESSTIME_MS",
)


# Option g continues in the dialplan after the callee hangs up. The other options concern audio and
# keys (ringing, music, transfer or hangup by DTMF) and do not change the events.
_KNOWN = set("grRmtTkKhHwWxXdDioOcCIzZSL")
_ARGUMENT = re.compile(r"\([^)]*\)")
_ARGUMENTS = re.compile(r"(\w)\(([^)]*)\)")


class _Reader:
    """What the callees of one Dial have sent, read as Asterisk does.

    Of those that have sent something, Asterisk reads the last one first (``main/channel.c``,
    ast_waitfor_nandfds). In half of the calls measured, callees that answer at once did so before
    it began to read.

    Args:
        exchange: the exchange.
        callees: their number.
    """

    def __init__(self, exchange: Exchange, callees: int) -> None:
        self._clock = exchange.clock
        self._sent: list[deque[Callable[[], None]]] = [deque() for _ in range(callees)]
        self._in_order = callees == 1 or exchange.random.random() < _READS_AT_ONCE
        self._reading = False

    def take(self, callee: int, act: Callable[[], None]) -> None:
        """Call a function when what a callee sent is read."""
        if self._in_order:
            act()
            return
        self._sent[callee].append(act)
        if not self._reading:
            self._reading = True
            self._clock.after(_READ_LATER, self._read)

    def _read(self) -> None:
        ready = [sent for sent in self._sent if sent]
        if ready:
            ready[-1].popleft()()
            self._clock.soon(self._read)
        else:
            self._reading = False


class _Callee(NamedTuple):
    """A channel to call, with the caller ID that its driver gave it."""

    channel: Channel
    caller: CallerId


@dataclass(slots=True)
class _Attempt:
    """The outcome of a Dial; with a single callee, its connected line is known at once."""

    alone: bool
    ringing: list[Channel] = field(default_factory=list)
    winner: Channel | None = None
    statuses: list[str] = field(default_factory=list)
    timed: set[str] = field(default_factory=set)


@application("Dial")
def dial(channel: Channel, data: str) -> Program:
    """Dial and bridge the first to answer: ``TECH/address&…,seconds,options``."""
    exchange = channel.exchange
    addresses, patience, options = [*split(data), "", ""][:3]
    for name in _CLEARED:
        channel.set_variable(name, "")
    if unknown := _letters(options) - _KNOWN:
        log.warning("Dial: options %s are not simulated", "".join(sorted(unknown)))
    called = [each.strip() for each in addresses.split("&") if each.strip()]
    if wrong := [each for each in called if not each.partition("/")[2]]:
        log.warning("Dial: expected TECHNOLOGY/resource, not %s", wrong[0])
        channel.set_variable("DIALSTATUS", "INVALIDARGS")
        return False
    attempt = _Attempt(alone=len(called) == 1)
    reader = _Reader(exchange, len(called))
    timeout = seconds(patience)
    callees = [_callee(channel, address) for address in called]
    for number, callee in enumerate(callees):
        if callee is not None:
            _call(channel, callee, timeout, attempt, partial(reader.take, number))
    if not attempt.ringing:
        channel.set_variable("DIALSTATUS", "CHANUNAVAIL")
        return True
    try:
        while attempt.winner is None and attempt.ringing:
            yield None
    except ChannelHungUp:
        for each in list(attempt.ringing):
            each.request_hangup(channel.cause or None, publish=False)
        channel.set_variable("DIALSTATUS", "CANCEL")
        raise
    if attempt.winner is None:
        channel.set_variable("DIALSTATUS", _worst(attempt.statuses))
        return True
    try:
        yield from _talk(channel, attempt.winner, _limit(options))
    finally:
        _say_times(channel)
    return "g" in _letters(options)


def _letters(options: str) -> set[str]:
    """Return the letters of the options, without arguments: ``gS(5)`` gives g and S."""
    return set(_ARGUMENT.sub("", options))


def _outcome(status: str, cause: int) -> str:
    """Return the DIALSTATUS of one call; a refusal is not NOANSWER, whatever Dial events say."""
    if status == "TIMEOUT":
        return "NOANSWER"
    return "CHANUNAVAIL" if status == "NOANSWER" and cause not in (NORMAL, NO_ANSWER) else status


def _limit(options: str) -> float | None:
    """Return the talk time in seconds from ``S(seconds)`` or ``L(ms:…)``; None: no limit."""
    given = dict(_ARGUMENTS.findall(options))
    if "L" in given:
        return natural(given["L"].partition(":")[0]) / 1000 or None
    return natural(given.get("S", "")) or None


def _worst(statuses: list[str]) -> str:
    """Return the DIALSTATUS of calls that were not answered."""
    for status in ("NOANSWER", "BUSY", "CONGESTION"):
        if status in statuses:
            return status
    return "CHANUNAVAIL"


def _callee(channel: Channel, address: str) -> _Callee | None:
    """Make a channel to an address, which is not yet called; None if there is no such address."""
    try:
        peer = make_channel(channel.exchange, address, application=None)
    except AriRefusal:
        log.warning("Dial: cannot call %s", address)
        known = address.partition("/")[0].lower() == "pjsip"
        channel.cause = _NO_ROUTE if known else _NO_SUCH_TECHNOLOGY
        return None
    peer.set_variable("DIALEDPEERNUMBER", peer.parties.dialed)
    inherit(channel, peer)
    inherit_accounts(peer, channel)
    peer.dialplan.exten, peer.dialplan.priority = channel.dialplan.exten, 1
    # A caller without a number gets the dialled number as caller ID number, and the name of its
    # previous connected line (app_dial.c).
    before, caller = peer.parties.caller, peer.parties.caller
    if not before.number:
        name = before.name or channel.parties.connected.name
        peer.parties.caller = caller = CallerId(name, channel.dialplan.exten)
    introduced = peer.parties.connected != channel.parties.caller
    peer.parties.connected = channel.parties.caller
    peer.run_application("AppDial", "(Outgoing Line)")
    peer.parties.caller = before
    if caller is not before:
        peer.set_caller(caller)
    if introduced:
        peer.publish("ChannelConnectedLine")
    return _Callee(peer, before)


def _call(
    channel: Channel,
    callee: _Callee,
    timeout: float | None,
    attempt: _Attempt,
    read: Callable[[Callable[[], None]], None],
) -> None:
    exchange, (peer, before) = channel.exchange, callee
    begun = exchange.now
    attempt.ringing.append(peer)

    def show() -> None:
        if before.number and not channel.gone:
            channel.set_connected(before)

    def win() -> None:
        attempt.winner = peer
        if not attempt.alone:
            show()
        for each in list(attempt.ringing):  # a channel that is hung up leaves the list
            if each is not peer:
                each.request_hangup(ANSWERED_ELSEWHERE, publish=False)
        _say_who(channel, peer)

    def on_status(status: str) -> None:
        if status == "ANSWER":
            peer.dialplan.exten = ""
            if attempt.winner is None:
                win()
        elif status in _HEARD:
            if status in ("RINGING", "PROGRESS"):
                name = "RINGTIME" if status == "RINGING" else "PROGRESSTIME"
                if name not in attempt.timed:
                    attempt.timed.add(name)
                    _set_time(channel, name, exchange.now - begun)
            if channel.state != "Up" and not channel.gone:
                channel.driver.indicate(channel, status)
        else:
            attempt.statuses.append(_outcome(status, peer.cause))
            channel.cause = peer.cause or channel.cause

    def answered() -> Program:
        peer.run_application(*peer.dialplan.application)
        if attempt.winner is peer:
            _wake(channel)
        try:
            while True:
                yield None
        finally:
            if peer.bridge is not None:
                peer.bridge.leave(peer)

    def gone() -> None:
        attempt.ringing.remove(peer)
        _wake(channel)

    peer.on_gone.append(gone)
    peer.run(call_program(peer, timeout, answered, channel, on_status, read))
    if attempt.alone:
        exchange.soon(show)


def _wake(channel: Channel) -> None:
    """Wake the caller's program, which may be the code that started the call."""
    task = channel.task
    if task is not None:
        channel.exchange.soon(task.wake)


def _say_who(channel: Channel, peer: Channel) -> None:
    """Set DIALEDPEERNAME and the like for the caller's dialplan."""
    for name, value in (
        ("DIALSTATUS", "ANSWER"),
        ("DIALEDPEERNAME", peer.name),
        ("DIALEDPEERNUMBER", peer.parties.dialed),
    ):
        channel.set_variable(name, value)


def _talk(channel: Channel, peer: Channel, limit: float | None) -> Program:
    """Bridge the two until one leaves, or until the time limit."""
    channel.cause = peer.cause = NORMAL  # the channel that hangs up need not set a cause
    channel.answer()
    exchange = channel.exchange
    bridge = Bridge(
        exchange, exchange.uuid(), bridge_class="basic", creator="", video_mode="none"
    ).create()
    bridge.on_left = _dissolver(bridge, channel, peer)
    bridge.join(peer)
    bridge.join(channel)
    if limit is not None:
        exchange.after(limit, lambda: peer.request_hangup(NORMAL, publish=False))
    try:
        while channel.bridge is bridge:
            yield None
    finally:
        bridge.leave(channel)


def _dissolver(bridge: Bridge, caller: Channel, peer: Channel) -> Callable[[Channel], None]:
    """Return a handler that empties and destroys the bridge once one of the two has left."""

    def left(channel: Channel) -> None:
        for other in list(bridge.members):
            bridge.leave(other)
        if not bridge.gone:
            bridge.destroy()
        if channel is caller:
            peer.request_hangup(publish=False)
        else:
            _wake(caller)

    return left


def _say_times(channel: Channel) -> None:
    # Of the caller: also the time before this Dial counts (`apps/app_dial.c`).
    now = channel.exchange.now
    talked, whole = now - (channel.answered_at or now), now - channel.created
    _set_time(channel, "ANSWEREDTIME", talked)
    _set_time(channel, "DIALEDTIME", whole)
    channel.set_variable("DIALSTATUS", "ANSWER")


def _set_time(channel: Channel, name: str, seconds: float) -> None:
    channel.set_variable(name, str(int(seconds)))
    channel.set_variable(f"{name}_MS", str(int(seconds * 1000)))
