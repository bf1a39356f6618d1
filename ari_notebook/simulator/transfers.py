"""Blind transfers that a phone asks for (SIP's REFER): the other one goes on at an extension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.applications import ALL
from ari_notebook.simulator.channels import NORMAL, Channel
from ari_notebook.simulator.dialing import dial_event
from ari_notebook.simulator.local import local_pair
from ari_notebook.simulator.stasis import stasis

if TYPE_CHECKING:
    from ari_notebook.simulator.bridges import Bridge

__all__ = ["ask", "run_in_place_of", "transfer"]


def transfer(channel: Channel, exten: str, *, by_application: bool = False) -> bool:
    """Transfer whom a phone talks to, blindly.

    Args:
        channel: the phone's, which leaves the call by it.
        exten: where the other one goes on, in the context of the phone's channel.
        by_application: only tell the application, which is to do it (ChannelTransfer).

    Returns:
        whether the phone is out of the call.
    """
    exchange = channel.exchange
    if by_application:
        ask(channel, exten)
        return False
    if exchange.dialplan.find(channel.context, exten, 1) is None:
        return False  # the phone hears 404, nobody else anything
    bridge = channel.bridge
    others = [] if bridge is None else [each for each in bridge.members if each is not channel]
    if bridge is None or len(others) != 1:
        _tell(channel, exten, "Invalid", None, None)
        return False
    (other,) = others
    channel.publish("ChannelUnhold")
    other.set_variable("BLINDTRANSFER", channel.name)
    channel.set_variable("BLINDTRANSFER", other.name)
    if bridge.bridge_class != "basic":
        _replace(channel, other, bridge, exten)
        return True
    _tell_of_request(other, channel, exten)
    _tell(channel, exten, "Success", other, bridge.json())
    _go_on(other, channel, bridge, exten)
    return True


def ask(channel: Channel, exten: str, **state: str) -> None:
    """Tell the application that a phone wants to transfer, or with ``state`` how that stands."""
    exchange = channel.exchange
    told = exchange.event(
        "ChannelTransfer",
        refer_to={"requested_destination": {"destination": exten}},
        referred_by={"source_channel": channel.json()},
        **state,
    )
    exchange.publish(told, [("channel", channel.id)])


def _tell_of_request(other: Channel, channel: Channel, exten: str) -> None:
    """Tell who goes on what the phone's REFER said."""
    for name, value in (
        ("SIPTRANSFER", "yes"),
        ("SIPREFERRINGCONTEXT", channel.context),
        ("__SIPREFERREDBYHDR", f"<sip:{channel.device.partition('/')[2]}@127.0.0.1>"),
        ("SIPREFERTOHDR", f"sip:{exten}@127.0.0.1"),
    ):
        other.set_variable(name, value)


def _go_on(other: Channel, channel: Channel, bridge: Bridge, exten: str) -> None:
    """The other one leaves the call that Dial made, and runs the dialplan."""
    from ari_notebook.simulator.dialplan import run_dialplan

    bridge.on_left = None
    other.context, other.exten, other.priority = channel.context, exten, 1
    other.run_application(*other.appl)
    bridge.leave(channel)
    if other.task is not None:
        other.task.abandon()
    bridge.leave(other)
    bridge.destroy()
    if channel.in_dialplan and channel.task is not None:
        channel.task.wake()  # its Dial is over, and with that its call
    else:
        channel.cause = NORMAL
        channel.hang_up_now()
    other.run(run_dialplan(other))


def _replace(channel: Channel, other: Channel, bridge: Bridge, exten: str) -> None:
    """A Local channel takes the phone's place in the application's bridge, and calls."""
    exchange = channel.exchange
    first, second = local_pair(exchange, f"{exten}@{channel.context}")
    for half in (first, second):
        half.create()
    first.set_variable("BLINDTRANSFER", channel.name)
    _tell_of_request(first, channel, exten)

    def heard(condition: str) -> None:
        if condition == "ANSWER":
            first.set_state("Up")
            dial_event(first, "ANSWER", named=False)
        elif condition == "HANGUP":
            first.hang_up_now()

    def join() -> None:
        before = bridge.json()
        channel.cause = NORMAL
        bridge.swap(channel, first)
        _tell(channel, exten, "Success", other, before, replaced_by=first)

    first.on_control = heard
    run_in_place_of(channel, first)
    exchange.soon(join)
    first.driver.call(first)


def run_in_place_of(channel: Channel, replacement: Channel) -> None:
    """Let a Local channel that comes for another be in the hands of the same application."""
    if channel.control is not None:
        app = channel.control.app
        replacement.run_application("Stasis", app)
        replacement.run(stasis(replacement, app, [], replaced=channel))


def _tell(
    channel: Channel,
    exten: str,
    result: str,
    other: Channel | None,
    bridge: dict[str, Any] | None,
    replaced_by: Channel | None = None,
) -> None:
    fields: dict[str, Any] = {
        "channel": channel.json(),
        "exten": exten,
        "context": channel.context,
        "result": result,
        "is_external": True,
    }
    topics = [("channel", channel.id)]
    if other is not None:
        fields["transferee"] = other.json()
        topics.append(("channel", other.id))
    if replaced_by is not None:
        fields["replace_channel"] = replaced_by.json()
    if bridge is not None:
        fields["bridge"] = bridge
        topics.append(("bridge", bridge["id"]))
    exchange = channel.exchange
    # It is an event of all bridges, told as well to who is subscribed to one of those in it.
    event = exchange.event("BridgeBlindTransfer", **fields)
    exchange.applications.publish(event, topics, [("bridge", ALL)], to_all=False)
