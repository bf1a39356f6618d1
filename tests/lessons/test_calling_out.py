"""The exercise of notebook 07, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "calling-out"
FIRST, SECOND = "Local/1006@default", "Local/1004@default"


@pytest.fixture
def caller(student: Student) -> Any:
    return student.call("1003")


def dial(student: Student, endpoint: str) -> Any:
    return student.ari.channels.originate(endpoint, app="hello-world", appArgs="called")


def connect(student: Student, *channels: Any) -> None:
    student.ari.bridges.create(type="mixing").add_channel(list(channels))
    for each in channels:
        student.ari.wait_for("ChannelEnteredBridge", channel=each)


def test_exercise_done_right_misses_no_step(student: Student, caller: Any) -> None:
    ari = student.ari
    assert student.missing() == 2
    first = dial(student, FIRST)
    ari.wait_for("Dial", dialstatus="BUSY", peer=first)
    assert student.missing() == 3
    second = dial(student, SECOND)
    assert student.missing() == 4
    ari.wait_for("StasisStart", channel=second)
    caller.answer()
    assert student.missing() == 5
    connect(student, caller, second)
    assert student.missing() == 0


def test_simultaneous_calls_are_reported(student: Student, caller: Any) -> None:
    second = dial(student, SECOND)
    assert student.missing() == 2
    first = dial(student, FIRST)
    student.ari.wait_for("Dial", dialstatus="BUSY", peer=first)
    assert student.missing() == 3
    assert "before" in student.hint()
    assert second


def test_answer_before_second_callee_is_reported(student: Student, caller: Any) -> None:
    first = dial(student, FIRST)
    student.ari.wait_for("Dial", dialstatus="BUSY", peer=first)
    dial(student, SECOND)
    caller.answer()
    assert student.missing() == 4
    assert "another party" in student.hint()


def test_call_to_other_extension_is_reported(student: Student) -> None:
    student.call("1000")
    assert student.missing() == 1
    assert "another extension" in student.hint()
