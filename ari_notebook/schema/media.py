"""Media URIs: kinds that Asterisk plays, and splitting of a text with several."""

from __future__ import annotations

import re

__all__ = ["KINDS", "problem", "split"]

# Scheme before the colon, and its media that Asterisk accepts but does not play, without a
# PlaybackFinished (res/res_stasis_playback.c, play_on_channel).
KINDS = ("sound", "recording", "tone", "number", "digits", "characters")
_ANY = re.compile(rf"(?:{'|'.join(KINDS)}):")
# One part of a tone description, as `!350+440/200` (main/indications.c, ast_parse_tone).
_TONE_PART = re.compile(r"!?M?\d+(?:[+*]\d+)?(?:/\d+)?")
_NUMBER = re.compile(r"-?\d+")  # read completely by sscanf's %30d


def split(text: str) -> list[str]:
    """Split a text at commas into media, such as ``sound:a,sound:b``.

    A comma in a tone description belongs to the tone: ``tone:!350/200,!0/100`` is one medium.
    """
    media: list[str] = []
    for part in text.split(","):
        belongs_to_tone = media and media[-1].startswith("tone:") and _TONE_PART.fullmatch(part)
        if belongs_to_tone:
            media[-1] += f",{part}"
        else:
            media.append(part)
    return media


def problem(uri: str) -> str:
    """Return why Asterisk would accept this medium but never finish it; "" if it is playable.

    Asterisk answers 201 to media of an unknown kind and to an invalid number, plays nothing,
    and never publishes PlaybackFinished (``res/res_stasis_playback.c``).
    """
    kind, colon, rest = uri.partition(":")
    if kind in ("http", "https"):
        return f"Write sound:{uri} for a sound that Asterisk downloads."
    if not _ANY.match(uri):
        better = uri if uri and not colon else "hello-world"
        others = ", ".join(f"{other}:" for other in KINDS[1:])
        return f"Write sound:{better} for a sound; other kinds are {others}."
    if kind == "number" and not _NUMBER.fullmatch(rest):
        return "A number is written in digits: number:42."
    return ""
