"""A flow's call, as a program uses it: `Call` for functions, `AsyncCall` for coroutines.

Both have the steps of `ari_notebook.flows.steps` as methods, with the same parameters.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, cast

from ari_notebook.flows.commands import Perform, Steps
from ari_notebook.flows.media import Media
from ari_notebook.flows.prompt_steps import RecordingResult
from ari_notebook.flows.state import Party
from ari_notebook.flows.steps import CallSteps

if TYPE_CHECKING:
    from ari_notebook.connection.call_audio import CallAudio
    from ari_notebook.connection.generated.objects import Channel

__all__ = ["AsyncCall", "AsyncLeg", "AsyncRecording", "AsyncRunner", "Call", "Leg", "Recording"]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


class StepRunner(Protocol):
    """Carries out steps, blocking."""

    def run(self, name: str, steps: Steps[T]) -> T:
        """Carry out the steps of a method."""


class CallQueue(Protocol):
    """A queue of callers."""

    def serve(self, call: Call) -> str:
        """Let a caller wait and talk to an agent."""


class AsyncRunner(Protocol):
    """Carries out steps as a coroutine."""

    async def run(self, name: str, steps: Steps[T]) -> T:
        """Carry out the steps of a method."""


def _documented(
    method: Callable[..., Any], step: Callable[..., Steps[Any]], result: str | None = None
) -> None:
    """Give a method the description and the signature of its step."""
    functools.update_wrapper(method, step)
    signature = inspect.signature(step)
    if result is None:
        result = str(signature.return_annotation).removeprefix("Steps[").removesuffix("]")
    method.__signature__ = signature.replace(return_annotation=result)  # type: ignore[attr-defined]


def blocking(
    step: Callable[Concatenate[CallSteps, P], Steps[T]],
) -> Callable[Concatenate[Call, P], T]:
    """Return the method of `Call` that carries out a step."""

    def method(self: Call, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self._runner.run(step.__name__, step(self._steps, *args, **kwargs))

    _documented(method, step)
    return method


def blocking_as(
    step: Callable[Concatenate[CallSteps, P], Steps[T]],
    make: Callable[[Call, T], R],
    result: str,
) -> Callable[Concatenate[Call, P], R]:
    """Return the method of `Call` that carries out a step and makes an object of its result.

    Args:
        step: the step.
        make: called with the call and the step's result.
        result: class of its result.
    """

    def method(self: Call, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return make(self, self._runner.run(step.__name__, step(self._steps, *args, **kwargs)))

    _documented(method, step, result)
    return method


def awaiting(
    step: Callable[Concatenate[CallSteps, P], Steps[T]],
) -> Callable[Concatenate[AsyncCall, P], Coroutine[Any, Any, T]]:
    """Return the coroutine method of `AsyncCall` that carries out a step."""

    async def method(self: AsyncCall, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._runner.run(step.__name__, step(self._steps, *args, **kwargs))

    _documented(method, step)
    return method


def awaiting_as(
    step: Callable[Concatenate[CallSteps, P], Steps[T]],
    make: Callable[[AsyncCall, T], R],
    result: str,
) -> Callable[Concatenate[AsyncCall, P], Coroutine[Any, Any, R]]:
    """Return the coroutine method of `AsyncCall`; the arguments are those of `blocking_as`."""

    async def method(self: AsyncCall, /, *args: P.args, **kwargs: P.kwargs) -> R:
        steps = step(self._steps, *args, **kwargs)
        return make(self, await self._runner.run(step.__name__, steps))

    _documented(method, step, result)
    return method


class CallAttributes:
    """Facts about a call, available without waiting.

    Attributes:
        ari: the session.
    """

    def __init__(self, steps: CallSteps, ari: Any) -> None:
        self._steps = steps
        self.ari = ari

    @property
    def id(self) -> str:
        """The id of its channel."""
        return self._steps.party.id

    @property
    def channel(self) -> Channel:
        """Its channel."""
        return cast("Channel", self.ari.channels[self.id])

    @property
    def start(self) -> Mapping[str, Any]:
        """The StasisStart event that began the flow."""
        return self._steps.flow.start

    @property
    def args(self) -> list[str]:
        """The arguments of Stasis() in the dialplan."""
        return [str(each) for each in self.start.get("args", ())]

    @property
    def caller(self) -> str:
        """The caller's number."""
        return str(self.start["channel"].get("caller", {}).get("number", ""))

    @property
    def exten(self) -> str:
        """The dialled extension."""
        return str(self.start["channel"].get("dialplan", {}).get("exten", ""))

    @property
    def gone(self) -> bool:
        """Whether it is known to have left."""
        party = self._steps.party
        return bool(party.gone or party.left)

    @property
    def typed_ahead(self) -> str:
        """The keys that were pressed and not read yet."""
        return "".join(self._steps.party.keys)

    def audio(
        self,
        rate: int | None = None,
        *,
        hear: Literal["in", "out", "both"] = "in",
        speak: bool = True,
    ) -> CallAudio:
        """Open its audio as numpy arrays, for ``with`` or ``async with``; see `Channel.audio`.

        Args:
            rate: samples a second; None: the format's.
            hear: ``in``: what the caller says; ``out``: what is played to the caller; or ``both``.
            speak: whether audio is played to it as well.
        """
        return self.channel.audio(rate, hear=hear, speak=speak)

    def forget_keys(self) -> None:
        """Forget the keys that were typed ahead."""
        self._steps.party.keys.clear()

    def __repr__(self) -> str:
        state = "left" if self.gone else "up" if self._steps.party.up else "unanswered"
        return f"<call {self.id} from {self.caller or 'unknown'}: {state}>"


class LegFacts:
    """Facts about a leg. It is true if the leg is answered."""

    if TYPE_CHECKING:
        _steps: CallSteps

    @property
    def party(self) -> Party:
        """The state of its channel, for steps that are given the leg."""
        return self._steps.party

    @property
    def answered(self) -> bool:
        """Whether it is answered and has not ended."""
        return self._steps.party.answered

    @property
    def status(self) -> str:
        """ANSWER, BUSY, NOANSWER, CONGESTION, CHANUNAVAIL or CANCEL, as Dial() has it."""
        return self._steps.party.status

    @property
    def endpoint(self) -> str:
        """The dialled endpoint."""
        return self._steps.party.endpoint

    @property
    def cause(self) -> int:
        """The hangup cause (Q.850); 0: none."""
        return self._steps.party.cause

    @property
    def sip(self) -> int:
        """The technology's own cause, such as a SIP status code; 0: none."""
        return self._steps.party.sip

    def __bool__(self) -> bool:
        return self.answered

    def __repr__(self) -> str:
        return f"<leg to {self.endpoint}: {self.status}>"


class Call(CallAttributes):
    """One call in a flow; every step raises `HungUp` when the caller has left."""

    def __init__(self, steps: CallSteps, ari: Any, runner: StepRunner) -> None:
        super().__init__(steps, ari)
        self._runner = runner

    answer = blocking(CallSteps.answer)
    say = blocking(CallSteps.say)
    ask = blocking(CallSteps.ask)
    digits = blocking(CallSteps.digits)
    conference = blocking(CallSteps.conference)
    park = blocking(CallSteps.park)
    retrieve = blocking(CallSteps.retrieve)
    hold = blocking(CallSteps.hold)
    unhold = blocking(CallSteps.unhold)
    sleep = blocking(CallSteps.sleep)
    get = blocking(CallSteps.get)
    set = blocking(CallSteps.set)
    hangup = blocking(CallSteps.hangup)
    record = blocking_as(
        CallSteps.record, lambda call, made: Recording(made, call._runner), "Recording"
    )
    dial = blocking_as(CallSteps.dial, lambda call, leg: Leg(leg, call.ari, call._runner), "Leg")
    connect = blocking(CallSteps.connect)
    transfer = blocking(CallSteps.transfer)

    def menu(
        self,
        choices: Mapping[str, Callable[[Call], T]],
        *prompt: Media,
        tries: int = 3,
        timeout: float = 5,
        invalid: Media = (),
    ) -> T | None:
        """Ask for a key and call its function with the call; see `ask`.

        Args:
            choices: key → function.
            *prompt: media.
            tries: how often to ask.
            timeout: seconds after the prompt.
            invalid: media after another key.

        Returns:
            What the function returns; None if no key was pressed.
        """
        keys = "".join(choices)
        key = self.ask(*prompt, keys=keys, tries=tries, timeout=timeout, invalid=invalid)
        return choices[key](self) if key else None

    def queue(self, queue: CallQueue) -> str:
        """Wait in a queue for an agent, such as `ari_notebook.parts.Queue`.

        Args:
            queue: serves the call.

        Returns:
            What the queue's ``serve`` returns.

        Raises:
            HungUp: the caller has left.
        """
        return queue.serve(self)


class Leg(LegFacts, Call):
    """A leg that was dialled: a call of its own, with the same steps."""


class Recording:
    """A stored recording of a flow.

    Attributes:
        name: its name.
        format: its file's format.
        seconds: its length.
    """

    def __init__(self, made: RecordingResult, runner: StepRunner) -> None:
        self.name, self.format, self.seconds = made.name, made.format, made.seconds
        self._runner = runner

    @property
    def media(self) -> str:
        """Its URI, for `say`."""
        return f"recording:{self.name}"

    def read(self) -> bytes:
        """Return its file's content."""
        return bytes(self._runner.run("read", _perform("get_stored_file", recordingName=self.name)))

    def copy(self, name: str) -> None:
        """Copy it to another name; a name with ``/`` is in a folder."""
        arguments = {"recordingName": self.name, "destinationRecordingName": name}
        self._runner.run("copy", _perform("copy_stored", **arguments))

    def delete(self) -> None:
        """Delete it."""
        self._runner.run("delete", _perform("delete_stored", recordingName=self.name))

    def __repr__(self) -> str:
        return f"<recording {self.name}: {self.seconds:g} s, {self.format}>"


def _perform(operation: str, **arguments: Any) -> Steps[Any]:
    return (yield Perform(f"recordings.{operation}", arguments))


class AsyncCall(CallAttributes):
    """One call in a coroutine flow; every step raises `HungUp` when the caller has left."""

    def __init__(self, steps: CallSteps, ari: Any, runner: AsyncRunner) -> None:
        super().__init__(steps, ari)
        self._runner = runner

    answer = awaiting(CallSteps.answer)
    say = awaiting(CallSteps.say)
    ask = awaiting(CallSteps.ask)
    digits = awaiting(CallSteps.digits)
    conference = awaiting(CallSteps.conference)
    park = awaiting(CallSteps.park)
    retrieve = awaiting(CallSteps.retrieve)
    hold = awaiting(CallSteps.hold)
    unhold = awaiting(CallSteps.unhold)
    sleep = awaiting(CallSteps.sleep)
    get = awaiting(CallSteps.get)
    set = awaiting(CallSteps.set)
    hangup = awaiting(CallSteps.hangup)
    record = awaiting_as(
        CallSteps.record, lambda call, made: AsyncRecording(made, call._runner), "AsyncRecording"
    )
    dial = awaiting_as(
        CallSteps.dial, lambda call, leg: AsyncLeg(leg, call.ari, call._runner), "AsyncLeg"
    )
    connect = awaiting(CallSteps.connect)
    transfer = awaiting(CallSteps.transfer)

    async def menu(
        self,
        choices: Mapping[str, Callable[[AsyncCall], Awaitable[T]]],
        *prompt: Media,
        tries: int = 3,
        timeout: float = 5,
        invalid: Media = (),
    ) -> T | None:
        """Ask for a key and await its function with the call; see `Call.menu`."""
        keys = "".join(choices)
        key = await self.ask(*prompt, keys=keys, tries=tries, timeout=timeout, invalid=invalid)
        return await choices[key](self) if key else None


class AsyncLeg(LegFacts, AsyncCall):
    """A leg that was dialled: a call of its own, with the same steps."""


class AsyncRecording:
    """A stored recording of a coroutine flow; see `Recording`."""

    def __init__(self, made: RecordingResult, runner: AsyncRunner) -> None:
        self.name, self.format, self.seconds = made.name, made.format, made.seconds
        self._runner = runner

    @property
    def media(self) -> str:
        """Its URI, for `say`."""
        return f"recording:{self.name}"

    async def read(self) -> bytes:
        """Return its file's content."""
        steps = _perform("get_stored_file", recordingName=self.name)
        return bytes(await self._runner.run("read", steps))

    async def copy(self, name: str) -> None:
        """Copy it to another name; a name with ``/`` is in a folder."""
        arguments = {"recordingName": self.name, "destinationRecordingName": name}
        await self._runner.run("copy", _perform("copy_stored", **arguments))

    async def delete(self) -> None:
        """Delete it."""
        await self._runner.run("delete", _perform("delete_stored", recordingName=self.name))

    def __repr__(self) -> str:
        return f"<recording {self.name}: {self.seconds:g} s, {self.format}>"
