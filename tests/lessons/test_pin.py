"""The exercise of notebook 04, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.sessions.session import Session
from tests.lessons.conftest import Student

LESSON = "pin"


def door(ari: Session, wrong: str = "") -> None:
    """Run the student's program, with a mistake."""
    playing: dict[str, Any] = {}
    pressed: dict[str, str] = {}

    def say(channel: Any, *media: str) -> None:
        playing[channel.id] = channel.play([f"sound:{each}" for each in media])

    @ari.on("StasisStart")
    def ask(channel: Any) -> None:
        pressed[channel.id] = ""
        say(channel, "agent-pass")

    @ari.on("ChannelDtmfReceived")
    def key(channel: Any, event: Any) -> None:
        if channel.id in playing and wrong != "deaf":
            playing.pop(channel.id).stop()
        if event.digit != "#":
            pressed[channel.id] += event.digit
            if wrong == "hasty" and event.digit != "1":
                say(channel, "vm-invalidpassword")
            return
        if pressed[channel.id] == "1793" or wrong == "open":
            say(channel, "auth-thankyou")
            if wrong == "rude":
                channel.hangup()
        else:
            say(channel, "vm-invalidpassword", *([] if wrong == "shut" else ["agent-pass"]))
        pressed[channel.id] = ""

    @ari.on("PlaybackFinished", playback__media_uri="sound:auth-thankyou")
    def done(playback: Any, ari: Any) -> None:
        if wrong != "rude":
            ari.channels[playback.target_uri.partition(":")[2]].hangup()


def call(student: Student, keys: str) -> Any:
    phone = student.ari.call("1000")
    student.ari.wait_for("PlaybackStarted")
    phone.press(keys)
    student.ari.wait_for("ChannelDtmfReceived", digit=keys[-1])
    return phone


def try_again(student: Student, phone: Any) -> None:
    student.ari.wait_for("PlaybackContinuing")
    student.ari.wait_for("PlaybackStarted", playback__media_uri="sound:agent-pass")
    phone.press("1793#")


@pytest.mark.slow
def test_exercise_done_right_misses_no_step(student: Student) -> None:
    door(student.ari)
    phone = call(student, "42#")
    try_again(student, phone)
    student.ari.wait_for("StasisEnd")
    assert student.missing() == 0


@pytest.mark.parametrize(
    ("wrong", "keys", "playing", "step", "hint"),
    [
        ("deaf", "42#", "", 2, "continued"),
        ("hasty", "42#", "vm-invalidpassword", 3, "before #"),
        ("open", "42#", "auth-thankyou", 3, "opened"),
        ("", "1793#", "auth-thankyou", 3, "another number"),
    ],
)
def test_mistake_of_the_program_is_reported(
    student: Student, wrong: str, keys: str, playing: str, step: int, hint: str
) -> None:
    door(student.ari, wrong)
    call(student, keys)
    if playing:
        student.ari.wait_for("PlaybackStarted", playback__media_uri=f"sound:{playing}")
    assert student.missing() == step
    assert hint in student.hint()


@pytest.mark.slow
def test_missing_second_prompt_is_reported(student: Student) -> None:
    door(student.ari, "shut")
    call(student, "42#")
    student.ari.wait_for("PlaybackFinished", playback__media_uri="sound:vm-invalidpassword")
    assert student.missing() == 4


@pytest.mark.slow
def test_hangup_before_the_thanks_is_reported(student: Student) -> None:
    door(student.ari, "rude")
    phone = call(student, "42#")
    try_again(student, phone)
    student.ari.wait_for("StasisEnd")
    assert student.missing() in (5, 6)
    assert student.report().steps[0].done
