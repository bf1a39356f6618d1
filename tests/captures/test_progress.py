"""What takes longer than a second says how far it is, on stderr, and takes that away at the end."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import bar
from ari_notebook.bar import Bar
from ari_notebook.captures.server import ServedCapture
from tests.captures.test_interrupting import long


class _Hours:
    """A clock on which every look takes two seconds: all that is looked at takes long."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 2
        return self.now


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "time", _Hours())


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More than is read at once."""
    return long(tmp_path_factory.mktemp("captures") / "long.jsonl.gz", 20)


def shown(text: str, doing: str) -> list[int]:
    """The percentages that a bar of that name went through; it is gone at the end."""
    drawn = [each for each in text.split("\r") if each.startswith(doing)]
    assert drawn, text
    assert text.endswith(" \r")
    return [int(each.split("%")[0].split()[-1]) for each in drawn]


def test_what_is_over_soon_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("counting") as counting:
        counting.at(0.5)
    assert capsys.readouterr().err == ""


def test_a_bar_shows_how_far_it_is_and_leaves_an_empty_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Bar("counting") as counting:
        time.sleep(1.01)
        counting.at(0.5, "half")
        counting.at(0.6)  # too soon after the other
    first, _, last = capsys.readouterr().err[1:].partition("\r")
    assert first == f"counting {'█' * 15}{'░' * 15}  50% half"
    assert last == " " * len(first) + "\r"


@pytest.mark.usefixtures("slow_clock")
def test_opening_then_calls_then_events(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened = ari_notebook.open_capture(recorded)
    percentages = shown(capsys.readouterr().err, "reading long.jsonl.gz")
    assert len(set(percentages)) > 2
    assert percentages == sorted(percentages)
    assert len(opened.calls.df) == 20 * 13
    assert shown(capsys.readouterr().err, "reading calls")[-1] == 100
    assert len(opened.events.df) == 20 * 514
    assert shown(capsys.readouterr().err, "making columns")[-1] > 95


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
