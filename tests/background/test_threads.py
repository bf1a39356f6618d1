"""Work in threads: what an interrupt of the caller leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from ari_notebook.background import THREADS
from ari_notebook.captures.file_format import Writer, in_use
from tests.helpers.waiting import until


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """Interrupt the start of a thread, once it runs; return the threads."""
    threads: list[threading.Thread] = []
    start = threading.Thread.start

    def then_interrupt(thread: threading.Thread) -> None:
        start(thread)
        threads.append(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", then_interrupt)
    return threads


def test_thread_whose_start_is_interrupted_ends(interrupted: list[threading.Thread]) -> None:
    ended: list[str] = []

    def work() -> Generator[float | None, None, None]:
        try:
            while True:
                yield None
        finally:
            ended.append("work")

    with pytest.raises(KeyboardInterrupt):
        THREADS.start("ari-example", work)
    (thread,) = interrupted
    until(lambda: not thread.is_alive())
    assert ended == ["work"]


def test_capture_whose_start_is_interrupted_closes_its_file(
    interrupted: list[threading.Thread], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        Writer(tmp_path / "day.jsonl", b"{}\n")
    (thread,) = interrupted
    until(lambda: not thread.is_alive())
    assert not in_use(tmp_path / "day.jsonl")
