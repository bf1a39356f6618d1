"""The verbs, by what they are about. Each module registers its own in the grammar's table."""

from __future__ import annotations

from importlib import import_module

__all__ = ["load_verbs"]

_MODULES = (
    "connection",
    "calls",
    "channels",
    "media",
    "bridges",
    "tables",
    "events",
    "raw",
    "reference",
    "looking",
    "capturing",
    "exchange",
    "checking",
)


def load_verbs() -> None:
    """Register all verbs, in the order in which help shows them."""
    for name in _MODULES:
        import_module(f"{__name__}.{name}")
