"""The exercise of notebook 18, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook import Sound
from tests.helpers.waiting import until
from tests.lessons.conftest import Student

pytestmark = pytest.mark.threads  # media arrive by a socket

LESSON = "voice-bot"


def _call(student: Student) -> tuple[Any, Any]:
    """Return a caller's phone and channel."""
    phone = student.ari.call("1000")
    started = student.ari.wait_for("StasisStart")
    return phone, student.ari.channels[started["channel"]["id"]]


def _interrupt(phone: Any, audio: Any) -> Sound:
    """Talk into a greeting; return what the bot has recorded."""
    playing = audio.play(Sound.tone(440, 60))
    audio.on_speech(lambda begun: begun and audio.stop())
    until(lambda: playing.heard > 0)
    phone.talk()
    until(lambda: playing.stopped)
    phone.quiet()
    heard: Sound = audio.record(until_silence=0.2, timeout=1)
    return heard


def _record(phone: Any, audio: Any) -> Sound:
    phone.talk()
    heard: Sound = audio.record(0.5)
    phone.quiet()
    return heard


@pytest.mark.slow
def test_done_right(student: Student) -> None:
    phone, channel = _call(student)
    assert student.missing() == 1
    with channel.audio(8000) as audio:
        assert student.missing() == 2
        _interrupt(phone, audio)
        heard = _record(phone, audio)
        assert student.missing() == 4
        until(lambda: audio.level < -50)
        audio.play(heard).wait()
        assert student.missing() == 5
    channel.hangup()
    assert student.missing() == 0


@pytest.mark.slow
def test_greeting_that_nothing_interrupts(student: Student) -> None:
    phone, channel = _call(student)
    with channel.audio(8000) as audio:
        audio.play(Sound.tone(440, 0.2)).wait()
        assert student.missing() == 2
        assert "while it plays" in student.hint()
    phone.hangup()


@pytest.mark.slow
def test_recording_without_speech(student: Student) -> None:
    phone, channel = _call(student)
    with channel.audio(8000) as audio:
        _interrupt(phone, audio)
        until(lambda: audio.level < -50)
        audio.record(0.2)
        report = student.report()
        if not report.steps[2].done:  # the interruption itself may have been recorded
            assert "no speech" in student.hint()
    phone.hangup()


@pytest.mark.slow
def test_answer_of_another_length_and_early_hangup(student: Student) -> None:
    phone, channel = _call(student)
    with channel.audio(8000) as audio:
        _interrupt(phone, audio)
        _record(phone, audio)
        until(lambda: audio.level < -50)
        audio.play(Sound.tone(440, 3.3)).wait()
        assert student.missing() == 4
        assert "its length" in student.hint()
    channel.hangup()
    assert student.missing() == 4
