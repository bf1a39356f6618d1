"""Operations longer than a second show a progress bar on stderr, and remove it at the end."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.captures.replay.server import ServedCapture
from ari_notebook.store import progress_bar
from ari_notebook.store.progress_bar import ProgressBar
from tests.captures.test_interrupts import long


class _Hours:
    """A clock that advances by two seconds on each read."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 2
        return self.now


@pytest.fixture(autouse=True)
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat pytest's captured stderr as a terminal, except in tests of other streams."""
    if "without_terminal" not in request.node.name:
        monkeypatch.setattr(progress_bar, "rewrites_lines", lambda _stream: True)


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_bar, "time", _Hours())


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording larger than one read."""
    return long(tmp_path_factory.mktemp("captures") / "long.jsonl.gz", 20)


def shown(text: str, doing: str) -> list[int]:
    """Return the percentages that a progress bar showed; assert that it was removed."""
    drawn = [each for each in text.split("\r") if each.startswith(doing)]
    assert drawn, text
    assert text.endswith(" \r")
    return [int(each.split("%")[0].split()[-1]) for each in drawn]


def test_short_work_shows_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("counting") as counting:
        counting.update(0.5)
    assert capsys.readouterr().err == ""


def test_bar_shows_how_far_it_is_and_leaves_an_empty_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with ProgressBar("counting") as counting:
        time.sleep(1.01)
        counting.update(0.5, "half")
        counting.update(0.6)  # too soon after the other
    first, _, last = capsys.readouterr().err[1:].partition("\r")
    assert first == f"counting {'█' * 15}{'░' * 15}  50% half"
    assert last == " " * len(first) + "\r"


def test_bar_without_terminal_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar("counting") as counting:
        time.sleep(1.01)
        counting.update(0.5)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("slow_clock")
def test_opening_reads_events_and_calls_at_once(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = ari_notebook.open_capture(recorded)
    percentages = shown(capsys.readouterr().err, "reading long.jsonl.gz")
    assert len(set(percentages)) > 2
    assert percentages == sorted(percentages)
    assert len(opened.calls.df) == 20 * 13
    assert len(opened.events.df) == 20 * 514
    assert "reading" not in capsys.readouterr().err  # neither is read again


@pytest.mark.usefixtures("slow_clock")
def test_converting_and_reading_what_was_converted(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ari_notebook.to_parquet(recorded, tmp_path / "days", size=2000)
    assert len(set(shown(capsys.readouterr().err, "reading long.jsonl.gz"))) > 2
    opened = ari_notebook.open_capture(folder)
    for table in (opened.events, opened.calls):
        assert len(table.df)
        assert len(set(shown(capsys.readouterr().err, "reading days"))) > 2


@pytest.mark.usefixtures("slow_clock")
def test_serving(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ServedCapture(recorded):
        assert len(set(shown(capsys.readouterr().err, "reading long.jsonl.gz"))) > 2


@pytest.mark.usefixtures("slow_clock")
def test_replaying_and_seeking(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ari_notebook.replay(recorded, speed=math.inf, paused=True) as played:
        played.seek(1e9)
        assert shown(capsys.readouterr().err, "seeking in long.jsonl.gz")
        played.play()
        assert played.wait(30)
        assert shown(capsys.readouterr().err, "playing long.jsonl.gz")
