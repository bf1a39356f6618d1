"""A value that belongs to an object and to the current context: a task, or a thread."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

__all__ = ["ContextValue"]

_T = TypeVar("_T")

# By weak reference: a new object may get the `id` of one that is gone, and with it its value.
_values: ContextVar[Mapping[weakref.ref[Any], Any]] = ContextVar("values", default={})  # noqa: B039


class ContextValue(Generic[_T]):
    """A value that tasks inherit, and threads that copy the context.

    A `ContextVar` for each object would never be freed.
    """

    def __init__(self) -> None:
        self._key = weakref.ref(self)

    def get(self) -> _T | None:
        """Return the value in this context, or None."""
        found: _T | None = _values.get().get(self._key)
        return found

    def set(self, value: _T | None) -> None:
        """Set the value in this context."""
        others = {key: other for key, other in _values.get().items() if key() is not None}
        _values.set(others | {self._key: value})
