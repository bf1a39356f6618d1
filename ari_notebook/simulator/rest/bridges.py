"""What ARI's bridges operations do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.bridges import Bridge, Member
from ari_notebook.simulator.messages import Later, Refused, Reply
from ari_notebook.simulator.rest import bridge_media, variables

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.stasis import Control

Arguments: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = "Callable[[Exchange, Arguments], Reply | Later[Reply]]"

_TYPES = (
    "mixing",
    "holding",
    "dtmf_events",
    "proxy_media",
    "video_sfu",
    "video_single",
    "sdp_label",
)


def find(exchange: Exchange, id: str) -> Bridge:
    """A bridge by its id.

    Raises:
        Refused: 404.
    """
    bridge = exchange.bridges.get(id)
    if bridge is None:
        raise Refused(404, "Bridge not found", reason="Not found")
    return bridge


def _own(exchange: Exchange, id: str) -> Bridge:
    """A bridge that ARI made."""
    bridge = find(exchange, id)
    if bridge.bridge_class != "stasis":
        raise Refused(409, "Bridge not in Stasis application")
    return bridge


def list_bridges(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /bridges``."""
    return Reply(200, [bridge.json() for bridge in exchange.bridges.values()])


def get(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /bridges/{bridgeId}``."""
    return Reply(200, find(exchange, args["bridgeId"]).json())


def create(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges``; in Asterisk 22.10 its whole JSON body is taken for the variables."""
    bridge = _make(exchange, args)
    body = args["variables"]
    given = body if isinstance(body, dict) else {}
    declared = ("type", "bridgeId", "name", "report_events")
    _set(bridge, variables.parse({k: v for k, v in given.items() if k not in declared}))
    return Reply(200, bridge.json())


def create_with_id(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}``."""
    bridge = _make(exchange, args)
    body = args["variables"]
    _set(bridge, variables.inside(body))
    return Reply(200, bridge.json())


def _make(exchange: Exchange, args: Arguments) -> Bridge:
    id = args["bridgeId"]
    kinds = tuple(word.strip() for word in (args["type"] or "mixing").split(","))
    mixing, holding = "mixing" in kinds, "holding" in kinds
    if id and id in exchange.bridges:
        raise Refused(409, f"Bridge with id '{id}' already exists")
    if mixing == holding:
        shown = id or "(null)"
        raise Refused(500, f"Unable to create bridge. Possible duplicate bridge id '{shown}'")
    return Bridge(
        exchange,
        id or exchange.uuid(),
        args["name"] or "",
        "holding" if holding else "mixing",
        tuple(kind for kind in kinds if kind in _TYPES),
    ).create()


def _set(bridge: Bridge, given: Iterable[variables.Given]) -> None:
    for name, value, report in given:
        bridge.set_variable(name, value, report=report)


def destroy(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}``."""
    _own(exchange, args["bridgeId"]).destroy()
    return Reply(204)


def _members(exchange: Exchange, args: Arguments) -> list[Channel]:
    names = args["channel"]
    if not names:
        raise Refused(400, "Missing parameter channel")
    found = []
    for name in names:
        channel = exchange.channels.get(name)
        if channel is None:
            raise Refused(400, "Channel not found")
        if channel.control is None:
            raise Refused(422, "Channel not in Stasis application")
        found.append(channel)
    return found


def add_channel(exchange: Exchange, args: Arguments) -> Later[Reply]:
    """``POST /bridges/{bridgeId}/addChannel``."""
    bridge = _own(exchange, args["bridgeId"])
    member = Member(args["role"] or "", args["absorbDTMF"], args["mute"])
    channels = _members(exchange, args)
    for channel in channels:
        if exchange.media.is_recording(f"channel:{channel.id}"):
            raise Refused(409, f"Channel {channel.id} currently recording")

    def add(channel: Channel, control: Control) -> None:
        if bridge.gone or channel.control is not control:
            return
        before = channel.bridge
        if before is not None:
            before.leave(channel)
            before.unsubscribe(control.app)
        bridge.subscribe(control.app)
        bridge.join(channel, member)

    return _in_turn(channels, add)


def remove_channel(exchange: Exchange, args: Arguments) -> Later[Reply]:
    """``POST /bridges/{bridgeId}/removeChannel``."""
    bridge = _own(exchange, args["bridgeId"])
    channels = _members(exchange, args)
    if any(channel.bridge is not bridge for channel in channels):
        raise Refused(422, "Channel not in this bridge")

    def remove(channel: Channel, control: Control) -> None:
        if channel.bridge is bridge:
            bridge.leave(channel)
            bridge.unsubscribe(control.app)

    return _in_turn(channels, remove)


def _in_turn(channels: Iterable[Channel], act: Callable[[Channel, Control], None]) -> Later[Reply]:
    """Do something with each channel once it has done what it was asked before."""
    controls = [channel.control for channel in channels if channel.control is not None]
    waits = [each.in_turn(partial(act, each.channel, each)) for each in controls]
    return Later.last(waits)


def set_video_source(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/videoSource/{channelId}``."""
    bridge = _own(exchange, args["bridgeId"])
    channel = exchange.channels.get(args["channelId"])
    if channel is None:
        raise Refused(400, "Channel not found")
    if channel.bridge is not bridge:
        raise Refused(422, "Channel not in this bridge")
    bridge.show(channel)
    return Reply(204)


def clear_video_source(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}/videoSource``; seen once the bridge changes otherwise."""
    _own(exchange, args["bridgeId"]).show_nobody()
    return Reply(204)


def get_variable(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /bridges/{bridgeId}/variable``."""
    bridge = find(exchange, args["bridgeId"])
    name = args["variable"]
    if not name:
        raise Refused(400, "Variable name is required")
    if name not in bridge.variables:
        raise Refused(404, "Provided variable was not found")
    return Reply(200, {"value": bridge.variables[name]})


def set_variable(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/variable``; without a value it is removed."""
    bridge = find(exchange, args["bridgeId"])
    name, value = args["variable"], args["value"]
    if not name:
        raise Refused(400, "Variable name is required")
    bridge.set_variable(name.strip(), value or "", report=args["report_events"])
    return Reply(204)


def _provided(exchange: Exchange, args: Arguments) -> Bridge:
    bridge = exchange.bridges.get(args["bridgeId"])
    if bridge is None:
        raise Refused(404, "Provided bridge was not found")
    return bridge


def get_variables(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /bridges/{bridgeId}/variables``."""
    names = variables.names(args["variables"])
    bridge = _provided(exchange, args)
    if not all(name in bridge.variables for name in names):
        raise Refused(404, "Provided variable was not found")
    return Reply(200, {"variables": {name: bridge.variables[name] for name in names}})


def set_variables(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/variables``."""
    bridge = _provided(exchange, args)
    _set(bridge, variables.inside(args["variables"], required=True))
    return Reply(204)


OPERATIONS: dict[str, Handler] = {
    "list": list_bridges,
    "create": create,
    "createWithId": create_with_id,
    "get": get,
    "destroy": destroy,
    "getBridgeVar": get_variable,
    "setBridgeVar": set_variable,
    "getBridgeVars": get_variables,
    "setBridgeVars": set_variables,
    "addChannel": add_channel,
    "removeChannel": remove_channel,
    "setVideoSource": set_video_source,
    "clearVideoSource": clear_video_source,
    **bridge_media.OPERATIONS,
}
