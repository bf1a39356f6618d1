"""The exercise of notebook 15, done right and wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

import ari_notebook
from tests.lessons.conftest import Student

LESSON = "day-of-calls"
APP = "hello-world"


@pytest.fixture
def student() -> Iterator[Student]:
    """A session subscribed to all calls, as in the notebook."""
    with ari_notebook.connect(app=APP, url=None, subscribe_all=True) as ari:
        yield Student(ari, LESSON)


def until(ari: Any, states: list[str]) -> None:
    """Wait until the existing channels have these states."""
    deadline = time.monotonic() + 10
    while [ari.channels[id].state for id in list(ari.channels)] != states:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def three_at_once(ari: Any) -> None:
    """Make two answered calls, and one whose caller gives up."""
    callers = [ari.call(extension) for extension in ("1002", "1002", "1004")]
    until(ari, ["Up", "Up", "Ring"])
    time.sleep(0.01)  # events' times are whole milliseconds: who leaves in the one made room
    for each in callers:
        each.hangup()
    until(ari, [])


def report(ari: Any, name: str = "report", **numbers: Any) -> None:
    ari.events.user_event(name, application=APP, variables=numbers)
    ari.wait_for("ChannelUserevent")


def test_exercise_done_right_misses_no_step(student: Student) -> None:
    three_at_once(student.ari)
    assert student.missing() == 3
    report(student.ari, calls=3, unanswered=1, at_once=3)
    assert student.missing() == 0


def test_later_report_replaces_wrong_one_and_takes_text(student: Student) -> None:
    three_at_once(student.ari)
    report(student.ari, calls=2, unanswered=1, at_once=3)
    report(student.ari, calls="3", unanswered="1", at_once="3")
    # What comes later does not make a right report wrong.
    student.ari.call("1006")
    assert student.missing() == 0


def test_consecutive_calls_are_reported(student: Student) -> None:
    for _ in range(3):
        caller = student.ari.call("1002")
        until(student.ari, ["Up"])
        caller.hangup()
        until(student.ari, [])
    assert student.missing() == 1
    assert "not at the same time" in student.hint()


def test_missing_early_hangup_is_reported(student: Student) -> None:
    for _ in range(3):
        student.ari.call("1006")  # busy is no giving up
        student.ari.call("1002")
    until(student.ari, ["Up"] * 3)
    assert student.missing() == 2


def test_report_of_other_name_or_numbers_is_reported(student: Student) -> None:
    three_at_once(student.ari)
    report(student.ari, name="numbers", calls=3, unanswered=1, at_once=3)
    assert student.missing() == 3
    assert "another name" in student.hint()
    report(student.ari, calls="many")
    assert student.missing() == 4
    assert "calls, unanswered" in student.hint()
    report(student.ari, calls=3, unanswered=0, at_once=3)
    assert "time: unanswered." in student.hint()
    report(student.ari, calls=3, unanswered=1, at_once=2)
    assert student.missing() == 5
    assert "Different from the log" in student.hint()
