"""What ARI's bridges operations do that have to do with sound.

Asterisk plays into a bridge and records it by hidden channels of its own: one announcer, whose
playbacks wait for each other, and a recorder for every recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.external_media import FORMATS
from ari_notebook.simulator.media import check_durations
from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.rest.channel_media import playing, recording_to

if TYPE_CHECKING:
    from ari_notebook.simulator.bridges import Bridge
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]


def _find(exchange: Exchange, args: Arguments) -> Bridge:
    """The bridge of a request.

    Raises:
        Refused: 404; 409 where ARI did not make it.
    """
    bridge = exchange.bridges.get(args["bridgeId"])
    if bridge is None:
        raise Refused(404, "Bridge not found", reason="Not found")
    if bridge.bridge_class != "stasis":
        raise Refused(409, "Bridge not in Stasis application")
    return bridge


def play(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/play`` and the same with a playback's id."""
    bridge = _find(exchange, args)
    _check_format(args, "announcer_format")
    media = args["media"]
    if not media or not all(media) or args["skipms"] < 0 or args["offsetms"] < 0:
        _came_and_went(exchange, bridge)
        return Reply(500, {"error": "Allocation failed"})
    playback = exchange.media.new_playback(
        f"bridge:{bridge.id}",
        media,
        args["lang"] or "en",
        id=args["playbackId"],
        offset=args["offsetms"],
        skip=args["skipms"],
    )
    reply = playing(playback)
    for channel in bridge.members:
        channel.driver.audio(channel)
    exchange.soon(bridge.retell_peers)
    exchange.soon(lambda: bridge.tasks.add(playback))
    playback.on_end.append(bridge.retell_peers)
    return reply


def record(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/record``."""
    check_durations(args)
    bridge = _find(exchange, args)
    _check_format(args, "recorder_format")
    try:
        recording = exchange.media.new_recording(f"bridge:{bridge.id}", bridge.voice, args)
    except Refused:
        _came_and_went(exchange, bridge)
        raise
    reply = recording_to(recording)
    exchange.soon(bridge.retell_peers)
    exchange.soon(recording.begin)
    recording.on_end.append(bridge.retell_peers)
    return reply


def _came_and_went(exchange: Exchange, bridge: Bridge) -> None:
    """The channel that was to play or record was in the bridge before it turned out useless."""
    exchange.soon(bridge.retell_peers)
    exchange.soon(bridge.retell_peers)


def start_music(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/moh``: any class will do, and nothing is told of it."""
    _find(exchange, args).music = True
    return Reply(204)


def stop_music(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}/moh``."""
    bridge = _find(exchange, args)
    if not bridge.music:
        raise Refused(409, "Bridge isn't playing music")
    bridge.music = False
    return Reply(204)


def _check_format(args: Arguments, name: str) -> None:
    if args[name] and args[name] not in FORMATS:
        raise Refused(422, f"specified {name} is unknown on this system")


OPERATIONS = {
    "play": play,
    "playWithId": play,
    "record": record,
    "startMoh": start_music,
    "stopMoh": stop_music,
}
