"""The exercise of notebook 11, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook import Conflict
from tests.lessons.conftest import Student

LESSON = "departments"
APPS = ["sales", "support"]


def offer(student: Student, number: str) -> tuple[Any, str]:
    """Place a call; return the phone and the channel's id."""
    phone = student.ari.call("1007", caller=f"Caller <{number}>")
    event = student.ari.wait_for("CallBroadcast")
    return phone, event["channel"]["id"]


def claim(student: Student, id: str, application: str) -> Any:
    student.ari.events.claim_channel(channel_id=id, application=application)
    student.ari.wait_for("StasisStart")
    return student.ari.channels[id]


def test_exercise_done_right_misses_no_step(student: Student) -> None:
    assert student.missing() == 1
    phone, id = offer(student, "5551")
    assert student.missing() == 1
    assert "without a claim" in student.hint()
    alice = claim(student, id, "sales")
    assert student.missing() == 2
    bob = claim(student, offer(student, "7771")[1], "support")
    assert student.missing() == 3
    alice.answer()
    bob.answer()
    assert student.missing() == 4
    phone.press("1")
    student.ari.wait_for("ChannelDtmfReceived")
    assert student.missing() == 5
    alice.move(app="support", app_args="handed-over")
    student.ari.wait_for("StasisStart", application="support")
    assert student.missing() == 0


def test_claim_by_other_department_is_reported(student: Student) -> None:
    claim(student, offer(student, "5551")[1], "support")
    assert student.missing() == 1
    assert "support claimed it" in student.hint()


def test_answer_before_claim_is_reported(student: Student) -> None:
    for number, application in (("5551", "sales"), ("7771", "support")):
        _, id = offer(student, number)
        with pytest.raises(Conflict):
            student.ari.request("POST", f"/channels/{id}/answer")
        claim(student, id, application)
    assert student.missing() == 3
    assert "no application yet" in student.hint()


def test_single_answered_call_is_reported(student: Student) -> None:
    claim(student, offer(student, "5551")[1], "sales").answer()
    claim(student, offer(student, "7771")[1], "support")
    assert student.missing() == 3


def handed_over(student: Student, argument: str) -> None:
    phone, id = offer(student, "5551")
    alice = claim(student, id, "sales")
    alice.answer()
    claim(student, offer(student, "7771")[1], "support").answer()
    phone.press("1")
    student.ari.wait_for("ChannelDtmfReceived")
    alice.move(app="support", app_args=argument)
    student.ari.wait_for("StasisStart", application="support")


def test_handover_without_argument_is_reported(student: Student) -> None:
    handed_over(student, "complaint")
    assert student.missing() == 5
    assert "without the argument" in student.hint()


def test_hangup_instead_of_handover_is_reported(student: Student) -> None:
    phone, id = offer(student, "5551")
    alice = claim(student, id, "sales")
    bob = claim(student, offer(student, "7771")[1], "support")
    alice.answer()
    bob.answer()
    phone.press("1")
    student.ari.wait_for("ChannelDtmfReceived")
    alice.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 5
    assert student.hint() == "The call ended instead."

    phone, id = offer(student, "5553")
    carol = claim(student, id, "sales")
    carol.answer()
    phone.press("1")
    student.ari.wait_for("ChannelDtmfReceived")
    carol.move(app="support")
    student.ari.wait_for("StasisStart", application="support")
    assert "without the argument" in student.hint()  # what was tried last
