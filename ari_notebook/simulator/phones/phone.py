"""Simulated phones, each registered to an endpoint."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

from ari_notebook.simulator.numbers import is_measure
from ari_notebook.simulator.pbx.channel import CallerId
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.phones.call import (
    BUSY,
    DECLINED,
    KEYS,
    NotPossible,
    PhoneCall,
    PhoneDriver,
)
from ari_notebook.simulator.phones.distributions import Distribution
from ari_notebook.simulator.services.endpoints import Contact, EndpointRegistry

__all__ = ["REFUSALS", "Behaviour", "Phone", "place_call"]

# Ways to refuse a call, and their SIP status.
REFUSALS = {"busy": BUSY, "congestion": 503, "unavailable": 480, "decline": DECLINED}
MESSAGES_KEPT = 100
LOWEST_REFUSAL, HIGHEST_REFUSAL = 400, 699


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The automatic behaviour of a phone.

    Attributes:
        ring_after: seconds until it reports ringing; None: never.
        answer_after: seconds of ringing until it answers; None: it rings until `Phone.answer`, or
            until the caller gives up.
        refuse: how it refuses calls: ``busy``, ``congestion``, ``unavailable``, ``decline`` (after
            ringing for ``answer_after``), or a SIP status; None: it accepts calls.
        lines: maximum number of simultaneous calls; further ones get busy.
        talk: whether its owner talks after a call is answered.
        press: keys its owner presses then.
        hangup_after: seconds from the answer until its owner hangs up; None: never.

    ``answer_after`` and ``hangup_after`` may be a `Distribution`, from which a number of seconds is
    drawn for each call.
    """

    ring_after: float | None = 0.1
    answer_after: float | Distribution | None = 2.0
    refuse: str | int | None = None
    lines: int = 1
    talk: bool = False
    press: str = ""
    hangup_after: float | Distribution | None = None

    def __post_init__(self) -> None:
        for name in ("ring_after", "answer_after", "hangup_after"):
            seconds = getattr(self, name)
            drawn = isinstance(seconds, Distribution) and name != "ring_after"
            if seconds is not None and not drawn and not is_measure(seconds):
                raise ValueError(f"{name} must be a number of seconds or None, not {seconds!r}")
        if isinstance(self.refuse, int):
            if not LOWEST_REFUSAL <= self.refuse <= HIGHEST_REFUSAL:
                raise ValueError(f"refuse must be a SIP status from 400 to 699, not {self.refuse}")
        elif self.refuse is not None and self.refuse not in REFUSALS:
            raise ValueError(f"refuse must be one of {', '.join(REFUSALS)}, not {self.refuse!r}")
        if not isinstance(self.lines, int) or self.lines < 1:
            raise ValueError(f"lines must be at least 1, not {self.lines!r}")
        if not isinstance(self.press, str) or any(key not in KEYS for key in self.press):
            raise ValueError(f"press must consist of {KEYS}, not {self.press!r}")

    @property
    def status(self) -> int | None:
        """Return the SIP status it refuses with, or None."""
        return REFUSALS[self.refuse] if isinstance(self.refuse, str) else self.refuse


class Phone:
    """The phone of an endpoint.

    Attributes:
        name: name of the endpoint.
        behaviour: its automatic behaviour; `behave` changes it.
        messages: the last text messages received: sender and text.
    """

    def __init__(self, exchange: Exchange, endpoints: EndpointRegistry, name: str) -> None:
        self._exchange = exchange
        self._endpoints = endpoints
        self.name = name
        self.behaviour = Behaviour()
        self.messages: deque[tuple[str, str]] = deque(maxlen=MESSAGES_KEPT)
        self._calls: dict[PhoneCall, None] = {}
        self._sent = 0
        settings = endpoints.endpoint(name)
        static = settings.contacts if settings is not None else ()
        self._uri = static[0] if static else f"sip:{name}@127.0.0.1:5070"

    def __repr__(self) -> str:
        state = "registered" if self.registered else "not registered"
        return f"<phone {self.name}, {state}, {len(self._calls)} calls>"

    # Registration.

    @property
    def registered(self) -> bool:
        """Return whether it is registered, so that it can be called."""
        contact = self._endpoints.contact(self.name)
        return contact is not None and contact.uri == self._uri

    def register(self) -> None:
        """Register with the exchange."""
        contact = Contact(self._uri, lambda: PhoneDriver(self), self._on_message, self._on_refer)
        self._endpoints.register(self.name, contact)

    def unregister(self) -> None:
        """Unregister; its calls stay."""
        self._endpoints.unregister(self.name)

    def behave(self, **changes: Any) -> None:
        """Change its automatic behaviour.

        Args:
            changes: attributes of `Behaviour`.

        Raises:
            ValueError: unknown attribute or invalid value.
        """
        known = [field.name for field in fields(Behaviour)]
        for name in changes:
            if name not in known:
                raise ValueError(f"a phone has no {name}; it has {', '.join(known)}")
        self.behaviour = replace(self.behaviour, **changes)

    # Actions of a person.

    @property
    def calls(self) -> tuple[PhoneCall, ...]:
        """Return its calls, oldest first."""
        return tuple(self._calls)

    @property
    def current(self) -> PhoneCall:
        """Return its newest call.

        Raises:
            NotPossible: it has no call.
        """
        if not self._calls:
            raise NotPossible(f"{self.name} has no call")
        return next(reversed(self._calls))

    def call(self, to: str, caller: str | None = None, **conversation: Any) -> PhoneCall:
        """Dial an extension.

        Args:
            to: the extension, looked up in the endpoint's context.
            caller: caller ID in place of the endpoint's, such as ``Alice <5551>``.
            conversation: arguments of `PhoneCall.converse`, in place of the phone's behaviour.

        Raises:
            LookupError: unknown extension; a real phone gets 404.
        """
        endpoint = self._endpoints.endpoint(self.name)
        context = endpoint.context if endpoint is not None else "default"
        line = PhoneDriver(self, partial(self._converse, **conversation))
        return place_call(self._exchange, self._endpoints, self.name, line, to, context, caller)

    def attended_transfer(self) -> bool:
        """Connect the far ends of its oldest and newest call, and hang both up.

        Returns:
            whether that could be done.

        Raises:
            NotPossible: it has fewer than two calls.
        """
        if len(self._calls) < 2:
            raise NotPossible(f"{self.name} needs two calls to connect")
        return self.calls[0].transfer_to(self.current)

    def answer(self) -> PhoneCall:
        """Answer the call that has rung longest.

        Raises:
            NotPossible: none rings.
        """
        call = self._ringing()
        self._answer(call)
        return call

    def reject(self, how: str | int = "decline") -> None:
        """Refuse the call that has rung longest.

        Args:
            how: as `Behaviour.refuse`.

        Raises:
            NotPossible: none rings.
        """
        self._ringing().refuse(Behaviour(refuse=how).status or DECLINED)

    def send(self, to: str, text: str) -> None:
        """Send a text message.

        Args:
            to: recipient, such as ``bob``.
            text: the text.
        """
        self._sent += 1
        here = self._uri.removeprefix("sip:").rpartition("@")[2]
        number = f"{self._sent}-{self.name}"
        received = f"rport={here.partition(':')[2]};received=127.0.0.1"
        sender = self._endpoints.sender(self.name)
        headers = {
            "Via": f"SIP/2.0/UDP {here};{received};branch=z9hG4bK{number}",
            "From": f"{sender};tag={number}",
            "To": f"<sip:{to}@127.0.0.1>",
            "Call-ID": f"{number}@127.0.0.1",
            "CSeq": f"{self._sent} MESSAGE",
            "Max-Forwards": "70",
            "Content-Type": "text/plain",
            "Content-Length": str(len(text.encode())),
        }
        self._endpoints.receive(self.name, here, to, text, headers)

    def hangup(self) -> None:
        """Hang up all its calls."""
        for call in self.calls:
            call.hangup()

    def _ringing(self) -> PhoneCall:
        for call in self._calls:
            if call.channel.outgoing and call.state in ("Down", "Ringing"):
                return call
        raise NotPossible(f"{self.name} has no call to answer")

    # Callbacks of the exchange.

    def on_begin(self, call: PhoneCall) -> None:
        """Add a call."""
        self._calls[call] = None

    def on_end(self, call: PhoneCall) -> None:
        """Remove a call."""
        self._calls.pop(call, None)

    def on_incoming(self, call: PhoneCall) -> None:
        """Handle an incoming call according to its behaviour."""
        does = self.behaviour
        wait = does.ring_after or 0.0
        status = BUSY if len(self._calls) > does.lines else does.status
        if status is not None and status != DECLINED:
            call.later(wait, lambda: self._decide(call, status))
            return
        if does.ring_after is not None:
            call.later(wait, lambda: self._ring(call))
        if does.answer_after is None:
            return
        call.later(wait + _seconds(does.answer_after), lambda: self._decide(call, status))

    def _ring(self, call: PhoneCall) -> None:
        if call.state == "Down":  # else answered or refused meanwhile
            call.ring()

    def _decide(self, call: PhoneCall, refusal: int | None) -> None:
        if call.state not in ("Down", "Ringing"):
            return  # answered or refused meanwhile
        if refusal is None:
            self._answer(call)
        else:
            call.refuse(refusal)

    def _answer(self, call: PhoneCall) -> None:
        call.answer()
        self._exchange.soon(lambda: self._converse(call))

    def _converse(self, call: PhoneCall, **conversation: Any) -> None:
        does = self.behaviour
        hangup_after = None if does.hangup_after is None else _seconds(does.hangup_after)
        usual = {"talk": does.talk, "press": does.press, "hangup_after": hangup_after}
        if not call.channel.gone:
            call.converse(**{**usual, **conversation})

    def on_refer(self, to: str) -> None:
        """Call the address of a Refer-To header."""
        found = re.match(r"<?(?:sips?:)?([^@>;]+)", to)
        if found:
            self._exchange.soon(lambda: self._call_if_possible(found.group(1)))

    def _call_if_possible(self, to: str) -> None:
        try:
            self.call(to)
        except LookupError:
            return  # the phone got 404

    def _on_message(self, sender: str, text: str, headers: Mapping[str, str]) -> None:
        self.messages.append((sender, text))

    def _on_refer(self, to: str, headers: Mapping[str, str]) -> None:
        self.on_refer(to)


def _seconds(given: float | Distribution) -> float:
    return given.draw() if isinstance(given, Distribution) else given


def place_call(
    exchange: Exchange,
    endpoints: EndpointRegistry,
    endpoint: str,
    line: PhoneDriver,
    to: str,
    context: str,
    caller: str | None,
) -> PhoneCall:
    """Place an incoming call.

    Args:
        exchange: the exchange.
        endpoints: endpoints of the exchange.
        endpoint: endpoint of the calling phone.
        line: driver of its channel.
        to: extension to dial.
        context: context of the extension.
        caller: caller ID; None: the endpoint's.

    Raises:
        LookupError: unknown extension.
    """
    if not exchange.dialplan.exists(context, to):
        raise LookupError(f"no extension {to!r} in context {context!r}: dial another one")
    channel = endpoints.new_channel(endpoint, line)
    channel.state, channel.dialplan.context, channel.dialplan.exten = "Ring", context, to
    if caller:
        channel.parties.caller = CallerId.parse(caller)
    channel.create()
    call = line.begin(channel)
    channel.run(exchange.dialplan.run(channel))
    return call
