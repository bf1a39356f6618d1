"""The exercise of notebook 14, done right and wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import ari_notebook
from tests.lessons.conftest import Student

LESSON = "live-exchange"


@pytest.fixture
def student() -> Iterator[Student]:
    """A student who watches everything."""
    with ari_notebook.connect(app="watcher", url=None, subscribe_all=True) as ari:
        yield Student(ari, LESSON)


def rush(ari: Any, extensions: str = "1002 1004 1002 1004 1001") -> None:
    """Make several calls, and wait until the last one has reached its extension."""
    for each in extensions.split():
        ari.call(each)
    deadline = time.monotonic() + 10
    while len(ari.channels) < 5 or not all(
        ari.channels[id].state == "Up" for id in list(ari.channels)
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.6)  # the dialplan's Answer() waits for half a second


def at(ari: Any, extension: str) -> str:
    return str(next(iter(ari.channels.df.query(f"exten == '{extension}'").index)))


def test_exercise_done_right_misses_no_step(student: Student) -> None:
    rush(student.ari)
    assert student.missing() == 3
    student.ari.channels.hangup(at(student.ari, "1001"))
    assert student.missing() == 0


def test_hangup_of_another_call_is_reported(student: Student) -> None:
    rush(student.ari)
    student.ari.channels.hangup(at(student.ari, "1002"))
    assert student.missing() == 3
    assert "another call" in student.hint()
    student.ari.channels.hangup(at(student.ari, "1001"))
    assert student.missing() == 4
    assert "Another call" in student.hint()
    # The next attempt is a new one.
    rush(student.ari)
    student.ari.channels.hangup(at(student.ari, "1001"))
    assert student.missing() == 0


def test_missing_caller_in_echo_test_is_reported(student: Student) -> None:
    rush(student.ari, "1002 1002 1002 1002 1002")
    assert student.missing() == 1


def test_calls_of_the_application_do_not_count() -> None:
    with ari_notebook.connect(app="hello-world", url=None, subscribe_all=True) as ari:
        ari.call("1001")
        for _ in range(5):
            ari.call("1003")
            ari.wait_for("StasisStart")
        time.sleep(0.6)
        assert Student(ari, LESSON).missing() == 2
