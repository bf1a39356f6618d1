"""What a channel is made to hear, and what is kept of what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from ari_notebook.simulator.dtmf import Digits
from ari_notebook.simulator.external_media import open_channel
from ari_notebook.simulator.media import check_durations
from ari_notebook.simulator.messages import Later, Refused, Reply
from ari_notebook.simulator.rest import variables
from ari_notebook.simulator.snoop import snoop
from ari_notebook.simulator.stasis import controlled
from ari_notebook.simulator.voices import speak

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.playbacks import Playback
    from ari_notebook.simulator.recordings import Recording

Arguments: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = "Callable[[Exchange, Arguments], Reply | Later[Reply]]"

# What answering takes before a recording begins.
_SETTLE = 0.5


def play(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/play`` and the same with a playback's id."""
    control = controlled(exchange, args["channelId"], up=True)
    channel, media = control.channel, args["media"]
    for name in ("skipms", "offsetms"):
        if args[name] < 0:
            raise Refused(400, f"{name} cannot be negative")
    if not media or not all(media):
        raise Refused(500, "Failed to queue media for playback")
    playback = exchange.media.new_playback(
        f"channel:{channel.id}",
        media,
        args["lang"] or channel.language,
        id=args["playbackId"] or None,
        offset=args["offsetms"],
        skip=args["skipms"],
        speak=lambda sound: speak(channel, sound),
    )
    reply = playing(playback)
    control.queue(playback)
    return reply


def playing(playback: Playback) -> Reply:
    """The answer to a request to play."""
    return Reply(201, playback.json(), location=f"/playbacks/{playback.id}")


def record(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/record``: answers first where nobody has."""
    check_durations(args)
    control = controlled(exchange, args["channelId"])
    channel = control.channel
    answered = channel.state == "Up"
    recording = exchange.media.new_recording(
        f"channel:{channel.id}", channel.voice, args, 0.0 if answered else _SETTLE
    )
    reply = recording_to(recording)
    if channel.bridge is not None:
        exchange.soon(lambda: recording.fail("Cannot record channel while in bridge"))
        return reply
    if not answered:
        exchange.soon(channel.answer)
    exchange.soon(lambda: control.tasks.add(recording))
    return reply


def recording_to(recording: Recording) -> Reply:
    """The answer to a request to record."""
    name = quote(recording.options.name, safe="!*'()")
    # Asterisk has no room for the last octet of a name that has to be written in escapes alone.
    if len(name) == 3 * len(recording.options.name.encode()):
        name = name[:-3]
    return Reply(201, recording.json(), location=f"/recordings/live/{name}")


def send_dtmf(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/dtmf``: one digit after another, when its turn comes."""
    control = controlled(exchange, args["channelId"], up=True)
    if not args["dtmf"]:
        raise Refused(400, "DTMF is required")
    digits = Digits(
        control.channel,
        args["dtmf"],
        before=args["before"],
        between=args["between"],
        duration=args["duration"],
        after=args["after"],
    )
    exchange.soon(lambda: control.tasks.run(control.announce_sound))
    exchange.soon(lambda: control.tasks.add(digits))
    return Reply(204)


def snoop_channel(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/snoop`` and the same with the snoop channel's id."""
    made = snoop(
        exchange,
        args["channelId"],
        spy=args["spy"],
        whisper=args["whisper"],
        app=args["app"],
        app_args=args["appArgs"],
        id=args["snoopId"] or None,
    )
    return Reply(200, made.json())


def external_media(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/externalMedia``."""
    return Reply(200, open_channel(exchange, args, variables.inside(args["variables"])))


OPERATIONS: dict[str, Handler] = {
    "play": play,
    "playWithId": play,
    "record": record,
    "sendDTMF": send_dtmf,
    "snoopChannel": snoop_channel,
    "snoopChannelWithId": snoop_channel,
    "externalMedia": external_media,
}
