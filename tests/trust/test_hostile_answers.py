"""Responses that are cheap to send and expensive to receive."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook.captures import dataset, open_capture
from ari_notebook.captures.file_format import Writer, line
from ari_notebook.captures.replay.server import ServedCapture
from ari_notebook.client.errors import UsageProblem
from ari_notebook.schema import builtin_files
from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.rest import apidocs
from ari_notebook.views.panel.commands import Commands


def test_number_in_place_of_a_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    request = {"method": "GET", "path": "/recordings/stored/huge/file", "params": {}}
    answer = {"status": 200, "body": 400_000_000}
    written = Writer(path, line("capture", {"version": 1}, 1.0))
    written.add(line("request", request, 2.0, response=answer))
    written.close()
    with (
        ServedCapture(path) as served,
        ari_notebook.connect(served.url, user=served.user, password=served.password) as ari,
        pytest.raises(UsageProblem, match="the server sent no file of huge"),
    ):
        Commands(ari).recording("huge")


def test_endless_listing_of_api_docs_is_not_asked_for(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = builtin_files()
    one = files["resources.json"]["apis"][0]
    files["resources.json"]["apis"] += [
        {**one, "path": f"/api-docs/x{number}.{{format}}"} for number in range(20_000)
    ]
    asked: list[str] = []
    document = apidocs.document

    def counted(name: str, *more: Any) -> dict[str, Any]:
        asked.append(name)
        return document(name, *more)

    monkeypatch.setattr(apidocs, "_files", lambda _version: files)
    monkeypatch.setattr(apidocs, "document", counted)
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        assert "channels" in ari.resources
    assert len(asked) == 1


def test_recording_without_end_is_not_read_to_its_end(simulator: RunningSimulator) -> None:
    folder = simulator.run(lambda asterisk: asterisk.ari.media.stored.directory)
    (folder / "long.wav").write_bytes(bytes(6_000_000))
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        with pytest.raises(UsageProblem, match="too long"):
            Commands(ari).recording("long")
        operation = ari.operation("recordings.get_stored_file")
        assert len(ari.invoke(operation, {"recordingName": "long"}, 1000)) == 1000
        assert len(ari.recordings.get_stored_file("long")) == 6_000_000
        assert ari.request("GET", "/asterisk/ping").status == 200


@pytest.mark.parametrize("padding", [0, 3 << 20], ids=["100,000 operations", "3 MiB"])
def test_huge_api_docs_are_not_used(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch, padding: int
) -> None:
    files = builtin_files()
    if padding:
        files["channels.json"]["padding"] = "x" * padding
    else:
        files["channels.json"]["apis"] += [{"path": "/x", "operations": [{}] * 100_000}]
    monkeypatch.setattr(apidocs, "_files", lambda _version: files)
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        assert len(ari.declaration.operations) < 200
        assert "channels" in ari.resources


def test_capture_that_unpacks_to_gigabytes_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_capture, "_MOST", 3 << 20)
    path = tmp_path / "bomb.jsonl.gz"
    event = {"type": "StasisStart", "channel": {"id": "1"}}
    written = Writer(path, line("capture", {"version": 1}, 1.0))
    for _ in range(100):
        written.add(line("event", event, 2.0) * 1000)
    written.close()
    capture = open_capture.OpenCapture(path)
    assert 1000 < len(capture.events) < 60_000
    assert capture.problems["rest left out: larger than 3 MiB"] == 1
    assert len(open_capture.OpenCapture(path, keep=500).events) == 500


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_parquet_bomb_in_a_data_set_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "day.jsonl"
    written = Writer(path, line("capture", {"version": 1}, 1.0))
    written.add(line("event", {"type": "StasisStart", "channel": {"id": "1"}}, 2.0) * 10)
    written.close()
    ari_notebook.to_parquet(path, tmp_path / "days")
    (folder,) = (tmp_path / "days").glob("server=*/date=*")
    os.mkfifo(folder / "pipe.parquet")
    (folder / "endless.parquet").symlink_to("/dev/zero")
    (folder / "loop.parquet").symlink_to("loop.parquet")
    whole = dataset.Dataset(tmp_path / "days")
    assert len(whole.events.df) == 10
    monkeypatch.setattr(dataset, "_MOST_ROWS", 9)
    with pytest.warns(UserWarning, match="too many rows or octets"):
        assert len(whole.events.df) == 0
    assert whole.problems["file with too many rows or octets"] == 1
