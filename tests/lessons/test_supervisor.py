"""The exercise of notebook 10, done right and wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "supervisor"


@dataclass
class Office:
    """An agent, a customer, and the actions of a student."""

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


def test_exercise_done_right_misses_no_step(student: Student, office: Office) -> None:
    assert student.missing() == 2  # no channel is snooped on
    ear = office.snoop(spy="both", whisper="out")
    assert student.missing() == 4
    supervisor = student.call()
    office.bridge(supervisor, ear)
    assert student.missing() == 5
    office.leave(supervisor)
    office.leave(ear)
    assert student.missing() == 0


@pytest.mark.parametrize("direction", ["in", "out"])
def test_snoop_of_one_direction_is_reported(
    student: Student, office: Office, direction: str
) -> None:
    office.snoop(spy=direction, whisper="out")
    assert student.missing() == 2
    assert "Only one" in student.hint()


def test_snoop_without_spy_is_reported(student: Student, office: Office) -> None:
    office.snoop(whisper="out")
    assert student.missing() == 2
    assert "No direction" in student.hint()


@pytest.mark.parametrize("direction", ["in", "both"])
def test_whisper_in_both_directions_is_reported(
    student: Student, office: Office, direction: str
) -> None:
    office.snoop(spy="both", whisper=direction)
    assert student.missing() == 3
    assert "customer" in student.hint()


def test_snoop_channel_in_their_bridge_is_reported(student: Student, office: Office) -> None:
    ear = office.snoop(spy="both", whisper="out")
    office.bridges[0].add_channel(ear.id)
    student.ari.wait_for("ChannelEnteredBridge", channel=ear)
    assert student.missing() == 4
    assert "bridge of the two" in student.hint()
    office.bridges[0].remove_channel(ear.id)
    office.bridge(student.call(), ear)
    assert student.missing() == 5


def test_calls_before_the_exercise_do_not_count(student: Student, office: Office) -> None:
    office.leave(office.snoop(spy="in"))
    office.leave(office.snoop(whisper="out"))
    assert sum(step.done for step in student.report().steps) <= 2
    assert student.missing() == 2


def test_separate_snoop_channels_count(student: Student, office: Office) -> None:
    ear = office.snoop(spy="both")
    assert student.missing() == 3
    mouth = office.snoop(whisper="out")
    office.bridge(student.call(), ear, mouth)
    office.leave(mouth)
    office.leave(ear)
    assert student.missing() == 0


def test_right_attempt_with_same_agent_counts(student: Student, office: Office) -> None:
    office.leave(office.snoop(spy="in", whisper="in"))
    ear = office.snoop(spy="both", whisper="out")
    office.bridge(student.call(), ear)
    office.leave(ear)
    assert student.missing() == 0


def test_conversation_ended_before_is_reported(student: Student, office: Office) -> None:
    ear = office.snoop(spy="both", whisper="out")
    office.bridge(student.call(), ear)
    office.bridges[0].remove_channel(office.agent.id)
    student.ari.wait_for("ChannelLeftBridge", channel=office.agent)
    office.leave(ear)
    assert student.missing() == 5
    assert "before" in student.hint()
