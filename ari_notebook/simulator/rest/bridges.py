"""What ARI's bridges operations do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.bridges import Bridge, Member
from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.rest import bridge_media

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = "Callable[[Exchange, Arguments], Reply]"

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
    _variables(bridge, {k: v for k, v in given.items() if k not in declared or k == "variables"})
    return Reply(200, bridge.json())


def create_with_id(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}``: makes it, or gives one that is there another name."""
    existing = exchange.bridges.get(args["bridgeId"])
    if existing is not None:
        raise Refused(409, "Bridge with the same bridgeId already exists")
    bridge = _make(exchange, args)
    body = args["variables"]
    given = body.get("variables") if isinstance(body, dict) else None
    if given is not None:
        _variables(bridge, given)
    return Reply(200, bridge.json())


def _make(exchange: Exchange, args: Arguments) -> Bridge:
    id = args["bridgeId"]
    kinds = tuple(word.strip() for word in (args["type"] or "mixing").split(","))
    mixing, holding = "mixing" in kinds, "holding" in kinds
    if id and id in exchange.bridges:
        raise Refused(409, "Bridge with the same bridgeId already exists")
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


def _variables(bridge: Bridge, given: Mapping[str, Any]) -> None:
    if not isinstance(given, dict) or not all(isinstance(v, str) for v in given.values()):
        raise Refused(400, "Invalid variables format")
    bridge.variables.update(given)


def destroy(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}``."""
    _own(exchange, args["bridgeId"]).destroy()
    return Reply(204)


def _members(exchange: Exchange, args: Arguments) -> list[Channel]:
    names = args["channel"]
    if not names:
        raise Refused(400, "Channel not found")
    found = []
    for name in names:
        channel = exchange.channels.get(name)
        if channel is None:
            raise Refused(400, "Channel not found")
        if channel.control is None:
            raise Refused(422, "Channel not in Stasis application")
        found.append(channel)
    return found


def add_channel(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/addChannel``."""
    bridge = _own(exchange, args["bridgeId"])
    member = Member(args["role"] or "", args["absorbDTMF"], args["mute"])
    channels = _members(exchange, args)
    for channel in channels:
        if exchange.media.is_recording(f"channel:{channel.id}"):
            raise Refused(409, f"Channel {channel.id} currently recording")
    for channel in channels:
        control = channel.control
        if control is None or channel.bridge is bridge:
            continue
        before = channel.bridge
        if before is not None:
            before.leave(channel)
            exchange.applications.unsubscribe(control.app, ("bridge", before.id))
        exchange.applications.subscribe(control.app, ("bridge", bridge.id))
        bridge.join(channel, member)
    return Reply(204)


def remove_channel(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/removeChannel``."""
    bridge = _own(exchange, args["bridgeId"])
    channels = _members(exchange, args)
    if any(channel.bridge is not bridge for channel in channels):
        raise Refused(422, "Channel not in this bridge")
    for channel in channels:
        bridge.leave(channel)
        if channel.control is not None:
            exchange.applications.unsubscribe(channel.control.app, ("bridge", bridge.id))
    return Reply(204)


def set_video_source(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/videoSource/{channelId}``."""
    bridge = _own(exchange, args["bridgeId"])
    channel = exchange.channels.get(args["channelId"])
    if channel is None:
        raise Refused(404, "Channel not found")
    if channel.bridge is not bridge:
        raise Refused(422, "Channel not in bridge")
    _video(bridge, channel.id)
    bridge.video_mode = "single"
    return Reply(204)


def clear_video_source(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}/videoSource``."""
    bridge = _own(exchange, args["bridgeId"])
    _video(bridge, "")
    bridge.video_mode = "none"
    return Reply(204)


def _video(bridge: Bridge, source: str) -> None:
    before, bridge.video_source = bridge.video_source, source
    if before != source:
        bridge.publish("BridgeVideoSourceChanged", old_video_source_id=before)


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
    if value is None:
        bridge.variables.pop(name, None)
    else:
        bridge.variables[name] = value
    if args["report_events"] and name not in bridge.reported:
        bridge.reported.append(name)
    return Reply(204)


def get_variables(exchange: Exchange, args: Arguments) -> Reply:
    """``GET /bridges/{bridgeId}/variables``."""
    bridge = find(exchange, args["bridgeId"])
    names = args["variables"]
    if not names:
        raise Refused(400, "Variable names are required")
    return Reply(200, {"variables": {name: bridge.variables.get(name, "") for name in names}})


def set_variables(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/variables``."""
    bridge = find(exchange, args["bridgeId"])
    body = args["variables"]
    given = body.get("variables") if isinstance(body, dict) else None
    _variables(bridge, given if given is not None else {})
    if args["report_events"]:
        bridge.reported += [name for name in given or {} if name not in bridge.reported]
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
