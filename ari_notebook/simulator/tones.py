"""Tones that Asterisk can play: by a country's name for them, or written out.

``tone:ring;tonezone=fr`` is the ringing tone of France, ``tone:350+440`` two frequencies,
``tone:!950/330,!1400/330`` a list with durations in ms (``!`` plays once). A tone sounds until it
is stopped.
"""

from __future__ import annotations

import re

NAMES = frozenset(
    {
        "dial",
        "busy",
        "ring",
        "congestion",
        "callwaiting",
        "dialrecall",
        "record",
        "info",
        "stutter",
    }
)

_PART = r"!?(?:M?\d+(?:[+*]\d+)?)(?:/\d+)?"
_WRITTEN = re.compile(rf"{_PART}(?:[,|]{_PART})*")


def is_tone(text: str) -> bool:
    """Whether what follows ``tone:`` can be played.

    A country that Asterisk does not know falls back to the default one.
    """
    name, *options = text.split(";")
    if any(not option.startswith("tonezone=") for option in options):
        return False
    return name in NAMES or _WRITTEN.fullmatch(name) is not None
