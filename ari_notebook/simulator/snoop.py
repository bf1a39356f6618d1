"""Snoop channels: made by ARI to hear, or to speak into, a channel without being in its call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel
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

    Args:
        exchange: where.
        target_id: the channel to snoop on; it need not be in Stasis.
        spy: what to hear: none, in, out or both.
        whisper: to whom to speak, likewise.
        app: the application that gets the snoop channel. One that is not there is no error: the
            channel is a ghost then, which ARI shows and no operation reaches.
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
        "Snoop",
        state="Up",
        voice=Voice(SILENCE),
    )
    if spy in ("in", "both"):
        channel.voice.follow(target.voice)
    channel.create()
    target.on_gone.append(lambda: channel.request_hangup(tell=False))
    channel.run(_in_stasis(channel, app, words))
    return channel


def _in_stasis(channel: Channel, app: str, words: list[str]) -> Program:
    channel.run_application("Stasis", ",".join([app, *words]))
    yield from stasis(channel, app, words)
    if channel.variable("STASISSTATUS") == "FAILED":
        ghosts = channel.exchange.media.ghosts
        ghosts.add(channel.id)
        channel.on_gone.append(lambda: ghosts.discard(channel.id))
        yield None  # until the channel that it snoops on goes
