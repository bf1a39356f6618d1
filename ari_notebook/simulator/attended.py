"""Attended transfers: a phone with two calls connects the other ends of both, and leaves.

What becomes of them depends on where they are (``main/bridge.c``, ast_bridge_transfer_attended):
two bridges that Dial made become one; an application's bridge stays, and a Local channel links it
with the other one; where only one call is in a bridge, its other end takes over what the other
call was doing in the dialplan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.applications import ALL
from ari_notebook.simulator.channels import NORMAL, TRANSFERRED, Channel
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialing import dial_event
from ari_notebook.simulator.local import local_pair
from ari_notebook.simulator.sip_channels import SipChannel
from ari_notebook.simulator.stasis import end, stasis
from ari_notebook.simulator.transfers import run_in_place_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ari_notebook.simulator.bridges import Bridge

__all__ = ["attended_transfer"]


def attended_transfer(first: Channel, second: Channel) -> bool:
    """Connect the other ends of a phone's two calls.

    Args:
        first: the phone's channel of the call that is transferred.
        second: its channel of the call that it is transferred to.

    Returns:
        whether that could be done.
    """
    told = _Told(first, second)
    one, two = first.bridge, second.bridge
    if one is None and two is None:
        told.publish("Invalid", destination_type="fail")
        return False
    for leg in (first, second):
        if leg.bridge is not None:
            leg.publish("ChannelUnhold")
    if one is not None and two is not None:
        _name_transferer(one, first)
        if one.bridge_class == two.bridge_class == "basic":
            _merge(told, one, two)
        else:
            _link(told, one, two)
        return True
    bridge = one or two
    assert bridge is not None  # noqa: S101  that was asked above
    _name_transferer(bridge, first)
    _take_over(told, bridge)
    return True


class _Told:
    """The event BridgeAttendedTransfer, as everything was before anything moved."""

    def __init__(self, first: Channel, second: Channel) -> None:
        self.first, self.second = first, second
        self.transferee = _other(first)
        self.target = _other(second)
        self._bridges = [(leg.bridge, leg.bridge and leg.bridge.json()) for leg in (first, second)]

    def publish(self, result: str, **destination: Any) -> None:
        """Tell how it ended; ``destination`` are the event's fields of that name."""
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
        topics = [("channel", each.id) for each in involved]
        for name, (bridge, shown) in zip(("first", "second"), self._bridges, strict=True):
            if bridge is not None:
                fields[f"transferer_{name}_leg_bridge"] = shown
                topics.append(("bridge", bridge.id))
        exchange = first.exchange
        event = exchange.event("BridgeAttendedTransfer", **fields, **destination)
        # It is an event of all bridges, told as well to who is subscribed to one of those in it.
        exchange.applications.publish(event, topics, [("bridge", ALL)], to_all=False)


def _other(leg: Channel) -> Channel | None:
    """The other end of a call of two."""
    others = [] if leg.bridge is None else [each for each in leg.bridge.members if each is not leg]
    return others[0] if len(others) == 1 else None


def _name_transferer(bridge: Bridge, first: Channel) -> None:
    others = ",".join(each.name for each in bridge.members if each is not first)
    for each in bridge.members:
        each.set_variable("ATTENDEDTRANSFER", others if each is first else first.name)


def _merge(told: _Told, one: Bridge, two: Bridge) -> None:
    """Those of the first bridge go over to the second, which is then a call like any other."""
    first, second = told.first, told.second
    movers = [each for each in one.members if each is not first]
    one.on_left = two.on_left = None
    for number, mover in enumerate(movers):
        one.leave(mover)
        if number == 0:
            two.swap(second, mover)
        else:
            two.join(mover)
    two.introduce()
    _let_go(second)
    told.publish("Success", destination_type="bridge", destination_bridge=two.id)
    one.leave(first)
    one.destroy()
    _end(first)
    two.on_left = lambda _: _dissolve(two)


def _dissolve(bridge: Bridge) -> None:
    """One has left, and with that the call is over for everybody."""
    bridge.on_left = None
    for each in list(bridge.members):
        bridge.leave(each)
        each.cause = NORMAL
        each.request_hangup(tell=False)
    bridge.destroy()


def _link(told: _Told, one: Bridge, two: Bridge) -> None:
    """A Local channel takes the phone's place in both bridges."""
    first, second = told.first, told.second
    halves = _pair(first)

    def join_second() -> None:
        _swap_in(two, second, halves[1])
        # That half's connection is the other's caller: it is known before that is told of.
        first.exchange.soon(lambda: _enter(halves[0], first, join_first))

    def join_first() -> None:
        _swap_in(one, first, halves[0])
        halves[0].set_state("Up")
        dial_event(halves[0], "ANSWER", named=False)
        _let_go(second)
        told.publish(
            "Success",
            destination_type="link",
            destination_link_first_leg=halves[0].json(),
            destination_link_second_leg=halves[1].json(),
        )
        if first.control is None:
            _end(first)

    _enter(halves[1], second, join_second)


def _enter(half: Channel, leg: Channel, join: Callable[[], None]) -> None:
    """Put a half of the Local channel into the hands that the phone's channel is in.

    An application is told of it before it joins a bridge.
    """
    if leg.control is None:
        half.run(_until_out())
    else:
        run_in_place_of(leg, half)
    half.exchange.soon(join)


def _pair(first: Channel) -> tuple[Channel, Channel]:
    """A Local channel that nobody called; its second half is up."""
    halves = local_pair(first.exchange, "_attended@transfer")
    for half in halves:
        half.create()
    for half in halves:
        half.set_variable("ATTENDEDTRANSFER", first.name)
    halves[1].set_state("Up")
    return halves


def _swap_in(bridge: Bridge, leg: Channel, half: Channel) -> None:
    """Put a half of the Local channel in the place of the phone's channel."""
    leg.cause = NORMAL
    bridge.swap(leg, half)
    if bridge.bridge_class == "basic":
        bridge.introduce()
        bridge.on_left = lambda _: _dissolve(bridge)


def _until_out() -> Program:
    """What runs on a channel that has nothing to do but to be in a bridge."""
    while True:
        yield None


def _take_over(told: _Told, bridge: Bridge) -> None:
    """The other end of the call in a bridge goes on where the call that is in none stands."""
    legs = (told.first, told.second)
    bridged, unbridged = legs if legs[0].bridge is bridge else legs[::-1]
    other = _other(bridged)
    application = {
        "destination_type": "application",
        "destination_application": unbridged.appl[0],
    }
    if bridge.bridge_class != "basic" or other is None:
        _link_to_place(told, bridged, unbridged, application)
        return
    told.publish("Success", **application)
    bridge.on_left = None
    if other.task is not None:
        other.task.abandon()
    bridge.leave(other)
    bridge.leave(bridged)
    bridge.destroy()
    _take_place(other, unbridged)
    _end(bridged)


def _link_to_place(
    told: _Told, bridged: Channel, unbridged: Channel, application: dict[str, str]
) -> None:
    """A Local channel joins the bridge by one half, and goes on with the call by the other."""
    bridge = bridged.bridge
    assert bridge is not None  # noqa: S101  that is how it was chosen
    near, far = _pair(told.first)
    run_in_place_of(bridged, near)
    _take_place(far, unbridged)

    def join() -> None:
        _swap_in(bridge, bridged, near)
        near.set_state("Up")
        dial_event(near, "ANSWER", named=False)
        told.publish("Success", replace_channel=near.json(), **application)
        if bridged is told.second:
            _let_go(bridged)

    bridged.exchange.soon(join)


def _take_place(other: Channel, leg: Channel) -> None:
    """Let a channel go on where another one stands, which is gone with that.

    An application that takes time begins anew; a channel that Stasis had is heard of as one that
    comes and one that goes.
    """
    from ari_notebook.simulator.dialplan import run_dialplan

    control, appl = leg.control, leg.appl
    before = other.context, other.exten, other.priority, other.appl
    if leg.task is not None:
        leg.task.abandon()
    other.context, other.exten, other.priority = leg.context, leg.exten, leg.priority
    other.cause, leg.cause = leg.cause, other.cause
    again = None
    if control is not None:
        again = stasis(other, control.app, [], clear=False, replaced=leg)
    other.run(run_dialplan(other, again))

    def swapped() -> None:
        if control is not None:
            end(control)
            other.run_application(*appl)
        other.set_connected(leg.connected)
        leg.context, leg.exten, leg.priority, application = before
        if isinstance(leg, SipChannel):
            leg.measure()
        if application[0]:
            leg.run_application(*application)
        leg.hang_up_now()

    leg.exchange.soon(swapped)


def _let_go(leg: Channel) -> None:
    """The phone's part of the second call is over."""
    leg.cause = NORMAL
    leg.request_hangup(soft=TRANSFERRED)


def _end(leg: Channel) -> None:
    """The phone's part of a call that Dial made is over: so is its Dial."""
    leg.cause = NORMAL
    if leg.in_dialplan and leg.task is not None:
        leg.task.wake()
    else:
        leg.hang_up_now()
