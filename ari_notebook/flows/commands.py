"""What a step of a flow yields: requests and waits. A runner carries them out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

__all__ = ["Command", "Inbox", "NextEvent", "Perform", "Steps", "drive", "drive_async", "ensuring"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Perform:
    """Perform an operation, such as ``channels.answer``. The result is its answer's JSON."""

    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NextEvent:
    """Wait for the next event of the call. The result is the event, or None if none came.

    ``until`` is a time of the runner's clock; None: without limit.
    """

    until: float | None


Command: TypeAlias = Perform | NextEvent
Steps: TypeAlias = Generator[Command, Any, T]


class Inbox(Protocol):
    """Collects the events of a flow's objects."""

    def add(self, id: str) -> None:
        """Collect the events of another object."""

    def discard(self, id: str) -> None:
        """Collect an object's events no longer."""


def drive(steps: Steps[T], perform: Callable[[Command], Any]) -> T:
    """Carry out steps, blocking.

    Args:
        steps: the steps.
        perform: carries out one command.
    """
    resume: Callable[[], Command] = lambda: next(steps)  # noqa: E731  replaced below
    while True:
        try:
            command = resume()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        try:
            result = perform(command)
        except BaseException as error:  # noqa: BLE001  raised in the step
            resume = _throwing(steps, error)
        else:
            resume = _sending(steps, result)


async def drive_async(steps: Steps[T], perform: Callable[[Command], Awaitable[Any]]) -> T:
    """Carry out steps as a coroutine; the arguments are those of `drive`."""
    resume: Callable[[], Command] = lambda: next(steps)  # noqa: E731  replaced below
    with closing(steps):  # where it is cancelled
        while True:
            try:
                command = resume()
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            try:
                result = await perform(command)
            except Exception as error:  # noqa: BLE001  raised in the step
                resume = _throwing(steps, error)
            else:
                resume = _sending(steps, result)


def ensuring(steps: Steps[T], clean_up: Callable[[], Steps[None]]) -> Steps[T]:
    """Run steps, then others even if the first failed.

    A generator that is closed cannot yield from a ``finally`` block; this one then just ends.
    """
    try:
        result = yield from steps
    except Exception:
        yield from clean_up()
        raise
    yield from clean_up()
    return result


def _sending(steps: Steps[Any], result: Any) -> Callable[[], Command]:
    return lambda: steps.send(result)


def _throwing(steps: Steps[Any], error: BaseException) -> Callable[[], Command]:
    return lambda: steps.throw(error)
