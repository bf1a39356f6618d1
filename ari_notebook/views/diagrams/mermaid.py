"""A sequence in Mermaid's language, which GitHub, GitLab and JupyterLab draw.

In untrusted texts, characters with a meaning in Mermaid are written as entity codes (``#59;``), so
that a caller's name remains text.
"""

from __future__ import annotations

from ari_notebook.views.diagrams.labels import unisolated
from ari_notebook.views.diagrams.sequence import Fold, Sequence, rows

__all__ = ["mermaid"]

_PLAIN = set(" .,-_/()+*=!?'@→·")


def mermaid(shown: Sequence) -> str:
    """Return a sequence diagram as text for Mermaid.

    Args:
        shown: the sequence.
    """
    names = {lane: f"L{number}" for number, lane in enumerate(shown.lanes)}
    lines = ["sequenceDiagram"]
    lines += [f"    participant {name} as {_text(lane.label)}" for lane, name in names.items()]
    own = "L0"
    for row in rows(shown):
        if isinstance(row, Fold):
            lines.append(f"    Note over {own}: {_text(row.label)}")
            continue
        other = names[row.lane]
        if row.sent:
            arrow = "-x" if row.failed else "->>"
            words = f"{row.number}. {row.label}{row.tail}"
            lines.append(f"    {own}{arrow}{other}: {_text(words)}")
        else:
            words = row.label + (f" (of {row.cause})" if row.cause else "")
            lines.append(f"    {other}-->>{own}: {_text(words)}")
    return "\n".join(lines) + "\n"


def _text(words: str) -> str:
    plain = unisolated(words).replace("\n", " ")
    return "".join(each if each.isalnum() or each in _PLAIN else f"#{ord(each)};" for each in plain)
