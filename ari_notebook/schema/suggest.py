"""Suggestions for misspelled names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest", "suggest"]


def nearest(text: str, known: Iterable[str], n: int = 3) -> tuple[str, ...]:
    """Return up to `n` of the `known` names most similar to `text`, best first.

    Case, underscores and dots are ignored, so that ``sendDtmf`` finds ``channels.send_dtmf``. A
    name may match completely or by its part after the dot. Dissimilar names are omitted, because a
    wrong suggestion is worse than none.
    """
    wanted = _flat(text)
    scored: list[tuple[float, int, str]] = []
    for position, name in enumerate(known):
        spellings = {_flat(name), _flat(name.rpartition(".")[2])}
        score = max(_likeness(wanted, spelling) for spelling in spellings)
        if score >= _ALIKE:
            # In a tie, the name with the more similar full spelling wins, then the earlier one.
            scored.append((-score - _likeness(wanted, _flat(name)) / 100, position, name))
    return tuple(name for _, _, name in sorted(scored)[:n])


def did_you_mean(names: Iterable[str]) -> str:
    """Return the suggestions as the end of a message: ``; did you mean a or b?``, or ""."""
    *most, last = [*names] or [""]
    if not last:
        return ""
    return f"; did you mean {', '.join(most) + ' or ' if most else ''}{last}?"


_SHORT = 8  # maximum length at which names may be similar by chance
_ALIKE = 0.6  # difflib's default for a close match


def _flat(text: str) -> str:
    return text.lower().replace("_", "").replace(".", "").replace("-", "")


def _likeness(wanted: str, name: str) -> float:
    """Return the similarity of two names, from 0 to 1; 0 if neither can mean the other.

    Common letters are not enough in short words: `reset` is not `get`, `version` not `sessions`.
    There a typing error changes at most every third letter; an abbreviation keeps the order.
    """
    if len(wanted) <= 2 or not name:
        return float(wanted == name)
    ratio = difflib.SequenceMatcher(None, wanted, name, autojunk=False).ratio()
    # An incomplete name is a match, even if most of it is missing.
    if name.startswith(wanted):
        return max(ratio, 0.8)
    if len(wanted) > _SHORT or _edits(wanted, name) <= max(1, len(wanted) // 3):
        return ratio
    return ratio if _abbreviates(wanted, name) else 0.0


def _abbreviates(short: str, name: str) -> bool:
    letters = iter(name)
    return short[0] == name[0] and all(letter in letters for letter in short)


def _edits(one: str, other: str) -> int:
    """Return the number of edits between two words (optimal string alignment distance)."""
    before: list[int] = []
    previous, current = list(range(len(other) + 1)), list[int]()
    for i, a in enumerate(one, 1):
        current = [i]
        for j, b in enumerate(other, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]


def suggest(typed: str, known: Iterable[str]) -> str:
    """Return ``Did you mean play?``, or "" without a similar name."""
    close = nearest(typed, known, 1)
    return f"Did you mean {close[0]}?" if close else ""
