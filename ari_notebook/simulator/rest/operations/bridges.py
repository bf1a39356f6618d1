"""ARI's operations on bridges.

Asterisk plays into a bridge and records it by hidden channels: one announcer, whose playbacks are
queued, and one recorder per recording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from ari_notebook.simulator.calls.media_channels import FORMATS
from ari_notebook.simulator.media.registry import check_format
from ari_notebook.simulator.messages import AriRefusal, Deferred, Reply
from ari_notebook.simulator.pbx.audio_inputs import BridgeInput
from ari_notebook.simulator.pbx.bridge import Bridge, BridgeMember
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.rest.context import Arguments, AriContext, OperationHandler
from ari_notebook.simulator.rest.operations import variables
from ari_notebook.simulator.rest.operations.playbacks import queued_playback
from ari_notebook.simulator.rest.operations.recordings import queued_recording
from ari_notebook.simulator.stasis.control import DONE, StasisControl, control_of

# A channel that supports video need not send any.
_FORMATS = FORMATS - {"testlaw"} | {"h261", "h263", "h263p", "h264", "vp8", "vp9", "jpeg", "t140"}
_TYPES = (
    "mixing",
    "holding",
    "dtmf_events",
    "proxy_media",
    "video_sfu",
    "video_single",
    "sdp_label",
)


def find(ari: AriContext, id: str) -> Bridge:
    """Return a bridge created by ARI, by its id.

    Raises:
        AriRefusal: 404; 409 if it was not created by ARI.
    """
    bridge = ari.exchange.bridges.get(id)
    if bridge is None:
        raise AriRefusal(404, "Bridge not found", reason="Not found")
    if bridge.bridge_class != "stasis":
        raise AriRefusal(409, "Bridge not in Stasis application")
    return bridge


def list_bridges(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the bridges: ``GET /bridges``."""
    return Reply(200, [bridge.snapshot() for bridge in ari.exchange.bridges.values()])


def get(ari: AriContext, args: Arguments) -> Reply:
    """Return one bridge: ``GET /bridges/{bridgeId}``."""
    bridge = ari.exchange.bridges.get(args["bridgeId"])
    if bridge is None:
        raise AriRefusal(404, "Bridge not found")
    return Reply(200, bridge.snapshot())


def create(ari: AriContext, args: Arguments) -> Reply:
    """Create a bridge; the whole JSON body is its variables, including ``type``.

    ``POST /bridges``.
    """
    shown = args["bridgeId"] or "(null)"
    why_not = f"Unable to create bridge. Possible duplicate bridge id '{shown}'"
    bridge = _make(ari, args, why_not)
    _set(bridge, list(variables.parse(args["variables"] or {})))
    return Reply(200, bridge.json())


def create_with_id(ari: AriContext, args: Arguments) -> Reply:
    """Create or update a bridge: ``POST /bridges/{bridgeId}``."""
    bridge = _make(ari, args, "Unable to create bridge")
    _set(bridge, variables.inside(args["variables"]))
    return Reply(200, bridge.json())


def _make(ari: AriContext, args: Arguments, why_not: str) -> Bridge:
    id = args["bridgeId"]
    kinds = tuple(word.strip() for word in (args["type"] or "mixing").split(","))
    mixing, holding, forwarding = (kind in kinds for kind in ("mixing", "holding", "video_sfu"))
    if id and id in ari.exchange.bridges:
        raise AriRefusal(409, f"Bridge with id '{id}' already exists")
    if mixing == holding and not forwarding:
        raise AriRefusal(500, why_not, reason="Internal Error")
    return Bridge(
        ari.exchange,
        id or ari.exchange.uuid(),
        args["name"] or "",
        "holding" if holding and not forwarding else "mixing",
        tuple(kind for kind in kinds if kind in _TYPES),
        video_mode="sfu" if forwarding else "single" if "video_single" in kinds else "talker",
    ).create()


def _set(bridge: Bridge, given: Iterable[variables.GivenVariable]) -> None:
    for name, value, report in given:
        if name:
            bridge.set_variable(name, value, report=report)


def destroy(ari: AriContext, args: Arguments) -> Reply:
    """Destroy a bridge: ``DELETE /bridges/{bridgeId}``."""
    find(ari, args["bridgeId"]).destroy()
    return Reply(204)


def _members(ari: AriContext, args: Arguments) -> list[Channel]:
    found = [_in_stasis(ari, name) for name in args["channel"] if name]
    if not found:
        raise AriRefusal(400, "Missing parameter channel")
    return found


def _in_stasis(ari: AriContext, id: str) -> Channel:
    channel = ari.exchange.channels.get(id)
    if channel is None:
        raise AriRefusal(400, "Channel not found")
    if control_of(channel) is None:
        raise AriRefusal(422, "Channel not in Stasis application")
    return channel


def add_channel(ari: AriContext, args: Arguments) -> Deferred[Reply]:
    """Add channels to a bridge: ``POST /bridges/{bridgeId}/addChannel``."""
    bridge = find(ari, args["bridgeId"])
    member = BridgeMember(args["role"] or "", args["absorbDTMF"], args["mute"])
    channels = _members(ari, args)

    def add(channel: Channel, control: StasisControl) -> None:
        if bridge.gone or control_of(channel) is not control:
            return
        before = channel.bridge
        if before is not None:
            before.leave(channel)
            before.unsubscribe(control.app)
        control.in_dial_bridge = False
        bridge.subscribe(control.app)
        bridge.join(channel, member)
        if channel.hung_up:  # Stasis has ended before it would subscribe a second time
            bridge.unsubscribe(control.app)

    for number, channel in enumerate(channels):
        if ari.media.is_recording(channel.topic):
            _in_turn(channels[:number], add, at_end=True)
            raise AriRefusal(409, f"Channel {channel.id} currently recording")
    return _in_turn(channels, add, at_end=True)


def remove_channel(ari: AriContext, args: Arguments) -> Deferred[Reply]:
    """Remove channels from a bridge: ``POST /bridges/{bridgeId}/removeChannel``."""
    bridge = find(ari, args["bridgeId"])
    channels = _members(ari, args)
    if any(channel.bridge is not bridge for channel in channels):
        raise AriRefusal(422, "Channel not in this bridge")

    def remove(channel: Channel, control: StasisControl) -> None:
        if channel.bridge is bridge:
            bridge.eject(channel)
            bridge.unsubscribe(control.app)

    return _in_turn(channels, remove)


def _in_turn(
    channels: Iterable[Channel],
    act: Callable[[Channel, StasisControl], None],
    *,
    at_end: bool = False,
) -> Deferred[Reply]:
    """Call a function for one channel after the other, each after the channel's earlier tasks.

    Args:
        channels: the channels.
        act: the function.
        at_end: whether to call it also for a channel that is hung up first.
    """
    answer: Deferred[Reply] = Deferred()
    controls = iter([each for each in map(control_of, channels) if each is not None])

    def proceed(reply: Reply) -> None:
        control = next(controls, None)
        if control is None:
            answer.resolve(reply)
        else:
            control.run_in_turn(partial(act, control.channel, control), at_end=at_end).then(proceed)

    proceed(DONE)
    return answer


def set_video_source(ari: AriContext, args: Arguments) -> Reply:
    """Set the video source: ``POST /bridges/{bridgeId}/videoSource/{channelId}``."""
    bridge = find(ari, args["bridgeId"])
    channel = _in_stasis(ari, args["channelId"])
    if channel.bridge is not bridge:
        raise AriRefusal(422, "Channel not in this bridge")
    bridge.show_video_of(channel)
    return Reply(204)


def clear_video_source(ari: AriContext, args: Arguments) -> Reply:
    """Clear the video source; the bridge's next event shows it.

    ``DELETE /bridges/{bridgeId}/videoSource``.
    """
    find(ari, args["bridgeId"]).clear_video_source()
    return Reply(204)


def get_variable(ari: AriContext, args: Arguments) -> Reply:
    """Return a variable: ``GET /bridges/{bridgeId}/variable``."""
    name = args["variable"]
    if not name:
        raise AriRefusal(400, "Variable name is required")
    bridge = find(ari, args["bridgeId"])
    if name not in bridge.variables:
        raise AriRefusal(404, "Provided variable was not found")
    return Reply(200, {"value": bridge.variables[name]})


def set_variable(ari: AriContext, args: Arguments) -> Reply:
    """Set a variable, or remove it without a value: ``POST /bridges/{bridgeId}/variable``."""
    if not args["variable"]:
        raise AriRefusal(400, "Variable name is required")
    bridge = find(ari, args["bridgeId"])
    name, value = args["variable"].strip(), args["value"]
    if not name:
        raise AriRefusal(400, "Failed to execute function")
    bridge.set_variable(name, value or "", report=args["report_events"])
    bridge.remember_published()
    return Reply(204)


def _provided(ari: AriContext, args: Arguments) -> Bridge:
    bridge = ari.exchange.bridges.get(args["bridgeId"])
    if bridge is None or bridge.bridge_class != "stasis":
        raise AriRefusal(404, "Provided bridge was not found", reason="Bridge Not Found")
    return bridge


def get_variables(ari: AriContext, args: Arguments) -> Reply:
    """Return variables; functions have no channel: ``GET /bridges/{bridgeId}/variables``."""
    if not args["variables"]:
        raise AriRefusal(400, "At least one variable name is required")
    bridge = _provided(ari, args)
    names = variables.names(args["variables"])
    return Reply(200, {"variables": {name: _read(ari, bridge, name) for name in names}})


def _read(ari: AriContext, bridge: Bridge, name: str) -> str:
    if name.endswith(")"):
        value = ari.exchange.evaluate(None, name, from_outside=True)
        if value is None:
            message = "Unable to read provided function"
            raise AriRefusal(500, message, reason="Error With Function")
        return value
    if name not in bridge.variables:
        raise AriRefusal(404, "Provided variable was not found", reason="Variable Not Found")
    return bridge.variables[name]


def set_variables(ari: AriContext, args: Arguments) -> Reply:
    """Set variables: ``POST /bridges/{bridgeId}/variables``."""
    if args["variables"] is None:
        raise AriRefusal(400, "The 'variables' field is required")
    bridge = _provided(ari, args)
    for name, value, report in variables.inside(args["variables"], required=True):
        if not name:
            raise AriRefusal(400, "Failed to execute function")
        bridge.set_variable(name, value, report=report)
        bridge.remember_published()
    return Reply(204)


def play(ari: AriContext, args: Arguments) -> Reply:
    """Play media, with or without a playback id: ``POST /bridges/{bridgeId}/play``."""
    bridge = find(ari, args["bridgeId"])
    if not bridge.announcements:  # an existing announcer is not checked again
        _check_format(args, "announcer_format")
        if args["announcer_format"] == "none":
            raise AriRefusal(500, "Could not create playback channel", reason="Internal Error")
    media = args["media"]
    if not media or not all(media) or args["skipms"] < 0 or args["offsetms"] < 0:
        if not bridge.announcements:
            _come_and_go(ari, bridge, "Announcer/ARI")
        return Reply(500, {"error": "Allocation failed"})
    playback = ari.media.new_playback(
        bridge.topic,
        media,
        args["lang"] or "en",
        id=args["playbackId"],
        offset=args["offsetms"],
        skip=args["skipms"],
        on_signal=bridge.played.set,
    )
    reply = queued_playback(playback)
    for channel in bridge.members:
        channel.driver.audio(channel)
    if not bridge.announcements and bridge.refuses("announcer"):
        ari.exchange.soon(playback.hang_up)
        _come_and_go(ari, bridge, "Announcer/ARI")
        return reply
    bridge.announcements += 1
    if bridge.announcements == 1:
        ari.exchange.soon(partial(bridge.add_hidden, "Announcer/ARI"))
    ari.exchange.soon(lambda: bridge.tasks.run(lambda: bridge.relay_condition(None, "PROGRESS")))
    ari.exchange.soon(lambda: bridge.tasks.add(playback))
    playback.on_end.append(partial(_announced, bridge))
    return reply


def _announced(bridge: Bridge) -> None:
    """Count an ended playback; the announcer leaves with the last one."""
    bridge.announcements -= 1
    if not bridge.announcements:
        bridge.remove_hidden("Announcer/ARI-")


def record(ari: AriContext, args: Arguments) -> Reply:
    """Record a bridge: ``POST /bridges/{bridgeId}/record``."""
    bridge = find(ari, args["bridgeId"])
    check_format(args)
    _check_format(args, "recorder_format")
    if args["recorder_format"] == "none":
        raise AriRefusal(500, "Failed to create recording channel")
    try:
        recording = ari.media.new_recording(bridge.topic, BridgeInput(bridge), args)
    except AriRefusal:
        _come_and_go(ari, bridge, "Recorder/ARI")
        raise
    reply = queued_recording(recording)

    def begin() -> None:
        name = bridge.add_hidden("Recorder/ARI")
        recording.on_end.append(lambda: bridge.remove_hidden(name))
        recording.begin()

    ari.exchange.soon(begin)
    return reply


def _come_and_go(ari: AriContext, bridge: Bridge, purpose: str) -> None:
    """Add and remove a hidden channel, as Asterisk does before it refuses the request."""
    ari.exchange.soon(lambda: bridge.remove_hidden(bridge.add_hidden(purpose)))


def start_music(ari: AriContext, args: Arguments) -> Reply:
    """Start music on hold of any class: ``POST /bridges/{bridgeId}/moh``."""
    bridge = find(ari, args["bridgeId"])
    if bridge.refuses("announcer"):
        _come_and_go(ari, bridge, "Announcer/ARI_MOH")
    elif not bridge.music:
        bridge.start_music()
    return Reply(204)


def stop_music(ari: AriContext, args: Arguments) -> Reply:
    """Stop music on hold: ``DELETE /bridges/{bridgeId}/moh``."""
    bridge = find(ari, args["bridgeId"])
    if not bridge.music:
        raise AriRefusal(409, "Bridge isn't playing music")
    bridge.stop_music()
    return Reply(204)


def _check_format(args: Arguments, name: str) -> None:
    if args[name] and args[name].lower() not in _FORMATS:
        raise AriRefusal(422, f"specified {name} is unknown on this system")


OPERATIONS: dict[str, OperationHandler] = {
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
    "play": play,
    "playWithId": play,
    "record": record,
    "startMoh": start_music,
    "stopMoh": stop_music,
}
