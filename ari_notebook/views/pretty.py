"""JSON as a person reads it."""

from __future__ import annotations

import json

__all__ = ["pretty"]


def pretty(value: object, indent: int = 2) -> str:
    """Indented JSON; where it is nested deeper than Python can follow, a note that says so."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown; the event log has it as it came)"
