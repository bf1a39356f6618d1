"""The exercise of notebook 09, done right and wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lessons.conftest import Student

LESSON = "lamp"
LAMP = "Stasis:lamp"


@pytest.fixture
def subscribed(student: Student) -> Student:
    student.ari.applications.subscribe("hello-world", f"deviceState:{LAMP}")
    return student


def switch(student: Student, state: str) -> None:
    student.ari.device_states.update(LAMP, device_state=state)


def come(student: Student) -> Any:
    phone = student.ari.call("1000")
    student.ari.wait_for("StasisStart")
    return phone


def go(student: Student, phone: Any) -> None:
    phone.hangup()
    student.ari.wait_for("StasisEnd")


def test_exercise_done_right_misses_no_step(subscribed: Student) -> None:
    assert subscribed.missing() == 2
    first = come(subscribed)
    switch(subscribed, "INUSE")
    assert subscribed.missing() == 3
    second = come(subscribed)
    go(subscribed, first)
    assert subscribed.missing() == 4
    go(subscribed, second)
    switch(subscribed, "NOT_INUSE")
    subscribed.ari.wait_for("DeviceStateChanged", device_state__state="NOT_INUSE")
    assert subscribed.missing() == 0


def test_other_device_is_reported(student: Student) -> None:
    student.ari.applications.subscribe("hello-world", "deviceState:Stasis:door")
    assert student.missing() == 1
    assert LAMP in student.hint()


def test_lamp_without_caller_is_reported(subscribed: Student) -> None:
    switch(subscribed, "INUSE")
    assert subscribed.missing() == 2
    assert "before the first caller" in subscribed.hint()


def test_lamp_in_another_state_than_inuse_is_reported(subscribed: Student) -> None:
    come(subscribed)
    switch(subscribed, "BUSY")
    assert subscribed.missing() == 2
    assert "another state" in subscribed.hint()


def test_lamp_set_off_too_early_is_reported(subscribed: Student) -> None:
    first = come(subscribed)
    switch(subscribed, "INUSE")
    second = come(subscribed)
    go(subscribed, first)
    switch(subscribed, "NOT_INUSE")
    assert subscribed.missing() == 3
    assert "still there" in subscribed.hint()
    go(subscribed, second)
    assert subscribed.missing() == 3


def test_lamp_left_in_another_state_is_reported(subscribed: Student) -> None:
    first = come(subscribed)
    switch(subscribed, "INUSE")
    second = come(subscribed)
    go(subscribed, first)
    go(subscribed, second)
    assert subscribed.missing() == 4
    switch(subscribed, "ONHOLD")
    assert "another state" in subscribed.hint()


def test_right_attempt_after_two_wrong_ones_counts(subscribed: Student) -> None:
    switch(subscribed, "INUSE")
    only = come(subscribed)
    go(subscribed, only)
    assert subscribed.missing() == 2
    assert "before the first caller" in subscribed.hint()

    first = come(subscribed)
    switch(subscribed, "INUSE")
    second = come(subscribed)
    go(subscribed, first)
    switch(subscribed, "NOT_INUSE")
    go(subscribed, second)
    assert subscribed.missing() == 3

    first = come(subscribed)
    switch(subscribed, "INUSE")
    second = come(subscribed)
    go(subscribed, first)
    go(subscribed, second)
    switch(subscribed, "NOT_INUSE")
    subscribed.ari.wait_for("DeviceStateChanged", device_state__state="NOT_INUSE")
    assert subscribed.missing() == 0


def test_unlit_lamp_is_not_reported_as_still_lit(subscribed: Student) -> None:
    first, second = come(subscribed), come(subscribed)
    go(subscribed, first)
    go(subscribed, second)
    assert [step.done for step in subscribed.report().steps] == [True, *[False] * 4]
