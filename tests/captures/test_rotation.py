"""Captures in several files: complete together, private, and deleted when they are too old."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import ari_notebook
from ari_notebook.captures.file_format import Reader
from ari_notebook.captures.rotation import RotatingCapture
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from tests.helpers.waiting import until


@pytest.fixture
def ari() -> Iterator[Session]:
    with ari_notebook.connect(subscribe_all=True) as session:
        yield session


def events(ari: Session, count: int, pause: float = 0) -> bool:
    """Publish events one by one, with seconds between them; return False."""
    for number in range(count):
        time.sleep(pause)
        ari.events.user_event(f"number{number}", application="hello-world")
        ari.wait_for("ChannelUserevent", eventname=f"number{number}")
    return False


def rotating(ari: Session, path: Path, **limits: float) -> RotatingCapture:
    made = ari.capture(path, **limits)  # type: ignore[arg-type]
    assert isinstance(made, RotatingCapture)
    return made


@pytest.mark.parametrize("name", ["day.jsonl", "day.jsonl.gz"])
def test_files_together_have_every_event_once(ari: Session, tmp_path: Path, name: str) -> None:
    with rotating(ari, tmp_path / name, every=0.01) as capture:
        events(ari, 12, pause=0.02)  # longer than a file lasts
    assert len(capture.files) > 3
    names = []
    for file in capture.files:
        assert file.stat().st_mode & 0o777 == 0o600
        assert not Reader(file).problems
        opened = ari_notebook.open_capture(file)
        names += [each["eventname"] for each in opened.events[:] if "eventname" in each]
    assert names == [f"number{number}" for number in range(12)]


def test_file_begins_with_the_tables_of_its_moment(ari: Session, tmp_path: Path) -> None:
    with rotating(ari, tmp_path / "day.jsonl", every=0.01) as capture:
        ari.call("1000")
        ari.wait_for("StasisStart")
        events(ari, 3)
        alive = ari.channels.df
    opened = ari_notebook.open_capture(capture.files[-1])
    pd.testing.assert_frame_equal(opened.channels.df, alive)


def test_file_that_grows_too_large_is_followed_by_another(ari: Session, tmp_path: Path) -> None:
    with rotating(ari, tmp_path / "day.jsonl", size=0.005) as capture:
        until(lambda: events(ari, 5) or len(capture.files) > 2)
    sizes = [file.stat().st_size for file in capture.files[:-1]]
    assert min(sizes) >= 0.005 * (1 << 20)


def test_only_the_newest_files_are_kept(ari: Session, tmp_path: Path) -> None:
    with rotating(ari, tmp_path / "day.jsonl", every=0.01, keep=2) as capture:
        until(lambda: events(ari, 5) or len(capture.files) >= 3)
        first = capture.files[0]
        until(lambda: events(ari, 2) or not first.exists())
    assert len(capture.files) <= 5  # some may have been in use when the last one began
    rotating(ari, tmp_path / "day.jsonl", every=60, keep=2).stop()
    assert len(capture.files) == 3


def test_old_files_are_deleted_and_others_are_left(ari: Session, tmp_path: Path) -> None:
    old, other = tmp_path / "day-20250101T000000000000.jsonl", tmp_path / "night.jsonl"
    for file in (old, other):
        file.write_text("{}\n")
        os.utime(file, (1, 1))
    rotating(ari, tmp_path / "day.jsonl", every=60, max_age=3600).stop()
    assert not old.exists()
    assert other.exists()


def test_two_captures_of_one_name_write_separate_files(ari: Session, tmp_path: Path) -> None:
    assert ari.simulator is not None
    with ari_notebook.connect(ari.url, "other", ari.user, ari.simulator.password) as second:
        first = rotating(ari, tmp_path / "day.jsonl", every=0.01, keep=1)
        also = rotating(second, tmp_path / "day.jsonl", every=600, keep=1)
        events(ari, 12)
        assert also.path.exists()  # it is in use, however many files there are
        assert not also.failure
        first.stop()
        also.stop()
    assert ari_notebook.open_capture(also.path).header["applications"] == ["other"]


@pytest.mark.parametrize("limit", [{"every": 0}, {"size": -1}, {"every": 1, "keep": 0}])
def test_limit_that_is_not_positive_is_refused(
    ari: Session, tmp_path: Path, limit: dict[str, float]
) -> None:
    with pytest.raises(UsageProblem, match="must be more than 0"):
        rotating(ari, tmp_path / "day.jsonl", **limit)


def test_files_become_one_dataset(ari: Session, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with rotating(ari, tmp_path / "day.jsonl.gz", every=0.2) as capture:
        ari.call("1000")
        channel = ari.channels[ari.wait_for("StasisStart")["channel"]["id"]]
        time.sleep(0.3)
        events(ari, 2)
        channel.hangup()
        ari.wait_for("ChannelDestroyed", channel=channel)
    assert len(capture.files) > 1
    folder = ari_notebook.to_parquet(capture.files, tmp_path / "days")
    calls = ari_notebook.open_capture(folder, engine="pandas").calls.df
    assert calls.index.tolist() == ari.calls.df.index.tolist()
    assert calls["end"].notna().all()
