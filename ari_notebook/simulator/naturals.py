"""Numbers in what others wrote: requests, dialplans, configuration files."""

from __future__ import annotations

__all__ = ["LARGEST", "is_natural", "natural", "seconds"]

LARGEST = 2**31 - 1  # Asterisk keeps such numbers in a C int


def is_natural(text: str) -> bool:
    """Whether a text is decimal digits and nothing else; "²" and "٣" are none."""
    return text.isascii() and text.isdigit()


def natural(text: str, default: int = 0) -> int:
    """The number that a text of digits spells, the largest int at most; else the default.

    Python's own ``int`` refuses more than 4,300 digits, which a stranger may well send.
    """
    text = text.strip()
    return min(int(text[-4000:]), LARGEST) if is_natural(text) else default


def seconds(text: str) -> float | None:
    """A span of time that somebody wrote, no more than a lifetime; None where it is no number."""
    try:
        return min(max(0.0, float(text)), float(LARGEST))
    except ValueError:
        return None
