"""A simulated phone: registered to an endpoint, it calls and is called."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.channels import Party
from ari_notebook.simulator.endpoints import Contact
from ari_notebook.simulator.naturals import is_measure
from ari_notebook.simulator.phone_calls import BUSY, DECLINED, KEYS, Call, Line, NotPossible

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["REFUSALS", "Behaviour", "Phone", "place_call"]

# How a phone may refuse, and the SIP status it does it with.
REFUSALS = {"busy": BUSY, "congestion": 503, "unavailable": 480, "decline": DECLINED}
MESSAGES_KEPT = 100
LOWEST_REFUSAL, HIGHEST_REFUSAL = 400, 699


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a phone does by itself.

    Attributes:
        ring_after: seconds until it says that it rings; None: it never says so.
        answer_after: seconds of ringing until it answers; None: it rings until it is answered by
            `Phone.answer`, or given up.
        refuse: how it refuses calls: ``busy``, ``congestion``, ``unavailable``, ``decline`` (which
            it does after ringing for ``answer_after``), or a SIP status; None: it does not.
        lines: calls it can have at once; further ones are busy.
        talk: whether its owner talks once a call is answered.
        press: keys that its owner presses then.
        hangup_after: seconds until its owner hangs up then; None: never.
    """

    ring_after: float | None = 0.1
    answer_after: float | None = 2.0
    refuse: str | int | None = None
    lines: int = 1
    talk: bool = False
    press: str = ""
    hangup_after: float | None = None

    def __post_init__(self) -> None:
        for name in ("ring_after", "answer_after", "hangup_after"):
            seconds = getattr(self, name)
            if seconds is not None and not is_measure(seconds):
                raise ValueError(f"{name} is a number of seconds or None, not {seconds!r}")
        if isinstance(self.refuse, int):
            if not LOWEST_REFUSAL <= self.refuse <= HIGHEST_REFUSAL:
                raise ValueError(f"refuse is a SIP status from 400 to 699, not {self.refuse}")
        elif self.refuse is not None and self.refuse not in REFUSALS:
            raise ValueError(f"refuse is one of {', '.join(REFUSALS)}, not {self.refuse!r}")
        if not isinstance(self.lines, int) or self.lines < 1:
            raise ValueError(f"lines is a number from 1 on, not {self.lines!r}")
        if not isinstance(self.press, str) or any(key not in KEYS for key in self.press):
            raise ValueError(f"press is made of {KEYS}, not {self.press!r}")

    @property
    def status(self) -> int | None:
        """The SIP status it refuses with; None where it does not."""
        return REFUSALS[self.refuse] if isinstance(self.refuse, str) else self.refuse


class Phone:
    """The phone of an endpoint.

    Attributes:
        name: the endpoint's.
        behaviour: what it does by itself; `behave` changes it.
        messages: the last text messages it got: sender and text.
    """

    def __init__(self, exchange: Exchange, name: str) -> None:
        self._exchange = exchange
        self.name = name
        self.behaviour = Behaviour()
        self.messages: deque[tuple[str, str]] = deque(maxlen=MESSAGES_KEPT)
        self._calls: dict[Call, None] = {}
        self._sent = 0
        self._uri = f"sip:{name}@127.0.0.1:5070"

    def __repr__(self) -> str:
        state = "registered" if self.registered else "not registered"
        return f"<phone {self.name}, {state}, {len(self._calls)} calls>"

    # Being there.

    @property
    def registered(self) -> bool:
        """Whether it can be called."""
        contact = self._exchange.endpoints.contact(self.name)
        return contact is not None and contact.uri == self._uri

    def register(self) -> None:
        """Tell the exchange where it is."""
        contact = Contact(self._uri, lambda: Line(self), self._message, self._refer)
        self._exchange.endpoints.register(self.name, contact)

    def unregister(self) -> None:
        """Tell the exchange that it is gone; its calls stay."""
        self._exchange.endpoints.unregister(self.name)

    def behave(self, **changes: Any) -> None:
        """Change what it does by itself.

        Args:
            changes: attributes of `Behaviour`.

        Raises:
            ValueError: one of them is unknown or no good.
        """
        known = [field.name for field in fields(Behaviour)]
        for name in changes:
            if name not in known:
                raise ValueError(f"a phone has no {name}; it has {', '.join(known)}")
        self.behaviour = replace(self.behaviour, **changes)

    # What a person does with it.

    @property
    def calls(self) -> tuple[Call, ...]:
        """Its calls, the oldest first."""
        return tuple(self._calls)

    @property
    def current(self) -> Call:
        """Its newest call.

        Raises:
            NotPossible: it has none.
        """
        if not self._calls:
            raise NotPossible(f"{self.name} has no call")
        return next(reversed(self._calls))

    def call(self, to: str, caller: str | None = None, **conversation: Any) -> Call:
        """Dial an extension.

        Args:
            to: the extension, looked up in the endpoint's context.
            caller: shown instead of the endpoint's caller id, as ``Alice <5551>``.
            conversation: arguments of `Call.converse`, in the place of the phone's behaviour.

        Raises:
            LookupError: there is no such extension; a real phone hears 404.
        """
        endpoint = self._exchange.endpoints.endpoint(self.name)
        context = endpoint.context if endpoint is not None else "default"
        line = Line(self, partial(self._converse, **conversation))
        return place_call(self._exchange, self.name, line, to, context, caller)

    def attended_transfer(self) -> bool:
        """Connect the other side of its oldest call with that of its newest, and hang both up.

        Returns:
            whether that could be done.

        Raises:
            NotPossible: it has less than two calls.
        """
        if len(self._calls) < 2:
            raise NotPossible(f"{self.name} has no two calls to connect")
        return self.calls[0].transfer_to(self.current)

    def answer(self) -> Call:
        """Answer the call that rings longest.

        Raises:
            NotPossible: none rings.
        """
        call = self._ringing()
        self._answer(call)
        return call

    def reject(self, how: str | int = "decline") -> None:
        """Refuse the call that rings longest.

        Args:
            how: as `Behaviour.refuse`.

        Raises:
            NotPossible: none rings.
        """
        self._ringing().refuse(Behaviour(refuse=how).status or DECLINED)

    def send(self, to: str, text: str) -> None:
        """Send a text message.

        Args:
            to: whom, as ``bob``.
            text: what.
        """
        self._sent += 1
        here, number = self._uri.partition("@")[2], f"{self._sent}-{self.name}"
        received = f"rport={here.partition(':')[2]};received=127.0.0.1"
        sender = self._exchange.endpoints.sender(self.name)
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
        self._exchange.endpoints.receive(self.name, here, to, text, headers)

    def hangup(self) -> None:
        """Hang up all its calls."""
        for call in self.calls:
            call.hangup()

    def _ringing(self) -> Call:
        for call in self._calls:
            if call.channel.outgoing and call.state in ("Down", "Ringing"):
                return call
        raise NotPossible(f"{self.name} has no call to answer")

    # What the exchange does with it.

    def began(self, call: Call) -> None:
        """A call is there."""
        self._calls[call] = None

    def ended(self, call: Call) -> None:
        """A call is over."""
        self._calls.pop(call, None)

    def called(self, call: Call) -> None:
        """It is called: ring, answer or refuse."""
        does = self.behaviour
        wait = does.ring_after or 0.0
        status = BUSY if len(self._calls) > does.lines else does.status
        if status is not None and status != DECLINED:
            call.later(wait, lambda: call.refuse(status))
            return
        if does.ring_after is not None:
            call.later(wait, call.ring)
        if does.answer_after is None:
            return
        call.later(wait + does.answer_after, lambda: self._decide(call, status))

    def _decide(self, call: Call, refusal: int | None) -> None:
        if call.state not in ("Down", "Ringing"):
            return  # somebody was quicker
        if refusal is None:
            self._answer(call)
        else:
            call.refuse(refusal)

    def _answer(self, call: Call) -> None:
        call.answer()
        self._exchange.soon(lambda: self._converse(call))

    def _converse(self, call: Call, **conversation: Any) -> None:
        does = self.behaviour
        usual = {"talk": does.talk, "press": does.press, "hangup_after": does.hangup_after}
        if not call.channel.gone:
            call.converse(**{**usual, **conversation})

    def asked_to_call(self, to: str) -> None:
        """The exchange asks for a call to somebody else."""
        found = re.match(r"<?(?:sips?:)?([^@>;]+)", to)
        if found:
            self._exchange.soon(lambda: self._try(found.group(1)))

    def _try(self, to: str) -> None:
        try:
            self.call(to)
        except LookupError:
            return  # the phone heard 404 and gave it up

    def _message(self, sender: str, text: str, headers: Mapping[str, str]) -> None:
        self.messages.append((sender, text))

    def _refer(self, to: str, headers: Mapping[str, str]) -> None:
        self.asked_to_call(to)


def place_call(
    exchange: Exchange, endpoint: str, line: Line, to: str, context: str, caller: str | None
) -> Call:
    """Let a call come in.

    Args:
        exchange: where.
        endpoint: whose phone calls.
        line: the driver of its channel.
        to: the extension that is dialled.
        context: where it is looked up.
        caller: who calls; None for the endpoint's own caller id.

    Raises:
        LookupError: there is no such extension.
    """
    from ari_notebook.simulator.dialplan import run_dialplan

    if exchange.dialplan.find(context, to, 1) is None:
        raise LookupError(f"nobody has extension {to!r} in context {context!r}: dial another one")
    channel = exchange.endpoints.new_channel(endpoint, line)
    channel.state, channel.context, channel.exten = "Ring", context, to
    if caller:
        channel.caller = Party.parse(caller)
    channel.create()
    call = line.begin(channel)
    channel.run(run_dialplan(channel))
    return call
