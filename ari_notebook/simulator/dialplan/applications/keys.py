"""Collection of DTMF digits, and the extensions they form."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from ari_notebook.simulator.pbx.channel import Channel

__all__ = ["collect", "go_there", "listening", "patience", "raise_exception"]

_RESPONSE, _DIGIT = 10.0, 5.0


def patience(channel: Channel, which: str) -> float:
    """Return the seconds that ``TIMEOUT(response)`` or ``TIMEOUT(digit)`` allows."""
    default = _RESPONSE if which == "response" else _DIGIT
    return float(channel.variables.get(f"TIMEOUT({which})", 0)) or default


@contextmanager
def listening(channel: Channel) -> Iterator[None]:
    """Collect digits in ``channel.typed`` within the context; each digit wakes the program."""

    def heard(digit: str) -> None:
        channel.dialplan.digits += digit
        if channel.task is not None:
            channel.task.wake()

    channel.audio.on_digit = heard
    try:
        yield
    finally:
        channel.audio.on_digit = None


def collect(channel: Channel) -> Generator[float | None, Any, str]:
    """Collect digits until no longer extension could match."""
    dialplan = channel.exchange.dialplan
    with listening(channel):
        while True:
            typed = channel.dialplan.digits
            if typed and not dialplan.could_grow(channel.dialplan.context, typed):
                return typed
            end = channel.exchange.now + patience(channel, "digit" if typed else "response")
            while channel.dialplan.digits == typed and (left := end - channel.exchange.now) > 0:
                yield left
            if channel.dialplan.digits == typed:
                return typed


def raise_exception(channel: Channel, reason: str, priority: int) -> bool:
    """Go to extension ``e``, where EXCEPTION gives the reason; return False if there is none."""
    if not channel.exchange.dialplan.exists(channel.dialplan.context, "e"):
        return False
    channel.items |= {
        "exception reason": reason,
        "exception context": channel.dialplan.context,
        "exception exten": channel.dialplan.exten,
        "exception priority": str(channel.dialplan.priority),
    }
    channel.dialplan.exten, channel.dialplan.priority = "e", priority
    return True


def go_there(channel: Channel) -> Generator[float | None, Any, bool]:
    """Go to the extension of the digits, else to ``i`` or ``e``; return False if none exists."""
    exten = yield from collect(channel)
    channel.dialplan.digits = ""
    dialplan = channel.exchange.dialplan
    if not dialplan.exists(channel.dialplan.context, exten):
        if not dialplan.exists(channel.dialplan.context, "i"):
            return raise_exception(channel, "INVALID", 0)
        channel.set_variable("INVALID_EXTEN", exten)
        exten = "i"
    channel.dialplan.exten, channel.dialplan.priority = (
        exten,
        0,
    )  # the dialplan continues with the next priority
    return True
