"""Caller IDs: name and number, and their text forms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ari_notebook.simulator.utf8 import shown

__all__ = ["UNKNOWN", "CallerId"]

# Characters of a phone number after normalisation.
_DIALLED = frozenset("0123456789*#+")


@dataclass(frozen=True, slots=True)
class CallerId:
    """A name and a number."""

    name: str = ""
    number: str = ""

    @classmethod
    def parse(cls, text: str) -> CallerId:
        """Parse ``Alice <5551>``, ``"Alice" <5551>``, ``<5551>``, ``5551`` or ``Alice``."""
        within = _unquoted(text)
        name, bracket, number = within.rpartition("<")
        if bracket:
            number, closing, rest = number.rpartition(">")
            return cls(_unescaped(_unquoted(name)), number if closing else rest)
        if within == text.strip() and set(shrunk := _shrunk(within)) <= _DIALLED:
            return cls("", shrunk)
        return cls(_unescaped(_unquoted(within)), "")

    def shrunk(self) -> CallerId:
        """Return the caller ID with its number normalised, without brackets and dashes."""
        shrinkable = set(self.number) <= _DIALLED | set("()-.")
        return CallerId(self.name, _shrunk(self.number)) if shrinkable else self

    def completed(self, other: CallerId) -> CallerId:
        """Return the caller ID with the other's name and number where its own are empty."""
        return CallerId(self.name or other.name, self.number or other.number)

    def json(self) -> dict[str, str]:
        """Return ARI's object."""
        return {"name": shown(self.name), "number": shown(self.number)}


UNKNOWN = CallerId()


def _unquoted(text: str) -> str:
    """Return a text without surrounding spaces and quotation marks."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _shrunk(number: str) -> str:
    """Return a number without separators; a final point stays."""
    return re.sub(r"[()\s-]|\.(?!$)", "", number)
