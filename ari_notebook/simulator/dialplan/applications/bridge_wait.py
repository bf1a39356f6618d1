"""The BridgeWait application: wait in a holding bridge that has a name."""

from __future__ import annotations

import logging
import re

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.dialplan.applications import calls
from ari_notebook.simulator.dialplan.applications.registry import application
from ari_notebook.simulator.dialplan.functions import separate
from ari_notebook.simulator.numbers import natural
from ari_notebook.simulator.pbx.bridge import Bridge, BridgeMember
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange

log = logging.getLogger(__name__)

_OPTION = re.compile(r"(\w)(?:\(([^)]*)\))?")
_ROLES = ("participant", "announcer")
_ENTERTAINMENT = "mrsnh"  # music, ringing, silence, none, hold


@application("BridgeWait")
def bridge_wait(channel: Channel, data: str) -> Program:
    """Wait in a holding bridge: ``name,role,options``.

    The bridge is created by the first channel and destroyed after the last. Options: ``n`` does not
    answer the channel first, ``S(seconds)`` limits the time, ``e(kind)`` and ``m(class)`` say what
    participants are played.
    """
    name, role, given = [*separate(data, 3), "", "", ""][:3]
    options = dict(_OPTION.findall(given))
    role = role or _ROLES[0]
    if role.lower() not in _ROLES or options.get("e", "m")[:1].lower() not in _ENTERTAINMENT:
        log.warning("BridgeWait(%s): no such role or entertainment", data)
        return False
    if "n" not in options:
        yield from calls.answer(channel, "")
    made = _bridge(channel.exchange, name or "default")
    made.join(channel, BridgeMember(role=role.lower()))
    seconds = natural(options.get("S", ""))
    end = channel.exchange.now + seconds
    try:
        while channel.bridge is made and not (seconds and channel.exchange.now >= end):
            yield end - channel.exchange.now if seconds else None
    finally:
        made.leave(channel)
        if not made.members:
            made.destroy()
    return True


def _bridge(exchange: Exchange, name: str) -> Bridge:
    """Return the holding bridge of a name; create it if there is none."""
    for bridge in exchange.bridges.values():
        if bridge.creator == "BridgeWait" and bridge.name == name:
            return bridge
    return Bridge(
        exchange,
        exchange.uuid(),
        bridge_type="holding",
        bridge_class="base",
        creator="BridgeWait",
        name=name,
        video_mode="none",
    ).create()
