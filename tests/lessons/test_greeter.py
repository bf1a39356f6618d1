"""The exercise of notebook 16, done right and wrong: the program is another session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from tests.lessons.conftest import Student

pytestmark = pytest.mark.threads  # its server is a program of its own, with a socket

LESSON = "greeter"
GOODBYE = "sound:vm-goodbye"


@pytest.fixture
def student() -> Iterator[Student]:
    """A student who only watches, as in the notebook."""
    with ari_notebook.connect(app="watcher", url=None, subscribe_all=True) as ari:
        yield Student(ari, LESSON)


@pytest.fixture
def program(student: Student, connect: Callable[..., Session]) -> Session:
    user, password = student.ari.simulator.credentials
    program = connect(url=student.ari.url, user=user, password=password, app="hello-world")

    @program.on("StasisStart")
    def greet(channel: Any) -> None:
        channel.play("digits:0")

    @program.on("ChannelDtmfReceived", digit="1")
    def key(channel: Any) -> None:
        channel.play("digits:1")

    return program


def says_goodbye(program: Session) -> None:
    @program.on("ChannelDtmfReceived", digit="#")
    def goodbye(channel: Any) -> None:
        channel.play(GOODBYE)

    @program.on("PlaybackFinished", playback__media_uri=GOODBYE)
    def over(event: Any) -> None:
        program.channels.hangup(event.playback.target_uri.removeprefix("channel:"))


def call(student: Student, digits: str) -> Any:
    """Place a call and press keys after the greeting."""
    caller = student.ari.call("1000")
    student.ari.wait_for("PlaybackFinished")
    caller.press(digits)
    return caller


def gone(student: Student, name: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            student.ari.applications.get(name)
        except ari_notebook.NotFound:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name} is still there")


def test_exercise_done_right_misses_no_step(student: Student, program: Session) -> None:
    says_goodbye(program)
    call(student, "1#")
    student.ari.wait_for("ChannelDestroyed")
    assert student.missing() == 5
    student.ari.applications.get("hello-world")
    assert "still lists it" in student.hint()
    program.close()
    gone(student, "hello-world")
    assert student.missing() == 0


def test_program_without_goodbye_is_reported(student: Student, program: Session) -> None:
    @program.on("ChannelDtmfReceived", digit="#")
    def hang_up(channel: Any) -> None:
        channel.hangup()

    call(student, "1#")
    student.ari.wait_for("ChannelDestroyed")
    assert student.missing() == 3
    assert "was not played" in student.hint()


def test_hangup_during_goodbye_is_reported(student: Student, program: Session) -> None:
    @program.on("ChannelDtmfReceived", digit="#")
    def rude(channel: Any) -> None:
        channel.play(GOODBYE)
        program.wait_for("PlaybackStarted", playback__media_uri=GOODBYE)
        channel.hangup()

    call(student, "1#")
    student.ari.wait_for("ChannelDestroyed")
    assert student.missing() == 3
    assert "before all of it" in student.hint()


def test_goodbye_by_the_notebook_is_reported(student: Student, program: Session) -> None:
    student.ari.call("1000")
    student.ari.wait_for("PlaybackFinished")
    (id,) = student.ari.channels
    student.ari.channels.play(id, GOODBYE)
    assert student.missing() == 1
    assert "notebook played it" in student.hint()


def test_hangup_by_the_notebook_is_reported(student: Student, program: Session) -> None:
    @program.on("ChannelDtmfReceived", digit="#")
    def goodbye(channel: Any) -> None:
        channel.play(GOODBYE)

    call(student, "1#")
    student.ari.wait_for("PlaybackFinished", playback__media_uri=GOODBYE)
    (id,) = student.ari.channels
    student.ari.channels.hangup(id)
    student.ari.wait_for("ChannelDestroyed")
    assert student.missing() == 4
    assert "The program must" in student.hint()
