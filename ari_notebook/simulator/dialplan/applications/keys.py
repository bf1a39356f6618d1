"""Keys that a caller presses for the dialplan, and the extensions that they make."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from ari_notebook.simulator.channels import Channel

__all__ = ["collect", "go_there", "listening", "patience", "raise_exception"]

_RESPONSE, _DIGIT = 10.0, 5.0


def patience(channel: Channel, which: str) -> float:
    """Seconds that ``TIMEOUT(response)`` or ``TIMEOUT(digit)`` allows."""
    default = _RESPONSE if which == "response" else _DIGIT
    return float(channel.variables.get(f"TIMEOUT({which})", 0)) or default


@contextmanager
def listening(channel: Channel) -> Iterator[None]:
    """While this lasts, keys are collected in ``channel.typed`` and wake the program."""

    def heard(digit: str) -> None:
        channel.typed += digit
        if channel.task is not None:
            channel.task.wake()

    channel.digit_heard = heard
    try:
        yield
    finally:
        channel.digit_heard = None


def collect(channel: Channel) -> Generator[float | None, Any, str]:
    """Keys, until they make an extension that no further key could make longer."""
    dialplan = channel.exchange.dialplan
    with listening(channel):
        while True:
            typed = channel.typed
            if typed and not dialplan.could_grow(channel.context, typed):
                return typed
            end = channel.exchange.now + patience(channel, "digit" if typed else "response")
            while channel.typed == typed and (left := end - channel.exchange.now) > 0:
                yield left
            if channel.typed == typed:
                return typed


def raise_exception(channel: Channel, reason: str, priority: int) -> bool:
    """Go to the extension ``e``, where EXCEPTION tells why; False where it is not there."""
    if channel.exchange.dialplan.find(channel.context, "e", 1) is None:
        return False
    channel.items |= {
        "exception reason": reason,
        "exception context": channel.context,
        "exception exten": channel.exten,
        "exception priority": str(channel.priority),
    }
    channel.exten, channel.priority = "e", priority
    return True


def go_there(channel: Channel) -> Generator[float | None, Any, bool]:
    """Go to the extension whose keys are pressed, to ``i`` or ``e``; False where none is there."""
    exten = yield from collect(channel)
    channel.typed = ""
    dialplan = channel.exchange.dialplan
    if dialplan.find(channel.context, exten, 1) is None:
        if dialplan.find(channel.context, "i", 1) is None:
            return raise_exception(channel, "INVALID", 0)
        channel.set_variable("INVALID_EXTEN", exten)
        exten = "i"
    channel.exten, channel.priority = exten, 0  # the dialplan goes to the next one
    return True
