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


def test_done_right(student: Student, caller: Any) -> None:
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


def test_both_at_once(student: Student, caller: Any) -> None:
    second = dial(student, SECOND)
    assert student.missing() == 2
    first = dial(student, FIRST)
    student.ari.wait_for("Dial", dialstatus="BUSY", peer=first)
    assert student.missing() == 3
    assert "before" in student.hint()
    assert second


def test_answered_too_early(student: Student, caller: Any) -> None:
    first = dial(student, FIRST)
    student.ari.wait_for("Dial", dialstatus="BUSY", peer=first)
    dial(student, SECOND)
    caller.answer()
    assert student.missing() == 4
    assert "anybody" in student.hint()


def test_answered_by_the_dialplan(student: Student) -> None:
    student.call("1000")
    assert student.missing() == 1
    assert "another extension" in student.hint()
