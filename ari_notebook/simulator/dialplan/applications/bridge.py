"""The Bridge application: bridge the calling channel with an existing channel."""

from __future__ import annotations

import logging

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import split
from ari_notebook.simulator.pbx.bridge import Bridge
from ari_notebook.simulator.pbx.channel import NORMAL, Channel, ChannelHungUp
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.stasis import control

log = logging.getLogger(__name__)


@application("Bridge")
def bridge(channel: Channel, data: str) -> Program:
    """Bridge with an existing channel: ``channel,options``.

    When the bridge ends, the other channel continues in the dialplan after the application it was
    taken from; with option ``x`` it is hung up. Option ``n`` does not answer the calling channel
    first.
    """
    name, options = [*split(data), ""][:2]
    if unknown := set(options) - set("npx"):
        log.warning("Bridge: options %s are not simulated", "".join(sorted(unknown)))
    other = _find(channel.exchange, name)
    if other is None or other is channel:
        channel.set_variable("BRIDGERESULT", "NONEXISTENT" if other is None else "LOOP")
        yield from nothing_more()
        return
    if "n" not in options:
        channel.answer()
    exchange = channel.exchange
    made = Bridge(
        exchange, exchange.uuid(), bridge_class="basic", creator="", video_mode="none"
    ).create()

    def part(left: Channel) -> None:
        made.on_left = None
        members = list(made.members)
        for each in (left, *members):
            each.cause = each.cause or NORMAL  # the channel that hangs up need not set a cause
        for each in members:
            made.leave(each)
        made.destroy()
        for each in members:
            if each.task is not None:
                exchange.soon(each.task.wake)

    made.on_left = part
    _take(other, made, goes_on="x" not in options)
    made.join(channel)
    made.update_connected_lines()
    try:
        while channel.bridge is made:
            yield None
    finally:
        made.leave(channel)
        channel.set_variable("BRIDGERESULT", "SUCCESS")


def _find(exchange: Exchange, name: str) -> Channel | None:
    """Return a channel by the start of its name, or by its id."""
    if not name:
        return None
    for channel in exchange.channels.values():
        if channel.name.lower().startswith(name.lower()):
            return channel
    return exchange.channels.get(name)


def _take(other: Channel, made: Bridge, *, goes_on: bool) -> None:
    """Move a channel into a bridge, and end its current application.

    A channel that an application had put into a bridge returns to the dialplan that called the
    application. Any other channel has left the dialplan; it starts there again if `goes_on` gives a
    location.
    """
    held = control.control_of(other)
    comes_back = held is not None and other.bridge is not None
    if other.bridge is not None:
        other.bridge.leave(other)  # moved, not ejected: its hangup cause stays as it is
    if held is not None:
        control.end(held)
    if other.task is not None:
        other.task.abandon()
    made.join(other)
    dialplan = other.exchange.dialplan

    def program() -> Program:
        if comes_back:
            yield from dialplan.run(other, _as_stasis(other, made, goes_on=goes_on))
            return
        while other.bridge is made:
            yield None
        place = other.dialplan.context, other.dialplan.exten, other.dialplan.priority + 1
        if goes_on and dialplan.exists(*place):
            yield from dialplan.run(other, nothing_more())

    other.run(program())


def _as_stasis(other: Channel, made: Bridge, *, goes_on: bool) -> Program:
    """Wait in a bridge as under Stasis; return whether the dialplan continues."""
    try:
        while other.bridge is made:
            yield None
    except ChannelHungUp:
        made.leave(other)
        raise
    finally:
        if other.bridge is not made:
            other.set_variable("STASISSTATUS", "SUCCESS")
    return goes_on
