"""Ctrl-C during long operations: files stay valid, and open files are closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.captures.file_format import Reader, Writer, line

REAL = Path(__file__).with_name("calls.jsonl.gz")
CONVERT = """
import sys, ari_notebook
print("go", flush=True)
ari_notebook.to_parquet(sys.argv[1], sys.argv[2], size=2000)
"""
# An interrupted import of pandas cannot be repeated in the same process, so it comes first.
OPEN = """
import sys, ari_notebook, pandas
print("go", flush=True)
while True:
    ari_notebook.open_capture(sys.argv[1]).calls.df
"""
REPLAY = """
import sys, ari_notebook
ari = ari_notebook.replay(sys.argv[1], speed=2)
print("go", flush=True)
try:
    ari.wait()
except KeyboardInterrupt:
    print(len(ari.events), ari.position > 0, flush=True)
    ari.close()
    raise
"""
RECORD = """
import sys, ari_notebook
ari = ari_notebook.connect(subscribe_all=True)
with ari.capture(sys.argv[1]):
    ari.call("1000")
    ari.wait_for("StasisStart")
    print("go", flush=True)
    ari.wait_for("ChannelDestroyed", timeout=60)
"""


def long(path: Path, rounds: int = 100) -> Path:
    """Return the recorded day repeated, long enough to be interrupted."""
    events = [record.raw for record in Reader(REAL) if record.kind == "event"]
    writer = Writer(path)
    writer.add(line("capture", {"version": 1, "subscribe_all": True}, 1000.0))
    for number in range(rounds):
        own = [raw.replace(b'"17954523', b'"2%07d' % number) for raw in events]
        writer.add_events(own, 1000.0 + number)
    writer.close()
    return path


def interrupted(
    program: str, *arguments: Path, after: float = 0, once: Callable[[], object] = lambda: True
) -> str:
    """Run a program, press Ctrl-C some seconds after a condition is true, and return its output."""
    running = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "ARI_URL"},
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "go\n"
    until = time.monotonic() + 60
    while not once() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(after)
    asked = time.monotonic()
    running.send_signal(signal.SIGINT)
    said, complaints = running.communicate(timeout=20)
    assert time.monotonic() - asked < 8
    assert "KeyboardInterrupt" in complaints
    assert running.returncode not in (0, None)
    return said


@pytest.mark.slow
def test_interrupted_conversion_can_be_completed(tmp_path: Path) -> None:
    path, folder = long(tmp_path / "long.jsonl.gz", 150), tmp_path / "days"
    interrupted(CONVERT, path, folder, once=lambda: list(folder.rglob("[!.]*.parquet")))
    assert not list(folder.rglob(".*"))  # nothing half done is left
    part = ari_notebook.open_capture(folder).events.df
    assert 0 < len(part) < 150 * 514
    assert part["type"].notna().all()
    ari_notebook.to_parquet(path, folder, size=2000)  # once more, and it is whole
    assert len(ari_notebook.open_capture(folder).events.df) == 150 * 514


@pytest.mark.slow
def test_opening_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = long(tmp_path / "long.jsonl.gz", 150)
    before = path.read_bytes()
    interrupted(OPEN, path, after=0.4)
    assert path.read_bytes() == before
    assert len(ari_notebook.open_capture(path, keep=10).events) == 10


def test_interrupted_replay_keeps_its_position(tmp_path: Path) -> None:
    path = tmp_path / "copy.jsonl.gz"
    path.write_bytes(REAL.read_bytes())
    events, moved = interrupted(REPLAY, path, after=1.5).split()
    assert 0 < int(events) < 514
    assert moved == "True"
    assert path.read_bytes() == REAL.read_bytes()


@pytest.mark.parametrize("name", ["a.jsonl", pytest.param("a.jsonl.gz", marks=pytest.mark.slow)])
def test_recording_ends_as_if_it_had_been_stopped(tmp_path: Path, name: str) -> None:
    interrupted(RECORD, tmp_path / name, after=0.5)
    opened = ari_notebook.open_capture(tmp_path / name)
    assert not opened.problems
    assert "StasisStart" in {event["type"] for event in opened.events[:]}
    assert list(Reader(tmp_path / name))[-1].kind == "end"
