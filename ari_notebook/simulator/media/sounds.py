"""Catalogue of sounds, and the sounds that make up spoken numbers, digits and characters.

The catalogue is that of Debian's asterisk-core-sounds-en: identifiers, durations and the parts that
Asterisk detects as silent (``main/dsp.c``: 20 ms with an average level below 256), measured. The
sounds themselves are not included; playing one takes as long as on a real Asterisk.
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
    """Return name, duration and pauses of every sound, as stored."""
    text = files("ari_notebook.simulator").joinpath("data/sounds.tsv").read_text("utf-8")
    return [line.split("\t") for line in text.splitlines()]


@cache
def catalogue() -> Mapping[str, int]:
    """Return every sound's duration in ms, in Asterisk's order."""
    return {name: int(duration) for name, duration, _ in _rows()}


@cache
def _quiet() -> Mapping[str, str]:
    return {name: pauses for name, _, pauses in _rows()}


@cache
def pauses(name: str) -> tuple[tuple[int, int], ...]:
    """Return the silent parts of a sound, start and end in ms; none for an unknown sound."""
    spans = (span.split("-") for span in _quiet().get(_within_language(name), "").split())
    return tuple((int(begin), int(end)) for begin, end in spans)


def describe(name: str, language: str = "", format: str = "") -> dict[str, Any] | None:
    """Return ARI's object of a sound, or None in an unknown language or format."""
    if name not in catalogue() or format not in ("", FORMAT):
        return None
    languages = [each for each in LANGUAGES if language in ("", each)]
    if not languages:
        return None
    return {"id": name, "formats": [{"language": each, "format": FORMAT} for each in languages]}


def duration(name: str) -> int | None:
    """Return a sound's duration in ms, or None for an unknown sound.

    A language without sounds falls back to English, so the language does not matter here.
    """
    return catalogue().get(_within_language(name))


def _within_language(name: str) -> str:
    """Return a sound's name without the folder of its language."""
    folder, _, rest = name.partition("/")
    return rest if folder in LANGUAGES else name


def digits(text: str) -> list[str]:
    """Return the sounds of single digits; other characters are skipped."""
    names = (f"digits/{each}" if each.isdecimal() else _DIGITS.get(each, "") for each in text)
    return [name for name in names if name in catalogue()]


def characters(text: str) -> list[str]:
    """Return the sounds of a spelled text; characters without a sound are skipped."""
    return [name for name in map(_character, text) if name in catalogue()]


def _character(each: str) -> str:
    if each.isdecimal():
        return f"digits/{each}"
    return _CHARACTERS.get(each) or (
        f"letters/{each.lower()}" if each.isalpha() else f"letters/ascii{ord(each)}"
    )


def number(value: int) -> list[str]:
    """Return the sounds of a number in English; beyond 32 bits, of C's largest int."""
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


def phonetics(text: str) -> list[str]:
    """Return the sounds of a text that is spelled in the phonetic alphabet."""
    return [
        f"phonetic/{each.lower()}_p" if each.isascii() and each.isalpha() else _character(each)
        for each in text
    ]


def ordinal(value: int) -> list[str]:
    """Return the sounds of an ordinal in English: a cardinal's, with the last one changed."""
    *before, last = _number(value)
    return [*before, last.replace("digits/", "digits/h-", 1)]


def money(text: str) -> list[str]:
    """Return the sounds of an amount in dollars and cents, as ``12.34``."""
    whole, _, part = text.partition(".")
    dollars, cents = int(whole), int(f"{part:0<2}"[:2])
    said: list[str] = []
    if dollars:
        said += [*_number(dollars), "letters/dollar_" if dollars == 1 else "dollars"]
    if cents:
        said += [*(["and"] if dollars else []), *_number(cents), "cent" if cents == 1 else "cents"]
    return said
