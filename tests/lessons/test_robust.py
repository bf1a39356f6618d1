"""The exercise of notebook 13, done right and wrong."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from ari_notebook import AriError
from tests.lessons.conftest import Student

LESSON = "robust"


def greet(student: Student, *, careful: bool = True) -> None:
    """Greet every caller, with or without care for early hangups."""
    ari = student.ari

    def play(channel: Any) -> None:
        channel.play(media="sound:hello-world")

    def over(event: Any) -> None:
        id = event.playback.target_uri.partition(":")[2]
        if not careful:
            ari.channels.hangup(id)
        elif event.playback.state == "done":
            with suppress(AriError):
                ari.channels.hangup(id)

    ari.on("StasisStart")(play)
    ari.on("PlaybackFinished")(over)


def stay(student: Student, callers: int) -> None:
    for _ in range(callers):
        student.ari.call("1000")
    for _ in range(callers):
        student.ari.wait_for("StasisEnd")


def cut_short(student: Student) -> None:
    phone = student.ari.call("1000")
    student.ari.wait_for("PlaybackStarted")
    phone.hangup()
    student.ari.wait_for("StasisEnd")


def test_exercise_done_right_misses_no_step(student: Student) -> None:
    assert student.missing() == 1
    greet(student)
    stay(student, 1)
    assert student.missing() == 2
    stay(student, 2)
    assert student.missing() == 3
    cut_short(student)
    assert student.missing() == 0


def test_consecutive_calls_are_reported(student: Student) -> None:
    greet(student)
    stay(student, 1)
    stay(student, 1)
    assert student.missing() == 2
    assert "one after the other" in student.hint()


def test_hangup_during_playback_is_reported(student: Student) -> None:
    channel = student.call()
    channel.play(media="sound:hello-world")
    student.ari.wait_for("PlaybackStarted")
    channel.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 1
    assert "before its end" in student.hint()


def test_corrected_handler_after_failure_counts(student: Student) -> None:
    greet(student, careful=False)
    stay(student, 2)
    cut_short(student)
    for _ in range(100):
        if student.missing() == 4:
            break
        time.sleep(0.05)
    assert student.missing() == 4
    assert "404 Channel not found" in student.hint()
    greet(student)
    cut_short(student)
    assert student.missing() == 0
