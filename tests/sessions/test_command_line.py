"""The command ``ari-notebook``."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.sessions import command_line

COURSE = "00-start-here.ipynb"


@pytest.fixture
def jupyterlab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The JupyterLab command that ``lab`` would execute, run in an empty folder."""
    if find_spec("jupyterlab") is None:  # importing it takes three seconds
        pytest.skip("needs JupyterLab")
    started: list[str] = []

    def call(command: list[str]) -> int:
        started.extend(command)
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "ari_notebook.sessions.command_line.os.execv", lambda _, command: started.extend(command)
    )
    monkeypatch.setattr(subprocess, "call", call)
    return started


@pytest.mark.parametrize(
    ("typed", "folder", "passed_on"),
    [
        ("--no-browser --port 18950", "ari-course", ["--port", "18950"]),
        ("--port 18950 --no-browser", "ari-course", ["--port", "18950"]),
        ("--port=18950 mine", "mine", ["--port=18950"]),
        ("mine --ip 127.0.0.1 --port 18950", "mine", ["--ip", "127.0.0.1", "--port", "18950"]),
        ("--no-browser mine", "mine", []),
        ("", "ari-course", []),
    ],
)
def test_lab_passes_jupyterlab_options_with_their_values(
    jupyterlab: list[str], tmp_path: Path, typed: str, folder: str, passed_on: list[str]
) -> None:
    command_line.main(["lab", *typed.split()])
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    assert f"--ServerApp.root_dir={tmp_path / folder}" in jupyterlab
    assert [word for word in passed_on if word not in jupyterlab] == []
    assert "--LabApp.news_url=None" in jupyterlab
    assert ("--no-browser" in jupyterlab) == ("--no-browser" in typed)


def test_lab_keeps_an_edited_notebook(
    jupyterlab: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command_line.main(["lab", "course"])
    assert "yours" not in capsys.readouterr().out
    edited = tmp_path / "course" / "01-hello-world.ipynb"
    mine = edited.read_text().replace("Hello World", "My own notes")
    edited.write_text(mine)
    for _ in range(2):
        command_line.main(["lab", "course"])
        assert edited.read_text() == mine
        assert "01-hello-world.ipynb: edited by you" in capsys.readouterr().out
    edited.unlink()
    command_line.main(["lab", "course"])
    assert "Hello World" in edited.read_text()  # a deleted notebook is copied again


def test_lab_without_a_writable_home_is_one_line(
    jupyterlab: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    home.touch()  # no folder can be made in a file, even by root
    monkeypatch.setenv("HOME", str(home))
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert command_line.main(["lab"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"cannot write into {home}" in line
    assert "HOME=" in line
    assert jupyterlab == []


def test_doctor_refuses_unknown_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["doctor", "--port", "18950"])
    assert "unrecognized arguments: --port" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["ari_notebook.simulator", "ari_notebook.captures"])
def test_module_without_dependencies_is_one_line(module: str) -> None:
    # Without site-packages nothing that pip installs is there.
    packages = str(Path(ari_notebook.__file__).parent.parent)
    code = f"import runpy, sys; sys.path.insert(0, {packages!r});"
    code += f"sys.argv = ['', '--port', '0']; runpy.run_module({module!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "has no module orjson" in done.stderr
    assert "make lab" in done.stderr
