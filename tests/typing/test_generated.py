"""The generated modules agree with the built-in declaration, and with the methods made of it."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import ari_notebook.events
from ari_notebook.connection.generated.models import MODELS
from ari_notebook.connection.generated.objects import OBJECTS, RESOURCES
from ari_notebook.connection.generated.typed_connection import TypedConnection
from ari_notebook.connection.operation_methods import make_resources
from ari_notebook.schema import builtin

TOP = Path(__file__).parent.parent.parent


def test_generated_files_are_up_to_date() -> None:
    script = [sys.executable, str(TOP / "scripts" / "generate_types.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_operation_model_and_event_has_its_class() -> None:
    declaration = builtin()
    for name, operations in declaration.resources.items():
        assert operations.keys() <= vars(RESOURCES[name]).keys()
        assert name in TypedConnection.__annotations__
    assert sum(len(each) for each in declaration.resources.values()) == 109
    events = {*declaration.events, "Event", "Message", "MissingParams"}
    assert MODELS.keys() == declaration.models.keys() - events
    assert len(declaration.events) == 45
    for name in events:
        assert getattr(ari_notebook.events, name).__name__ == name


@pytest.mark.parametrize("made", [0, 1], ids=["resources", "objects"])
def test_made_methods_have_the_generated_parameters(made: int) -> None:
    generated = (RESOURCES, OBJECTS)[made]
    for name, cls in make_resources(builtin())[made].items():
        base = generated[name]
        assert issubclass(cls, base)
        assert cls.__module__ == base.__module__
        for method in vars(base).keys() & vars(cls).keys():
            if inspect.isfunction(vars(base)[method]) and not method.startswith("_"):
                ours = inspect.signature(vars(base)[method]).parameters
                theirs = inspect.signature(vars(cls)[method]).parameters
                assert [(p.name, p.default) for p in ours.values()] == [
                    (p.name, p.default) for p in theirs.values()
                ]
                assert inspect.getdoc(getattr(base, method)) == inspect.getdoc(getattr(cls, method))
