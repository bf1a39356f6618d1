"""A value of an object and of a task."""

from __future__ import annotations

import contextvars

from ari_notebook.background.context_value import ContextValue


def test_value_of_a_freed_object_is_not_inherited() -> None:
    places = set()
    for _ in range(100):
        value: ContextValue[str] = ContextValue()
        assert value.get() is None
        value.set("set")
        places.add(id(value))
        del value
    assert len(places) < 100  # an object was created where a freed one had been


def test_copied_context_inherits_the_value_and_keeps_its_own() -> None:
    value: ContextValue[str] = ContextValue()
    value.set("outer")
    copy = contextvars.copy_context()
    assert copy.run(value.get) == "outer"
    copy.run(value.set, "inner")
    assert (value.get(), copy.run(value.get)) == ("outer", "inner")
