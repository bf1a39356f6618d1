"""Events and answers as an older release sends them: without its missing fields."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ari_notebook.schema import Operation, builtin
from ari_notebook.schema.versions import AsteriskVersion

__all__ = ["VersionFilter"]


class VersionFilter:
    """Removes what a release lacks.

    Args:
        version: the release.
    """

    def __init__(self, version: AsteriskVersion) -> None:
        self._lacking = version.lacks()
        self._affected = _affected(version) if self._lacking else frozenset()

    def event(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return an event without the fields that the release lacks; None if it lacks the event."""
        if not self._lacking:
            return event
        kind = event["type"]
        if kind in self._lacking:
            return None
        return self._object(kind, event) if kind in self._affected else event

    def body(self, operation: Operation, body: Any) -> Any:
        """Return the body of an answer without the fields that the release lacks."""
        if not self._lacking:
            return body
        return self._value(operation.response, body)

    def hidden(self, operation: Operation) -> frozenset[str]:
        """Return the names of an operation's parameters that the release lacks."""
        if not self._lacking:
            return frozenset()
        prefix = f"{operation.method} {operation.path} "
        names = (each.removeprefix(prefix) for each in self._lacking if each.startswith(prefix))
        return frozenset(names)

    def _value(self, type: str, value: Any) -> Any:
        inner = _inner(type)
        if inner not in self._affected:
            return value
        if isinstance(value, list):
            return [self._value(inner, each) for each in value]
        return self._object(inner, value) if isinstance(value, Mapping) else value

    def _object(self, model: str, value: Mapping[str, Any]) -> dict[str, Any]:
        types = _types(model)
        return {
            name: self._value(types.get(name, ""), each)
            for name, each in value.items()
            if f"{model}.{name}" not in self._lacking
        }


def _inner(type: str) -> str:
    """Return the type of a list's elements, or the type itself."""
    return type[5:-1] if type.startswith("List[") else type


@cache
def _types(model: str) -> Mapping[str, str]:
    declaration = builtin()
    if model not in declaration.models:
        return {}
    return {field.name: field.type for field in declaration.fields(model)}


@cache
def _affected(version: AsteriskVersion) -> frozenset[str]:
    """Return the models of which a release lacks a part."""
    names = {each.partition(".")[0] for each in version.lacks() if "." in each and " " not in each}
    models = builtin().models
    while True:
        more = {
            name
            for name in models
            if name not in names and any(_inner(each) in names for each in _types(name).values())
        }
        if not more:
            return frozenset(names)
        names |= more
