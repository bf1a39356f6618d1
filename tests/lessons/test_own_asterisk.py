"""The exercise of notebook 17, done right and wrong: each with a dialplan of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import ari_notebook
from tests.lessons.conftest import Student

LESSON = "own-asterisk"
RIGHT = """
[default]
exten => 2000,1,Stasis(reception,sales)
 same => n,Playback(vm-goodbye)
 same => n,Hangup()
exten => 2001,1,Stasis(reception)
exten => 2002,1,Stasis(hello-world,sales)
"""


@pytest.fixture
def student() -> Iterator[Student]:
    apps = ["reception", "hello-world"]
    with ari_notebook.connect(app=apps, url=None, subscribe_all=True) as ari:
        assert ari.simulator is not None
        ari.simulator.set_dialplan(RIGHT)
        yield Student(ari, LESSON)


def take(student: Student, dialplan: str = RIGHT, extension: str = "2000") -> Any:
    student.ari.simulator.set_dialplan(dialplan)
    return student.call(extension)


def test_exercise_done_right_misses_no_step(student: Student) -> None:
    channel = take(student)
    assert student.missing() == 3
    channel.answer()
    assert student.missing() == 4
    channel.continue_in_dialplan()
    student.ari.wait_for("ChannelDialplan", channel__dialplan__app_name="Playback")
    assert student.missing() == 6
    student.ari.wait_for("ChannelDestroyed")
    assert student.missing() == 0


def test_other_extension_or_application_is_reported(student: Student) -> None:
    take(student, extension="2001")
    assert "another extension" in student.hint()
    take(student, RIGHT.replace("2000,1,Stasis(reception,sales)", "2000,1,Stasis(hello-world)"))
    assert student.missing() == 1
    assert "another name" in student.hint()


@pytest.mark.parametrize(
    ("arguments", "hint"), [("", "no argument"), (",support", "other arguments")]
)
def test_other_arguments_are_reported(student: Student, arguments: str, hint: str) -> None:
    take(student, RIGHT.replace("reception,sales", f"reception{arguments}"))
    assert student.missing() == 2
    assert hint in student.hint()


def test_answer_by_the_dialplan_is_reported(student: Student) -> None:
    take(student, RIGHT.replace("1,Stasis", "1,Answer()\n same => n,Stasis", 1))
    assert student.missing() == 3
    assert "the dialplan did that" in student.hint()


def test_hangup_by_the_program_is_reported(student: Student) -> None:
    channel = take(student)
    channel.answer()
    channel.hangup()
    assert student.missing() == 4
    assert "leave that to the dialplan" in student.hint()


def test_other_sound_of_the_dialplan_is_reported(student: Student) -> None:
    channel = take(student, RIGHT.replace("vm-goodbye", "beep"))
    channel.answer()
    channel.continue_in_dialplan()
    student.ari.wait_for("ChannelDialplan", channel__dialplan__app_name="Playback")
    assert student.missing() == 5
    assert "something else" in student.hint()
