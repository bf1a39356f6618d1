"""The exercise of notebook 03, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "media"
RIGHT = ["sound:you-entered", "digits:5551"]


@pytest.fixture
def channel(student: Student) -> Any:
    return student.call(caller="Alice <5551>")


@pytest.mark.slow
def test_exercise_done_right_misses_no_step(student: Student, channel: Any) -> None:
    channel.play(RIGHT)
    assert student.missing() == 3
    student.ari.wait_for("PlaybackFinished")
    assert student.missing() == 4
    channel.hangup()
    assert student.missing() == 0


def test_caller_without_number_is_reported(student: Student) -> None:
    student.call()
    assert student.missing() == 1
    assert "--caller" in student.hint()


@pytest.mark.parametrize(
    ("media", "hint"),
    [
        (["sound:you-entered"], "one playback"),
        (["sound:you-entered", "number:5551"], "digit after digit"),
        (["sound:you-entered", "digits:1555"], "digit after digit"),
        (["digits:5551", "sound:you-entered"], "begin with"),
    ],
)
def test_other_media_are_reported(
    student: Student, channel: Any, media: list[str], hint: str
) -> None:
    channel.play(media)
    assert student.missing() == 2
    assert hint in student.hint()
    assert "5551" not in student.hint()


def test_stopped_playback_is_reported(student: Student, channel: Any) -> None:
    channel.play(RIGHT).stop()
    student.ari.wait_for("PlaybackFinished")
    assert student.missing() == 3


def test_hangup_during_playback_is_reported(student: Student, channel: Any) -> None:
    channel.play(RIGHT)
    channel.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() in (3, 4)
    assert student.hint()
