"""The exercise of notebook 10, done right and wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "supervisor"


@dataclass
class Office:
    """An agent, a customer, and what a student does about them."""

    student: Student
    agent: Any = None
    customer: Any = None
    bridges: list[Any] = field(default_factory=list)

    def bridge(self, *channels: Any) -> Any:
        ari = self.student.ari
        self.bridges.append(ari.bridges.create(type="mixing"))
        self.bridges[-1].add_channel([channel.id for channel in channels])
        ari.wait_for("ChannelEnteredBridge", channel=channels[-1])
        return self.bridges[-1]

    def snoop(self, **directions: str) -> Any:
        channel = self.agent.snoop_channel(app="hello-world", **directions)
        self.student.ari.wait_for("StasisStart", channel=channel)
        return channel

    def leave(self, channel: Any) -> None:
        channel.hangup()
        self.student.ari.wait_for("StasisEnd", channel=channel)


@pytest.fixture
def office(student: Student) -> Office:
    """An agent and a customer who talk."""
    office = Office(student, student.call(), student.call())
    office.bridge(office.agent, office.customer)
    return office


def test_done_right(student: Student, office: Office) -> None:
    assert student.missing() == 2  # nobody has been listened to
    ear = office.snoop(spy="both", whisper="out")
    assert student.missing() == 4
    supervisor = student.call()
    office.bridge(supervisor, ear)
    assert student.missing() == 5
    office.leave(supervisor)
    office.leave(ear)
    assert student.missing() == 0


@pytest.mark.parametrize("direction", ["in", "out"])
def test_only_one_side_is_heard(student: Student, office: Office, direction: str) -> None:
    office.snoop(spy=direction, whisper="out")
    assert student.missing() == 2
    assert "Only one" in student.hint()


def test_nobody_is_heard(student: Student, office: Office) -> None:
    office.snoop(whisper="out")
    assert student.missing() == 2
    assert "Nobody" in student.hint()


@pytest.mark.parametrize("direction", ["in", "both"])
def test_the_customer_would_hear_it(student: Student, office: Office, direction: str) -> None:
    office.snoop(spy="both", whisper=direction)
    assert student.missing() == 3
    assert "customer" in student.hint()


def test_in_the_bridge_of_the_two(student: Student, office: Office) -> None:
    ear = office.snoop(spy="both", whisper="out")
    office.bridges[0].add_channel(ear.id)
    student.ari.wait_for("ChannelEnteredBridge", channel=ear)
    assert student.missing() == 4
    assert "same bridge" in student.hint()
    office.bridges[0].remove_channel(ear.id)
    office.bridge(student.call(), ear)
    assert student.missing() == 5


def test_what_was_shown_before_is_not_the_exercise(student: Student, office: Office) -> None:
    office.leave(office.snoop(spy="in"))
    office.leave(office.snoop(whisper="out"))
    assert sum(step.done for step in student.report().steps) <= 2
    assert student.missing() == 2


def test_one_channel_listens_and_another_whispers(student: Student, office: Office) -> None:
    ear = office.snoop(spy="both")
    assert student.missing() == 3
    mouth = office.snoop(whisper="out")
    office.bridge(student.call(), ear, mouth)
    office.leave(mouth)
    office.leave(ear)
    assert student.missing() == 0


def test_wrong_and_then_right_with_the_same_agent(student: Student, office: Office) -> None:
    office.leave(office.snoop(spy="in", whisper="in"))
    ear = office.snoop(spy="both", whisper="out")
    office.bridge(student.call(), ear)
    office.leave(ear)
    assert student.missing() == 0


def test_the_call_had_ended_before(student: Student, office: Office) -> None:
    ear = office.snoop(spy="both", whisper="out")
    office.bridge(student.call(), ear)
    office.bridges[0].remove_channel(office.agent.id)
    student.ari.wait_for("ChannelLeftBridge", channel=office.agent)
    office.leave(ear)
    assert student.missing() == 5
    assert "before" in student.hint()
