"""Calling: make a channel for an address, call, and see what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.channels import Channel, HungUp, Party, Unreachable
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.local import local_pair
from ari_notebook.simulator.messages import Refused

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = [
    "ANSWERED_ELSEWHERE",
    "NO_ANSWER",
    "TOLD",
    "call_program",
    "dial_event",
    "inherit",
    "make_channel",
    "set_variables",
    "take_after",
]

# The conditions that an event Dial tells of, beside the beginning and the answer.
TOLD = ("RINGING", "PROGRESS", "PROCEEDING", "BUSY", "CONGESTION")
NO_ANSWER = 19
ANSWERED_ELSEWHERE = 26
# What the cause of a hangup says of a call that nobody answered (ast_hangup_cause_to_dial_status).
_STATUSES = {
    3: "CHANUNAVAIL",
    17: "BUSY",
    20: "CHANUNAVAIL",
    34: "CONGESTION",
}


def make_channel(
    exchange: Exchange,
    address: str,
    *,
    ids: tuple[str | None, str | None] = (None, None),
    application: str | None = "AppDial2",
    caller: Party | None = None,
    variables: Mapping[str, str] | None = None,
    originator: Channel | None = None,
) -> Channel:
    """Make a channel that can call an address.

    Args:
        exchange: where.
        address: ``TECH/address``.
        ids: the channel's id and, for a Local channel, its other half's.
        application: what the channel shows as running while it is called; None for nothing.
        caller: whom the called one sees.
        variables: set on the channel, functions as well.
        originator: for whom it is made.

    Raises:
        Refused: 500, nothing of that technology or address can be called.
    """
    technology, _, rest = address.partition("/")
    if technology.lower() == "local" and rest:
        first, second = local_pair(exchange, rest, ids)
        first.dialed = first.name.split("/", 1)[1].rsplit("-", 1)[0]
        halves = [first, second]
    else:
        made = exchange.endpoints.channel(technology, rest, ids[0])
        if made is None:
            raise Refused(500, "Allocation failed", field="error")
        made.dialed = rest
        halves = [made]
    for half in halves:
        half.create()
    channel = halves[0]
    introduced = originator is not None and take_after(channel, originator)
    if application is not None:
        channel.run_application(application, "(Outgoing Line)")
    if introduced:
        channel.publish("ChannelConnectedLine")
    if caller is not None:
        channel.set_caller(caller)
        channel.set_connected(caller)
    set_variables(channel, variables or {})
    return channel


def inherit(channel: Channel, peer: Channel) -> None:
    """Hand on the variables that are marked for it: ``_`` once, ``__`` for ever."""
    handed = {
        name if name.startswith("__") else name[1:]: value
        for name, value in reversed(channel.variables.items())  # the last that was set first
        if name.startswith("_")
    }
    for name, value in handed.items():
        peer.set_variable(name, value)
    # Whoever copies them all, the last first, comes to these last, and in this order.
    peer.variables = {**dict(reversed(handed.items())), **peer.variables}


def take_after(channel: Channel, caller: Channel) -> bool:
    """Give a channel what the one has for whom it calls.

    Returns:
        whether somebody else is at the other end of its connection now, which is to be told.
    """
    inherit(caller, channel)
    channel.redirected_from = caller.redirected_from
    introduced, channel.connected = channel.connected != caller.caller, caller.caller
    channel.language = caller.language
    account = caller.items.get("peeraccount") or caller.accountcode
    channel.accountcode = account or channel.accountcode
    if caller.accountcode:
        channel.items["peeraccount"] = caller.accountcode
    if music := caller.items.get("musicclass"):
        channel.items.setdefault("musicclass", music)
    return introduced


def set_variables(channel: Channel, variables: Mapping[str, str]) -> None:
    """Set what a request for a channel gives it: variables, and functions (``CALLERID(name)``)."""
    from ari_notebook.simulator.dialplan import assign

    for name, value in variables.items():
        assign(channel.exchange, channel, name, value, from_outside=True)


def dial_event(
    channel: Channel, status: str, caller: Channel | None = None, *, named: bool | None = None
) -> None:
    """Tell how the dialling of a channel stands.

    Args:
        channel: the one that is dialled.
        status: ``""`` as it begins, RINGING, PROGRESS, ANSWER, BUSY, ….
        caller: for whom the dialplan dials it.
        named: whether the event says what was dialled; None as Asterisk does it: where ARI
            originates, and as it begins.
    """
    exchange = channel.exchange
    if named is None:
        named = caller is None or not status
    fields: dict[str, Any] = {
        "dialstatus": status,
        "forward": "",
        "dialstring": channel.dialed if named else "",
    }
    if caller is not None:
        fields["caller"] = caller.last_told()
    fields["peer"] = channel.last_told()
    # Where somebody dials it, it is the caller's affair: who hears of the called one alone hears
    # nothing.
    about = channel if caller is None else caller
    exchange.publish(exchange.event("Dial", **fields), [("channel", about.id)])


def call_program(
    channel: Channel,
    timeout: float | None,
    then: Callable[[], Program],
    caller: Channel | None = None,
    told: Callable[[str], None] = lambda _status: None,
) -> Program:
    """Call, and run what follows the answer.

    Where ARI originates, Asterisk tells of no time-out, and leaves a refused call's cause open
    (``main/dial.c``); where the dialplan dials, it tells of both.

    Args:
        channel: to be called.
        timeout: seconds until it is given up; None for never.
        then: makes the program that runs on the channel once it has answered.
        caller: for whom the dialplan calls it; None where ARI does.
        told: called with how it stands, before that is told as an event; TIMEOUT where it is given
            up.
    """
    exchange = channel.exchange
    waiting: list[str] = []

    def heard(condition: str) -> None:
        waiting.append(condition)
        if channel.task is not None:
            channel.task.wake()

    channel.on_control = heard
    timed_out = exchange.after(timeout, lambda: heard("TIMEOUT")) if timeout is not None else None
    try:
        try:
            channel.driver.call(channel)
        except Unreachable:
            return
        dial_event(channel, "", caller)
        while True:
            if not waiting:
                yield None
                continue
            condition = waiting.pop(0)
            if condition == "ANSWER":
                channel.set_state("Up")
                told("ANSWER")
                dial_event(channel, "ANSWER", caller)
                break
            if condition == "TIMEOUT":
                told("TIMEOUT")
                if caller is None:
                    channel.cause = NO_ANSWER
                else:
                    dial_event(channel, "NOANSWER", caller)
                return
            if condition == "HANGUP":
                status = _STATUSES.get(channel.cause, "NOANSWER")
                told(status)
                dial_event(channel, status, caller)
                return
            if condition == "RINGING":
                channel.set_state("Ringing")
            told(condition)
            if condition in TOLD:
                dial_event(channel, condition, caller)
            if condition in ("BUSY", "CONGESTION"):
                return
    except HungUp:
        cancelled = caller is not None and (caller.hung_up or channel.cause == ANSWERED_ELSEWHERE)
        status = "CANCEL" if cancelled else _STATUSES.get(channel.cause, "NOANSWER")
        told(status)
        dial_event(channel, status, caller)
        raise
    finally:
        channel.on_control = None
        if timed_out is not None:
            timed_out.cancel()
    yield from then()
