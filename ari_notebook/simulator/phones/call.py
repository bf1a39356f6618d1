"""Calls of simulated phones: the actions of a person, and the driver of the channel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol

from ari_notebook.simulator.calls.attended_transfer import attended_transfer
from ari_notebook.simulator.calls.blind_transfer import publish_transfer_request, transfer
from ari_notebook.simulator.calls.pjsip import SipChannel
from ari_notebook.simulator.clock import Timer
from ari_notebook.simulator.media.audio_source import SILENCE, SPEECH
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.hangup_causes import cause_of_status, condition_of_cause

if TYPE_CHECKING:
    from ari_notebook.audio.sound import Sound
    from ari_notebook.simulator.phones.received_audio import Hearing

__all__ = ["BUSY", "DECLINED", "KEYS", "CallOwner", "NotPossible", "PhoneCall", "PhoneDriver"]

KEYS = "0123456789*#ABCD"
KEY_MS = 100
FRAME_SECONDS = 0.02
PAUSE_MS = 100

# Seconds until a phone learns that its transfer succeeded.
HEARD_SECONDS = 0.02

# Key of PJSIP_TRANSFER_HANDLING on a channel.
TRANSFER_HANDLING = "PJSIP_TRANSFER_HANDLING()"

CANCELLED, BUSY, CONGESTED, DECLINED = 487, 486, 503, 603


class NotPossible(Exception):
    """Raised when a phone cannot act in its current state; the message says why."""


class CallOwner(Protocol):
    """The owner of calls: a phone, or an anonymous caller."""

    def on_begin(self, call: PhoneCall) -> None:
        """Handle the start of a call."""

    def on_end(self, call: PhoneCall) -> None:
        """Handle the end of a call."""

    def on_incoming(self, call: PhoneCall) -> None:
        """Handle an incoming call: ring, answer or refuse."""

    def on_refer(self, to: str) -> None:
        """Handle the exchange's request (REFER) to call another address."""


class PhoneCall:
    """One call of a phone.

    Attributes:
        channel: its channel in the exchange.
        heard: DTMF digits received from the far end.
        holding: whether the phone holds the call.
        transferring: extension of a transfer requested from the application, or "".
    """

    __slots__ = (
        "_keys_until",
        "_says",
        "_says_until",
        "_timers",
        "channel",
        "heard",
        "holding",
        "transferring",
    )

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.heard = ""
        self.holding = False
        self.transferring = ""
        self._keys_until = 0.0
        self._says: tuple[float, Sound] | None = None  # begin and sound
        self._says_until = 0.0
        self._timers: list[Timer] = []

    def __repr__(self) -> str:
        return f"<call {self.name} {self.state}>"

    @property
    def id(self) -> str:
        """Return the channel's id."""
        return self.channel.id

    @property
    def name(self) -> str:
        """Return the channel's name."""
        return self.channel.name

    @property
    def state(self) -> str:
        """Return the channel's state in ARI's terms; ``Gone`` after it left the exchange."""
        return "Gone" if self.channel.gone else self.channel.state

    @property
    def talks(self) -> bool:
        """Whether it is in a bridge with another channel, holding bridges excepted."""
        bridge = self.channel.bridge
        return bridge is not None and bridge.bridge_type != "holding" and len(bridge.members) > 1

    # Actions of a person.

    def ring(self) -> None:
        """Report that the phone rings."""
        self._check_incoming()
        self.channel.control_frame("RINGING")

    def answer(self) -> None:
        """Answer."""
        self._check_incoming()
        self.channel.control_frame("ANSWER")

    def refuse(self, status: int = BUSY) -> None:
        """Refuse the call.

        Args:
            status: SIP status: 486 busy, 503 congestion, 603 declined, ….
        """
        self._check_incoming()
        channel = self.channel
        channel.cause, channel.tech_cause = cause_of_status(status), status
        channel.publish_hangup_request(channel.cause or None)
        channel.control_frame(condition_of_cause(channel.cause))

    def press(self, digits: str, milliseconds: int = KEY_MS) -> None:
        """Press keys, one after the other.

        Args:
            digits: keys of ``0123456789*#ABCD``.
            milliseconds: how long each key is held.

        Raises:
            ValueError: invalid key.
            NotPossible: the call has ended.
        """
        for digit in digits:
            if digit not in KEYS:
                raise ValueError(f"{digit!r} is not a key; use {KEYS}")
        self._check_present()
        exchange = self.channel.exchange
        at = max(self._keys_until, exchange.now)
        for digit in digits:
            self.later(at - exchange.now, partial(self.channel.audio.source.set_key, digit))
            up = at + milliseconds / 1000
            self.later(up - exchange.now, partial(self._key_up, digit, milliseconds))
            at = up + PAUSE_MS / 1000
        self._keys_until = at

    def _key_up(self, digit: str, milliseconds: int) -> None:
        self.channel.audio.source.set_key("")
        self.channel.on_dtmf(digit, milliseconds)

    def talk(self) -> None:
        """Talk until `quiet`."""
        self._check_present()
        self.channel.audio.source.set(SPEECH)

    def quiet(self) -> None:
        """Stop talking."""
        self._check_present()
        self.channel.audio.source.set(SILENCE)

    def say(self, sound: Sound) -> None:
        """Queue a sound to be said.

        Args:
            sound: what to say.
        """
        from ari_notebook.simulator.media.renderer import spoken_signal  # noqa: PLC0415  numpy

        self._check_present()
        source, exchange = self.channel.audio.source, self.channel.exchange
        if self._says is not None and exchange.now < self._says_until:
            begin, before = self._says
            sound = before + sound
        else:
            begin = exchange.now
        self._says, self._says_until = (begin, sound), begin + sound.duration
        source.set(spoken_signal(sound, begin))
        # The frame in which it ends is computed at that frame's end.
        self.later(self._says_until + FRAME_SECONDS - exchange.now, self._said)

    def _said(self) -> None:
        if self.channel.exchange.now >= self._says_until + FRAME_SECONDS - 1e-6:
            self._says = None
            self.channel.audio.source.set(SILENCE)

    def listen(self, rate: int = 8000) -> Hearing:
        """Begin to hear what the exchange sends to the phone.

        Args:
            rate: samples per second.
        """
        from ari_notebook.simulator.phones.received_audio import Hearing  # noqa: PLC0415  numpy

        self._check_present()
        return Hearing(self.channel, rate)

    def hold(self) -> None:
        """Put the far end on hold."""
        self._check_present()
        self.holding = True
        self.channel.publish("ChannelHold", musicclass="default")
        self._indicate_to_others("HOLD")

    def unhold(self) -> None:
        """Take the far end off hold."""
        self._check_present()
        self.holding = False
        self.channel.publish("ChannelUnhold")
        self._indicate_to_others("UNHOLD")

    def _indicate_to_others(self, condition: str) -> None:
        bridge = self.channel.bridge
        for other in tuple(bridge.members) if bridge is not None else ():
            if other is not self.channel:
                other.driver.indicate(other, condition)

    def transfer(self, to: str) -> bool:
        """Blind-transfer the far end to an extension, and hang up.

        Args:
            to: the extension, in the context of the phone's calls.

        Returns:
            whether that could be done; the call goes on where it could not.
        """
        self._check_present()
        handled = self.channel.variable(TRANSFER_HANDLING) == "ari-only"
        if handled:
            self.transferring = to
        done = transfer(self.channel, to, by_application=handled)
        if done:
            self.channel.exchange.soon(self.hangup)
        return done

    def transfer_to(self, consulted: PhoneCall) -> bool:
        """Connect the far end with that of another call, and hang up.

        Args:
            consulted: the phone's call to the transfer target.

        Returns:
            whether that could be done; the calls go on where it could not.
        """
        self._check_present()
        consulted._check_present()
        done = attended_transfer(self.channel, consulted.channel)
        if done:
            self.later(HEARD_SECONDS, self.hangup)
        return done

    def hangup(self, cause: int | None = None) -> None:
        """Hang up; does nothing if the call has ended.

        Args:
            cause: Q.850 cause from the phone; most phones give none.
        """
        channel = self.channel
        if channel.gone or channel.hung_up:
            return
        if channel.state == "Up":
            channel.request_hangup(cause)
        elif channel.outgoing:
            self.refuse(DECLINED)
        else:
            channel.tech_cause = CANCELLED
            channel.request_hangup(cause_of_status(CANCELLED))

    def converse(
        self, *, talk: bool = False, press: str = "", hangup_after: float | None = None
    ) -> None:
        """Perform the owner's actions for every call.

        Args:
            talk: whether to talk.
            press: keys to press.
            hangup_after: seconds until hangup; None: never.
        """
        if talk:
            self.talk()
        if press:
            self.press(press)
        if hangup_after is not None:
            self.later(hangup_after, self.hangup)

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Schedule a function for as long as the call exists."""
        self._timers = [timer for timer in self._timers if not timer.cancelled]
        self._timers.append(self.channel.exchange.after(seconds, do))

    def cancel_timers(self) -> None:
        """Cancel scheduled actions, because the call has ended."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _check_present(self) -> None:
        if self.channel.gone:
            raise NotPossible(f"{self.name} has hung up")

    def _check_incoming(self) -> None:
        self._check_present()
        if not self.channel.outgoing or self.channel.state not in ("Down", "Ringing"):
            raise NotPossible(f"{self.name} is {self.state}: no call to answer")


class PhoneDriver:
    """The driver of a phone's channel.

    Args:
        owner: owner of the phone.
        answered: called when a call from the phone is answered.
    """

    __slots__ = ("_answered", "_call", "_owner")
    native_media: ClassVar[bool] = True

    def __init__(
        self, owner: CallOwner, answered: Callable[[PhoneCall], None] | None = None
    ) -> None:
        self._owner = owner
        self._answered = answered
        self._call: PhoneCall | None = None

    @property
    def phone_call(self) -> PhoneCall | None:
        """Return the call of its channel; None before it began."""
        return self._call

    def begin(self, channel: Channel) -> PhoneCall:
        """Begin the call of a channel."""
        self._call = PhoneCall(channel)
        self._owner.on_begin(self._call)
        return self._call

    def call(self, channel: Channel) -> None:
        """Call the phone."""
        self._owner.on_incoming(self.begin(channel))

    def answer(self, channel: Channel) -> None:
        """Handle the exchange's answer."""
        call, answered = self._call, self._answered
        if answered is not None and call is not None:
            channel.exchange.soon(lambda: None if channel.gone else answered(call))

    def indicate(self, channel: Channel, condition: str) -> None:
        """Handle a condition; a call refused before its answer ends."""
        if condition in ("BUSY", "CONGESTION"):
            if channel.state == "Ring":
                self._refused(channel, BUSY if condition == "BUSY" else CONGESTED)
        elif condition in ("HOLD", "UNHOLD"):
            if isinstance(channel, SipChannel):
                channel.held = condition == "HOLD"
            channel.exchange.devices.changed(channel.device)
        elif condition == "RINGING":
            channel.exchange.devices.changed(channel.device)
        elif condition.startswith("TRANSFER_"):
            self._transfer_progress(channel, condition.removeprefix("TRANSFER_").lower())
        elif condition.startswith("TRANSFER "):
            self._redirected(channel, condition.partition(" ")[2])

    def _transfer_progress(self, channel: Channel, state: str) -> None:
        if self._call is not None and self._call.transferring:
            publish_transfer_request(channel, self._call.transferring, state=state)

    def _refused(self, channel: Channel, status: int) -> None:
        channel.set_state("Busy")
        channel.cause, channel.tech_cause = cause_of_status(status), status
        channel.request_hangup(channel.cause)

    def _redirected(self, channel: Channel, to: str) -> None:
        if channel.state == "Up":
            self._owner.on_refer(to)
        channel.exchange.soon(lambda: channel.request_hangup(None))

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Handle a DTMF digit from the exchange."""
        if self._call is not None:
            self._call.heard += digit

    def hangup(self, channel: Channel) -> None:
        """End the call."""
        call, self._call = self._call, None
        if call is not None:
            call.cancel_timers()
            self._owner.on_end(call)

    def audio(self, channel: Channel) -> None:
        """Do nothing: a phone sends audio all the time."""
