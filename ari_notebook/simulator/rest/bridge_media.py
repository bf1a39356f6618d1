"""What ARI's bridges operations do that have to do with sound.

Asterisk plays into a bridge and records it by hidden channels of its own: one announcer, whose
playbacks wait for each other, and a recorder for every recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.external_media import FORMATS
from ari_notebook.simulator.media import check_format
from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.rest.channel_media import playing, recording_to
from ari_notebook.simulator.voices import Voice

if TYPE_CHECKING:
    from ari_notebook.simulator.bridges import Bridge
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]

# That a channel speaks video is no reason not to have it record.
_FORMATS = FORMATS - {"testlaw"} | {"h261", "h263", "h263p", "h264", "vp8", "vp9", "jpeg", "t140"}


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
    if not bridge.announcements:  # nobody asks the announcer who is there already
        _check_format(args, "announcer_format")
        if args["announcer_format"] == "none":
            raise Refused(500, "Could not create playback channel", reason="Internal Error")
    media = args["media"]
    if not media or not all(media) or args["skipms"] < 0 or args["offsetms"] < 0:
        if not bridge.announcements:
            _come_and_go(exchange, bridge, "Announcer/ARI")
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
    if not bridge.announcements and bridge.refuses("announcer"):
        exchange.soon(playback.hang_up)
        return reply
    bridge.announcements += 1
    if bridge.announcements == 1:
        exchange.soon(partial(bridge.let_in_unseen, "Announcer/ARI"))
    exchange.soon(lambda: bridge.tasks.add(playback))
    playback.on_end.append(partial(_announced, bridge))
    return reply


def _announced(bridge: Bridge) -> None:
    """A playback is over: the announcer goes with the last one."""
    bridge.announcements -= 1
    if not bridge.announcements:
        bridge.let_out_unseen("Announcer/ARI-")


def record(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/record``."""
    bridge = _find(exchange, args)
    check_format(args)
    _check_format(args, "recorder_format")
    if args["recorder_format"] == "none":
        raise Refused(500, "Failed to create recording channel")
    # Nobody hears anybody in a holding bridge.
    voice = Voice() if bridge.bridge_type == "holding" else bridge.voice
    try:
        recording = exchange.media.new_recording(f"bridge:{bridge.id}", voice, args)
    except Refused:
        _come_and_go(exchange, bridge, "Recorder/ARI")
        raise
    reply = recording_to(recording)

    def begin() -> None:
        name = bridge.let_in_unseen("Recorder/ARI")
        recording.on_end.append(lambda: bridge.let_out_unseen(name))
        recording.begin()

    exchange.soon(begin)
    return reply


def _come_and_go(exchange: Exchange, bridge: Bridge, purpose: str) -> None:
    """The channel that was to play or record was in the bridge before it turned out useless."""
    exchange.soon(lambda: bridge.let_out_unseen(bridge.let_in_unseen(purpose)))


def start_music(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/moh``: any class will do."""
    bridge = _find(exchange, args)
    if not bridge.music and not bridge.refuses("announcer"):
        bridge.start_music()
    return Reply(204)


def stop_music(exchange: Exchange, args: Arguments) -> Reply:
    """``DELETE /bridges/{bridgeId}/moh``."""
    bridge = _find(exchange, args)
    if not bridge.music:
        raise Refused(409, "Bridge isn't playing music")
    bridge.stop_music()
    return Reply(204)


def _check_format(args: Arguments, name: str) -> None:
    if args[name] and args[name].lower() not in _FORMATS:
        raise Refused(422, f"specified {name} is unknown on this system")


OPERATIONS = {
    "play": play,
    "playWithId": play,
    "record": record,
    "startMoh": start_music,
    "stopMoh": stop_music,
}
