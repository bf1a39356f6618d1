"""Extension patterns (``_NXX.``): matching and precedence.

As in ``main/pbx.c``: ``X`` is 0-9, ``Z`` 1-9, ``N`` 2-9, ``[1-5x]`` one of a set, ``.`` one or more
of any character, ``!`` zero or more; ``-`` is ignored.
"""

from __future__ import annotations

import re

__all__ = ["ExtensionPattern", "is_pattern"]

_CLASSES = {"x": "0-9", "z": "1-9", "n": "2-9"}
_SIZES = {"x": 10, "z": 9, "n": 8}
_REST = {".": (".+", 1000), "!": (".*", 2000)}
_END = (3000, "")  # a shorter pattern sorts after a longer one


def is_pattern(exten: str) -> bool:
    """Return whether an extension is a pattern."""
    return exten.startswith("_")


class ExtensionPattern:
    """One extension pattern.

    Args:
        text: the pattern, with its leading ``_``.

    Attributes:
        order: sort key of precedence; of matching patterns the smallest wins, the most specific
            character by character.

    Raises:
        ValueError: invalid pattern.
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
                    raise ValueError(f"{text}: '[' without ']'")
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
        """Return whether a dialled extension matches."""
        return self._expression.fullmatch(exten) is not None

    def could_grow(self, typed: str) -> bool:
        """Return whether further digits could make the typed ones match."""
        if self._elements and self._elements[-1] in (".+", ".*"):
            shown = self._elements[: min(len(typed), len(self._elements) - 1)]
            return re.match("".join(shown), typed, re.DOTALL) is not None
        if len(typed) >= len(self._elements):
            return False
        return re.fullmatch("".join(self._elements[: len(typed)]), typed, re.DOTALL) is not None


def _escaped(members: str) -> str:
    """Escape the members of a set for a regular expression, keeping the dash of a range."""
    return re.sub(r"([\\\]\[^])", r"\\\1", members)


def _size(members: str) -> int:
    ranges = re.findall(r"(.)-(.)", members)
    spread = sum(ord(last) - ord(first) + 1 for first, last in ranges)
    return spread + len(members) - 3 * len(ranges)
