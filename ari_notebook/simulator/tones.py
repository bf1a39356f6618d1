"""Tones that Asterisk can play: by a country's name for them, or written out.

``tone:ring;tonezone=fr`` is the ringing tone of France, ``tone:350+440`` two frequencies,
``tone:!950/330,!1400/330`` a list with durations in ms (``!`` plays once, the others go round). A
tone sounds until it is stopped. The countries' tones are those that a Debian Asterisk has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Part", "parts", "tone"]

DEFAULT_ZONE = "us"

_PART = re.compile(r"(!?)(M?)(\d{1,5})(?:[+*](\d{1,5}))?(?:/(\d{1,7}))?")
_NOTE_A, _NOTE_A_HZ = 69, 440.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a tone.

    Attributes:
        frequencies: in Hz; none for silence.
        milliseconds: how long; 0 for ever.
        once: whether it is left out when the tone goes round.
    """

    frequencies: tuple[float, ...]
    milliseconds: int
    once: bool


@cache
def _zones() -> Mapping[tuple[str, str], str]:
    """What is written for a country's tone."""
    text = files("ari_notebook.simulator").joinpath("data/tones.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {(zone, name): written for zone, name, written in rows}


def tone(text: str) -> tuple[Part, ...]:
    """The parts of what follows ``tone:``; none if it cannot be played.

    A country that Asterisk does not know falls back to the default one.
    """
    name, *options = text.split(";")
    if any(not option.startswith("tonezone=") for option in options):
        return ()
    zone = options[-1].partition("=")[2] if options else DEFAULT_ZONE
    if (zone, "ring") not in _zones():
        zone = DEFAULT_ZONE
    found = [_PART.fullmatch(each) for each in re.split("[,|]", _zones().get((zone, name), name))]
    return tuple(_part(each) for each in found if each) if all(found) else ()


def _part(found: re.Match[str]) -> Part:
    once, note, first, second, milliseconds = found.groups()
    frequencies = [float(each) for each in (first, second) if each and int(each)]
    if note:
        frequencies = [_NOTE_A_HZ * 2 ** ((each - _NOTE_A) / 12) for each in frequencies]
    return Part(tuple(frequencies), int(milliseconds or 0), bool(once))


def parts(cadence: Sequence[Part], start: int, end: int) -> Iterator[tuple[int, tuple[float, ...]]]:
    """What sounds between two moments of a tone, in ms: so long each, and these frequencies."""
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
