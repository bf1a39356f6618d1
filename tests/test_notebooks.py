"""The course runs from top to bottom, and says what its cells say, on both exchanges."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))


def run(notebook, **environment):
    """Run a notebook under nbval; its report."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ARI_")}
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-cell-timeout", "60"),
            *("-q", "-p", "no:cacheprovider", "-o", "addopts=", str(notebook)),
        ],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_on_the_embedded_exchange(notebook):
    done = run(notebook)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_unchanged_on_a_real_asterisk(notebook, real_asterisk):
    done = run(
        notebook,
        ARI_URL=real_asterisk.url,
        ARI_USER=real_asterisk.user,
        ARI_PASSWORD=real_asterisk.password,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_course_is_there():
    assert NOTEBOOKS[0].name == "01-hello-world.ipynb"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_wrong_output_would_be_seen(notebook, tmp_path):
    copy = tmp_path / notebook.name
    text = notebook.read_text()
    assert "sound:hello-world done" in text
    copy.write_text(text.replace("sound:hello-world done", "sound:hello-world failed"))
    done = run(copy)
    assert done.returncode == 1
    assert "1 failed" in done.stdout
