"""Copying the course: the user's edits are never lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from ari_notebook.lessons.course import copy_course, course_folder
from tests.conftest import free_port


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "data").mkdir(parents=True)
    (folder / "01.ipynb").write_text("one")
    (folder / "02.ipynb").write_text("two")
    (folder / "data" / "sound.wav").write_bytes(b"\x00\x01")
    (folder / ".gitkeep").write_text("")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "01.ipynb").write_text("old")
    return folder


def test_course_is_copied_once(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "some" / "where"
    first = copy_course(target, source)
    assert first.new == ("01.ipynb", "02.ipynb", "data/sound.wav")
    assert (target / "data" / "sound.wav").read_bytes() == b"\x00\x01"
    again = copy_course(target, source)
    assert (again.new, again.updated, again.kept) == ((), (), ())


def test_update_replaces_only_unedited_notebooks(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_course(target, source)
    (target / "01.ipynb").write_text("my own work")
    (source / "01.ipynb").write_text("one, improved")
    (source / "02.ipynb").write_text("two, improved")
    copied = copy_course(target, source)
    assert (copied.new, copied.updated, copied.kept) == ((), ("02.ipynb",), ("01.ipynb",))
    assert (target / "01.ipynb").read_text() == "my own work"
    assert (target / "02.ipynb").read_text() == "two, improved"
    # And it stays so: the edit is not forgotten by the second time.
    assert copy_course(target, source).kept == ("01.ipynb",)


def test_foreign_file_of_same_name_is_kept(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "02.ipynb").write_text("I was here first")
    assert copy_course(target, source).kept == ("02.ipynb",)
    assert (target / "02.ipynb").read_text() == "I was here first"


def test_damaged_record_of_copies_loses_no_edit(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_course(target, source)
    (target / "01.ipynb").write_text("my own work")
    for spoilt in ("{", "[]", "\x00"):
        (target / ".ari-notebook-course.json").write_text(spoilt)
        assert copy_course(target, source).kept == ("01.ipynb",)


def test_installation_contains_the_course() -> None:
    names = [path.name for path in sorted(course_folder().glob("*.ipynb"))]
    assert names[:2] == ["00-start-here.ipynb", "01-hello-world.ipynb"]


@pytest.mark.slow
def test_lab_opens_the_copied_course_on_its_first_page(tmp_path: Path) -> None:
    folder, port = tmp_path / "course", free_port()
    command = [
        *(sys.executable, "-c", "from ari_notebook.sessions.command_line import main; main()"),
        *("lab", str(folder), "--no-browser", "--IdentityProvider.token="),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
    ]
    home = {f"JUPYTER_{each}_DIR": str(tmp_path / each) for each in ("CONFIG", "DATA", "RUNTIME")}
    lab = subprocess.Popen(command, env=os.environ | home, stderr=subprocess.DEVNULL)
    try:
        assert landing(f"http://127.0.0.1:{port}/", lab).endswith("/lab/tree/00-start-here.ipynb")
    finally:
        lab.terminate()
        lab.wait(30)
    with pytest.raises(OSError, match="refused"):  # what was started has ended with it
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10)
    copied = {path.name for path in folder.glob("*.ipynb")}
    assert copied == {path.name for path in course_folder().glob("*.ipynb")}


def landing(url: str, server: subprocess.Popen[bytes]) -> str:
    """Return where a browser that asks for the address ends up, as soon as the server answers."""
    end = time.monotonic() + 100
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
            return str(answer.url)
        time.sleep(0.2)
    raise AssertionError(f"nothing answers at {url}; the server's exit code: {server.poll()}")
