"""The notebook for marimo, run by marimo's own runner."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent


@pytest.mark.slow
def test_marimo_runs_its_notebook_with_the_panel(tmp_path: Path) -> None:
    if find_spec("marimo") is None:
        pytest.skip("no marimo: pip install -e '.[test]'")
    page = tmp_path / "call.html"
    command = [sys.executable, "-m", "marimo", "export", "html"]
    command += [str(TOP / "notebooks/marimo/first_call.py"), "-o", str(page)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=110, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = page.read_text(encoding="utf-8")
    assert "hung up: 0 channels" in shown
    assert "marimo-anywidget" in shown
