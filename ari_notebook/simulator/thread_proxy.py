"""Thread-safe proxies of a running simulator's phones and calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.phones.call import BUSY, KEY_MS, NotPossible, PhoneCall
from ari_notebook.simulator.phones.phone import Behaviour, Phone
from ari_notebook.simulator.phones.scenario import Scenario

if TYPE_CHECKING:
    from ari_notebook.audio.sound import Sound
    from ari_notebook.simulator.phones.day import Day, OnShift, WorkingDay
    from ari_notebook.simulator.phones.received_audio import Hearing

__all__ = ["RemoteCall", "RemotePhone", "RemotePhones"]

T = TypeVar("T")


class Runner(Protocol):
    """Runs functions on the simulator's thread."""

    def run(self, do: Callable[[SimulatedAsterisk], T]) -> T:
        """Call a function with the simulated Asterisk and return its result."""


def _on_thread(runner: Runner, do: Callable[[SimulatedAsterisk], T]) -> T:
    """Run a function on the simulator's thread; exceptions lose that thread's frames."""
    try:
        return runner.run(do)
    except (NotPossible, ValueError) as error:
        raise error.with_traceback(None) from None


class RemoteCall:
    """A phone's call; see `phones.call.PhoneCall`.

    Args:
        runner: runs its methods.
        call: the call.
    """

    def __init__(self, runner: Runner, call: PhoneCall) -> None:
        self._runner = runner
        self._call = call

    def _do(self, do: Callable[[PhoneCall], T]) -> T:
        return _on_thread(self._runner, lambda _asterisk: do(self._call))

    def __repr__(self) -> str:
        return self._do(repr)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemoteCall) and self._call is other._call

    def __hash__(self) -> int:
        return hash(self._call)

    @property
    def id(self) -> str:
        """Return the channel's id."""
        return self._do(lambda call: call.id)

    @property
    def name(self) -> str:
        """Return the channel's name."""
        return self._do(lambda call: call.name)

    @property
    def state(self) -> str:
        """Return the channel's state in ARI's terms; ``Gone`` after it left the exchange."""
        return self._do(lambda call: call.state)

    @property
    def heard(self) -> str:
        """Return the DTMF digits received from the far end."""
        return self._do(lambda call: call.heard)

    @property
    def holding(self) -> bool:
        """Return whether the phone holds the call."""
        return self._do(lambda call: call.holding)

    @property
    def transferring(self) -> str:
        """Return the extension of a transfer requested from the application, or ""."""
        return self._do(lambda call: call.transferring)

    def ring(self) -> None:
        """Report that the phone rings."""
        self._do(lambda call: call.ring())

    def answer(self) -> None:
        """Answer."""
        self._do(lambda call: call.answer())

    def refuse(self, status: int = BUSY) -> None:
        """Refuse the call with a SIP status; see `PhoneCall.refuse`."""
        self._do(lambda call: call.refuse(status))

    def press(self, digits: str, milliseconds: int = KEY_MS) -> None:
        """Press keys, one after the other; see `PhoneCall.press`."""
        self._do(lambda call: call.press(digits, milliseconds))

    def talk(self) -> None:
        """Talk until `quiet`."""
        self._do(lambda call: call.talk())

    def quiet(self) -> None:
        """Stop talking."""
        self._do(lambda call: call.quiet())

    def say(self, sound: Sound) -> None:
        """Queue a sound to be said; see `PhoneCall.say`."""
        self._do(lambda call: call.say(sound))

    def listen(self, rate: int = 8000) -> Hearing:
        """Begin to hear what the phone is sent: its ``sound`` grows; ``stop()`` ends it."""
        return self._do(lambda call: call.listen(rate))

    def hear(self, seconds: float, rate: int = 8000) -> Sound:
        """Return what the phone is sent from now on; shorter if the call ends.

        Args:
            seconds: how long to listen, in the time of the exchange.
            rate: samples per second.
        """
        hearing = self.listen(rate)
        try:
            return hearing.wait(seconds)
        finally:
            self._do(lambda call: hearing.stop())

    def hold(self) -> None:
        """Put the far end on hold."""
        self._do(lambda call: call.hold())

    def unhold(self) -> None:
        """Take the far end off hold."""
        self._do(lambda call: call.unhold())

    def transfer(self, to: str) -> bool:
        """Blind-transfer the far end; see `PhoneCall.transfer`."""
        return self._do(lambda call: call.transfer(to))

    def transfer_to(self, consulted: RemoteCall) -> bool:
        """Connect the far end with that of another call; see `PhoneCall.transfer_to`."""
        return self._do(lambda call: call.transfer_to(consulted._call))

    def hangup(self, cause: int | None = None) -> None:
        """Hang up; see `PhoneCall.hangup`."""
        self._do(lambda call: call.hangup(cause))

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Schedule a function on the simulator's thread for as long as the call exists."""
        self._do(lambda call: call.later(seconds, do))

    def converse(
        self, *, talk: bool = False, press: str = "", hangup_after: float | None = None
    ) -> None:
        """Perform the owner's actions for every call; see `PhoneCall.converse`."""
        self._do(lambda call: call.converse(talk=talk, press=press, hangup_after=hangup_after))


class RemotePhone:
    """A simulated phone; see `phones.phone.Phone`.

    Args:
        runner: runs its methods.
        phone: the phone.
    """

    def __init__(self, runner: Runner, phone: Phone) -> None:
        self._runner = runner
        self._phone = phone

    def _do(self, do: Callable[[Phone], T]) -> T:
        return _on_thread(self._runner, lambda _asterisk: do(self._phone))

    def __repr__(self) -> str:
        return self._do(repr)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePhone) and self._phone is other._phone

    def __hash__(self) -> int:
        return hash(self._phone)

    @property
    def name(self) -> str:
        """Return the name of its endpoint."""
        return self._do(lambda phone: phone.name)

    @property
    def behaviour(self) -> Behaviour:
        """Return its automatic behaviour; `behave` changes it."""
        return self._do(lambda phone: phone.behaviour)

    @property
    def messages(self) -> tuple[tuple[str, str], ...]:
        """Return the last text messages received: sender and text."""
        return self._do(lambda phone: tuple(phone.messages))

    @property
    def registered(self) -> bool:
        """Return whether it is registered, so that it can be called."""
        return self._do(lambda phone: phone.registered)

    @property
    def calls(self) -> tuple[RemoteCall, ...]:
        """Return its calls, oldest first."""
        return tuple(RemoteCall(self._runner, each) for each in self._do(lambda phone: phone.calls))

    @property
    def current(self) -> RemoteCall:
        """Return its newest call.

        Raises:
            NotPossible: it has no call.
        """
        return RemoteCall(self._runner, self._do(lambda phone: phone.current))

    def register(self) -> None:
        """Register with the exchange."""
        self._do(lambda phone: phone.register())

    def unregister(self) -> None:
        """Unregister; its calls stay."""
        self._do(lambda phone: phone.unregister())

    def behave(self, **changes: Any) -> None:
        """Change its automatic behaviour; see `Phone.behave`."""
        self._do(lambda phone: phone.behave(**changes))

    def call(self, to: str, caller: str | None = None, **conversation: Any) -> RemoteCall:
        """Dial an extension; see `Phone.call`."""
        made = self._do(lambda phone: phone.call(to, caller, **conversation))
        return RemoteCall(self._runner, made)

    def attended_transfer(self) -> bool:
        """Connect the far ends of its oldest and newest call; see `Phone.attended_transfer`."""
        return self._do(lambda phone: phone.attended_transfer())

    def answer(self) -> RemoteCall:
        """Answer the call that has rung longest; see `Phone.answer`."""
        return RemoteCall(self._runner, self._do(lambda phone: phone.answer()))

    def reject(self, how: str | int = "decline") -> None:
        """Refuse the call that has rung longest; see `Phone.reject`."""
        self._do(lambda phone: phone.reject(how))

    def send(self, to: str, text: str) -> None:
        """Send a text message; see `Phone.send`."""
        self._do(lambda phone: phone.send(to, text))

    def hangup(self) -> None:
        """Hang up all its calls."""
        self._do(lambda phone: phone.hangup())


class RemotePhones:
    """The simulated phones; see `phones.registry.Phones`. A restart of the exchange replaces them.

    Args:
        runner: runs their methods.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def _phone(self, do: Callable[[SimulatedAsterisk], Phone]) -> RemotePhone:
        return RemotePhone(self._runner, _on_thread(self._runner, do))

    def _call(self, do: Callable[[SimulatedAsterisk], PhoneCall]) -> RemoteCall:
        return RemoteCall(self._runner, _on_thread(self._runner, do))

    def __getitem__(self, name: str) -> RemotePhone:
        return self._phone(lambda asterisk: asterisk.phones[name])

    def __iter__(self) -> Iterator[str]:
        return iter(_on_thread(self._runner, lambda asterisk: list(asterisk.phones)))

    def __contains__(self, name: object) -> bool:
        return _on_thread(self._runner, lambda asterisk: name in asterisk.phones)

    def add(
        self, name: str, caller: str = "", context: str = "default", **behaviour: Any
    ) -> RemotePhone:
        """Add an endpoint and register a phone for it; see `Phones.add`."""
        return self._phone(lambda asterisk: asterisk.phones.add(name, caller, context, **behaviour))

    def call(
        self,
        extension: str,
        context: str = "default",
        caller: str | None = None,
        **conversation: Any,
    ) -> RemoteCall:
        """Place a call to an extension; see `Phones.call`."""
        return self._call(
            lambda asterisk: asterisk.phones.call(extension, context, caller, **conversation)
        )

    def follow(self, scenario: Scenario | str | Path) -> None:
        """Start a scenario; see `Phones.follow`."""
        _on_thread(self._runner, lambda asterisk: asterisk.phones.follow(scenario))

    def traffic(self, calls_per_minute: float, **settings: Any) -> None:
        """Generate random calls, replacing earlier traffic; see `Phones.traffic`."""
        _on_thread(
            self._runner, lambda asterisk: asterisk.phones.traffic(calls_per_minute, **settings)
        )

    def follow_day(
        self, day: Day | str, on_shift: OnShift | None = None, seed: int | None = None
    ) -> WorkingDay:
        """Let callers and agents follow the description of a day; see `Phones.follow_day`.

        ``on_shift`` is called in the simulator's thread.
        """
        return _on_thread(
            self._runner, lambda asterisk: asterisk.phones.follow_day(day, on_shift, seed)
        )
