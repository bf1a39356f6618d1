"""Parsing of untrusted numbers: requests, dialplans, configuration files."""

from __future__ import annotations

import math
import re

__all__ = [
    "INT",
    "LARGEST",
    "LONG",
    "is_measure",
    "is_natural",
    "leading",
    "leading_float",
    "natural",
    "seconds",
    "wrap",
]

INT, LONG = 2**31, 2**63  # limits of C's int and long, positive and negative
LARGEST = INT - 1  # Asterisk keeps such numbers in a C int

_INTEGER = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_FLOAT = re.compile(
    r"""\s*([+-]?(?:
        inf(?:inity|(?!i)) | nan
        | 0x(?>[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?\d{1,9}|(?!p))
        | (?!0x)(?>\d+\.?\d*|\.\d+)(?:e[+-]?\d+|(?!e))
    ))""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def is_natural(text: str) -> bool:
    """Return whether a text is ASCII decimal digits only, without "²" or "٣"."""
    return text.isascii() and text.isdigit()


def is_measure(value: object) -> bool:
    """Return whether a value is a finite number from 0 on that a clock can handle."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= LARGEST


def natural(text: str, default: int = 0) -> int:
    """Return the number of a text of digits, capped at C's largest int; else the default.

    Python's ``int`` refuses more than 4,300 digits, which an untrusted request may contain.
    """
    text = text.strip()
    return min(int(text[-4000:]), LARGEST) if is_natural(text) else default


def leading(text: str, limit: int = INT) -> int | None:
    """Return the number at the start of a text, as C parses it, or None.

    Args:
        text: any text.
        limit: limit of the C type; larger numbers are truncated to its low bits.
    """
    match = _INTEGER.match(text)
    if not match:
        return None
    return wrap(max(-LONG, min(LONG - 1, int(match[1][:25]))), limit)


def leading_float(text: str) -> float | None:
    """Return the floating-point number at the start of a text, or None.

    As C's ``scanf`` parses it, which also fails where an exponent has no digits.
    """
    match = _FLOAT.match(text)
    if not match:
        return None
    if "x" not in match[1].lower():
        return float(match[1])
    try:
        return float.fromhex(match[1])
    except OverflowError:
        return -math.inf if match[1].startswith("-") else math.inf


def wrap(number: int, limit: int) -> int:
    """Return a whole number truncated to a C type."""
    return (number + limit) % (2 * limit) - limit


def seconds(text: str) -> float | None:
    """Return a time span in seconds, of bounded length, or None."""
    try:
        return min(max(0.0, float(text)), float(LARGEST))
    except ValueError:
        return None
