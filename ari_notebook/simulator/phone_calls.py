"""A phone's call: what a person does with it, and what the exchange tells the phone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from ari_notebook.simulator.channels import Channel
from ari_notebook.simulator.clock import Timer
from ari_notebook.simulator.sip_causes import cause_of_status, condition_of_cause
from ari_notebook.simulator.sip_channels import SipChannel
from ari_notebook.simulator.voices import SILENCE, SPEECH

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BUSY", "DECLINED", "KEYS", "Call", "Line", "NotPossible", "Owner"]

KEYS = "0123456789*#ABCD"
KEY_MS = 100
PAUSE_MS = 100

# When a phone has heard that its transfer went well.
HEARD_SECONDS = 0.02

# How PJSIP_TRANSFER_HANDLING is kept on a channel.
TRANSFER_HANDLING = "PJSIP_TRANSFER_HANDLING()"

CANCELLED, BUSY, CONGESTED, DECLINED = 487, 486, 503, 603


class NotPossible(Exception):
    """A phone cannot do this now; the message says why."""


class Owner(Protocol):
    """Whose calls they are: a phone, or nobody in particular."""

    def began(self, call: Call) -> None:
        """A call is there."""

    def ended(self, call: Call) -> None:
        """A call is over."""

    def called(self, call: Call) -> None:
        """The phone is called: it may ring, answer or refuse."""

    def asked_to_call(self, to: str) -> None:
        """The exchange asks for a call to somebody else in the place of this one."""


class Call:
    """One call of a phone.

    Attributes:
        channel: the exchange's channel of it.
        heard: the keys that were heard from the other side.
        holding: whether the phone holds the call.
        transferring: where it asked the application to transfer the call; "" where it did not.
    """

    __slots__ = ("_keys_until", "_timers", "channel", "heard", "holding", "transferring")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.heard = ""
        self.holding = False
        self.transferring = ""
        self._keys_until = 0.0
        self._timers: list[Timer] = []

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
        """The channel's state as ARI names it; ``Gone`` once it has left the exchange."""
        return "Gone" if self.channel.gone else self.channel.state

    # What a person does.

    def ring(self) -> None:
        """Tell the exchange that the phone rings."""
        self._incoming()
        self.channel.control_frame("RINGING")

    def answer(self) -> None:
        """Answer."""
        self._incoming()
        self.channel.control_frame("ANSWER")

    def refuse(self, status: int = BUSY) -> None:
        """Refuse the call.

        Args:
            status: the SIP status to do it with: 486 busy, 503 congestion, 603 declined, ….
        """
        self._incoming()
        channel = self.channel
        channel.cause, channel.tech_cause = cause_of_status(status), status
        channel.tell_hangup_request(channel.cause or None)
        channel.control_frame(condition_of_cause(channel.cause))

    def press(self, digits: str, milliseconds: int = KEY_MS) -> None:
        """Press keys, one after the other.

        Args:
            digits: of ``0123456789*#ABCD``.
            milliseconds: how long each is held.

        Raises:
            ValueError: something else is among them.
            NotPossible: the call is over.
        """
        for digit in digits:
            if digit not in KEYS:
                raise ValueError(f"{digit!r} is no key; use {KEYS}")
        self._there()
        exchange = self.channel.exchange
        at = max(self._keys_until, exchange.now)
        for digit in digits:
            self.later(at - exchange.now, partial(self.channel.voice.press, digit))
            up = at + milliseconds / 1000
            self.later(up - exchange.now, partial(self._key_up, digit, milliseconds))
            at = up + PAUSE_MS / 1000
        self._keys_until = at

    def _key_up(self, digit: str, milliseconds: int) -> None:
        self.channel.voice.press("")
        self.channel.hear_digit(digit, milliseconds)

    def talk(self) -> None:
        """Say something, until `quiet`."""
        self._there()
        self.channel.voice.say(SPEECH)

    def quiet(self) -> None:
        """Say nothing any more."""
        self._there()
        self.channel.voice.say(SILENCE)

    def hold(self) -> None:
        """Put the other side on hold."""
        self._there()
        self.holding = True
        self.channel.publish("ChannelHold", musicclass="default")
        self._tell_others("HOLD")

    def unhold(self) -> None:
        """Take the other side back."""
        self._there()
        self.holding = False
        self.channel.publish("ChannelUnhold")
        self._tell_others("UNHOLD")

    def _tell_others(self, condition: str) -> None:
        bridge = self.channel.bridge
        for other in tuple(bridge.members) if bridge is not None else ():
            if other is not self.channel:
                other.driver.indicate(other, condition)

    def transfer(self, to: str) -> bool:
        """Transfer the other side to an extension, without asking there first, and hang up.

        Args:
            to: the extension, in the context of the phone's calls.

        Returns:
            whether that could be done; the call goes on where it could not.
        """
        from ari_notebook.simulator.transfers import transfer

        self._there()
        handled = self.channel.variable(TRANSFER_HANDLING) == "ari-only"
        if handled:
            self.transferring = to
        done = transfer(self.channel, to, by_application=handled)
        if done:
            self.channel.exchange.soon(self.hangup)
        return done

    def transfer_to(self, consulted: Call) -> bool:
        """Connect the other side with that of another call, and hang up.

        Args:
            consulted: the phone's call to whom the other side is transferred.

        Returns:
            whether that could be done; the calls go on where it could not.
        """
        from ari_notebook.simulator.attended import attended_transfer

        self._there()
        consulted._there()
        done = attended_transfer(self.channel, consulted.channel)
        if done:
            self.later(HEARD_SECONDS, self.hangup)
        return done

    def hangup(self, cause: int | None = None) -> None:
        """Hang up; nothing happens where the call is over.

        Args:
            cause: the Q.850 cause that the phone gives; most phones give none.
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
        """Do what the owner of the phone does on every call.

        Args:
            talk: whether they talk.
            press: keys to press.
            hangup_after: seconds until they hang up; None for never.
        """
        if talk:
            self.talk()
        if press:
            self.press(press)
        if hangup_after is not None:
            self.later(hangup_after, self.hangup)

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Do something after a while, if the call is still there."""
        self._timers = [timer for timer in self._timers if not timer.cancelled]
        self._timers.append(self.channel.exchange.after(seconds, do))

    def over(self) -> None:
        """The call is over: nothing more is to be done on it."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _there(self) -> None:
        if self.channel.gone:
            raise NotPossible(f"{self.name} has hung up")

    def _incoming(self) -> None:
        self._there()
        if not self.channel.outgoing or self.channel.state not in ("Down", "Ringing"):
            raise NotPossible(f"{self.name} is {self.state}: there is nothing to answer")


class Line:
    """The driver of a phone's channel.

    Args:
        owner: whose phone it is.
        answered: called when a call that came from the phone is answered.
    """

    __slots__ = ("_answered", "_call", "_owner")

    def __init__(self, owner: Owner, answered: Callable[[Call], None] | None = None) -> None:
        self._owner = owner
        self._answered = answered
        self._call: Call | None = None

    def begin(self, channel: Channel) -> Call:
        """A call of this channel's begins."""
        self._call = Call(channel)
        self._owner.began(self._call)
        return self._call

    def call(self, channel: Channel) -> None:
        """Call the phone."""
        self._owner.called(self.begin(channel))

    def answer(self, channel: Channel) -> None:
        """The exchange answered."""
        call, answered = self._call, self._answered
        if answered is not None and call is not None:
            channel.exchange.soon(lambda: None if channel.gone else answered(call))

    def indicate(self, channel: Channel, condition: str) -> None:
        """The exchange tells how it goes; a call that it refuses before its answer is over."""
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
        from ari_notebook.simulator.transfers import ask

        if self._call is not None and self._call.transferring:
            ask(channel, self._call.transferring, state=state)

    def _refused(self, channel: Channel, status: int) -> None:
        channel.set_state("Busy")
        channel.cause, channel.tech_cause = cause_of_status(status), status
        channel.request_hangup(channel.cause)

    def _redirected(self, channel: Channel, to: str) -> None:
        if channel.state == "Up":
            self._owner.asked_to_call(to)
        channel.exchange.soon(lambda: channel.request_hangup(None))

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """The phone hears a key."""
        if self._call is not None:
            self._call.heard += digit

    def hangup(self, channel: Channel) -> None:
        """The exchange hung up, or the phone did."""
        call, self._call = self._call, None
        if call is not None:
            call.over()
            self._owner.ended(call)

    def audio(self, channel: Channel) -> None:
        """The phone hears something, and sends audio all the time anyway."""
