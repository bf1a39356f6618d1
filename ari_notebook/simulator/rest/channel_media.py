"""What a channel is made to hear, and what is kept of what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.stasis import controlled

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.playbacks import Playback
    from ari_notebook.simulator.recordings import Recording

Arguments: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = "Callable[[Exchange, Arguments], Reply]"

_KEYS = frozenset("0123456789*#ABCDabcd")
_BETWEEN = _DURATION = 100  # ms, where the request leaves them out


def play(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/play``."""
    control = controlled(exchange, args["channelId"], up=True)
    if not args["media"]:
        raise Refused(400, "At least one media URI must be provided")
    if args["skipms"] < 0 or args["offsetms"] < 0:
        raise Refused(400, "skipms and offsetms can not be negative")
    playback = exchange.media.new_playback(
        f"channel:{control.channel.id}",
        args["media"],
        args["lang"] or control.channel.language,
        id=args["playbackId"] or None,
        offset=args["offsetms"],
        skip=args["skipms"],
    )
    reply = playing(playback)
    control.queue(playback)
    return reply


def playing(playback: Playback) -> Reply:
    """The answer to a request to play."""
    return Reply(201, playback.json(), location=f"/playbacks/{playback.id}")


def recording_to(recording: Recording) -> Reply:
    """The answer to a request to record."""
    name = quote(recording.name, safe="")
    return Reply(201, recording.json(), location=f"/recordings/live/{name}")


def send_dtmf(exchange: Exchange, args: Arguments) -> Reply:
    """``POST /channels/{channelId}/dtmf``: one digit after another, when its turn comes."""
    control = controlled(exchange, args["channelId"], up=True)
    digits = args["dtmf"]
    if not digits:
        raise Refused(400, "DTMF is required")
    channel = control.channel
    duration, between = args["duration"] or _DURATION, args["between"] or _BETWEEN
    at = args["before"] / 1000
    for digit in digits:
        if digit in _KEYS:
            exchange.after(at, _send(channel, digit, duration))
            at += (duration + between) / 1000
    return Reply(204)


def _send(channel: Any, digit: str, duration: int) -> Callable[[], None]:
    return lambda: None if channel.gone else channel.driver.digit(channel, digit, duration)


OPERATIONS: dict[str, Handler] = {"play": play, "playWithId": play, "sendDTMF": send_dtmf}
