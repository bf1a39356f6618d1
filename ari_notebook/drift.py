"""Drift: what a server's events say otherwise than its declaration.

Another version of Asterisk sends fields, or whole events, that its declaration does not know, or
leaves out what it declares as required. All of it is kept and shown as it came; here it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ari_notebook.live.times import microseconds
from ari_notebook.spec import Declaration

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Drift"]

_MOST = 1000  # kinds of drift remembered: a server could make up a field's name each time
_UNKNOWN_EVENT, _UNKNOWN_FIELD, _MISSING = "unknown event", "unknown field", "missing field"


@dataclass(slots=True)
class _Found:
    """One kind of drift: how often it came, and in which event first."""

    count: int
    first: str
    event: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a model declares: every field with the model that it holds, and those required."""

    fields: Mapping[str, str]
    required: frozenset[str]


class Drift:
    """Compares events with a declaration.

    Args:
        declaration: what the server declares.
    """

    def __init__(self, declaration: Declaration) -> None:
        self._declaration = declaration
        self._events = frozenset(declaration.events)
        self._shapes: dict[str, _Shape] = {}
        self._as_declared: set[tuple[str, ...]] = set()  # model and keys that were found right
        self._found: dict[tuple[str, str], _Found] = {}

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Look at one event of the server; one of any shape is taken."""
        name = event.get("type")
        if not isinstance(name, str) or name not in self._events:
            self._note(_UNKNOWN_EVENT, str(name), event)
            return
        self._compare(event, name, event)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def count(self) -> int:
        """How often there was any."""
        return sum(found.count for found in list(self._found.values()))

    @property
    def df(self) -> pd.DataFrame:
        """One row a kind of drift: what it is, its name, how often, and the first event with it."""
        import pandas as pd

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
            return "no drift: every event was as declared"
        lines = [
            f"{found.count} x {kind} {name}" for (kind, name), found in list(self._found.items())
        ]
        return "\n".join(lines)
