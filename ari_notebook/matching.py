"""Which events a handler or a wait is about: a type, and fields that must have a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.spec import Declaration, nearest

__all__ = ["Pattern"]

# Events that this package adds to Asterisk's: the connection was lost, and is there again.
OURS = frozenset({"Gap"})

_MISSING = object()
# Where the event log's columns are found in an event, for those that are no field of their own.
_COLUMNS = {
    "channel_name": ("channel", "name"),
    "state": ("channel", "state"),
    "caller": ("channel", "caller", "number"),
    "exten": ("channel", "dialplan", "exten"),
}


class Pattern:
    """A type of event (or several, or ``"*"``) and the values its fields must have.

    A field is an event's own (``digit="1"``), a column of the event log (``state="Up"``), or a
    path into it with double underscores (``channel__caller__number="5551"``). An object in an
    event (``channel``, ``bridge``, ``playback``, ``recording``) is named by its id or its name, or
    by one of our live objects. A value may also be a list of values, or a function that says yes.

    Args:
        type: ``"StasisStart"``, a list of types, or ``"*"``.
        where: field → value.
        declaration: the server's, to check names against; an event type that a newer server
            may have is refused all the same, as it would be waited for in vain.

    Raises:
        UsageProblem: no such event type, or no such field in it.
    """

    def __init__(
        self, type: str | Iterable[str], where: Mapping[str, Any], declaration: Declaration
    ) -> None:
        names = [type] if isinstance(type, str) else list(type)
        self.types: frozenset[str] | None = None
        if names != ["*"]:
            for name in names:
                if name not in declaration.events and name not in OURS:
                    raise UsageProblem(
                        f"no event is called {name!r}", _suggest(name, declaration.events)
                    )
            self.types = frozenset(names)
        for key in where:
            self._check_field(key, declaration)
        self.where = {key: _plain(value) for key, value in where.items()}
        self.asks = any(map(callable, self.where.values()))  # functions of the user's

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
        if root not in known and key not in _COLUMNS:
            raise UsageProblem(
                f"{' and '.join(sorted(self.types))} has no field {root!r}",
                _suggest(root, sorted(known | set(_COLUMNS))),
            )

    def __call__(self, event: Mapping[str, Any]) -> bool:
        """Whether the event is one of these."""
        if self.types is not None and event.get("type") not in self.types:
            return False
        return all(_has(event, key, want) for key, want in self.where.items())

    def may_fit(self, event: Mapping[str, Any]) -> bool:
        """The same without asking anything of the user's: no function, no comparison that fails."""
        if self.types is not None and event.get("type") not in self.types:
            return False
        try:
            return all(callable(want) or _has(event, key, want) for key, want in self.where.items())
        except Exception:  # noqa: BLE001 - said where the pattern is asked in earnest
            return True

    def __str__(self) -> str:
        kind = " or ".join(sorted(self.types)) if self.types else "any event"
        fields = ", ".join(f"{key}={value!r}" for key, value in self.where.items())
        return f"{kind} with {fields}" if fields else kind


def _suggest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = nearest(name, names, 2)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    shown = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    return f"There are: {shown}"


def _plain(value: Any) -> Any:
    """Live objects by their id, so that a pattern keeps no session alive."""
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return getattr(value, "id", value)


def _has(event: Mapping[str, Any], key: str, want: Any) -> bool:
    got = _dig(event, key.split("__"))
    if got is _MISSING and key in _COLUMNS:
        got = _dig(event, _COLUMNS[key])
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
