"""Numbers in what others wrote: requests, dialplans, configuration files."""

from __future__ import annotations

import re

__all__ = [
    "INT",
    "LARGEST",
    "LONG",
    "is_measure",
    "is_natural",
    "leading",
    "natural",
    "seconds",
    "wrap",
]

INT, LONG = 2**31, 2**63  # what C's types hold: as much below zero
LARGEST = INT - 1  # Asterisk keeps such numbers in a C int

_INTEGER = re.compile(r"\s*([+-]?\d+)", re.ASCII)


def is_natural(text: str) -> bool:
    """Whether a text is decimal digits and nothing else; "²" and "٣" are none."""
    return text.isascii() and text.isdigit()


def is_measure(value: object) -> bool:
    """Whether it is a number from 0 on that a clock can count with: not infinite, nor none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= LARGEST


def natural(text: str, default: int = 0) -> int:
    """The number that a text of digits spells, the largest int at most; else the default.

    Python's own ``int`` refuses more than 4,300 digits, which a stranger may well send.
    """
    text = text.strip()
    return min(int(text[-4000:]), LARGEST) if is_natural(text) else default


def leading(text: str, limit: int = INT) -> int | None:
    """The number that a text begins with, as C reads it; None where it begins with none.

    Args:
        text: anything.
        limit: of the C type that takes the number, whose low bits are what is left of it.
    """
    match = _INTEGER.match(text)
    if not match:
        return None
    return wrap(max(-LONG, min(LONG - 1, int(match[1][:25]))), limit)


def wrap(number: int, limit: int) -> int:
    """What fits in a C type of a whole number."""
    return (number + limit) % (2 * limit) - limit


def seconds(text: str) -> float | None:
    """A span of time that somebody wrote, no more than a lifetime; None where it is no number."""
    try:
        return min(max(0.0, float(text)), float(LARGEST))
    except ValueError:
        return None
