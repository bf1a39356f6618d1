"""A student's session: on the embedded simulator, or on a real Asterisk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import ari_notebook
from ari_notebook import lessons
from ari_notebook.lessons.report import Report


@dataclass
class Student:
    """Works in a session, and checks the exercise."""

    ari: Any
    lesson: str = ""

    def call(self, extension: str = "1000", **more: Any) -> Any:
        """Accept a call; return its channel."""
        self.ari.call(extension, **more)
        started = self.ari.wait_for("StasisStart")
        return self.ari.channels[started["channel"]["id"]]

    def report(self, lesson: str = "") -> Report:
        time.sleep(0.2)  # the answer to what a handler asked may still be on its way
        return lessons.check(self.ari, lesson or self.lesson)

    def missing(self, lesson: str = "") -> int:
        """Return the number of the first missing step; 0 if all are done."""
        steps = [*(step.done for step in self.report(lesson).steps), False]
        first = steps.index(False) + 1
        return 0 if first == len(steps) else first

    def hint(self, lesson: str = "") -> str:
        return next((step.hint for step in self.report(lesson).steps if step.hint), "")


@pytest.fixture
def student(request: pytest.FixtureRequest, mode: str) -> Iterator[Student]:
    """A student; the module has the LESSON to check and the session's APPS."""
    apps = getattr(request.module, "APPS", "hello-world")
    with ari_notebook.connect(app=apps, url=None) as ari:
        yield Student(ari, getattr(request.module, "LESSON", ""))


@pytest.fixture
def connect(mode: str) -> Iterator[Callable[..., Any]]:
    """Opens sessions, and closes them."""
    opened: list[Any] = []

    def open_one(**more: Any) -> Any:
        opened.append(ari_notebook.connect(**more))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
