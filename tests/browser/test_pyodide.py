"""The course in Pyodide, under node: no sockets, no threads, 32 bits."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.background import waiting_steps

TOP = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
PYODIDE = Path(os.environ.get("PYODIDE_DIR", TOP / ".pyodide"))
# The others need sockets, separate programs, or an Asterisk; scripts/lite says so in each.
NOTEBOOKS = ("00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "13", "15")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="session")
def pyodide() -> Path:
    """The folder of Pyodide, with a new wheel of this package."""
    if shutil.which("node") is None:
        pytest.skip("no node")
    if not (PYODIDE / "pyodide" / "pyodide.mjs").exists():
        pytest.skip(f"no Pyodide in {PYODIDE.name}: scripts/pyodide installs it")
    for old in (PYODIDE / "wheels").glob("ari_notebook-*.whl"):
        old.unlink()
    subprocess.run(
        ["python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(PYODIDE / "wheels")],
        cwd=TOP,
        env=os.environ | {"ARI_NOTEBOOK_PURE": "1"},
        check=True,
        capture_output=True,
    )
    return PYODIDE


def promise_integration() -> list[str]:
    """Return the option of node for JavaScript Promise Integration; browsers have it without."""
    options = subprocess.run(["node", "--v8-options"], capture_output=True, text=True).stdout
    names = ("--experimental-wasm-jspi", "--experimental-wasm-stack-switching")
    return [name for name in names if name in options][:1]


def run(pyodide: Path, *notebooks: Path) -> list[dict[str, Any]]:
    """Return the results of the cells of notebooks."""
    done = subprocess.run(
        [
            "node",
            *promise_integration(),
            HERE / "run.mjs",
            pyodide / "pyodide",
            pyodide / "wheels",
            HERE / "stand_ins",
            *notebooks,
        ],
        capture_output=True,
        text=True,
        timeout=800,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_notebook_runs_in_pyodide(pyodide: Path, number: str) -> None:
    (notebook,) = (TOP / "notebooks").glob(f"{number}-*.ipynb")
    check(run(pyodide, notebook))


def test_steps_wait_on_stacks_of_their_own(pyodide: Path, tmp_path: Path) -> None:
    """Each is a cell; without Promise Integration the first fails."""
    cases = waiting_steps.IN_A_PAGE
    calls = [
        ("await " * inspect.iscoroutinefunction(case)) + f"{case.__name__}()" for case in cases
    ]
    source = inspect.getsource(waiting_steps)
    notebook = tmp_path / "waiting.ipynb"
    notebook.write_text(
        json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in [source, *calls]]})
    )
    check(run(pyodide, notebook))


def check(results: list[dict[str, Any]]) -> None:
    """Fail if a cell of a notebook does, or none was run."""
    cells = [result for result in results if "cell" in result]
    failed = [
        f"cell {cell['cell']} ({cell['source']}): {cell['error']}\n{cell['out']}"
        for cell in cells
        if cell["error"] and not cell["expected"]
    ]
    assert not failed, "\n".join(failed)
    assert cells
