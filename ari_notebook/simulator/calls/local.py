"""Local channels: a pair of halves, the first of which calls an extension of the dialplan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from ari_notebook.simulator.media.audio_source import AudioSignal
from ari_notebook.simulator.media.tones import tone
from ari_notebook.simulator.pbx.channel import Channel, Unreachable
from ari_notebook.simulator.pbx.exchange import Exchange

__all__ = ["LocalTechnology", "halves_of", "local_pair", "play_to_far_end"]


class LocalTechnology:
    """The channel technology ``Local``: a pair of halves, one of which enters the dialplan."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def request(self, address: str, ids: tuple[str | None, str | None]) -> Sequence[Channel] | None:
        """Make both halves of ``Local/address``; see `ChannelTechnology.request`."""
        if not address:
            return None
        first, second = local_pair(self._exchange, address, ids)
        first.parties.dialed = first.name.split("/", 1)[1].rsplit("-", 1)[0]
        return [first, second]

    def device_state(self, name: str) -> str:
        """Return the state of ``Local/address``: whether the dialplan has it and it is in use.

        A pair without its first half counts no longer (``local_devicestate``).
        """
        exten, _, context = name.partition("/")[2].partition("@")
        if not self._exchange.dialplan.exists(context, exten):
            return "INVALID"
        channels = self._exchange.channels.values()
        used = any(each.device == name and each.outgoing for each in channels)
        return "INUSE" if used else "NOT_INUSE"


def halves_of(channel: Channel) -> list[Channel]:
    """Return a channel and, where it is a half of a Local channel, the other half."""
    driver = channel.driver
    return [channel, driver.peer] if isinstance(driver, _Half) else [channel]


def play_to_far_end(channel: Channel, sound: AudioSignal) -> None:
    """Play a sound to the far end of a channel: the other half of a Local channel sends it."""
    channel.audio.played.set(sound)
    channel.audio.source.wakes = False  # a generator of silence or ringing ends
    if isinstance(channel.driver, _Half):
        channel.driver.peer.audio.source.set(sound)


def local_pair(
    exchange: Exchange, address: str, ids: tuple[str | None, str | None] = (None, None)
) -> tuple[Channel, Channel]:
    """Make both halves of ``Local/address``.

    Args:
        exchange: the exchange.
        address: ``exten@context``, with ``/n`` and other options after a slash.
        ids: ids of the halves, if given.

    Returns:
        ``;1``, which calls, and ``;2``, which will enter the dialplan. Neither is created yet, so
        that variables and caller ID can be set first.
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
        half.dialplan.context, half.dialplan.exten = context, exten
        half.linked_id = first_id
    pair.halves = (first, second)
    for half, other in ((first, second), (second, first)):
        half.audio.far = partial(_heard_from, other)
    return first, second


def _heard_from(other: Channel, mixer: Any, rate: int) -> Any:
    """Return the audio from a half's far end: that sent to the other half."""
    return mixer.outgoing(other, rate)


class _Pair:
    """The state that both halves share."""

    halves: tuple[Channel, Channel]
    called = False


@dataclass(slots=True)
class _Half:
    """The driver of one half; ``other`` is the index of the other."""

    native_media: ClassVar[bool] = False

    pair: _Pair
    other: int
    reached: float = 0.0  # until when what was done reaches the other half

    @property
    def peer(self) -> Channel:
        return self.pair.halves[self.other]

    def _later(self, channel: Channel, do: Callable[[Channel], None]) -> None:
        """Call a function with the other half next, as in its own thread.

        What one half does reaches the other in order, also where a race delays it.
        """
        peer, exchange = self.peer, channel.exchange
        self.reached = max(self.reached, exchange.now + exchange.races.delay())
        exchange.after(self.reached - exchange.now, lambda: None if peer.gone else do(peer))

    def call(self, channel: Channel) -> None:
        """Run the dialplan on the second half."""
        peer = self.peer
        # Account codes cross over, as the halves are the two ends of one call.
        peer.accountcode, peer.peer_account = channel.peer_account, channel.accountcode
        # Asterisk copies the list from its head, the variable set last.
        for name, value in reversed(channel.variables.items()):
            peer.set_variable(name, value)
        peer.parties.redirected_from = channel.parties.redirected_from
        peer.linked_id = channel.linked_id
        peer.language = channel.language
        peer.set_caller_silently(channel.parties.connected)
        introduced = peer.parties.connected != channel.parties.caller
        peer.parties.connected = channel.parties.caller
        peer.publish_caller()  # with the connected line that the next event shows
        if introduced:
            peer.publish("ChannelConnectedLine")
        if not channel.exchange.dialplan.exists(peer.dialplan.context, peer.dialplan.exten):
            raise Unreachable
        self.pair.called = True
        peer.run(peer.exchange.dialplan.run(peer))

    def answer(self, channel: Channel) -> None:
        """Answer the first half's call, as the second was answered."""
        self.peer.set_state("Up") if self.peer.outgoing else None
        self._later(channel, lambda peer: peer.control_frame("ANSWER"))

    def indicate(self, channel: Channel, condition: str) -> None:
        """Pass a condition to the other half; a connected line becomes its caller ID."""
        if channel.hung_up:
            return
        if condition == "RINGING" and channel.state == "Up":
            # Asterisk then generates the tone, until something else is played.
            ring = AudioSignal("tone", cadence=tone("ring"), since=channel.exchange.now)
            self.peer.audio.source.set(ring)
            channel.audio.source.wakes = True
        if condition == "CONNECTED_LINE":
            # The other half knows at once, its bridge with the next frame.
            self.peer.set_caller_silently(channel.parties.connected)
            self._later(channel, _introduce_in_bridge)
            return
        self._later(channel, lambda peer: peer.control_frame(condition))

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Pass a digit to the other half, which takes it when it ends."""
        peer = self.peer
        peer.audio.source.set_key(digit)

        def over() -> None:
            peer.audio.source.set_key("")
            peer.on_dtmf(digit, milliseconds)

        channel.exchange.after(milliseconds / 1000, over)

    def hangup(self, channel: Channel) -> None:
        """Hang up the other half."""
        peer = self.peer
        if peer.gone:
            return
        if not self.pair.called and peer.task is None:
            peer.hang_up_now()  # it never ran a program
            return
        status = channel.variable("DIALSTATUS") if not channel.outgoing else None
        if status is not None:
            peer.cause = channel.cause
            peer.set_variable("CHANLOCALSTATUS", status)
        if channel.exchange.races.reverses():
            self._later(channel, lambda peer: peer.request_hangup(channel.cause))
        else:
            peer.request_hangup(channel.cause)

    def audio(self, channel: Channel) -> None:
        """Report audio to the other half."""
        self.peer.on_audio()


def _introduce_in_bridge(half: Channel) -> None:
    """Update the connected lines in the bridge of a half whose caller ID changed."""
    if half.bridge is not None:
        half.bridge.update_connected_lines()
