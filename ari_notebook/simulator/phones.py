"""Simulated phones: they call, ring, answer, press keys, talk, hold and hang up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import NORMAL, Channel, Party
from ari_notebook.simulator.voices import SILENCE, SPEECH

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["Call", "Phones"]

# What a phone's keypad makes: each key for a while, and a pause.
KEY_MS = 100
PAUSE_MS = 100
# The endpoint of whoever calls where the configuration has none, as Asterisk names it.
ANONYMOUS = "anonymous"


class Call:
    """One call of a phone.

    Attributes:
        channel: the exchange's channel of it.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def __repr__(self) -> str:
        return f"<call {self.name} {self.state}>"

    @property
    def id(self) -> str:
        """The channel's id."""
        return self.channel.id

    @property
    def name(self) -> str:
        """The channel's name."""
        return self.channel.name

    @property
    def state(self) -> str:
        """The channel's state; ``Gone`` once it has left the exchange."""
        return "Gone" if self.channel.gone else self.channel.state

    def press(self, digits: str) -> None:
        """Press keys, one after the other."""
        at = 0
        for digit in digits:
            self._key(digit, at)
            at += KEY_MS + PAUSE_MS

    def _key(self, digit: str, at: int) -> None:
        channel, exchange = self.channel, self.channel.exchange

        def up() -> None:
            channel.voice.press("")
            channel.hear_digit(digit, KEY_MS)

        exchange.after(at / 1000, lambda: channel.voice.press(digit))
        exchange.after((at + KEY_MS) / 1000, up)

    def talk(self) -> None:
        """Say something, until `quiet`."""
        self.channel.voice.say(SPEECH)

    def quiet(self) -> None:
        """Say nothing any more."""
        self.channel.voice.say(SILENCE)

    def hold(self) -> None:
        """Put the exchange on hold."""
        self.channel.publish("ChannelHold")

    def unhold(self) -> None:
        """Take it back."""
        self.channel.publish("ChannelUnhold")

    def hangup(self, cause: int = NORMAL) -> None:
        """Hang up."""
        self.channel.request_hangup(cause)


class _Line:
    """The driver of a channel that a phone called in on."""

    def call(self, channel: Channel) -> None:
        """Nobody calls the caller."""

    def answer(self, channel: Channel) -> None:
        """The exchange answered."""

    def indicate(self, channel: Channel, condition: str) -> None:
        """The caller hears how it goes."""

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """The caller hears a key."""

    def hangup(self, channel: Channel) -> None:
        """The exchange hung up."""

    def audio(self, channel: Channel) -> None:
        """The caller hears something."""


class Phones:
    """The phones of an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def call(self, extension: str, context: str = "default", caller: str | None = None) -> Call:
        """Let somebody dial an extension.

        Args:
            extension: what is dialled.
            context: where it is looked up.
            caller: who calls, as ``Alice <5551>``; None for an unknown caller.
        """
        from ari_notebook.simulator.dialplan import run_dialplan

        endpoints = self._exchange.endpoints
        name = endpoints.first() or ANONYMOUS
        channel = endpoints.new_channel(name, _Line())
        channel.state, channel.context, channel.exten = "Ring", context, extension
        channel.protocol_id = self._exchange.uuid()
        channel.caller = Party.parse(caller) if caller else Party()
        channel.create()
        channel.run(run_dialplan(channel))
        return Call(channel)
