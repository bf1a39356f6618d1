"""Snoop channels: made by ARI to spy on a channel or whisper into it."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.media.audio_source import SILENCE, AudioSource
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.pbx.channel import Channel, ChannelHungUp
from ari_notebook.simulator.pbx.channel_state import ChannelAudio
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.stasis.control import find, stasis

__all__ = ["NoFarEnd", "snoop"]

_BEGINS_FIRST = 0.5  # probability that its thread precedes the response to the request

DIRECTIONS = ("none", "in", "out", "both")


class NoFarEnd:
    """The driver of a channel without a far end."""

    native_media: ClassVar[bool] = False

    def call(self, channel: Channel) -> None:
        """Call nothing."""

    def answer(self, channel: Channel) -> None:
        """Do nothing."""

    def indicate(self, channel: Channel, condition: str) -> None:
        """Do nothing."""

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Do nothing."""

    def hangup(self, channel: Channel) -> None:
        """Do nothing."""

    def audio(self, channel: Channel) -> None:
        """Do nothing."""


def snoop(
    exchange: Exchange,
    target_id: str,
    *,
    spy: str | None,
    whisper: str | None,
    app: str | None,
    app_args: str | None,
    id: str | None,
) -> Channel:
    """Create a snoop channel; it is hung up with the channel that it snoops on.

    After its application continues it or it is hung up, it remains as a ghost: ARI lists it, but no
    operation reaches it. It leaves once audio passes through the channel that it snoops on, or with
    that channel.

    Args:
        exchange: the exchange.
        target_id: channel to snoop on; it need not be in Stasis.
        spy: direction of audio to spy on: none, in, out or both.
        whisper: direction to whisper into: none, in, out or both.
        app: application that receives the snoop channel. An unregistered one is not an error: the
            channel becomes a ghost at once.
        app_args: comma-separated arguments of the application.
        id: id of the snoop channel.

    Raises:
        AriRefusal: 400 for a missing or invalid direction or application, 404 for an unknown
            channel, 500 for an id in use.
    """
    for given, direction in (("spy", spy), ("whisper", whisper)):
        if direction and direction not in DIRECTIONS:
            raise AriRefusal(400, f"Invalid direction specified for {given}")
    if {spy or "none", whisper or "none"} == {"none"}:
        raise AriRefusal(400, "Direction must be specified for at least spy or whisper")
    if not app:
        raise AriRefusal(400, "Application name is required")
    target = find(exchange, target_id, "Provided channel was not found", "Channel Not Found")
    if id and exchange.channel(id, named=False):
        raise AriRefusal(500, "Snoop channel could not be created", reason="Internal error")
    words = app_args.split(",") if app_args else []
    channel = Channel(
        exchange,
        id or exchange.channel_id(),
        f"Snoop/{target.id}-{exchange.snoop_number():08x}",
        NoFarEnd(),
        f"Snoop/{target.id}",
        state="Up",
        audio=ChannelAudio(AudioSource(SILENCE)),
    )
    if spy in ("in", "both"):
        channel.audio.source.follow(target.audio.source)
    elif spy == "out":
        channel.audio.source.follow(target.audio.played)
    channel.audio.far = partial(_spied, target, spy or "none")
    for direction, whispers in (
        ("in", target.audio.whispers_in),
        ("out", target.audio.whispers_out),
    ):
        if whisper in (direction, "both"):
            whispers.append(channel)
            channel.on_gone.append(partial(whispers.remove, channel))
    channel.create()
    target.set_audio_hook(channel.name, on=True)
    target.on_gone.append(lambda: _release(channel))
    before = channel.dialplan.application
    data = ",".join([app, *words])
    if exchange.random.random() < _BEGINS_FIRST:
        channel.run_application("Stasis", data)
    channel.run(_in_stasis(channel, target, before, data))
    return channel


def _spied(target: Channel, direction: str, mixer: Any, rate: int) -> Any:
    """Return a snoop channel's audio: from its target, to it, or both, without whispers."""
    return mixer.mixed(
        mixer.spoken(target, rate) if direction in ("in", "both") else None,
        mixer.written(target, rate) if direction in ("out", "both") else None,
    )


def _in_stasis(channel: Channel, target: Channel, before: tuple[str, str], data: str) -> Program:
    app, *words = data.split(",")
    if delay := channel.exchange.races.delay():
        yield delay
    channel.run_application("Stasis", data)
    try:
        yield from stasis(channel, app, words)
    except ChannelHungUp:
        if target.gone:
            raise
    finally:
        channel.dialplan.application = before
        channel.remember_published()
    channel.ghost = True
    yield from _audio_of(channel, target)
    channel.ghost = False


def _audio_of(channel: Channel, target: Channel) -> Program:
    """Wait until audio passes through the target, or it has left.

    Detaching an audio hook waits for it (``main/audiohook.c``, ast_audiohook_detach).
    """
    sources = (target.audio.source, target.audio.played)

    def changed() -> None:
        if channel.task is not None:
            channel.exchange.soon(channel.task.wake)

    for source in sources:
        source.subscribe(changed)
    try:
        while not target.gone and not any(source.signal.has_frames for source in sources):
            yield None
    finally:
        for source in sources:
            source.unsubscribe(changed)


def _release(channel: Channel) -> None:
    """Hang up a snoop channel after its target has left."""
    if channel.ghost and channel.task is not None:
        channel.ghost = False
        channel.task.abandon()
        channel.hang_up_now()
    else:
        channel.request_hangup(publish=False)
