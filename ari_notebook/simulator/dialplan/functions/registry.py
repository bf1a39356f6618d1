"""Registry of dialplan functions by name, and argument parsing."""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Callable

from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.exchange import Exchange

__all__ = [
    "READERS",
    "WRITERS",
    "Rejected",
    "base64_decoded",
    "decoded",
    "on",
    "reader",
    "separate",
    "split",
    "writer",
]

Reader = Callable[[Exchange, Channel | None, str], str]
Writer = Callable[[Exchange, Channel | None, str, str], None]

READERS: dict[str, Reader] = {}
WRITERS: dict[str, Writer] = {}


class Rejected(Exception):
    """A function rejects its arguments."""


def split(arguments: str, separator: str = ",") -> list[str]:
    """Split arguments at separators outside brackets, quotes and backslashes, which are kept.

    As in ``main/app.c``, brackets count within quotes, too.
    """
    parts, round_, square, quoted, escaped, start = [], 0, 0, False, False, 0
    for at, char in enumerate(arguments):
        if escaped or char == "\\":
            escaped = not escaped
        elif char == '"':
            quoted = not quoted
        elif char in "()":
            round_ = max(0, round_ + (char == "(") - (char == ")"))
        elif char in "[]":
            square = max(0, square + (char == "[") - (char == "]"))
        elif char == separator and not (round_ or square or quoted):
            parts.append(arguments[start:at])
            start = at + 1
    return [*parts, arguments[start:]]


def separate(arguments: str, most: int, separator: str = ",") -> list[str]:
    """Split arguments as Asterisk's applications do (``main/app.c``).

    Quotes and backslashes protect separators and are removed. The last of ``most`` parts contains
    the rest of the text unchanged, which may be empty after a separator.
    """
    parts: list[str] = []
    at, length, separated = 0, len(arguments), False
    while at < length and len(parts) < most - 1:
        part: list[str] = []
        round_, square, quoted, separated = 0, 0, False, False
        while at < length:
            char = arguments[at]
            at += 1
            if char == separator and not round_ and not square and not quoted:
                separated = True
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
    last = at < length or (separated and len(parts) == most - 1)
    return [*parts, arguments[at:]] if last else parts


_ENCODED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def decoded(text: str) -> list[str]:
    """Decode backslash escapes: tab, ``x41``, …."""
    found = re.findall(r"\\x[0-9a-fA-F]{2}|\\.|.", text, re.DOTALL)
    return [
        chr(int(each[2:], 16))
        if each[:2] == "\\x" and len(each) == 4
        else _ENCODED.get(each[1], each[1])
        if len(each) == 2
        else each
        for each in found
    ]


_ALPHABET = frozenset(string.ascii_letters + string.digits + "+/")


def base64_decoded(text: str) -> bytes:
    """Decode base64 as Asterisk does: up to ``=``; any other character counts as ``/``."""
    letters = "".join(each if each in _ALPHABET else "/" for each in text.partition("=")[0])
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return base64.b64decode(letters + "=" * (-len(letters) % 4))


def reader(*names: str) -> Callable[[Reader], Reader]:
    """Return a decorator that registers a function's read callback."""

    def register(function: Reader) -> Reader:
        READERS.update(dict.fromkeys(names, function))
        return function

    return register


def writer(*names: str) -> Callable[[Writer], Writer]:
    """Return a decorator that registers a function's write callback."""

    def register(function: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(names, function))
        return function

    return register


def on(channel: Channel | None) -> Channel:
    """Return the channel that a function requires.

    Raises:
        Rejected: there is no channel.
    """
    if channel is None:
        raise Rejected("requires a channel")
    return channel
