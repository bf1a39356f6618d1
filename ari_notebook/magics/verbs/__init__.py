"""The verbs, by subject. Each module registers its verbs in the grammar's table."""

from __future__ import annotations

from importlib import import_module

__all__ = ["load_verbs"]

_MODULES = (
    "connection",
    "outbound",
    "calls",
    "channels",
    "media",
    "bridges",
    "tables",
    "events",
    "flows",
    "raw",
    "docs",
    "views",
    "captures",
    "simulator",
    "lessons",
    "demo",
)


def load_verbs() -> None:
    """Register all verbs, in the order in which help shows them."""
    for name in _MODULES:
        import_module(f"{__name__}.{name}")
