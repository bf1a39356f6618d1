"""Captures are readable by their owner only, and a file belongs to one capture."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ari_notebook.captures.file_format import Reader, Writer, line, make_folder
from ari_notebook.client.errors import UsageProblem
from tests.helpers.waiting import until


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.gz"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_file_is_readable_by_its_owner_only(tmp_path: Path, name: str, overwrite: bool) -> None:
    path = tmp_path / name
    if overwrite:
        path.write_bytes(b"old")
        path.chmod(0o644)
    Writer(path, line("capture", {"version": 1}), overwrite=overwrite).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert next(iter(Reader(path))).kind == "capture"


def test_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    assert {(tmp_path / each).stat().st_mode & 0o777 for each in ("a", "a/b")} == {0o700}


@pytest.mark.parametrize("overwrite", [False, True])
def test_second_capture_into_one_file_is_refused(tmp_path: Path, overwrite: bool) -> None:
    path = tmp_path / "day.jsonl"
    first = Writer(path, line("capture", {"version": 1}), overwrite=overwrite)
    with pytest.raises(UsageProblem, match="another capture is writing"):
        Writer(path, overwrite=True)
    first.add(line("end", {}))
    first.close()
    assert [each.kind for each in Reader(path)] == ["capture", "end"]
    Writer(path, line("capture", {"version": 1}), overwrite=True).close()


def test_deleted_capture_file_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    writer = Writer(path, line("capture", {"version": 1}))
    os.unlink(path)
    writer.add(line("end", {}))
    until(lambda: writer.failure)
    assert "was deleted" in writer.failure
    writer.close()
