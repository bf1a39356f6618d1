"""The exercise of notebook 01, done right and wrong."""

from __future__ import annotations

from tests.lessons.conftest import Student

LESSON = "hello-world"


def test_exercise_done_right_misses_no_step(student: Student) -> None:
    channel = student.call()
    channel.play("sound:vm-goodbye")
    student.ari.wait_for("PlaybackFinished")
    channel.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 0
    assert student.report().done


def test_each_action_completes_one_step(student: Student) -> None:
    assert student.missing() == 1
    channel = student.call()
    assert student.missing() == 2
    channel.play("sound:vm-goodbye")
    assert student.missing() == 3
    student.ari.wait_for("PlaybackFinished")
    assert student.missing() == 4


def test_other_sound_is_reported(student: Student) -> None:
    student.call().play("sound:hello-world")
    assert student.missing() == 2
    assert "sound:hello-world" in student.hint()
    assert "vm-goodbye" not in student.hint()


def test_hangup_during_playback_is_reported(student: Student) -> None:
    channel = student.call()
    channel.play("sound:vm-goodbye")
    channel.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 3
    assert "hung up?" in student.hint()


def test_hangup_by_the_caller_is_reported(student: Student) -> None:
    caller = student.ari.call("1000")
    started = student.ari.wait_for("StasisStart")
    student.ari.channels[started["channel"]["id"]].play("sound:vm-goodbye")
    student.ari.wait_for("PlaybackFinished")
    caller.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 4
    assert "without you" in student.hint()


def test_report_is_about_the_latest_attempt_until_one_is_right(student: Student) -> None:
    right = student.call()
    right.play("sound:vm-goodbye")
    latest = student.call()
    assert student.missing() == 2
    assert latest.id in student.report().attempt
    student.ari.wait_for("PlaybackFinished")
    right.hangup()
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 0
