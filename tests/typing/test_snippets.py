"""Type checkers accept right programs, and report each error of wrong ones on its line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
SNIPPETS = Path(__file__).parent / "snippets"


def mypy(snippet: Path) -> dict[int, str]:
    """Return mypy's errors by line."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "pyproject.toml", snippet],
        cwd=TOP,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(rf"{snippet.name}:(\d+): error: (.*)", done.stdout)
    assert len(found) == done.stdout.count(": error: "), done.stdout
    return {int(line): message for line, message in found}


def pyright(snippet: Path) -> dict[int, str]:
    """Return pyright's errors by line."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run([*command, snippet], cwd=TOP, capture_output=True, text=True)
    if not done.stdout and not os.environ.get("CI"):
        pytest.skip(f"pyright cannot load its Node.js: {done.stderr.strip().splitlines()[-1:]}")
    found = json.loads(done.stdout)["generalDiagnostics"]
    return {
        each["range"]["start"]["line"] + 1: each["message"]
        for each in found
        if each["severity"] == "error"
    }


CHECKERS = pytest.mark.parametrize("checker", [mypy, pyright])


@CHECKERS
def test_right_program_is_accepted(checker: Callable[[Path], dict[int, str]]) -> None:
    assert checker(SNIPPETS / "accepted.py") == {}


def test_pyright_accepts_the_jobs_that_are_written_as_flows() -> None:
    # mypy checks them with the rest of benchmarks.
    assert pyright(TOP / "benchmarks" / "jobs" / "ours") == {}


@CHECKERS
def test_each_error_is_reported_on_its_line(checker: Callable[[Path], dict[int, str]]) -> None:
    snippet = SNIPPETS / "refused.py"
    lines = snippet.read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(lines, 1) if line.endswith("  # error")}
    found = checker(snippet)
    assert found.keys() - wrong == set(), {n: found[n] for n in found.keys() - wrong}
    assert wrong - found.keys() == set(), [lines[n - 1] for n in wrong - found.keys()]
