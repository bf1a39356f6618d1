"""Bridge: take a channel away from what it does, and connect the caller with it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ari_notebook.simulator import stasis
from ari_notebook.simulator.bridges import Bridge
from ari_notebook.simulator.channels import NORMAL, Channel, HungUp
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications.calls import nothing_more
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import split

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

log = logging.getLogger(__name__)


@application("Bridge")
def bridge(channel: Channel, data: str) -> Program:
    """Connect with a channel that is there already: ``channel,options``.

    Once they part, the other one goes on behind what it was taken from; with ``x`` it is hung up.
    With ``n`` the caller is not answered first.
    """
    name, options = [*split(data), ""][:2]
    if unknown := set(options) - set("npx"):
        log.warning("Bridge: the options %s are not simulated", "".join(sorted(unknown)))
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
            each.cause = each.cause or NORMAL  # whoever hangs up need not say why
        for each in members:
            made.leave(each)
        made.destroy()
        for each in members:
            if each.task is not None:
                exchange.soon(each.task.wake)

    made.on_left = part
    _take(other, made, goes_on="x" not in options)
    made.join(channel)
    made.introduce()
    try:
        while channel.bridge is made:
            yield None
    finally:
        made.leave(channel)
        channel.set_variable("BRIDGERESULT", "SUCCESS")


def _find(exchange: Exchange, name: str) -> Channel | None:
    """A channel by how its name begins, or by its id."""
    if not name:
        return None
    for channel in exchange.channels.values():
        if channel.name.lower().startswith(name.lower()):
            return channel
    return exchange.channels.get(name)


def _take(other: Channel, made: Bridge, *, goes_on: bool) -> None:
    """Bring a channel into a bridge, whatever it does; what it does then is over.

    One that an application has in a bridge comes back to the dialplan that called the application.
    Any other is out of the dialplan, and begins in it anew where there is something to go on with.
    """
    from ari_notebook.simulator.dialplan import run_dialplan

    comes_back = other.control is not None and other.bridge is not None
    if other.control is not None:
        stasis.end(other.control)
    if other.task is not None:
        other.task.abandon()
    made.join(other)

    def program() -> Program:
        if comes_back:
            yield from run_dialplan(other, _as_stasis(other, made, goes_on=goes_on))
            return
        while other.bridge is made:
            yield None
        place = other.context, other.exten, other.priority + 1
        if goes_on and other.exchange.dialplan.find(*place) is not None:
            yield from run_dialplan(other, nothing_more())

    other.run(program())


def _as_stasis(other: Channel, made: Bridge, *, goes_on: bool) -> Program:
    """Be in a bridge as if Stasis still ran; the result says whether the dialplan goes on."""
    try:
        while other.bridge is made:
            yield None
    except HungUp:
        made.leave(other)
        raise
    finally:
        if other.bridge is not made:
            other.set_variable("STASISSTATUS", "SUCCESS")
    return goes_on
