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
from ari_notebook.simulator.tasks import TaskQueue

if TYPE_CHECKING:
    from ari_notebook.simulator.bridges import Bridge
    from ari_notebook.simulator.exchange import Exchange

Arguments: TypeAlias = Mapping[str, Any]


def find(exchange: Exchange, id: str) -> Bridge:
    """A bridge by its id.

    Raises:
        Refused: 404.
    """
    bridge = exchange.bridges.get(id)
    if bridge is None:
        raise Refused(404, "Bridge not found", reason="Not found")
    return bridge


def play(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/play`` and the same with a playback's id."""
    bridge = find(exchange, args["bridgeId"])
    _check_format(args, "announcer_format")
    media = args["media"]
    if not media or not media[0] or args["skipms"] < 0 or args["offsetms"] < 0:
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
    exchange.soon(lambda: bridge.announcer.add(playback))
    return reply


def record(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /bridges/{bridgeId}/record``."""
    check_durations(args)
    bridge = find(exchange, args["bridgeId"])
    _check_format(args, "recorder_format")
    recording = exchange.media.new_recording(f"bridge:{bridge.id}", bridge.voice, args)
    reply = recording_to(recording)
    recorder = TaskQueue()
    bridge.recorders.append(recorder)
    recording.on_end.append(lambda: bridge.recorders.remove(recorder))
    exchange.soon(lambda: recorder.add(recording))
    return reply


def _check_format(args: Arguments, name: str) -> None:
    if args[name] and args[name] not in FORMATS:
        raise Refused(422, f"specified {name} is unknown on this system")


OPERATIONS = {"play": play, "playWithId": play, "record": record}
