"""Tones: named by country, or written out.

``tone:ring;tonezone=fr`` is the ringing tone of France, ``tone:350+440`` two frequencies,
``tone:!950/330,!1400/330`` a list with durations in ms (``!`` plays once, the others repeat). A
tone lasts until it is stopped. The tone zones are those of Debian's Asterisk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["TonePart", "has_zone", "parts", "tone"]

DEFAULT_ZONE = "us"

_PART = re.compile(r"(!?)(M?)(\d{1,5})(?:[+*](\d{1,5}))?(?:/(\d{1,7}))?")
_NOTE_A, _NOTE_A_HZ = 69, 440.0


@dataclass(frozen=True, slots=True)
class TonePart:
    """One part of a tone.

    Attributes:
        frequencies: in Hz; empty: silence.
        milliseconds: duration; 0: forever.
        once: whether it is skipped when the tone repeats.
    """

    frequencies: tuple[float, ...]
    milliseconds: int
    once: bool


@cache
def _zones() -> Mapping[tuple[str, str], str]:
    """Return the definitions of a country's tones."""
    text = files("ari_notebook.simulator").joinpath("data/tones.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {(zone, name): written for zone, name, written in rows}


def has_zone(name: str) -> bool:
    """Return whether Asterisk knows a country's tones, by its two letters."""
    return (name, "ring") in _zones()


def tone(text: str) -> tuple[TonePart, ...]:
    """Parse the text after ``tone:`` into its parts; empty if it cannot be played.

    An unknown country falls back to the default one.
    """
    name, *options = text.split(";")
    if any(not option.startswith("tonezone=") for option in options):
        return ()
    zone = options[-1].partition("=")[2] if options else DEFAULT_ZONE
    if not has_zone(zone):
        zone = DEFAULT_ZONE
    found = [_PART.fullmatch(each) for each in re.split("[,|]", _zones().get((zone, name), name))]
    return tuple(_part(each) for each in found if each) if all(found) else ()


def _part(found: re.Match[str]) -> TonePart:
    once, note, first, second, milliseconds = found.groups()
    frequencies = [float(each) for each in (first, second) if each and int(each)]
    if note:
        frequencies = [_NOTE_A_HZ * 2 ** ((each - _NOTE_A) / 12) for each in frequencies]
    return TonePart(tuple(frequencies), int(milliseconds or 0), bool(once))


def parts(
    cadence: Sequence[TonePart], start: int, end: int
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Yield duration and frequencies of the parts between two times, in ms."""
    at, again = 0, [part for part in cadence if not part.once]
    turn = list(cadence)
    while at < end:
        for part in turn:
            stop = at + part.milliseconds if part.milliseconds else end
            if (length := min(stop, end) - max(at, start)) > 0:
                yield length, part.frequencies
            at = max(at, stop)
        turn = again
        if not any(part.milliseconds for part in turn) and at < end:
            yield end - max(at, start), turn[0].frequencies if turn else ()
            return
