"""Local channels: a pair of halves, the first of which calls an extension of the dialplan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel, Party, Unreachable

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["local_pair"]


def local_pair(
    exchange: Exchange, address: str, ids: tuple[str | None, str | None] = (None, None)
) -> tuple[Channel, Channel]:
    """Make both halves of ``Local/address``.

    Args:
        exchange: where.
        address: ``exten@context``, with ``/n`` and other options behind a slash.
        ids: of the halves, where they are given.

    Returns:
        ``;1``, which calls, and ``;2``, which will enter the dialplan. Neither is created yet:
        what they are to know of their maker comes first.
    """
    device, _, _options = address.partition("/")
    exten, _, context = device.partition("@")
    context = context or "default"
    name = f"Local/{exten}@{context}-{exchange.local_number():08x}"
    first_id = ids[0] or exchange.channel_id()
    second_id = (ids[1] or f"{ids[0]};2") if ids[0] else exchange.channel_id()
    shown = f"Local/{exten}@{context}"
    pair = _Pair()
    first = Channel(exchange, first_id, f"{name};1", _Half(pair, 1), shown, outgoing=True)
    second = Channel(exchange, second_id, f"{name};2", _Half(pair, 0), shown, state="Ring")
    for half in (first, second):
        half.context, half.exten = context, exten
    pair.halves = (first, second)
    return first, second


class _Pair:
    """What the halves have in common."""

    halves: tuple[Channel, Channel]
    called = False


@dataclass(slots=True)
class _Half:
    """The driver of one half; ``other`` is the index of the other."""

    pair: _Pair
    other: int

    @property
    def peer(self) -> Channel:
        return self.pair.halves[self.other]

    def _later(self, channel: Channel, do: Callable[[Channel], None]) -> None:
        """The other half has a thread of its own, which comes to it next."""
        peer = self.peer
        channel.exchange.soon(lambda: None if peer.gone else do(peer))

    def call(self, channel: Channel) -> None:
        """Let the second half enter the dialplan."""
        from ari_notebook.simulator.dialplan import run_dialplan

        peer = self.peer
        # The whole list is copied from its head, which is the last that was set.
        for name, value in reversed(channel.variables.items()):
            peer.set_variable(name, value)
        for item in ("redirected_from", "language", "accountcode"):
            setattr(peer, item, getattr(channel, item))
        peer.learn_caller(channel.connected)
        introduced, peer.connected = peer.connected != channel.caller, channel.caller
        peer.tell_caller()  # with the connection, of which the next event tells
        if introduced:
            peer.publish("ChannelConnectedLine")
        if channel.exchange.dialplan.find(peer.context, peer.exten, 1) is None:
            raise Unreachable
        self.pair.called = True
        peer.run(run_dialplan(peer))

    def answer(self, channel: Channel) -> None:
        """The second half answered: so is the call of the first."""
        self.peer.set_state("Up") if self.peer.outgoing else None
        self._later(channel, lambda peer: peer.control_frame("ANSWER"))

    def indicate(self, channel: Channel, condition: str) -> None:
        """Pass a condition on; whom this half talks to is who calls by the other."""
        if condition == "CONNECTED_LINE":
            self._later(channel, lambda peer: _introduce(peer, channel.connected))
            return
        self._later(channel, lambda peer: peer.control_frame(condition))

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """The other half hears it once it is over."""
        peer = self.peer
        peer.voice.press(digit)

        def over() -> None:
            peer.voice.press("")
            peer.hear_digit(digit, milliseconds)

        channel.exchange.after(milliseconds / 1000, over)

    def hangup(self, channel: Channel) -> None:
        """The other half is hung up as well."""
        peer = self.peer
        if peer.gone:
            return
        if not self.pair.called and peer.task is None:
            peer.hang_up_now()  # nobody ever ran it
            return
        status = channel.variable("DIALSTATUS") if not channel.outgoing else None
        if status is not None:
            peer.cause = channel.cause
            peer.set_variable("CHANLOCALSTATUS", status)
        peer.request_hangup(channel.cause)

    def audio(self, channel: Channel) -> None:
        """The other half hears it."""
        self.peer.hear_audio()


def _introduce(half: Channel, party: Party) -> None:
    """The other half's connection has become that of a caller; whom this half talks to sees who."""
    half.learn_caller(party)
    if half.bridge is not None:
        half.bridge.introduce()
