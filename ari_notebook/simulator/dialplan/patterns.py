"""Extension patterns: ``_NXX.``: which extensions they match, and which of them goes first.

As ``main/pbx.c`` reads them: ``X`` is 0-9, ``Z`` 1-9, ``N`` 2-9, ``[1-5x]`` one of a set, ``.``
one or more of anything, ``!`` anything or nothing; ``-`` is only to be read.
"""

from __future__ import annotations

import re

__all__ = ["Pattern", "is_pattern"]

_CLASSES = {"x": "0-9", "z": "1-9", "n": "2-9"}
_SIZES = {"x": 10, "z": 9, "n": 8}
_REST = {".": (".+", 1000), "!": (".*", 2000)}
_END = (3000, "")  # what ends goes behind what takes more


def is_pattern(exten: str) -> bool:
    """Whether an extension of the dialplan stands for many."""
    return exten.startswith("_")


class Pattern:
    """One pattern.

    Args:
        text: with its ``_`` in front.

    Attributes:
        order: of those that match, the one with the smallest goes first: what says more of each
            character before what says less.

    Raises:
        ValueError: it cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.order: tuple[tuple[int, str], ...] = ()
        self._elements: list[str] = []
        at = 1
        order: list[tuple[int, str]] = []
        while at < len(text):
            char = text[at]
            if char == "[":
                end = text.find("]", at)
                if end < 0:
                    raise ValueError(f"{text}: a '[' without its ']'")
                members = text[at + 1 : end]
                self._elements.append(f"[{_escaped(members)}]")
                order.append((_size(members), members))
                at = end
            elif char.lower() in _CLASSES:
                self._elements.append(f"[{_CLASSES[char.lower()]}]")
                order.append((_SIZES[char.lower()], char.lower()))
            elif char in _REST:
                rest, weight = _REST[char]
                self._elements.append(rest)
                order.append((weight, char))
                break
            elif char not in "- ":
                self._elements.append(re.escape(char))
                order.append((1, char))
            at += 1
        self.order = (*order, _END)
        self._expression = re.compile("".join(self._elements), re.DOTALL)

    def matches(self, exten: str) -> bool:
        """Whether an extension that was dialled is one of these."""
        return self._expression.fullmatch(exten) is not None

    def could_grow(self, typed: str) -> bool:
        """Whether further keys could make one of these of what was pressed."""
        if self._elements and self._elements[-1] in (".+", ".*"):
            shown = self._elements[: min(len(typed), len(self._elements) - 1)]
            return re.match("".join(shown), typed, re.DOTALL) is not None
        if len(typed) >= len(self._elements):
            return False
        return re.fullmatch("".join(self._elements[: len(typed)]), typed, re.DOTALL) is not None


def _escaped(members: str) -> str:
    """A set's members for a regular expression; the dash of a range stays."""
    return re.sub(r"([\\\]\[^])", r"\\\1", members)


def _size(members: str) -> int:
    ranges = re.findall(r"(.)-(.)", members)
    spread = sum(ord(last) - ord(first) + 1 for first, last in ranges)
    return spread + len(members) - 3 * len(ranges)
