"""Time ranges of the dialplan: ``times,weekdays,days of the month,months``.

As in ``main/pbx_timing.c``. A range may wrap around its end: ``18:00-08:00``, ``sat-mon``. What is
empty or ``*`` is always true.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from ari_notebook.simulator.numbers import is_natural, natural

__all__ = ["within"]

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})$")


def within(ranges: str, now: float, zone: tzinfo) -> bool:
    """Return whether a moment is in all ranges of a text.

    Args:
        ranges: up to four ranges, separated by commas.
        now: the moment, seconds since 1970.
        zone: the time zone that the ranges are meant in.
    """
    times, weekdays, days, months, *_ = [*(each.strip() for each in ranges.split(",")), *[""] * 4]
    moment = datetime.fromtimestamp(now, zone)
    return (
        _in_times(times, moment.hour * 60 + moment.minute)
        and _in(weekdays, _WEEKDAYS, (moment.weekday() + 1) % 7)
        and _in(days, tuple(map(str, range(1, 32))), moment.day - 1)
        and _in(months, _MONTHS, moment.month - 1)
    )


def _in_times(text: str, minute: int) -> bool:
    if text in ("", "*"):
        return True
    begin, dash, end = text.partition("-")
    first, last = _minute(begin), _minute(end if dash else begin)
    if first is None or last is None:
        return False
    return first <= minute <= last if first <= last else minute >= first or minute <= last


def _minute(text: str) -> int | None:
    found = _CLOCK.match(text.strip())
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return int(found[1]) * 60 + int(found[2])


def _in(text: str, names: tuple[str, ...], position: int) -> bool:
    """Return whether a position among names is in a range or one of several joined by ``&``."""
    if text in ("", "*"):
        return True
    return any(_in_range(each, names, position) for each in text.lower().split("&"))


def _in_range(text: str, names: tuple[str, ...], position: int) -> bool:
    begin, dash, end = text.partition("-")
    first, last = _position(begin, names), _position(end if dash else begin, names)
    if first is None or last is None:
        return False
    return first <= position <= last if first <= last else position >= first or position <= last


def _position(text: str, names: tuple[str, ...]) -> int | None:
    text = text.strip()
    if text in names:
        return names.index(text)
    if is_natural(text) and 1 <= natural(text) <= len(names):
        return natural(text) - 1
    return None
