"""The exercise of notebook 08, done right and wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "watcher"
APP = "hello-world"


@dataclass
class Watched:
    """A call that is not the application's."""

    ari: Any
    phone: Any
    id: str

    def subscribe(self) -> None:
        self.ari.applications.subscribe(APP, f"channel:{self.id}")

    def unsubscribe(self) -> None:
        self.ari.applications.unsubscribe(APP, f"channel:{self.id}")

    def filter(self, *types: str) -> None:
        disallowed = [{"type": each} for each in types]
        self.ari.applications.filter(APP, filter={"disallowed": disallowed})

    def press(self, key: str) -> None:
        self.phone.press(key)
        self.ari.wait_for("ChannelDtmfReceived", digit=key)

    def alarm(self, name: str, who: str) -> None:
        self.ari.events.user_event(name, application=APP, variables={"who": who})
        self.ari.wait_for("ChannelUserevent")


@pytest.fixture
def call(student: Student) -> Watched:
    phone = student.ari.call("1002")
    (channel,) = student.ari.channels.list()
    for _ in range(50):
        if channel.get().state == "Up":
            break
        time.sleep(0.05)
    return Watched(student.ari, phone, channel.id)


def test_exercise_done_right_misses_no_step(student: Student, call: Watched) -> None:
    call.subscribe()
    assert student.missing() == 2
    call.filter("ChannelVarset", "ChannelDialplan")
    assert student.missing() == 3
    call.press("9")
    assert student.missing() == 4
    call.alarm("emergency", call.id)
    assert student.missing() == 5
    call.unsubscribe()
    assert student.missing() == 0


def test_call_of_the_application_is_reported(student: Student) -> None:
    channel = student.call()
    student.ari.applications.subscribe(APP, f"channel:{channel.id}")
    assert student.missing() == 1
    assert "another one" in student.hint()


def test_other_filter_and_key_are_reported(student: Student, call: Watched) -> None:
    call.subscribe()
    call.filter("ChannelDialplan")
    assert student.missing() == 2
    assert "does not block it" in student.hint()
    call.filter("ChannelVarset")
    call.press("8")
    assert student.missing() == 3
    assert "Another key" in student.hint()


def test_other_alarm_is_reported(student: Student, call: Watched) -> None:
    call.subscribe()
    call.filter("ChannelVarset")
    call.press("9")
    call.alarm("fire", call.id)
    assert student.missing() == 4
    assert "another name" in student.hint()
    call.alarm("emergency", "other")
    assert "who" in student.hint()
    call.alarm("emergency", call.id)
    assert student.missing() == 5


def test_allow_list_blocks_other_events(student: Student, call: Watched) -> None:
    call.subscribe()
    allowed = [{"type": "ChannelDtmfReceived"}, {"type": "ChannelVarset"}]
    student.ari.applications.filter(APP, filter={"allowed": allowed})
    assert "does not block it" in student.hint()
    student.ari.applications.filter(APP, filter={"allowed": allowed[:1]})
    assert student.missing() == 3
    student.ari.applications.filter(APP, filter={})
    assert student.missing() == 2


def test_early_unsubscription_is_reported(student: Student, call: Watched) -> None:
    call.subscribe()
    call.filter("ChannelVarset")
    call.unsubscribe()
    call.subscribe()
    call.press("9")
    call.alarm("emergency", call.id)
    assert student.missing() == 5
    assert "before" in student.hint()
