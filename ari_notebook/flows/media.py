"""Media of prompts: lists of URIs for numbers, digits, dates, times, durations, letters, tones.

They are made of single sounds, since Asterisk cannot interrupt ``number:`` and ``digits:``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

__all__ = [
    "Media",
    "clock",
    "day",
    "digits",
    "duration",
    "letters",
    "number",
    "silence",
    "tone",
    "uris",
]

# A datetime is a date, too.
Media: TypeAlias = str | int | date | time | timedelta | Iterable["Media"]

_SIGNS = {"*": "star", "#": "pound"}
_LETTERS = {"*": "asterisk", "@": "at", ".": "dot", "-": "dash", "=": "equals", " ": "space"}


def uris(*media: Media) -> list[str]:
    """Return the URIs of media.

    Args:
        *media: a URI (``sound:hello-world``), a sound's name (``hello-world``), a whole number, a
            date, time or duration, or a list of these.

    Raises:
        TypeError: something else.
    """
    found: list[str] = []
    for each in media:
        if isinstance(each, str):
            found.append(each if ":" in each else f"sound:{each}")
        elif isinstance(each, int):
            found += number(each)
        elif isinstance(each, datetime):
            found += [*day(each.date()), *clock(each.time())]
        elif isinstance(each, date):
            found += day(each)
        elif isinstance(each, time):
            found += clock(each)
        elif isinstance(each, timedelta):
            found += duration(each)
        elif isinstance(each, Iterable):
            found += uris(*each)
        else:
            raise TypeError(f"{each!r} cannot be said: give a sound, a number, a date or a list")
    return found


def digits(text: str | int) -> list[str]:
    """Return each key as a sound: ``digits("12#")``."""
    return [f"sound:digits/{_SIGNS.get(each, each)}" for each in str(text)]


def letters(text: str) -> list[str]:
    """Return a text spelled."""
    return [
        f"sound:{'digits' if each.isdigit() else 'letters'}/{_LETTERS.get(each, each.lower())}"
        for each in text
    ]


def number(value: int) -> list[str]:
    """Return a whole number in English words, below a thousand million.

    Raises:
        ValueError: it is larger.
    """
    if abs(value) >= 10**9:
        raise ValueError(f"{value} is too large to be said; use digits()")
    if value < 0:
        return ["sound:digits/minus", *number(-value)]
    parts: list[str] = []
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= size:
            parts += [*number(value // size), f"sound:digits/{name}"]
            value %= size
    if value > 20:
        parts.append(f"sound:digits/{value // 10 * 10}")
        value %= 10
        if not value:
            return parts
    if value or not parts:
        parts.append(f"sound:digits/{value}")
    return parts


def day(value: date) -> list[str]:
    """Return a date: weekday, month, day and year."""
    weekday = (value.weekday() + 1) % 7  # Asterisk's sounds count from Sunday
    century, rest = divmod(value.year, 100)
    year = number(value.year) if century == 20 and rest < 10 else [*number(century), *number(rest)]
    return [
        f"sound:digits/day-{weekday}",
        f"sound:digits/mon-{value.month - 1}",
        *_ordinal(value.day),
        *year,
    ]


def clock(value: time) -> list[str]:
    """Return a time of day, in 12 hours."""
    hour = [f"sound:digits/{value.hour % 12 or 12}"]
    minute = (
        ["sound:digits/oclock"]
        if not value.minute
        else [*(["sound:digits/oh"] if value.minute < 10 else []), *number(value.minute)]
    )
    return [*hour, *minute, f"sound:digits/{'a' if value.hour < 12 else 'p'}-m"]


def duration(value: timedelta | float) -> list[str]:
    """Return a duration in hours, minutes and seconds.

    Args:
        value: the duration, or seconds.
    """
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    found: list[str] = []
    for size, name in ((3600, "hours"), (60, "minutes"), (1, "seconds")):
        count, seconds = divmod(seconds, size)
        if count or (size == 1 and not found):
            found += [*number(count), f"sound:{name}"]
    return found


def silence(seconds: int) -> list[str]:
    """Return silence of 1 to 10 seconds, repeated where it is longer."""
    return ["sound:silence/10"] * (seconds // 10) + (
        [f"sound:silence/{seconds % 10}"] if seconds % 10 else []
    )


def tone(name: str) -> list[str]:
    """Return a tone of indications.conf, such as ``busy``, or frequencies as ``440/200,0/200``."""
    return [f"tone:{name}"]


def _ordinal(value: int) -> list[str]:
    tens, rest = divmod(value, 10)
    if value <= 20 or not rest:
        return [f"sound:digits/h-{value}"]
    return [f"sound:digits/{tens * 10}", f"sound:digits/h-{rest}"]
