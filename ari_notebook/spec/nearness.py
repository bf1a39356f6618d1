"""Which known name did a person mean?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(text: str, known: Iterable[str], n: int = 3) -> tuple[str, ...]:
    """Give up to `n` of the `known` names that are most like `text`, best first.

    Case, underscores and dots do not count, so that ``sendDtmf`` finds ``channels.send_dtmf``.
    A name may match as a whole or by its part after the dot. Names that are not much alike are
    left out: no suggestion is better than a silly one.
    """
    wanted = _flat(text)
    scored: list[tuple[float, int, str]] = []
    for position, name in enumerate(known):
        spellings = {_flat(name), _flat(name.rpartition(".")[2])}
        score = max(_likeness(wanted, spelling) for spelling in spellings)
        if score >= _ALIKE:
            # A tie goes to the name whose whole spelling is closer, then to the earlier one.
            scored.append((-score - _likeness(wanted, _flat(name)) / 100, position, name))
    return tuple(name for _, _, name in sorted(scored)[:n])


def did_you_mean(names: Iterable[str]) -> str:
    """Say the suggestions as the end of a message: ``; did you mean a or b?``, or nothing."""
    *most, last = [*names] or [""]
    if not last:
        return ""
    return f"; did you mean {', '.join(most) + ' or ' if most else ''}{last}?"


_ALIKE = 0.6  # difflib's own measure of a close match


def _flat(text: str) -> str:
    return text.lower().replace("_", "").replace(".", "").replace("-", "")


def _likeness(wanted: str, name: str) -> float:
    if not wanted or not name:
        return 0.0
    ratio = difflib.SequenceMatcher(None, wanted, name, autojunk=False).ratio()
    # What a person has typed so far counts as a match, even where most is still to come.
    return max(ratio, 0.8) if len(wanted) > 2 and name.startswith(wanted) else ratio
