"""The sounds an exchange has, and which of them make up a spoken number, digit or character.

The catalogue is that of Debian's asterisk-core-sounds-en: identifiers and durations, and where
Asterisk hears silence in them (``main/dsp.c``: 20 ms that are quieter than 256 on average),
measured. The sounds themselves are not here; playing one takes as long as it would on a real
Asterisk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en_US_f_Allison", "en_US", "en")
FORMAT = "gsm"

_MAX_INT = 2**31 - 1

_DIGITS = {"*": "digits/star", "#": "digits/pound", "-": "digits/minus"}
_CHARACTERS = {
    "*": "letters/asterisk",
    "#": "digits/pound",
    "!": "letters/exclaimation-point",
    "@": "letters/at",
    "$": "letters/dollar",
    "-": "letters/dash",
    ".": "letters/dot",
    "=": "letters/equals",
    "+": "letters/plus",
    "/": "letters/slash",
    " ": "letters/space",
}
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))


@cache
def _rows() -> list[list[str]]:
    """Name, duration and pauses of every sound, as they are written."""
    text = files("ari_notebook.simulator").joinpath("data/sounds.tsv").read_text("utf-8")
    return [line.split("\t") for line in text.splitlines()]


@cache
def catalogue() -> Mapping[str, int]:
    """Every sound's duration in ms, in the order in which Asterisk lists them."""
    return {name: int(duration) for name, duration, _ in _rows()}


@cache
def _quiet() -> Mapping[str, str]:
    return {name: pauses for name, _, pauses in _rows()}


@cache
def pauses(name: str) -> tuple[tuple[int, int], ...]:
    """Where a sound is silent: from and to, in ms; nowhere where there is no such sound."""
    spans = (span.split("-") for span in _quiet().get(_within_language(name), "").split())
    return tuple((int(begin), int(end)) for begin, end in spans)


def describe(name: str, language: str = "", format: str = "") -> dict[str, Any] | None:
    """ARI's object of a sound; None where there is none in that language and format."""
    if name not in catalogue() or format not in ("", FORMAT):
        return None
    languages = [each for each in LANGUAGES if language in ("", each)]
    if not languages:
        return None
    return {"id": name, "formats": [{"language": each, "format": FORMAT} for each in languages]}


def duration(name: str) -> int | None:
    """A sound's duration in ms; None where there is no such sound.

    A language without sounds falls back to English, so it does not matter here.
    """
    return catalogue().get(_within_language(name))


def _within_language(name: str) -> str:
    """A sound's name without the folder of its language, which may be named."""
    folder, _, rest = name.partition("/")
    return rest if folder in LANGUAGES else name


def digits(text: str) -> list[str]:
    """The sounds of digits said one by one; what is no digit is left out."""
    names = (f"digits/{each}" if each.isdecimal() else _DIGITS.get(each, "") for each in text)
    return [name for name in names if name in catalogue()]


def characters(text: str) -> list[str]:
    """The sounds of a text that is spelled out; a character without a sound is left out."""
    return [name for name in map(_character, text) if name in catalogue()]


def _character(each: str) -> str:
    if each.isdecimal():
        return f"digits/{each}"
    return _CHARACTERS.get(each) or (
        f"letters/{each.lower()}" if each.isalpha() else f"letters/ascii{ord(each)}"
    )


def number(value: int) -> list[str]:
    """The sounds of a number in English; beyond 32 bits it is the largest that C's int holds."""
    return list(_number(max(-_MAX_INT, min(_MAX_INT, value))))


def _number(value: int) -> Iterator[str]:
    if value < 0:
        yield "digits/minus"
        value = -value
    if value == 0:
        yield "digits/0"
    for scale, word in _SCALES:
        if value >= scale:
            yield from _number(value // scale)
            yield f"digits/{word}"
            value %= scale
    if value >= 100:
        yield f"digits/{value // 100}"
        yield "digits/hundred"
        value %= 100
    if value > 20:
        yield f"digits/{value // 10 * 10}"
        value %= 10
    if value:
        yield f"digits/{value}"
