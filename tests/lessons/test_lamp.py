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


def test_done_right(subscribed: Student) -> None:
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


def test_another_device(student: Student) -> None:
    student.ari.applications.subscribe("hello-world", "deviceState:Stasis:door")
    assert student.missing() == 1
    assert LAMP in student.hint()


def test_it_shines_for_nobody(subscribed: Student) -> None:
    switch(subscribed, "INUSE")
    assert subscribed.missing() == 2
    assert "nobody had come" in subscribed.hint()


def test_it_is_set_to_something_else(subscribed: Student) -> None:
    come(subscribed)
    switch(subscribed, "BUSY")
    assert subscribed.missing() == 2
    assert "another state" in subscribed.hint()


def test_it_goes_out_too_early(subscribed: Student) -> None:
    first = come(subscribed)
    switch(subscribed, "INUSE")
    second = come(subscribed)
    go(subscribed, first)
    switch(subscribed, "NOT_INUSE")
    assert subscribed.missing() == 3
    assert "still there" in subscribed.hint()
    go(subscribed, second)
    assert subscribed.missing() == 3


def test_it_is_left_on_hold(subscribed: Student) -> None:
    first = come(subscribed)
    switch(subscribed, "INUSE")
    second = come(subscribed)
    go(subscribed, first)
    go(subscribed, second)
    assert subscribed.missing() == 4
    switch(subscribed, "ONHOLD")
    assert "something else" in subscribed.hint()


def test_it_is_done_wrong_twice_and_then_right(subscribed: Student) -> None:
    switch(subscribed, "INUSE")
    only = come(subscribed)
    go(subscribed, only)
    assert subscribed.missing() == 2
    assert "nobody had come" in subscribed.hint()

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


def test_a_lamp_that_never_shone_does_not_still_shine(subscribed: Student) -> None:
    first, second = come(subscribed), come(subscribed)
    go(subscribed, first)
    go(subscribed, second)
    assert [step.done for step in subscribed.report().steps] == [True, *[False] * 4]
