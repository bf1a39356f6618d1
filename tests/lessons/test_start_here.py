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


def test_done_right(student: Student, phone: Any) -> None:
    assert student.missing() == 2
    phone.press("42#")
    student.ari.wait_for("ChannelDtmfReceived", digit="#")
    assert student.missing() == 3
    phone.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 0


def test_other_keys(student: Student, phone: Any) -> None:
    phone.press("24#")
    student.ari.wait_for("ChannelDtmfReceived", digit="#")
    assert student.missing() == 2
    assert "24#" in student.hint()


def test_the_wrong_side_presses(student: Student, phone: Any) -> None:
    student.ari.current_channel.send_dtmf("42#")
    assert student.missing() == 2
    assert "caller's phone" in student.hint()


def test_the_wrong_side_hangs_up(student: Student, phone: Any) -> None:
    phone.press("42#")
    student.ari.wait_for("ChannelDtmfReceived", digit="#")
    student.ari.current_channel.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 3
    assert "program hung up" in student.hint()


def test_hung_up_before_the_keys_came(student: Student, phone: Any) -> None:
    phone.press("42#")
    phone.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 2
    assert "takes a moment" in student.hint()
