"""The exercise of notebook 02, done right and wrong."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ari_notebook.connection.timers import Timer
from ari_notebook.sessions.session import Session
from tests.lessons.conftest import Student

LESSON = "channel-states"


def program(ari: Session, rings: float, talks: float, *, cleans_up: bool) -> None:
    """Run the student's program: ring and talk for a number of seconds."""
    timers: dict[str, Timer] = {}

    def later(channel: Any, seconds: float, do: Any) -> None:
        timers[channel.id] = ari.after(seconds, do)

    @ari.on("StasisStart")
    def take(channel: Any) -> None:
        channel.ring()
        later(channel, rings, lambda: answer(channel))

    def answer(channel: Any) -> None:
        try:
            channel.answer()
        except Exception:  # noqa: BLE001  the student does not look
            return
        later(channel, talks, channel.hangup)

    @ari.on("StasisEnd")
    def forget(channel: Any) -> None:
        if cleans_up and channel.id in timers:
            timers.pop(channel.id).cancel()


def call_and_give_up(student: Student) -> None:
    phone = student.ari.call("1003")
    student.ari.wait_for("StasisStart")
    time.sleep(0.3)
    phone.hangup()
    student.ari.wait_for("StasisEnd")


def call_and_wait(student: Student) -> None:
    student.ari.call("1003")
    student.ari.wait_for("StasisStart")
    student.ari.wait_for("StasisEnd")


@pytest.mark.slow
def test_exercise_done_right_misses_no_step(student: Student) -> None:
    program(student.ari, 1.5, 1, cleans_up=True)
    call_and_give_up(student)
    call_and_wait(student)
    assert student.missing() == 0


def test_request_after_hangup_is_reported(student: Student) -> None:
    program(student.ari, 1.5, 1, cleans_up=False)
    call_and_give_up(student)
    call_and_wait(student)
    assert student.missing() == 6
    assert "still running" in student.hint()


@pytest.mark.slow
def test_right_attempt_after_wrong_one_counts(student: Student) -> None:
    program(student.ari, 1.5, 1, cleans_up=False)
    call_and_give_up(student)
    call_and_wait(student)
    assert student.missing() == 6
    program(student.ari, 1.5, 1, cleans_up=True)
    call_and_give_up(student)
    call_and_wait(student)
    assert student.missing() == 0


def test_answer_too_early_is_reported(student: Student) -> None:
    program(student.ari, 0.1, 1, cleans_up=True)
    call_and_wait(student)
    assert student.missing() == 3
    assert student.hint().startswith("Only")


@pytest.mark.slow
def test_missing_early_hangup_is_reported(student: Student) -> None:
    program(student.ari, 1.5, 1, cleans_up=True)
    call_and_wait(student)
    assert student.missing() == 5


def test_other_extension_and_immediate_answer_are_reported(student: Student) -> None:
    student.call("1000")
    assert student.missing() == 1
    assert "another extension" in student.hint()
    student.call("1003").answer()
    assert student.missing() == 2
    assert student.hint() == "You answered at once."
