"""Event filters: an event type and required values of its fields."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.connection.event_order import target
from ari_notebook.connection.event_types import EventTypes, event_type_name
from ari_notebook.connection.resource_types import TARGETS
from ari_notebook.schema import Declaration, nearest

__all__ = ["EventFilter", "EventPattern", "FirstOf", "event"]

# Events that this package adds to Asterisk's: connection lost and restored; a handler raised an
# exception.
OURS = frozenset({"Gap", "HandlerFailed"})


_OBJECTS = ("channel", "bridge", "playback", "recording")  # objects that a filter may name
_MISSING = object()
# Paths in an event of the event log's columns that are not fields themselves.
_COLUMNS = {
    "channel_name": ("channel", "name"),
    "state": ("channel", "state"),
    "caller": ("channel", "caller", "number"),
    "exten": ("channel", "dialplan", "exten"),
}


class EventFilter:
    """A type of event (or several, or ``"*"``) and the values its fields must have.

    A field is an event's own (``digit="1"``), a column of the event log (``state="Up"``), or a path
    into it with double underscores (``channel__caller__number="5551"``). An object in an event
    (``channel``, ``bridge``, ``playback``, ``recording``) is given by id, name or live object. A
    value may also be a list of values, or a predicate.

    Args:
        type: ``"StasisStart"`` or its class, a list of types, or ``"*"``.
        where: field → value.
        declaration: the server's declaration, to check names against; an undeclared event type is
            refused, because no event would ever match.

    Raises:
        UsageProblem: unknown event type or field.
    """

    def __init__(
        self, type: EventTypes, where: Mapping[str, Any], declaration: Declaration
    ) -> None:
        several = [type] if isinstance(type, str | builtins.type) else type
        names = [event_type_name(each) for each in several]
        self.types: frozenset[str] | None = None
        if names != ["*"]:
            for name in names:
                if name not in declaration.events and name not in OURS:
                    raise UsageProblem(
                        f"unknown event: {name!r}",
                        _suggest(
                            name,
                            declaration.events,
                            f"A user event is ChannelUserevent eventname={name}. ",
                        ),
                    )
            self.types = frozenset(names)
        for key in where:
            self._check_field(key, declaration)
        self.where = {key: _plain(value) for key, value in where.items()}
        self.asks = any(map(callable, self.where.values()))  # the user's functions
        # Ids or names of the objects that events must be about.
        self.objects = tuple(
            str(id)
            for key in _OBJECTS
            for id in _listed(self.where.get(key))
            if not callable(id) and id is not None
        )

    def _check_field(self, key: str, declaration: Declaration) -> None:
        if self.types is None or self.types & OURS:
            return
        root = key.split("__", 1)[0]
        known = {
            field.name
            for name in (*self.types, "Event", "Message")
            if name in declaration.models
            for field in declaration.models[name].fields
        }
        fitting = known | {name for name, path in _COLUMNS.items() if path[0] in known}
        if known & {"playback", "recording"}:
            fitting |= set(TARGETS)
        if root not in known and key not in fitting:
            raise UsageProblem(
                f"{' and '.join(sorted(self.types))} has no field {root!r}",
                _suggest(root, sorted(fitting)),
            )

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Return whether an event matches."""
        if self.types is not None and event.get("type") not in self.types:
            return False
        return all(_has(event, key, want) for key, want in self.where.items())

    def may_fit(self, event: Mapping[str, Any]) -> bool:
        """Return whether an event may match, without calling the user's functions."""
        if self.types is not None and event.get("type") not in self.types:
            return False
        try:
            return all(callable(want) or _has(event, key, want) for key, want in self.where.items())
        except Exception:  # noqa: BLE001 - raised when the filter is called
            return True

    def __str__(self) -> str:
        kind = " or ".join(sorted(self.types)) if self.types else "any event"
        fields = ", ".join(f"{key}={value!r}" for key, value in self.where.items())
        return f"{kind} with {fields}" if fields else kind


@dataclass(frozen=True, slots=True)
class EventPattern:
    """A type of event and required values of its fields, not yet checked; made by `event`."""

    type: EventTypes
    where: Mapping[str, Any] = field(default_factory=dict)


def event(type: EventTypes, **where: Any) -> EventPattern:
    """Return a pattern for `wait_any`: ``event("ChannelDtmfReceived", channel=ch)``.

    Args:
        type: the event's type, by name or class; several; or ``"*"``.
        **where: fields that must have a value.
    """
    return EventPattern(type, where)


class FirstOf(EventFilter):
    """Accepts what one of several filters accepts.

    Args:
        filters: by name.

    Raises:
        UsageProblem: there is none.
    """

    def __init__(self, filters: Mapping[str, EventFilter]) -> None:
        if not filters:
            raise UsageProblem(
                "nothing to wait for", 'Name an event, as key="ChannelDtmfReceived".'
            )
        self._filters = dict(filters)
        types = [each.types for each in filters.values()]
        self.types = (
            None if None in types else frozenset[str]().union(*(each or () for each in types))
        )
        self.where = {}
        self.asks = any(each.asks for each in filters.values())
        named = [each.objects for each in filters.values()]
        self.objects = tuple(id for ids in named for id in ids) if all(named) else ()

    def name_of(self, event: Mapping[str, Any]) -> str:
        """Return the name of the first filter that accepts an event."""
        return next(name for name, each in self._filters.items() if each(event))

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Return whether an event matches."""
        return any(each(event) for each in self._filters.values())

    def may_fit(self, event: Mapping[str, Any]) -> bool:
        """Return whether an event may match, without calling the user's functions."""
        return any(each.may_fit(event) for each in self._filters.values())

    def __str__(self) -> str:
        return " or ".join(map(str, self._filters.values()))


def _suggest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    names = list(known)
    near = nearest(name, names, 2)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"{otherwise}Known: {shown}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _plain(value: Any) -> Any:
    """Return live objects by their id, so that a filter does not keep a session alive."""
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return getattr(value, "id", value)


def _has(event: Mapping[str, Any], key: str, want: Any) -> bool:
    got = _dig(event, key.split("__"))
    if got is _MISSING and key in _COLUMNS:
        got = _dig(event, _COLUMNS[key])
    if got is _MISSING and key in TARGETS:
        got = target(event, key) or _MISSING
    if got is _MISSING:
        return False
    if callable(want):
        return bool(want(got))
    if isinstance(want, list) and not isinstance(got, list):
        return any(_equal(got, item) for item in want)
    return _equal(got, want)


def _dig(value: Any, path: Iterable[str]) -> Any:
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _equal(got: Any, want: Any) -> bool:
    if isinstance(got, Mapping) and not isinstance(want, Mapping):
        return want is not None and want in (got.get("id"), got.get("name"))
    if isinstance(got, bool) or isinstance(want, bool):
        return str(got).lower() == str(want).lower()
    return bool(got == want) or str(got) == str(want)
