"""Events as objects of their classes, and the names of those classes."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ari_notebook.connection.generated.events import EVENTS, Event

__all__ = ["EventTypes", "event_type_name", "typed_event"]

# An event's type by name or class, or several of them.
EventTypes: TypeAlias = str | builtins.type[Any] | Iterable[str | builtins.type[Any]]


def typed_event(event: Mapping[str, Any]) -> Event:
    """Return an event as an object of its class: `Event` if its type is not declared here."""
    type = event.get("type")
    return (EVENTS.get(type, Event) if isinstance(type, str) else Event)(event)


def event_type_name(type: str | builtins.type[Any]) -> str:
    """Return an event type's name, given by name or class; the base class stands for all."""
    if isinstance(type, str):
        return type
    return "*" if type is Event else type.__name__
