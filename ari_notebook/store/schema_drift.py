"""Drift: differences between a server's events and its declaration.

A version of Asterisk may send undeclared fields or events, or omit required fields. Events are
stored and shown unchanged; here the differences are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ari_notebook.schema import Declaration
from ari_notebook.store.plain_text import printable
from ari_notebook.store.timestamps import microseconds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Drift"]

_MOST = 1000  # maximum kinds of drift: a server could invent a new field name each time
_UNKNOWN_EVENT, _UNKNOWN_FIELD, _MISSING = "unknown event", "unknown field", "missing field"


@dataclass(slots=True)
class _Found:
    """One kind of drift: its count, and the event in which it first occurred."""

    count: int
    first: str
    event: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """A model's declaration: every field with the model of its value, and the required fields."""

    fields: Mapping[str, str]
    required: frozenset[str]


class Drift:
    """Compares events with a declaration.

    Args:
        declaration: the server's declaration.
    """

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._events = frozenset(declaration.events)
        self._shapes: dict[str, _Shape] = {}
        self._as_declared: set[tuple[str, ...]] = set()  # model and keys without drift
        self._found: dict[tuple[str, str], _Found] = {}

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Check one event of the server, which may be malformed."""
        name = event.get("type")
        if not isinstance(name, str) or name not in self._events:
            self._note(_UNKNOWN_EVENT, str(name), event)
            return
        self._compare(event, name, event)

    def clear(self) -> None:
        """Reset the counts."""
        self._found.clear()

    def __len__(self) -> int:
        return len(self._found)

    @property
    def count(self) -> int:
        """The number of differences."""
        return sum(found.count for found in list(self._found.values()))

    @property
    def df(self) -> pd.DataFrame:
        """One row per kind of drift: kind, name, count and first event."""
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        rows = list(self._found.items())
        first = [microseconds(found.first) for _, found in rows]
        times = np.array(first, dtype="datetime64[us]")
        return pd.DataFrame(
            {
                "drift": pd.Categorical(
                    [kind for (kind, _), _ in rows],
                    categories=[_UNKNOWN_EVENT, _UNKNOWN_FIELD, _MISSING],
                ),
                "name": pd.array([name for (_, name), _ in rows], dtype="str"),
                "count": pd.array([found.count for _, found in rows], dtype="int64"),
                "event": pd.array([found.event for _, found in rows], dtype="str"),
                "first": pd.array(times, dtype=pd.DatetimeTZDtype("us", "UTC")),
            }
        )

    def _compare(self, item: Mapping[str, Any], model: str, event: Mapping[str, Any]) -> None:
        shape = self._shapes.get(model) or self._shape(model)
        keys = (model, *item)
        if keys not in self._as_declared and not self._differs(item, model, shape, event):
            if len(self._as_declared) >= _MOST:
                self._as_declared.clear()
            self._as_declared.add(keys)
        fields = shape.fields
        for name, value in item.items():
            inner = fields.get(name)
            if not inner:
                continue
            for each in value if isinstance(value, list) else (value,):
                if isinstance(each, dict):
                    self._compare(each, inner, event)

    def _differs(
        self, item: Mapping[str, Any], model: str, shape: _Shape, event: Mapping[str, Any]
    ) -> bool:
        unknown = item.keys() - shape.fields.keys()
        missing = shape.required - item.keys()
        for name in sorted(unknown):
            self._note(_UNKNOWN_FIELD, f"{model}.{name}", event)
        for name in sorted(missing):
            self._note(_MISSING, f"{model}.{name}", event)
        return bool(unknown or missing)

    def _shape(self, model: str) -> _Shape:
        declared = self._declaration.fields(model)
        models = self._declaration.models
        inner = {field.name: field.type.removeprefix("List[").rstrip("]") for field in declared}
        shape = self._shapes[model] = _Shape(
            {name: type if type in models else "" for name, type in inner.items()},
            frozenset(field.name for field in declared if field.required),
        )
        return shape

    def _note(self, kind: str, name: str, event: Mapping[str, Any]) -> None:
        found = self._found.get((kind, name))
        if found is not None:
            found.count += 1
        elif len(self._found) < _MOST:
            first, type = str(event.get("timestamp") or ""), str(event.get("type"))
            self._found[kind, name] = _Found(1, first, type)

    def __repr__(self) -> str:
        if not self._found:
            return "no drift: all events conform to the declaration"
        lines = [
            f"{found.count} x {kind} {name}" for (kind, name), found in list(self._found.items())
        ]
        return printable("\n".join(lines))
