"""Dial: call somebody for the caller, and connect the two."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ari_notebook.simulator.bridges import Bridge
from ari_notebook.simulator.channels import NORMAL, Channel, HungUp, Party
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialing import (
    ANSWERED_ELSEWHERE,
    NO_ANSWER,
    call_program,
    inherit,
    make_channel,
)
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import split
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.naturals import natural, seconds

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_NO_ROUTE, _NO_SUCH_TECHNOLOGY = 3, 66  # causes of a hangup
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


# g goes on in the dialplan once the called one has hung up. With the others, which are about sound
# and keys of people, the same is told: ringing, music, transfers and hanging up by key, ….
_KNOWN = set("grRmtTkKhHwWxXdDioOcCIzZSL")
_ARGUMENT = re.compile(r"\([^)]*\)")
_ARGUMENTS = re.compile(r"(\w)\(([^)]*)\)")


@dataclass(slots=True)
class _Attempt:
    """What has become of those who are called; of one alone the caller sees at once who it is."""

    alone: bool
    ringing: list[Channel] = field(default_factory=list)
    winner: Channel | None = None
    statuses: list[str] = field(default_factory=list)
    timed: set[str] = field(default_factory=set)


@application("Dial")
def dial(channel: Channel, data: str) -> Program:
    """Call, and connect whoever answers first: ``TECH/address&…,seconds,options``."""
    exchange = channel.exchange
    addresses, patience, options = [*split(data), "", ""][:3]
    for name in _CLEARED:
        channel.set_variable(name, "")
    if unknown := _letters(options) - _KNOWN:
        log.warning("Dial: the options %s are not simulated", "".join(sorted(unknown)))
    called = [each.strip() for each in addresses.split("&") if each.strip()]
    if wrong := [each for each in called if not each.partition("/")[2]]:
        log.warning("Dial: an address is TECHNOLOGY/resource, not %s", wrong[0])
        channel.set_variable("DIALSTATUS", "INVALIDARGS")
        return False
    begun = exchange.now
    attempt = _Attempt(alone=len(called) == 1)
    timeout = seconds(patience)
    for address in called:
        _call(channel, address, timeout, attempt)
    if not attempt.ringing:
        channel.set_variable("DIALSTATUS", "CHANUNAVAIL")
        return True
    try:
        while attempt.winner is None and attempt.ringing:
            yield None
    except HungUp:
        for each in list(attempt.ringing):
            each.request_hangup(channel.cause or None, tell=False)
        channel.set_variable("DIALSTATUS", "CANCEL")
        raise
    if attempt.winner is None:
        channel.set_variable("DIALSTATUS", _worst(attempt.statuses))
        return True
    try:
        yield from _talk(channel, attempt.winner, _limit(options))
    finally:
        _say_times(channel, begun, attempt.winner)
    return "g" in _letters(options)


def _letters(options: str) -> set[str]:
    """The options that are given, without their arguments: ``gS(5)`` has g and S."""
    return set(_ARGUMENT.sub("", options))


def _outcome(status: str, cause: int) -> str:
    """What to say of one call: a refusal is no missing answer, whatever the event Dial says."""
    if status == "TIMEOUT":
        return "NOANSWER"
    return "CHANUNAVAIL" if status == "NOANSWER" and cause not in (NORMAL, NO_ANSWER) else status


def _limit(options: str) -> float | None:
    """Seconds that ``S(seconds)`` or ``L(milliseconds:…)`` lets the two talk; None: no limit."""
    given = dict(_ARGUMENTS.findall(options))
    if "L" in given:
        return natural(given["L"].partition(":")[0]) / 1000 or None
    return natural(given.get("S", "")) or None


def _worst(statuses: list[str]) -> str:
    """What to say of calls that nobody answered."""
    for status in ("NOANSWER", "BUSY", "CONGESTION"):
        if status in statuses:
            return status
    return "CHANUNAVAIL"


def _call(channel: Channel, address: str, timeout: float | None, attempt: _Attempt) -> None:
    exchange = channel.exchange
    begun = exchange.now
    try:
        peer = make_channel(exchange, address, application=None)
    except Refused:
        log.warning("Dial: nothing can be called at %s", address)
        known = address.partition("/")[0].lower() == "pjsip"
        channel.cause = _NO_ROUTE if known else _NO_SUCH_TECHNOLOGY
        return
    peer.set_variable("DIALEDPEERNUMBER", peer.dialed)
    inherit(channel, peer)
    peer.exten, peer.priority = channel.exten, 1
    # One who has no number of their own is known by what was dialled, under the name of who was
    # last at the other end (app_dial.c).
    before, caller = peer.caller, peer.caller
    if not before.number:
        peer.caller = caller = Party(before.name or channel.connected.name, channel.exten)
    introduced, peer.connected = peer.connected != channel.caller, channel.caller
    peer.run_application("AppDial", "(Outgoing Line)")
    peer.caller = before
    if caller is not before:
        peer.set_caller(caller)
    if introduced:
        peer.publish("ChannelConnectedLine")
    attempt.ringing.append(peer)

    def show() -> None:
        if before.number and not channel.gone:
            channel.set_connected(before)

    def win() -> None:
        attempt.winner = peer
        if not attempt.alone:
            show()
        for each in list(attempt.ringing):  # who is hung up leaves it
            if each is not peer:
                each.request_hangup(ANSWERED_ELSEWHERE, tell=False)
        _say_who(channel, peer)

    def told(status: str) -> None:
        if status == "ANSWER":
            peer.exten = ""
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
        peer.run_application(*peer.appl)
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
    peer.run(call_program(peer, timeout, answered, channel, told))
    if attempt.alone:
        exchange.soon(show)


def _wake(channel: Channel) -> None:
    """Let the caller's program go on, which may be what has just called."""
    task = channel.task
    if task is not None:
        channel.exchange.soon(task.wake)


def _say_who(channel: Channel, peer: Channel) -> None:
    """Tell the caller's dialplan who answered."""
    for name, value in (
        ("DIALSTATUS", "ANSWER"),
        ("DIALEDPEERNAME", peer.name),
        ("DIALEDPEERNUMBER", peer.dialed),
    ):
        channel.set_variable(name, value)


def _talk(channel: Channel, peer: Channel, limit: float | None) -> Program:
    """Connect the two until one of them leaves, or the time is over that they may talk."""
    channel.cause = peer.cause = NORMAL  # whoever hangs up need not say why
    channel.answer()
    exchange = channel.exchange
    bridge = Bridge(
        exchange, exchange.uuid(), bridge_class="basic", creator="", video_mode="none"
    ).create()
    bridge.on_left = _dissolver(bridge, channel, peer)
    bridge.join(peer)
    bridge.join(channel)
    if limit is not None:
        exchange.after(limit, lambda: peer.request_hangup(NORMAL, tell=False))
    try:
        while channel.bridge is bridge:
            yield None
    finally:
        bridge.leave(channel)


def _dissolver(bridge: Bridge, caller: Channel, peer: Channel) -> Callable[[Channel], None]:
    """What happens once one of two has left: the other leaves, and the bridge is gone."""

    def left(channel: Channel) -> None:
        for other in list(bridge.members):
            bridge.leave(other)
        if not bridge.gone:
            bridge.destroy()
        if channel is caller:
            peer.request_hangup(tell=False)
        else:
            _wake(caller)

    return left


def _say_times(channel: Channel, begun: float, peer: Channel) -> None:
    now = channel.exchange.now
    talked, whole = now - (peer.answered_at or now), now - begun
    _set_time(channel, "ANSWEREDTIME", talked)
    _set_time(channel, "DIALEDTIME", whole)
    channel.set_variable("DIALSTATUS", "ANSWER")


def _set_time(channel: Channel, name: str, seconds: float) -> None:
    channel.set_variable(name, str(int(seconds)))
    channel.set_variable(f"{name}_MS", str(int(seconds * 1000)))
