"""What Binder runs once, run in a folder of its own: Jupyter then opens the course."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import TOP, free_port
from tests.test_course import landing


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A checkout's files after postBuild, with a home beside them."""
    for name in ("binder", "notebooks"):
        shutil.copytree(TOP / name, tmp_path / "repo" / name)
    (tmp_path / "home").mkdir()
    subprocess.run(
        ["./binder/postBuild"],
        cwd=tmp_path / "repo",
        env=os.environ | {"HOME": str(tmp_path / "home")},
        check=True,
    )
    return tmp_path


def test_the_course_lies_where_one_looks(built: Path) -> None:
    assert (built / "repo/course/00-start-here.ipynb").exists()


@pytest.mark.slow
@pytest.mark.parametrize("server", ["jupyterlab", "jupyter_server"])
def test_it_opens_on_the_first_page(built: Path, server: str) -> None:
    port = free_port()
    command = [
        *(sys.executable, "-m", server, "--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="),
    ]
    home = {"HOME": str(built / "home"), "JUPYTER_RUNTIME_DIR": str(built / "runtime")}
    started = subprocess.Popen(
        command, cwd=built / "repo", env=os.environ | home, stderr=subprocess.DEVNULL
    )
    try:
        page = landing(f"http://127.0.0.1:{port}/", started)
        assert page.endswith("/lab/tree/course/00-start-here.ipynb")
    finally:
        started.terminate()
        started.wait(30)
