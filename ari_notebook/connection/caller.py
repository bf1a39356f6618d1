"""Callers, and those that are simulated phones; `local_caller` has those of a real Asterisk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ari_notebook.background import Background
from ari_notebook.client.attributes import unknown_attribute
from ari_notebook.client.errors import AriError, NotFound, UsageProblem

if TYPE_CHECKING:
    from ari_notebook.simulator import InProcessSimulator, RunningSimulator

    Simulator: TypeAlias = InProcessSimulator | RunningSimulator

__all__ = [
    "ANSWER_SECONDS",
    "POLL_SECONDS",
    "Arrival",
    "Caller",
    "CallerFactory",
    "KeyTimes",
    "NoCallers",
    "SimulatedCallerFactory",
    "still_ringing",
]

# Seconds to wait for the answer before pressing keys, and the interval of checks.
ANSWER_SECONDS = 5.0
POLL_SECONDS = 0.02
# Answer() waits up to half a second for the caller's audio: keys pressed, and a hangup, during that
# time do not reach a program. Steps without duration, such as Set, may precede the program. A call
# that stays longer in one step of the dialplan is handled by another application than Stasis.
_ANSWERING_SECONDS, _STEP_SECONDS = 0.7, 0.1
# A key and the pause after it: ARI's defaults for `dtmf`, and a simulated phone's, with a margin.
_KEY_SECONDS = 0.25


class Caller(Protocol):
    """A caller: presses keys, talks, hangs up."""

    @property
    def id(self) -> str:
        """The id of the caller's channel."""

    def press(self, digits: str) -> None:
        """Press keys: 0-9, *, #, A-D. Waits until the call is answered.

        Raises:
            AriError: the call is still unanswered after some seconds, or has ended.
        """

    def talk(self) -> None:
        """Start talking, until `quiet`."""

    def quiet(self) -> None:
        """Stop talking."""

    def hangup(self) -> None:
        """Hang up, after the keys that were pressed.

        Waits until a dialplan that answers at once has passed the call to its program: at most 0.7
        s for the answer, 0.1 s if another dialplan application executes.
        """


class CallerFactory(Protocol):
    """Creates callers."""

    def call(self, extension: str, context: str, caller: str | None) -> Caller:
        """Dial an extension."""

    def close(self) -> None:
        """Hang up the remaining callers."""


class NoCallers:
    """Refuses to call.

    Args:
        reason: why there are no callers.
        advice: what to use instead.
    """

    def __init__(self, reason: str, advice: str) -> None:
        self._reason, self._advice = reason, advice

    def call(self, extension: str, context: str, caller: str | None) -> Caller:
        """Raise `UsageProblem`."""
        del extension, context, caller
        raise UsageProblem(self._reason, self._advice)

    def close(self) -> None:
        """Do nothing."""


class KeyTimes:
    """The time at which all pressed keys are sent; hanging up earlier would lose some.

    Args:
        background: knows the time.
    """

    def __init__(self, background: Background) -> None:
        self._background = background
        self._until = 0.0

    def add(self, digits: str) -> None:
        """Add keys just pressed."""
        self._until = max(self._until, self._background.monotonic()) + len(digits) * _KEY_SECONDS

    def wait(self) -> None:
        """Wait until all keys are sent."""
        self._background.sleep(max(0.0, self._until - self._background.monotonic()))


class Arrival:
    """Waits until a call has entered Stasis, or stays in another dialplan application.

    Args:
        step: returns the dialplan application that the called channel executes; empty before the
            first and after the last.
        background: knows the time.
    """

    def __init__(self, step: Callable[[], str], background: Background) -> None:
        self._background = background
        self._step = step
        self._since = self._background.monotonic()
        self._last: str | None = None

    def wait(self) -> None:
        """Return at once if the call is in Stasis, otherwise some time after its latest step."""
        while self._last != "Stasis":
            step = self._step()
            if self._last is not None and step != self._last:
                self._since = self._background.monotonic()
            self._last = step
            if step != "Stasis":
                most = _ANSWERING_SECONDS if step in ("", "Answer") else _STEP_SECONDS
                if self._background.monotonic() - self._since > most:
                    return
                self._background.sleep(POLL_SECONDS)


def still_ringing(extension: str) -> AriError:
    """Return the error of keys or speech for a call that is not answered."""
    return AriError(
        f"the call to {extension} is not answered, so keys and speech would be lost",
        "Answer it first: with `%ari answer`, or answer() of a simulated phone.",
    )


class _SimulatedCaller:
    """A call of a simulated phone, whose keys wait for the answer."""

    def __init__(
        self, call: Any, extension: str, step: Callable[[], str], background: Background
    ) -> None:
        self._background = background
        self._call = call
        self._extension = extension
        self._keys = KeyTimes(background)
        self._arrival = Arrival(step, background)

    @property
    def id(self) -> str:
        """The id of the caller's channel."""
        return str(self._call.id)

    def press(self, digits: str) -> None:
        """Press keys, once the call is answered."""
        deadline = self._background.monotonic() + ANSWER_SECONDS
        while self._call.state not in ("Up", "Gone"):
            if self._background.monotonic() > deadline:
                raise still_ringing(self._extension)
            self._background.sleep(POLL_SECONDS)
        self._arrival.wait()
        self._call.press(digits)
        self._keys.add(digits)

    def talk(self) -> None:
        """Start talking, until `quiet`."""
        self._call.talk()

    def quiet(self) -> None:
        """Stop talking."""
        self._call.quiet()

    def hangup(self) -> None:
        """Hang up, after the keys that were pressed."""
        self._arrival.wait()
        self._keys.wait()
        self._call.hangup()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return getattr(self._call, name)
        except AttributeError:
            raise unknown_attribute(self, "a phone", name) from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._call)})

    def __repr__(self) -> str:
        return repr(self._call)


class SimulatedCallerFactory:
    """Creates callers from the phones of a simulated Asterisk in this process.

    Args:
        simulator: where they call.
        background: knows the time.
    """

    def __init__(self, simulator: Simulator, background: Background) -> None:
        self._background = background
        self._simulator = simulator

    def call(self, extension: str, context: str, caller: str | None) -> Caller:
        """Dial an extension; the arguments are those of `CallerFactory.call`.

        Raises:
            NotFound: the dialplan has no such extension.
        """
        try:
            call = self._simulator.call(extension, context, caller)
        except LookupError as error:
            raise NotFound(str(error), "`%ari dialplan` lists the extensions.") from None
        return _SimulatedCaller(call, extension, lambda: self._step_of(call.id), self._background)

    def _step_of(self, id: str) -> str:
        """Return the dialplan application that a channel executes; empty if it has ended."""

        def step(asterisk: Any) -> str:
            channel = asterisk.exchange.channels.get(id)
            return "" if channel is None else str(channel.dialplan.application[0])

        return str(self._simulator.run(step))

    def close(self) -> None:
        """Leave the phones to the simulator, which ends with the session."""
