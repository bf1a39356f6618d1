"""The two decoders of events: the compiled one, where this machine has a compiler, and Python's."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from ari_notebook.store import event_scanner


def load(file: Path) -> ModuleType:
    """Import the extension module of a file."""
    name = "ari_notebook.store._event_scanner"
    loader = importlib.machinery.ExtensionFileLoader(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def scanner_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension module, compiled from this tree."""
    pytest.importorskip("setuptools", reason="compiling needs setuptools")
    from hatch_build import compile_extension

    file = compile_extension(tmp_path_factory.mktemp("extension"))
    if file is None:
        reason = "no C compiler, or no headers of Python: the extension is not compiled"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return file


@pytest.fixture(scope="module", params=["compiled", "Python"])
def decoder(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run a module's tests with each of the decoders."""
    compiled = request.param == "compiled"
    module = load(request.getfixturevalue("scanner_file")) if compiled else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_scanner, "_compiled", module)
        yield request.param
