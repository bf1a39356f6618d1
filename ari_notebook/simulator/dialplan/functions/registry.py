"""The dialplan's functions by their names, and how their arguments are taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ari_notebook.simulator.channels import Channel

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

__all__ = [
    "READERS",
    "WRITERS",
    "Rejected",
    "decoded",
    "on",
    "reader",
    "separate",
    "split",
    "writer",
]

Reader = Callable[["Exchange", Channel | None, str], str]
Writer = Callable[["Exchange", Channel | None, str, str], None]

READERS: dict[str, Reader] = {}
WRITERS: dict[str, Writer] = {}


class Rejected(Exception):
    """A function does not take these arguments."""


def split(arguments: str, separator: str = ",") -> list[str]:
    """Arguments apart, at separators that no bracket, quote or backslash protects; those stay."""
    parts, depth, quoted, escaped, start = [], 0, False, False, 0
    for at, char in enumerate(arguments):
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"':
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


def separate(arguments: str, most: int, separator: str = ",") -> list[str]:
    """Arguments apart as Asterisk's applications get them (``main/app.c``).

    Quotes protect and go, a backslash protects what follows and goes. The last of ``most`` is all
    that is left, as it is.
    """
    parts: list[str] = []
    at, length = 0, len(arguments)
    while at < length and len(parts) < most - 1:
        part: list[str] = []
        round_, square, quoted = 0, 0, False
        while at < length:
            char = arguments[at]
            at += 1
            if char == separator and not round_ and not square and not quoted:
                break
            if char == '"':
                quoted = not quoted
                continue
            if char == "\\":
                part.append(arguments[at : at + 1])
                at += 1
                continue
            round_ = max(0, round_ + (char == "(") - (char == ")"))
            square = max(0, square + (char == "[") - (char == "]"))
            part.append(char)
        parts.append("".join(part))
    return [*parts, arguments[at:]] if at < length else parts


_ENCODED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def decoded(text: str) -> list[str]:
    """The characters of a text in which a backslash makes others of some: tab, ``x41``, …."""
    found = re.findall(r"\\x[0-9a-fA-F]{2}|\\.|.", text, re.DOTALL)
    return [
        chr(int(each[2:], 16))
        if each[:2] == "\\x" and len(each) == 4
        else _ENCODED.get(each[1], each[1])
        if len(each) == 2
        else each
        for each in found
    ]


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
