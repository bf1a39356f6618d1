from __future__ import annotations

from array import array
from collections.abc import Callable
from pathlib import Path

import pytest

from ari_notebook.simulator.media import samples
from ari_notebook.simulator.media.stored_recordings import StoredRecordings
from ari_notebook.simulator.messages import AriRefusal


def path_of(stored: StoredRecordings, name: str, format: str) -> Path:
    path = stored.path(name, format)
    assert path is not None
    return path


@pytest.fixture
def stored(tmp_path: Path) -> StoredRecordings:
    stored = StoredRecordings(tmp_path / "recordings")
    for name in ("r1", "d/e/r2"):
        path = path_of(stored, name, "wav")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(samples.encode("wav", array("h", [0] * 12_000)))
    (tmp_path / "outside.wav").write_bytes(b"secret")
    (stored.directory / "notes.txt").write_text("no recording")
    return stored


def refused(status: int, message: str, act: Callable[..., object], *args: object) -> None:
    with pytest.raises(AriRefusal, match=message) as caught:
        act(*args)
    assert caught.value.status == status


def test_names_may_have_slashes(stored: StoredRecordings) -> None:
    r2 = {"name": "d/e/r2", "format": "wav"}
    assert stored.list() == [r2, {"name": "r1", "format": "wav"}]
    assert stored.describe("d/e/r2") == stored.describe("/d/e/r2") == r2
    assert stored.duration("d/e/r2") == 1500
    assert stored.duration("nosuch") is None


def test_copied_recording_is_stored(stored: StoredRecordings) -> None:
    copied = {"name": "sub/cp", "format": "wav"}
    assert stored.copy("r1", "sub/cp") == stored.describe("sub/cp") == copied
    refused(409, "A recording with the same name already exists", stored.copy, "r1", "sub/cp")
    refused(409, "A recording with the same name already exists", stored.copy, "r1", "r1")
    refused(404, "Recording not found", stored.copy, "nosuch", "sub/cp")
    refused(400, "Invalid destination recording name", stored.copy, "r1", None)


def test_copy_has_no_extension_in_its_name(stored: StoredRecordings) -> None:
    assert stored.copy("r1", "r3.gsm") == stored.describe("r3") == {"name": "r3", "format": "wav"}
    assert stored.copy("r1", "x.y/z") == stored.describe("x") == {"name": "x", "format": "wav"}
    path_of(stored, "r4", "gsm").write_bytes(b"")
    refused(409, "A recording with the same name already exists", stored.copy, "r1", "r4")
    for nameless in ("", "r5/", ".gsm", "r5/.gsm"):
        refused(500, "Error building response", stored.copy, "r1", nameless)
    path_of(stored, "r6", "wav").mkdir()
    refused(500, "Copy failed", stored.copy, "r1", "r6")


@pytest.mark.parametrize("name", ["../outside", "d/../../outside", "d/e/../../../outside"])
def test_no_name_leads_out_of_the_directory(stored: StoredRecordings, name: str) -> None:
    refused(404, "Recording not found", stored.get, name)
    refused(404, "Recording not found", stored.delete, name)
    refused(403, "Destination file path is forbidden", stored.copy, "r1", name)
    assert stored.path(name, "wav") is None
    assert (stored.directory.parent / "outside.wav").read_bytes() == b"secret"


def test_path_that_stays_inside_may_contain_parents(stored: StoredRecordings) -> None:
    assert (
        path_of(stored, "a/../r1", "wav")
        == path_of(stored, "./r1", "wav")
        == path_of(stored, "r1", "wav")
    )
    assert stored.describe("d/../r1") == {"name": "r1", "format": "wav"}
    for name in ("..", ".", "x/"):  # what is written there is none that could be asked for
        assert path_of(stored, name, "wav").resolve().is_relative_to(stored.directory.resolve())
        assert stored.path(name, "") is None


def test_deleted_recording_is_not_listed(stored: StoredRecordings) -> None:
    stored.delete("r1")
    refused(404, "Recording not found", stored.get, "r1")
    assert stored.list() == [{"name": "d/e/r2", "format": "wav"}]


def test_empty_folder_has_no_recordings(tmp_path: Path) -> None:
    stored = StoredRecordings(tmp_path / "none")
    assert stored.list() == []
    assert stored.find("r1") is None
