"""The exercise of notebook 06, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "dictation"


@pytest.fixture
def phone(student: Student) -> Any:
    made = student.ari.call("1000")
    student.ari.wait_for("StasisStart")
    return made


@pytest.fixture
def channel(student: Student, phone: Any) -> Any:
    return student.ari.current_channel


def press(student: Student, phone: Any, key: str) -> None:
    phone.press(key)
    student.ari.wait_for("ChannelDtmfReceived", digit=key)


def record(student: Student, channel: Any, name: str = "dictation") -> None:
    channel.record(name, format="wav", ifExists="overwrite")
    student.ari.wait_for("RecordingStarted")


def test_exercise_done_right_misses_no_step(student: Student, phone: Any, channel: Any) -> None:
    recordings = student.ari.recordings
    record(student, channel)
    assert student.missing() == 2
    press(student, phone, "4")
    assert "did not change" in student.hint()
    recordings.pause("dictation")
    assert student.missing() == 3
    press(student, phone, "5")
    recordings.unpause("dictation")
    assert student.missing() == 4
    press(student, phone, "#")
    assert "goes on" in student.hint()
    recordings.stop("dictation")
    student.ari.wait_for("RecordingFinished")
    assert student.missing() == 5
    channel.play("recording:dictation")
    student.ari.wait_for("PlaybackFinished", timeout=60)  # it is as long as all that took
    assert student.missing() == 6
    channel.hangup()
    assert student.missing() == 7
    recordings.get_stored_file("dictation")
    assert student.missing() == 0


def test_recording_ended_by_terminate_on_counts(student: Student, phone: Any, channel: Any) -> None:
    channel.record("dictation", format="wav", terminateOn="#")
    student.ari.wait_for("RecordingStarted")
    for key, operation in (("4", "pause"), ("5", "unpause")):
        press(student, phone, key)
        getattr(student.ari.recordings, operation)("dictation")
    press(student, phone, "#")
    student.ari.wait_for("RecordingFinished")
    assert student.missing() == 5


def test_recording_of_other_name_is_reported(student: Student, channel: Any) -> None:
    record(student, channel, "memo")
    assert student.missing() == 1
    assert "memo" in student.hint()


def test_discarded_recording_is_reported(student: Student, phone: Any, channel: Any) -> None:
    record(student, channel)
    press(student, phone, "4")
    student.ari.recordings.pause("dictation")
    press(student, phone, "5")
    student.ari.recordings.unpause("dictation")
    press(student, phone, "#")
    student.ari.recordings.cancel("dictation")
    student.ari.wait_for("RecordingFinished")
    assert student.missing() == 4
    assert "discarded" in student.hint()


def test_recording_of_other_attempt_does_not_count(student: Student, phone: Any) -> None:
    record(student, student.ari.current_channel)
    press(student, phone, "4")
    student.ari.recordings.pause("dictation")
    phone.hangup()
    student.ari.wait_for("RecordingFinished")
    student.ari.recordings.get_stored_file("dictation")

    latest = student.call()
    assert [step.done for step in student.report().steps] == [False] * 7
    record(student, latest)
    assert [step.done for step in student.report().steps] == [True] + [False] * 6


def test_later_attempt_does_not_complete_earlier_one(student: Student, phone: Any) -> None:
    channel, recordings = student.ari.current_channel, student.ari.recordings
    record(student, channel)
    for key in "45#":
        press(student, phone, key)
    recordings.stop("dictation")
    student.ari.wait_for("RecordingFinished")
    channel.play("recording:dictation")
    student.ari.wait_for("PlaybackFinished", timeout=60)
    channel.hangup()
    recordings.get_stored_file("dictation")
    assert student.missing() == 2

    phone = student.ari.call("1000")
    latest = student.ari.channels[student.ari.wait_for("StasisStart").channel.id]
    record(student, latest)
    press(student, phone, "4")
    recordings.pause("dictation")
    press(student, phone, "5")
    recordings.unpause("dictation")
    assert student.missing() == 4
