"""What ARI's bridges operations do that have to do with sound.

Asterisk plays into a bridge and records it by hidden channels of its own: one announcer, whose
playbacks wait for each other, and a recorder for every recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from ari_notebook.simulator.external_media import FORMATS
from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.rest.channel_media import playing, recording_to
from ari_notebook.simulator.voices import Voice

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
        _come_and_go(exchange, bridge, "Announcer")
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
    bridge.announcements += 1
    if bridge.announcements == 1:
        exchange.soon(partial(bridge.let_in_unseen, "Announcer"))
    exchange.soon(lambda: bridge.tasks.add(playback))
    playback.on_end.append(partial(_announced, bridge))
    return reply


def _announced(bridge: Bridge) -> None:
    """A playback is over: the announcer goes with the last one."""
    bridge.announcements -= 1
    if not bridge.announcements:
        for name in [each for each in bridge.unseen if each.startswith("Announcer")]:
            bridge.let_out_unseen(name)


def record(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/record``."""
    bridge = _find(exchange, args)
    _check_format(args, "recorder_format")
    # Nobody hears anybody in a holding bridge.
    voice = Voice() if bridge.bridge_type == "holding" else bridge.voice
    try:
        recording = exchange.media.new_recording(f"bridge:{bridge.id}", voice, args)
    except Refused:
        _come_and_go(exchange, bridge, "Recorder")
        raise
    reply = recording_to(recording)

    def begin() -> None:
        name = bridge.let_in_unseen("Recorder")
        recording.on_end.append(lambda: bridge.let_out_unseen(name))
        recording.begin()

    exchange.soon(begin)
    return reply


def _come_and_go(exchange: Exchange, bridge: Bridge, technology: str) -> None:
    """The channel that was to play or record was in the bridge before it turned out useless."""
    exchange.soon(lambda: bridge.let_out_unseen(bridge.let_in_unseen(technology)))


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
