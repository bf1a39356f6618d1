"""What a person may have meant."""

from __future__ import annotations

from collections.abc import Iterable

from ari_notebook.spec import nearest

__all__ = ["suggest"]


def suggest(typed: str, known: Iterable[str]) -> str:
    """``Did you mean play?``; empty where nothing is near."""
    close = nearest(typed, known, 1)
    return f"Did you mean {close[0]}?" if close else ""
