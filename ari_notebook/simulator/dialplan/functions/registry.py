"""The dialplan's functions by their names, and how their arguments are taken apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = ["READERS", "WRITERS", "Rejected", "on", "reader", "split", "writer"]

Reader = Callable[["Exchange", Channel | None, str], str]
Writer = Callable[["Exchange", Channel | None, str, str], None]

READERS: dict[str, Reader] = {}
WRITERS: dict[str, Writer] = {}


class Rejected(Exception):
    """A function does not take these arguments."""


def split(arguments: str, separator: str = ",") -> list[str]:
    """Arguments apart, at separators that no bracket or quote encloses."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, char in enumerate(arguments):
        if char == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == separator and depth <= 0:
            parts.append(arguments[start:at])
            start = at + 1
    return [*parts, arguments[start:]]


def reader(*names: str) -> Callable[[Reader], Reader]:
    """Register what reads a function."""

    def register(function: Reader) -> Reader:
        READERS.update(dict.fromkeys(names, function))
        return function

    return register


def writer(*names: str) -> Callable[[Writer], Writer]:
    """Register what sets a function."""

    def register(function: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(names, function))
        return function

    return register


def on(channel: Channel | None) -> Channel:
    """The channel that a function needs.

    Raises:
        Rejected: there is none.
    """
    if channel is None:
        raise Rejected("needs a channel")
    return channel
