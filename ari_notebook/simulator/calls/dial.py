"""Dialling: make a channel for an address, call it, and publish Dial events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.pbx.channel import CallerId, Channel, ChannelHungUp, Unreachable
from ari_notebook.simulator.pbx.exchange import Exchange

__all__ = [
    "ANSWERED_ELSEWHERE",
    "DIAL_STATUSES",
    "NO_ANSWER",
    "call_program",
    "dial_event",
    "inherit",
    "inherit_accounts",
    "inherit_from_caller",
    "make_channel",
    "set_variables",
]

# The statuses of Dial events, beside the beginning and the answer.
DIAL_STATUSES = ("RINGING", "PROGRESS", "PROCEEDING", "BUSY", "CONGESTION")
NO_ANSWER = 19
ANSWERED_ELSEWHERE = 26
# The dial status of an unanswered call by hangup cause (ast_hangup_cause_to_dial_status).
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
    caller: CallerId | None = None,
    variables: Mapping[str, str] | None = None,
    originator: Channel | None = None,
) -> Channel:
    """Make a channel that can call an address.

    Args:
        exchange: the exchange.
        address: ``TECH/address``.
        ids: id of the channel and, for a Local channel, of its other half.
        application: what the channel shows as running while it is called; None for nothing.
        caller: the caller ID that the called party sees.
        variables: set on the channel, functions as well.
        originator: channel on whose behalf it is made.

    Raises:
        AriRefusal: 500, no such technology or address.
    """
    technology, _, rest = address.partition("/")
    maker = exchange.technologies.get(technology.lower())
    halves = maker.request(rest, ids) if maker is not None else None
    if halves is None:
        raise AriRefusal(500, "Allocation failed", field="error")
    for half in halves:
        half.create()
    channel = halves[0]
    introduced = originator is not None and inherit_from_caller(channel, originator)
    if application is not None:
        channel.run_application(application, "(Outgoing Line)")
    if introduced:
        channel.publish("ChannelConnectedLine")
    if caller is not None:
        # A name or number that is not given stays what the originator gave it.
        channel.set_caller(caller.completed(channel.parties.caller))
        channel.set_connected(caller.completed(channel.parties.connected))
    set_variables(channel, variables or {})
    return channel


def inherit(channel: Channel, peer: Channel) -> None:
    """Set the inherited variables on a peer: those marked ``_`` once, ``__`` for ever."""
    handed = {
        name if name.startswith("__") else name[1:]: value
        for name, value in reversed(channel.variables.items())  # the last that was set first
        if name.startswith("_")
    }
    for name, value in handed.items():
        peer.set_variable(name, value)
    # Further copies reverse the order again, so these variables come last, in this order.
    peer.variables = {**dict(reversed(handed.items())), **peer.variables}


def inherit_from_caller(channel: Channel, caller: Channel) -> bool:
    """Set what a channel takes over from its caller: variables, connected line, language, account.

    Returns:
        Whether the connected line changed and must be published.
    """
    inherit(caller, channel)
    channel.parties.redirected_from = caller.parties.redirected_from
    introduced = channel.parties.connected != caller.parties.caller
    channel.parties.connected = caller.parties.caller
    channel.linked_id = caller.linked_id
    channel.language = caller.language
    inherit_accounts(channel, caller)
    if music := caller.items.get("musicclass"):
        channel.items.setdefault("musicclass", music)
    return introduced


def inherit_accounts(channel: Channel, caller: Channel) -> None:
    """Set a channel's account codes from those of its caller (ast_channel_req_accountcodes)."""
    channel.accountcode = caller.peer_account or caller.accountcode or channel.accountcode
    channel.peer_account = caller.accountcode or channel.peer_account


def set_variables(channel: Channel, variables: Mapping[str, str]) -> None:
    """Set the variables and functions (``CALLERID(name)``) that a request gives a channel."""
    for name, value in variables.items():
        channel.exchange.assign(channel, name, value, from_outside=True)


def dial_event(
    channel: Channel, status: str, caller: Channel | None = None, *, named: bool | None = None
) -> None:
    """Publish a Dial event.

    Args:
        channel: the dialled channel.
        status: ``""`` as it begins, RINGING, PROGRESS, ANSWER, BUSY, ….
        caller: channel for which the dialplan dials.
        named: whether the event has a dialstring; None: as in Asterisk, for originate and the first
            event.
    """
    exchange = channel.exchange
    if named is None:
        named = caller is None or not status
    fields: dict[str, Any] = {
        "dialstatus": status,
        "forward": "",
        "dialstring": channel.parties.dialed if named else "",
    }
    # Asterisk takes the last snapshots as the call begins, and new ones later.
    if caller is not None:
        fields["caller"] = caller.json() if status else caller.snapshot()
    fields["peer"] = channel.json() if status else channel.snapshot()
    # Where there is a caller, the event is published on the caller's topic alone.
    about = channel if caller is None else caller
    exchange.publish(exchange.event("Dial", **fields), (about.topic,))


def call_program(
    channel: Channel,
    timeout: float | None,
    then: Callable[[], Program],
    caller: Channel | None = None,
    on_status: Callable[[str], None] = lambda _status: None,
    read: Callable[[Callable[[], None]], None] = lambda act: act(),
) -> Program:
    """Call, and run the steps after the answer.

    Where ARI originates, Asterisk publishes no time-out and leaves the cause of a refused call open
    (``main/dial.c``); where the dialplan dials, it publishes both.

    Args:
        channel: to be called.
        timeout: seconds to wait for an answer; None: no limit.
        then: creates the program that runs on the channel after the answer.
        caller: channel for which the dialplan calls; None: ARI.
        on_status: called with each dial status before it is published; TIMEOUT after the time
            limit.
        read: calls a function when the caller reads what the channel has sent.
    """
    exchange = channel.exchange
    waiting: list[str] = []

    def on_condition(condition: str) -> None:
        waiting.append(condition)
        if channel.task is not None:
            channel.task.wake()

    channel.on_control = lambda condition: read(lambda: on_condition(condition))
    timed_out = (
        exchange.after(timeout, lambda: on_condition("TIMEOUT")) if timeout is not None else None
    )
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
                on_status("ANSWER")
                dial_event(channel, "ANSWER", caller)
                break
            if condition == "TIMEOUT":
                on_status("TIMEOUT")
                if caller is None:
                    channel.cause = NO_ANSWER
                else:
                    dial_event(channel, "NOANSWER", caller)
                return
            if condition == "HANGUP":
                status = _STATUSES.get(channel.cause, "NOANSWER")
                on_status(status)
                dial_event(channel, status, caller)
                return
            if condition == "RINGING":
                channel.set_state("Ringing")
            on_status(condition)
            if condition in DIAL_STATUSES:
                dial_event(channel, condition, caller)
            if condition in ("BUSY", "CONGESTION"):
                return
    except ChannelHungUp:
        cancelled = caller is not None and (caller.hung_up or channel.cause == ANSWERED_ELSEWHERE)
        status = "CANCEL" if cancelled else _STATUSES.get(channel.cause, "NOANSWER")
        on_status(status)
        dial_event(channel, status, caller)
        raise
    finally:
        channel.on_control = None
        if timed_out is not None:
            timed_out.cancel()
    yield from then()
