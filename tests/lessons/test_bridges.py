"""The exercise of notebook 05, done right and wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "bridges"
AGENT = "Local/1001@default"


@dataclass
class Queue:
    """Two callers wait in a holding bridge."""

    student: Student
    bridge: Any
    callers: list[Any]

    def agent(self) -> Any:
        ari = self.student.ari
        ari.channels.originate(AGENT, app="hello-world", appArgs="agent")
        return ari.channels[ari.wait_for("StasisStart", args=["agent"])["channel"]["id"]]

    def talk(self, *who: Any) -> Any:
        bridge = self.student.ari.bridges.create(type="mixing")
        bridge.add_channel(list(who))
        self.student.ari.wait_for("ChannelEnteredBridge", channel=who[-1])
        return bridge

    def end(self, *who: Any) -> None:
        for each in who:
            each.hangup()
            self.student.ari.wait_for("StasisEnd", channel=each)


@pytest.fixture
def queue(student: Student) -> Queue:
    bridge = student.ari.bridges.create(type="holding")
    callers = [student.call() for _ in "12"]
    for each in callers:
        bridge.add_channel(each)
        student.ari.wait_for("ChannelEnteredBridge", channel=each)
    return Queue(student, bridge, callers)


def test_exercise_done_right_misses_no_step(student: Student, queue: Queue) -> None:
    assert student.missing() == 2
    agent = queue.agent()
    assert student.missing() == 3
    talk = queue.talk(queue.callers[0], agent)
    assert student.missing() == 5
    queue.end(queue.callers[0])
    assert "still in the bridge" in student.hint()
    queue.end(agent)
    assert student.missing() == 6
    talk.destroy()
    student.ari.wait_for("BridgeDestroyed")
    assert student.missing() == 0


def test_queue_of_one_caller_is_reported(student: Student) -> None:
    bridge = student.ari.bridges.create(type="holding")
    bridge.add_channel(student.call())
    student.ari.wait_for("ChannelEnteredBridge")
    assert student.missing() == 1
    assert "more than one" in student.hint()


def test_connecting_newer_caller_first_is_reported(student: Student, queue: Queue) -> None:
    queue.talk(queue.callers[1], queue.agent())
    assert student.missing() == 3
    assert "longer" in student.hint()


def test_removing_all_callers_from_queue_is_reported(student: Student, queue: Queue) -> None:
    queue.talk(queue.callers[0], queue.agent())
    queue.bridge.remove_channel(queue.callers[1])
    student.ari.wait_for("ChannelLeftBridge", channel=queue.callers[1])
    assert student.missing() == 4


def test_connected_caller_without_wait_is_reported(student: Student, queue: Queue) -> None:
    queue.talk(student.call(), queue.agent())
    assert student.missing() == 3
    assert "did not wait" in student.hint()


def test_next_attempt_is_another_queue(student: Student, queue: Queue) -> None:
    queue.talk(queue.callers[1], queue.agent())
    for caller in (student.call(), student.call()):
        student.ari.bridges.create(type="holding").add_channel(caller)
        student.ari.wait_for("ChannelEnteredBridge", channel=caller)
    assert student.missing() == 1
    assert "more than one" in student.hint()
