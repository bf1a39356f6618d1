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
    """A bridge that ARI made, by its id.

    Raises:
        Refused: 404; 409 where something else made it.
    """
    bridge = exchange.bridges.get(id)
    if bridge is None:
        raise Refused(404, "Bridge not found", reason="Not found")
    if bridge.bridge_class != "stasis":
        raise Refused(409, "Bridge not in Stasis application")
    return bridge


def list_bridges(exchange: Exchange, args: Arguments) -> Reply:  # noqa: ARG001
    """``GET /bridges``."""
    return Reply(200, [bridge.json() for bridge in exchange.bridges.values()])


def get(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /bridges/{bridgeId}``."""
    bridge = exchange.bridges.get(args["bridgeId"])
    if bridge is None:
        raise Refused(404, "Bridge not found")
    return Reply(200, bridge.json())


def create(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges``; its whole JSON body is taken for the variables, ``type`` and all."""
    shown = args["bridgeId"] or "(null)"
    why_not = f"Unable to create bridge. Possible duplicate bridge id '{shown}'"
    bridge = _make(exchange, args, why_not)
    _set(bridge, list(variables.parse(args["variables"] or {})))
    return Reply(200, bridge.json())


def create_with_id(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}``."""
    bridge = _make(exchange, args, "Unable to create bridge")
    _set(bridge, variables.inside(args["variables"]))
    return Reply(200, bridge.json())


def _make(exchange: Exchange, args: Arguments, why_not: str) -> Bridge:
    id = args["bridgeId"]
    kinds = tuple(word.strip() for word in (args["type"] or "mixing").split(","))
    mixing, holding, forwarding = (kind in kinds for kind in ("mixing", "holding", "video_sfu"))
    if id and id in exchange.bridges:
        raise Refused(409, f"Bridge with id '{id}' already exists")
    if mixing == holding and not forwarding:
        raise Refused(500, why_not, reason="Internal Error")
    return Bridge(
        exchange,
        id or exchange.uuid(),
        args["name"] or "",
        "holding" if holding and not forwarding else "mixing",
        tuple(kind for kind in kinds if kind in _TYPES),
        video_mode="sfu" if forwarding else "single" if "video_single" in kinds else "talker",
    ).create()


def _set(bridge: Bridge, given: Iterable[variables.Given]) -> None:
    for name, value, report in given:
        if name:
            bridge.set_variable(name, value, report=report)


def destroy(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}``."""
    find(exchange, args["bridgeId"]).destroy()
    return Reply(204)


def _members(exchange: Exchange, args: Arguments) -> list[Channel]:
    found = [_in_stasis(exchange, name) for name in args["channel"] if name]
    if not found:
        raise Refused(400, "Missing parameter channel")
    return found


def _in_stasis(exchange: Exchange, id: str) -> Channel:
    channel = exchange.channels.get(id)
    if channel is None:
        raise Refused(400, "Channel not found")
    if channel.control is None:
        raise Refused(422, "Channel not in Stasis application")
    return channel


def add_channel(exchange: Exchange, args: Arguments) -> Later[Reply]:
    """``POST /bridges/{bridgeId}/addChannel``."""
    bridge = find(exchange, args["bridgeId"])
    member = Member(args["role"] or "", args["absorbDTMF"], args["mute"])
    channels = _members(exchange, args)

    def add(channel: Channel, control: Control) -> None:
        if bridge.gone or channel.control is not control:
            return
        before = channel.bridge
        if before is not None:
            before.leave(channel)
            before.unsubscribe(control.app)
        bridge.subscribe(control.app)
        bridge.join(channel, member)

    for number, channel in enumerate(channels):
        if exchange.media.is_recording(f"channel:{channel.id}"):
            _in_turn(channels[:number], add)
            raise Refused(409, f"Channel {channel.id} currently recording")
    return _in_turn(channels, add)


def remove_channel(exchange: Exchange, args: Arguments) -> Later[Reply]:
    """``POST /bridges/{bridgeId}/removeChannel``."""
    bridge = find(exchange, args["bridgeId"])
    channels = _members(exchange, args)
    if any(channel.bridge is not bridge for channel in channels):
        raise Refused(422, "Channel not in this bridge")

    def remove(channel: Channel, control: Control) -> None:
        if channel.bridge is bridge:
            bridge.put_out(channel)
            bridge.unsubscribe(control.app)

    return _in_turn(channels, remove)


def _in_turn(channels: Iterable[Channel], act: Callable[[Channel, Control], None]) -> Later[Reply]:
    """Do something with each channel once it has done what it was asked before."""
    controls = [channel.control for channel in channels if channel.control is not None]
    waits = [each.in_turn(partial(act, each.channel, each)) for each in controls]
    return Later.last(waits)


def set_video_source(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/videoSource/{channelId}``."""
    bridge = find(exchange, args["bridgeId"])
    channel = _in_stasis(exchange, args["channelId"])
    if channel.bridge is not bridge:
        raise Refused(422, "Channel not in this bridge")
    bridge.show(channel)
    return Reply(204)


def clear_video_source(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}/videoSource``; seen once the bridge changes otherwise."""
    find(exchange, args["bridgeId"]).show_nobody()
    return Reply(204)


def get_variable(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /bridges/{bridgeId}/variable``."""
    name = args["variable"]
    if not name:
        raise Refused(400, "Variable name is required")
    bridge = find(exchange, args["bridgeId"])
    if name not in bridge.variables:
        raise Refused(404, "Provided variable was not found")
    return Reply(200, {"value": bridge.variables[name]})


def set_variable(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/variable``; without a value it is removed."""
    if not args["variable"]:
        raise Refused(400, "Variable name is required")
    bridge = find(exchange, args["bridgeId"])
    name, value = args["variable"].strip(), args["value"]
    if not name:
        raise Refused(400, "Failed to execute function")
    bridge.set_variable(name, value or "", report=args["report_events"])
    return Reply(204)


def _provided(exchange: Exchange, args: Arguments) -> Bridge:
    bridge = exchange.bridges.get(args["bridgeId"])
    if bridge is None or bridge.bridge_class != "stasis":
        raise Refused(404, "Provided bridge was not found", reason="Bridge Not Found")
    return bridge


def get_variables(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /bridges/{bridgeId}/variables``; a function among them is of no channel."""
    if not args["variables"]:
        raise Refused(400, "At least one variable name is required")
    bridge = _provided(exchange, args)
    names = variables.names(args["variables"])
    return Reply(200, {"variables": {name: _read(exchange, bridge, name) for name in names}})


def _read(exchange: Exchange, bridge: Bridge, name: str) -> str:
    from ari_notebook.simulator.dialplan import evaluate

    if name.endswith(")"):
        value = evaluate(exchange, None, name, from_outside=True)
        if value is None:
            message = "Unable to read provided function"
            raise Refused(500, message, reason="Error With Function")
        return value
    if name not in bridge.variables:
        raise Refused(404, "Provided variable was not found", reason="Variable Not Found")
    return bridge.variables[name]


def set_variables(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/variables``."""
    if args["variables"] is None:
        raise Refused(400, "The 'variables' field is required")
    bridge = _provided(exchange, args)
    for name, value, report in variables.inside(args["variables"], required=True):
        if not name:
            raise Refused(400, "Failed to execute function")
        bridge.set_variable(name, value, report=report)
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
