"""scripts/environment, which the Makefile calls: it creates a working environment, or none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "environment"

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1"
requires-python = ">={oldest}"
"""

# A build backend without dependencies, so that pip needs no network.
BACKEND = """
import pathlib, zipfile

def build_editable(folder, settings=None, metadata=None):
    name = "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("tiny.py", "")
        metadata = "Metadata-Version: 2.1", "Name: tiny", "Version: 1", "Provides-Extra: some"
        tags = "Wheel-Version: 1.0", "Generator: t", "Root-Is-Purelib: true", "Tag: py3-none-any"
        wheel.writestr("tiny-1.dist-info/METADATA", "\\n".join(metadata) + "\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "\\n".join(tags) + "\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return name
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="bin/, as the Makefile has it")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project with our script, which depends on nothing."""
    folder = tmp_path / "my phones ☎" / "checkout"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(SCRIPT, folder / "scripts")
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PYPROJECT.format(oldest="3.11"))
    return folder


def prepare(checkout: Path, *extras: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/environment", ".venv", *extras],
        cwd=checkout,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )


def imports_tiny(checkout: Path) -> bool:
    python = checkout / ".venv/bin/python"
    return subprocess.run([python, "-c", "import tiny"], timeout=30).returncode == 0


@pytest.mark.slow
def test_environment_is_made_once(checkout: Path) -> None:
    first = prepare(checkout, "some")
    assert first.returncode == 0, first.stderr
    assert "Installing" in first.stdout
    assert imports_tiny(checkout)
    again = prepare(checkout, "some")
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.slow
def test_changed_pyproject_installs_again(checkout: Path) -> None:
    prepare(checkout, "some")
    with (checkout / "pyproject.toml").open("a") as project:
        project.write("# changed\n")
    assert "Installing" in prepare(checkout, "some").stdout


@pytest.mark.slow
def test_environment_without_pip_is_made_again(checkout: Path) -> None:
    venv.create(checkout / ".venv", with_pip=False)
    assert prepare(checkout, "some").returncode == 0
    assert imports_tiny(checkout)


@pytest.mark.slow
def test_environment_whose_python_is_gone_is_made_again(checkout: Path) -> None:
    prepare(checkout, "some")
    for python in (checkout / ".venv/bin").glob("python*"):
        python.unlink()
    (checkout / ".venv/bin/python").symlink_to("/no/such/python")
    assert prepare(checkout, "some").returncode == 0
    assert imports_tiny(checkout)


@pytest.mark.slow
def test_environment_of_a_moved_checkout_is_made_again(checkout: Path) -> None:
    prepare(checkout, "some")
    moved = checkout.rename(checkout.with_name("elsewhere"))
    assert prepare(moved, "some").returncode == 0
    assert (
        str(moved)
        in subprocess.run(
            [moved / ".venv/bin/pip", "--version"], capture_output=True, text=True, timeout=30
        ).stdout
    )


def test_too_old_python_is_one_line_and_leaves_nothing(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text(PYPROJECT.format(oldest="3.99"))
    done = prepare(checkout, "some")
    assert done.returncode == 1
    assert "Python 3.99 or later is needed" in done.stderr
    assert "make lab PYTHON=" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()


@pytest.mark.slow
def test_missing_python3_venv_is_one_line_and_leaves_nothing(checkout: Path) -> None:
    # Debian's python3 without python3-venv has no ensurepip.
    site = checkout / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    done = prepare(checkout, "some", PYTHONPATH=str(site))
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (checkout / ".venv").exists()
    assert prepare(checkout, "some").returncode == 0


@pytest.mark.slow
def test_pip_failure_is_said_and_tried_again(checkout: Path) -> None:
    (checkout / "backend.py").write_text("raise SystemExit('no backend today')")
    failed = prepare(checkout, "some")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("pip could not install")
    (checkout / "backend.py").write_text(BACKEND)
    assert prepare(checkout, "some").returncode == 0
    assert imports_tiny(checkout)
