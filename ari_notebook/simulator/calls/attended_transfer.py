"""Attended transfers: a phone with two calls connects the other parties and leaves.

The result depends on the bridges (``main/bridge.c``, ast_bridge_transfer_attended): two bridges
that Dial made are merged; an application's bridge stays, and a Local channel links it with the
other bridge; if only one call is bridged, its other party continues at the dialplan location of the
other call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ari_notebook.simulator.calls.blind_transfer import run_in_place_of
from ari_notebook.simulator.calls.dial import dial_event
from ari_notebook.simulator.calls.local import local_pair
from ari_notebook.simulator.calls.pjsip import SipChannel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.pbx.bridge import Bridge
from ari_notebook.simulator.pbx.channel import NORMAL, TRANSFERRED, Channel
from ari_notebook.simulator.stasis.control import control_of, end, stasis
from ari_notebook.simulator.topics import ALL, Topic

__all__ = ["attended_transfer"]


def attended_transfer(first: Channel, second: Channel) -> bool:
    """Connect the other parties of a phone's two calls.

    Args:
        first: the phone's channel of the call that is transferred.
        second: its channel of the call that it is transferred to.

    Returns:
        Whether the transfer succeeded.
    """
    transfer = _TransferEvent(first, second)
    one, two = first.bridge, second.bridge
    if one is None and two is None:
        transfer.publish("Invalid", destination_type="fail")
        return False
    for leg in (first, second):
        if leg.bridge is not None:
            leg.publish("ChannelUnhold")
    if one is not None and two is not None:
        _name_transferer(one, first)
        if one.bridge_class == two.bridge_class == "basic":
            _merge(transfer, one, two)
        else:
            _link(transfer, one, two)
        return True
    bridge = one or two
    assert bridge is not None  # noqa: S101  checked above
    _name_transferer(bridge, first)
    _take_over(transfer, bridge)
    return True


class _TransferEvent:
    """The event BridgeAttendedTransfer, with the bridges as they were before the transfer."""

    def __init__(self, first: Channel, second: Channel) -> None:
        self.first, self.second = first, second
        self.transferee = _other(first)
        self.target = _other(second)
        self._bridges = [(leg.bridge, leg.bridge and leg.bridge.json()) for leg in (first, second)]

    def publish(self, result: str, **destination: Any) -> None:
        """Publish the result; ``destination`` are the event's fields of that name."""
        first, second = self.first, self.second
        fields: dict[str, Any] = {
            "transferer_first_leg": first.json(),
            "transferer_second_leg": second.json(),
            "result": result,
            "is_external": False,
        }
        involved = [first, second]
        for name, channel in (("transferee", self.transferee), ("transfer_target", self.target)):
            if channel is not None:
                fields[name] = channel.json()
                involved.append(channel)
        topics = [each.topic for each in involved]
        for name, (bridge, shown) in zip(("first", "second"), self._bridges, strict=True):
            if bridge is not None:
                fields[f"transferer_{name}_leg_bridge"] = shown
                topics.append(bridge.topic)
        exchange = first.exchange
        event = exchange.event("BridgeAttendedTransfer", **fields, **destination)
        # Published for all bridges, and on the topics of those that take part.
        exchange.event_bus.deliver(event, topics, [Topic("bridge", ALL)], to_all=False)


def _other(leg: Channel) -> Channel | None:
    """Return the other party of a call of two; None otherwise."""
    others = [] if leg.bridge is None else [each for each in leg.bridge.members if each is not leg]
    return others[0] if len(others) == 1 else None


def _name_transferer(bridge: Bridge, first: Channel) -> None:
    others = ",".join(each.name for each in bridge.members if each is not first)
    for each in bridge.members:
        each.set_variable("ATTENDEDTRANSFER", others if each is first else first.name)


def _merge(transfer: _TransferEvent, one: Bridge, two: Bridge) -> None:
    """Move the parties of the first bridge into the second."""
    first, second = transfer.first, transfer.second
    movers = [each for each in one.members if each is not first]
    one.on_left = two.on_left = None
    for number, mover in enumerate(movers):
        one.leave(mover)
        if number == 0:
            two.swap(second, mover)
        else:
            two.join(mover)
    two.update_connected_lines()
    _let_go(second)
    transfer.publish("Success", destination_type="bridge", destination_bridge=two.id)
    one.leave(first)
    one.destroy()
    _end(first)
    two.on_left = lambda _: _dissolve(two)


def _dissolve(bridge: Bridge) -> None:
    """Hang up all members of a bridge after one of its parties has left."""
    bridge.on_left = None
    for each in list(bridge.members):
        bridge.leave(each)
        each.cause = NORMAL
        each.request_hangup(publish=False)
    bridge.destroy()


def _link(transfer: _TransferEvent, one: Bridge, two: Bridge) -> None:
    """Replace the phone in both bridges by a Local channel."""
    first, second = transfer.first, transfer.second
    halves = _pair(first)

    def join_second() -> None:
        _swap_in(two, second, halves[1])
        # That half's connected line is the other's caller ID, which is published next.
        first.exchange.soon(lambda: _enter(halves[0], first, join_first))

    def join_first() -> None:
        _swap_in(one, first, halves[0])
        halves[0].set_state("Up")
        dial_event(halves[0], "ANSWER", named=False)
        _let_go(second)
        transfer.publish(
            "Success",
            destination_type="link",
            destination_link_first_leg=halves[0].json(),
            destination_link_second_leg=halves[1].json(),
        )
        if control_of(first) is None:
            _end(first)

    _enter(halves[1], second, join_second)


def _enter(half: Channel, leg: Channel, join: Callable[[], None]) -> None:
    """Run the replaced channel's application or bridge join on a half of the Local channel.

    StasisStart precedes the joining of a bridge.
    """
    if control_of(leg) is None:
        half.run(_until_out())
    else:
        run_in_place_of(leg, half)
    half.exchange.soon(join)


def _pair(first: Channel) -> tuple[Channel, Channel]:
    """Make a Local channel without a call; its second half is up."""
    halves = local_pair(first.exchange, "_attended@transfer")
    for half in halves:
        half.create()
    for half in halves:
        half.set_variable("ATTENDEDTRANSFER", first.name)
    halves[1].set_state("Up")
    return halves


def _swap_in(bridge: Bridge, leg: Channel, half: Channel) -> None:
    """Replace the phone's channel in a bridge by a half of the Local channel."""
    leg.cause = NORMAL
    bridge.swap(leg, half)
    if bridge.bridge_class == "basic":
        bridge.update_connected_lines()
        bridge.on_left = lambda _: _dissolve(bridge)


def _until_out() -> Program:
    """Wait forever: the program of a channel that is only in a bridge."""
    while True:
        yield None


def _take_over(transfer: _TransferEvent, bridge: Bridge) -> None:
    """Continue the bridged party at the dialplan location of the unbridged call."""
    legs = (transfer.first, transfer.second)
    bridged, unbridged = legs if legs[0].bridge is bridge else legs[::-1]
    other = _other(bridged)
    application = {
        "destination_type": "application",
        "destination_application": unbridged.dialplan.application[0],
    }
    if bridge.bridge_class != "basic" or other is None:
        _link_to_place(transfer, bridged, unbridged, application)
        return
    transfer.publish("Success", **application)
    bridge.on_left = None
    if other.task is not None:
        other.task.abandon()
    bridge.leave(other)
    bridge.leave(bridged)
    bridge.destroy()
    _take_place(other, unbridged)
    _end(bridged)


def _link_to_place(
    transfer: _TransferEvent,
    bridged: Channel,
    unbridged: Channel,
    application: dict[str, str],
) -> None:
    """Link the bridge and the unbridged call's dialplan location by a Local channel."""
    bridge = bridged.bridge
    assert bridge is not None  # noqa: S101  guaranteed by the caller
    near, far = _pair(transfer.first)
    run_in_place_of(bridged, near)
    _take_place(far, unbridged)

    def join() -> None:
        _swap_in(bridge, bridged, near)
        near.set_state("Up")
        dial_event(near, "ANSWER", named=False)
        transfer.publish("Success", replace_channel=near.json(), **application)
        if bridged is transfer.second:
            _let_go(bridged)

    bridged.exchange.soon(join)


def _take_place(other: Channel, leg: Channel) -> None:
    """Continue a channel at the dialplan location of another, which is hung up.

    An application that takes time starts again; a channel in Stasis is published as one that
    starts and one that ends.
    """
    control, appl = control_of(leg), leg.dialplan.application
    before, application = other.dialplan.location, other.dialplan.application
    if leg.task is not None:
        leg.task.abandon()
    other.dialplan.location = leg.dialplan.location
    other.cause, leg.cause = leg.cause, other.cause
    again = None
    if control is not None:
        again = stasis(other, control.app, [], clear=False, replaced=leg)
    other.run(other.exchange.dialplan.run(other, again))

    def swapped() -> None:
        if control is not None:
            end(control)
            other.run_application(*appl)
        other.set_connected(leg.parties.connected)
        leg.dialplan.location = before
        if isinstance(leg, SipChannel):
            leg.set_rtp_variables()
        if application[0]:
            leg.run_application(*application)
        leg.hang_up_now()

    leg.exchange.soon(swapped)


def _let_go(leg: Channel) -> None:
    """Hang up the phone's channel of the second call."""
    leg.cause = NORMAL
    leg.request_hangup(soft=TRANSFERRED)


def _end(leg: Channel) -> None:
    """End the phone's channel of a call that Dial made, and its Dial."""
    leg.cause = NORMAL
    if leg.dialplan.running and leg.task is not None:
        leg.task.wake()
    else:
        leg.hang_up_now()
