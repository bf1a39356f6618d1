"""Calling: make a channel for an address, call, and see what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.channels import NORMAL, Channel, HungUp, Party
from ari_notebook.simulator.clock import Program, Task
from ari_notebook.simulator.local import local_pair
from ari_notebook.simulator.messages import Refused

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["CAUSE_OF", "call_program", "dial_event", "make_channel", "quietly"]

NO_ANSWER = 19
# What the other end says, the status it ends the dialling with, and its cause.
_ENDS = {"BUSY": ("BUSY", 17), "CONGESTION": ("CONGESTION", 34), "HANGUP": ("CANCEL", NORMAL)}
CAUSE_OF = {"BUSY": 17, "CONGESTION": 34, "NOANSWER": NO_ANSWER, "CANCEL": NORMAL}


def make_channel(
    exchange: Exchange,
    address: str,
    *,
    ids: tuple[str | None, str | None] = (None, None),
    application: str = "AppDial2",
    caller: Party | None = None,
    variables: Mapping[str, str] | None = None,
) -> Channel:
    """Make a channel that can call an address.

    Args:
        exchange: where.
        address: ``TECH/address``.
        ids: the channel's id and, for a Local channel, its other half's.
        application: what the channel shows as running while it is called.
        caller: whom the called one sees.
        variables: set on the channel.

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
            raise Refused(500, "Allocation failed")
        made.dialed = rest
        halves = [made]
    for half in halves:
        half.create()
    channel = halves[0]
    if caller is not None:
        channel.connected = channel.caller = caller
    for name, value in (variables or {}).items():
        channel.set_variable(name, value)
    channel.appl = (application, "(Outgoing Line)")
    fields = {"dialplan_app": application, "dialplan_app_data": "(Outgoing Line)"}
    channel.publish("ChannelDialplan", **fields)
    return channel


def dial_event(channel: Channel, status: str, caller: Channel | None = None) -> None:
    """Tell how the dialling of a channel stands."""
    exchange = channel.exchange
    fields: dict[str, Any] = {
        "dialstatus": status,
        "forward": "",
        "dialstring": channel.dialed if caller is None or not status else "",
    }
    topics = [("channel", channel.id)]
    if caller is not None:
        fields["caller"] = caller.json()
        topics.append(("channel", caller.id))
    fields["peer"] = channel.json()
    exchange.publish(exchange.event("Dial", **fields), topics)


def call_program(
    channel: Channel,
    timeout: float | None,
    then: Callable[[], Program],
    caller: Channel | None = None,
    task: Callable[[], Task | None] | None = None,
) -> Program:
    """Call, and run what follows the answer.

    Args:
        channel: to be called.
        timeout: seconds until it is given up; None for never.
        then: makes the program that runs on the channel once it has answered.
        caller: for whom it is called, in events.
        task: gives the task that this program runs in; the channel's own if None.
    """
    exchange = channel.exchange
    waiting: list[str] = []

    def heard(condition: str) -> None:
        waiting.append(condition)
        mine = task() if task is not None else channel.task
        if mine is not None:
            mine.wake()

    channel.on_control = heard
    timed_out = exchange.after(timeout, lambda: heard("NOANSWER")) if timeout is not None else None
    try:
        dial_event(channel, "", caller)
        channel.driver.call(channel)
        while True:
            if not waiting:
                yield None
                continue
            condition = waiting.pop(0)
            if condition == "ANSWER":
                channel.set_state("Up")
                dial_event(channel, "ANSWER", caller)
                break
            if condition in ("RINGING", "PROGRESS", "PROCEEDING"):
                dial_event(channel, condition, caller)
                if condition == "RINGING" and channel.device.startswith("PJSIP"):
                    channel.set_state("Ringing")
                continue
            status, cause = _ENDS.get(condition, ("NOANSWER", NO_ANSWER))
            channel.cause = channel.cause or cause
            dial_event(channel, status, caller)
            return
    except HungUp:
        dial_event(channel, "CANCEL", caller)
        raise
    finally:
        channel.on_control = None
        if timed_out is not None:
            timed_out.cancel()
    yield from then()


def quietly(program: Program) -> Program:
    """The program, ending where its channel is hung up."""
    try:
        yield from program
    except HungUp:
        return
