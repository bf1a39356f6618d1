"""Who is at an end of a call: a name and a number, and the ways in which both are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["NOBODY", "Party"]

# What a telephone number is made of once it is shrunk.
_DIALLED = frozenset("0123456789*#+")


@dataclass(frozen=True, slots=True)
class Party:
    """A name and a number."""

    name: str = ""
    number: str = ""

    @classmethod
    def parse(cls, text: str) -> Party:
        """Read ``Alice <5551>``, ``"Alice" <5551>``, ``<5551>``, ``5551`` or ``Alice``."""
        within = _unquoted(text)
        name, bracket, number = within.rpartition("<")
        if bracket:
            number, closing, rest = number.rpartition(">")
            return cls(_unescaped(_unquoted(name)), number if closing else rest)
        if within == text.strip() and set(shrunk := _shrunk(within)) <= _DIALLED:
            return cls("", shrunk)
        return cls(_unescaped(_unquoted(within)), "")

    def shrunk(self) -> Party:
        """The same with its number as it is dialled: without brackets and dashes."""
        shrinkable = set(self.number) <= _DIALLED | set("()-.")
        return Party(self.name, _shrunk(self.number)) if shrinkable else self

    def json(self) -> dict[str, str]:
        """ARI's object."""
        return {"name": self.name, "number": self.number}


NOBODY = Party()


def _unquoted(text: str) -> str:
    """A text without the spaces around it, and without the quotation marks around the rest."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _shrunk(number: str) -> str:
    """A number without what is there for the eye; a point is, except at its end."""
    return re.sub(r"[()\s-]|\.(?!$)", "", number)
