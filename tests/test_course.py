"""Copying the course: the user's edits are never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_notebook.course import copy_course, course_folder


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


def test_everything_is_copied_once(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "some" / "where"
    first = copy_course(target, source)
    assert first.new == ("01.ipynb", "02.ipynb", "data/sound.wav")
    assert (target / "data" / "sound.wav").read_bytes() == b"\x00\x01"
    again = copy_course(target, source)
    assert (again.new, again.updated, again.kept) == ((), (), ())


def test_an_edited_notebook_is_left_alone_an_untouched_one_follows(
    source: Path, tmp_path: Path
) -> None:
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


def test_a_file_of_the_same_name_that_was_never_ours_is_left_alone(
    source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "02.ipynb").write_text("I was here first")
    assert copy_course(target, source).kept == ("02.ipynb",)
    assert (target / "02.ipynb").read_text() == "I was here first"


def test_a_spoilt_memory_loses_no_edit(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    copy_course(target, source)
    (target / "01.ipynb").write_text("my own work")
    for spoilt in ("{", "[]", "\x00"):
        (target / ".ari-notebook-course.json").write_text(spoilt)
        assert copy_course(target, source).kept == ("01.ipynb",)


def test_this_installation_has_a_course() -> None:
    assert (course_folder() / "01-hello-world.ipynb").exists()
