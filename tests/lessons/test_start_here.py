"""The exercise of notebook 00, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "start-here"


@pytest.fixture
def phone(student: Student) -> Any:
    made = student.ari.call("1000")
    student.ari.wait_for("StasisStart")
    return made


def test_exercise_done_right_misses_no_step(student: Student, phone: Any) -> None:
    assert student.missing() == 2
    phone.press("42#")
    student.ari.wait_for("ChannelDtmfReceived", digit="#")
    assert student.missing() == 3
    phone.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 0


def test_other_keys_are_reported(student: Student, phone: Any) -> None:
    phone.press("24#")
    student.ari.wait_for("ChannelDtmfReceived", digit="#")
    assert student.missing() == 2
    assert "24#" in student.hint()


def test_keys_from_the_application_are_reported(student: Student, phone: Any) -> None:
    student.ari.current_channel.send_dtmf("42#")
    assert student.missing() == 2
    assert "caller's phone" in student.hint()


def test_hangup_by_the_application_is_reported(student: Student, phone: Any) -> None:
    phone.press("42#")
    student.ari.wait_for("ChannelDtmfReceived", digit="#")
    student.ari.current_channel.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 3
    assert "program hung up" in student.hint()


def test_press_and_hangup_without_waiting_counts(student: Student) -> None:
    phone = student.ari.call("1000")
    phone.press("42#")
    phone.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 0


def test_hangup_after_one_key_is_reported(student: Student, phone: Any) -> None:
    phone.press("4")
    phone.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 2
    assert "only 4 had arrived" in student.hint()
