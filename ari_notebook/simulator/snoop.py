"""Snoop channels: made by ARI to hear, or to speak into, a channel without being in its call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel, HungUp
from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.stasis import find, stasis
from ari_notebook.simulator.voices import SILENCE, Voice

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["NoFarEnd", "snoop"]

DIRECTIONS = ("none", "in", "out", "both")


class NoFarEnd:
    """The driver of a channel with nobody at its other end who could be told anything."""

    def call(self, channel: Channel) -> None:
        """Nobody is called."""

    def answer(self, channel: Channel) -> None:
        """Nobody is told."""

    def indicate(self, channel: Channel, condition: str) -> None:
        """Nobody is told."""

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Nobody hears it."""

    def hangup(self, channel: Channel) -> None:
        """Nobody is told."""

    def audio(self, channel: Channel) -> None:
        """Nobody hears it."""


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
    """Make a snoop channel; it goes when the channel that it snoops on goes.

    Until then it is a ghost once its application has done with it, or it was hung up: ARI shows
    it, and no operation reaches it.

    Args:
        exchange: where.
        target_id: the channel to snoop on; it need not be in Stasis.
        spy: what to hear: none, in, out or both.
        whisper: to whom to speak, likewise.
        app: the application that gets the snoop channel. One that is not there is no error: the
            channel is a ghost at once.
        app_args: for it, by comma.
        id: of the snoop channel.

    Raises:
        Refused: 400 for a direction or an application that is missing or wrong, 404 for a channel
            that is not there, 500 for an id that is taken.
    """
    for given, direction in (("spy", spy), ("whisper", whisper)):
        if direction and direction not in DIRECTIONS:
            raise Refused(400, f"Invalid direction specified for {given}")
    if {spy or "none", whisper or "none"} == {"none"}:
        raise Refused(400, "Direction must be specified for at least spy or whisper")
    if not app:
        raise Refused(400, "Application name is required")
    target = find(exchange, target_id, "Provided channel was not found", "Channel Not Found")
    if id and exchange.channel(id, named=False):
        raise Refused(500, "Snoop channel could not be created", reason="Internal error")
    words = app_args.split(",") if app_args else []
    channel = Channel(
        exchange,
        id or exchange.channel_id(),
        f"Snoop/{target.id}-{next(exchange.media.snoops):08x}",
        NoFarEnd(),
        f"Snoop/{target.id}",
        state="Up",
        voice=Voice(SILENCE),
    )
    if spy in ("in", "both"):
        channel.voice.follow(target.voice)
    channel.create()
    target.hook(channel.name, on=True)
    target.on_gone.append(lambda: _release(channel))
    channel.run(_in_stasis(channel, target, app, words))
    return channel


def _in_stasis(channel: Channel, target: Channel, app: str, words: list[str]) -> Program:
    before = channel.appl
    channel.run_application("Stasis", ",".join([app, *words]))
    try:
        yield from stasis(channel, app, words)
    except HungUp:
        if target.gone:
            raise
    finally:
        channel.appl = before
        channel.told = {}
    channel.exchange.media.ghosts.add(channel.id)
    while True:
        yield None


def _release(channel: Channel) -> None:
    """The channel that it snoops on is gone: so is the snoop channel, be it a ghost or not."""
    ghosts = channel.exchange.media.ghosts
    if channel.id in ghosts and channel.task is not None:
        ghosts.discard(channel.id)
        channel.task.abandon()
        channel.hang_up_now()
    else:
        channel.request_hangup(tell=False)
