"""Blind transfers by a phone (SIP REFER): the other party goes on at an extension."""

from __future__ import annotations

from typing import Any

from ari_notebook.simulator.calls.dial import dial_event
from ari_notebook.simulator.calls.local import local_pair
from ari_notebook.simulator.pbx.bridge import Bridge
from ari_notebook.simulator.pbx.channel import NORMAL, Channel
from ari_notebook.simulator.stasis.control import stasis
from ari_notebook.simulator.topics import ALL, Topic

__all__ = ["publish_transfer_request", "run_in_place_of", "transfer"]


def transfer(channel: Channel, exten: str, *, by_application: bool = False) -> bool:
    """Transfer the other party of a phone's call to an extension.

    Args:
        channel: the phone's, which leaves the call.
        exten: the extension, in the context of the phone's channel.
        by_application: whether only to publish ChannelTransfer, for the application to do it.

    Returns:
        Whether the phone left the call.
    """
    exchange = channel.exchange
    if by_application:
        publish_transfer_request(channel, exten)
        return False
    if not exchange.dialplan.exists(channel.dialplan.context, exten):
        return False  # the phone gets 404; no event is published
    bridge = channel.bridge
    others = [] if bridge is None else [each for each in bridge.members if each is not channel]
    if bridge is None or len(others) != 1:
        _publish_transfer(channel, exten, "Invalid", None, None)
        return False
    (other,) = others
    channel.publish("ChannelUnhold")
    other.set_variable("BLINDTRANSFER", channel.name)
    channel.set_variable("BLINDTRANSFER", other.name)
    if bridge.bridge_class != "basic":
        _replace(channel, other, bridge, exten)
        return True
    _set_referred_variables(other, channel, exten)
    _publish_transfer(channel, exten, "Success", other, bridge.json())
    _go_on(other, channel, bridge, exten)
    return True


def publish_transfer_request(channel: Channel, exten: str, **state: str) -> None:
    """Publish ChannelTransfer: a phone's request to transfer, or its ``state``."""
    exchange = channel.exchange
    event = exchange.event(
        "ChannelTransfer",
        refer_to={"requested_destination": {"destination": exten}},
        referred_by={"source_channel": channel.json()},
        **state,
    )
    exchange.publish(event, (channel.topic,))


def _set_referred_variables(other: Channel, channel: Channel, exten: str) -> None:
    """Set the variables that show the phone's REFER on the transferred channel."""
    for name, value in (
        ("SIPTRANSFER", "yes"),
        ("SIPREFERRINGCONTEXT", channel.dialplan.context),
        ("__SIPREFERREDBYHDR", f"<sip:{channel.device.partition('/')[2]}@127.0.0.1>"),
        ("SIPREFERTOHDR", f"sip:{exten}@127.0.0.1"),
    ):
        other.set_variable(name, value)


def _go_on(other: Channel, channel: Channel, bridge: Bridge, exten: str) -> None:
    """Take the other party out of Dial's bridge and run the dialplan on it."""
    bridge.on_left = None
    other.dialplan.location = channel.dialplan.context, exten, 1
    other.run_application(*other.dialplan.application)
    bridge.leave(channel)
    if other.task is not None:
        other.task.abandon()
    bridge.leave(other)
    bridge.destroy()
    if channel.dialplan.running and channel.task is not None:
        channel.task.wake()  # its Dial is over, and with that its call
    else:
        channel.cause = NORMAL
        channel.hang_up_now()
    other.run(other.exchange.dialplan.run(other))


def _replace(channel: Channel, other: Channel, bridge: Bridge, exten: str) -> None:
    """Replace the phone in the application's bridge by a Local channel that calls."""
    exchange = channel.exchange
    first, second = local_pair(exchange, f"{exten}@{channel.dialplan.context}")
    for half in (first, second):
        half.create()
    first.set_variable("BLINDTRANSFER", channel.name)
    _set_referred_variables(first, channel, exten)

    def on_condition(condition: str) -> None:
        if condition == "ANSWER":
            first.set_state("Up")
            dial_event(first, "ANSWER", named=False)
        elif condition == "HANGUP":
            first.hang_up_now()

    def join() -> None:
        before = bridge.json()
        channel.cause = NORMAL
        bridge.swap(channel, first)
        _publish_transfer(channel, exten, "Success", other, before, replaced_by=first)

    first.on_control = on_condition
    run_in_place_of(channel, first)
    exchange.soon(join)
    first.driver.call(first)


def run_in_place_of(channel: Channel, replacement: Channel) -> None:
    """Run Stasis on a Local channel for the application that controls the replaced channel."""
    app = channel.stasis_app
    if app is not None:
        replacement.run_application("Stasis", app)
        replacement.run(stasis(replacement, app, [], replaced=channel))


def _publish_transfer(
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
        "context": channel.dialplan.context,
        "result": result,
        "is_external": True,
    }
    topics = [channel.topic]
    if other is not None:
        fields["transferee"] = other.json()
        topics.append(other.topic)
    if replaced_by is not None:
        fields["replace_channel"] = replaced_by.json()
    if bridge is not None:
        fields["bridge"] = bridge
        topics.append(Topic("bridge", bridge["id"]))
    exchange = channel.exchange
    # Published for all bridges, and on the topics of those that take part.
    event = exchange.event("BridgeBlindTransfer", **fields)
    exchange.event_bus.deliver(event, topics, [Topic("bridge", ALL)], to_all=False)
