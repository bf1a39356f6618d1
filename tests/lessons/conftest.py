"""A session as a student has it: the embedded exchange, or a real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import ari_notebook
from ari_notebook import lessons
from ari_notebook.report import Report


@dataclass
class Student:
    """Works in a session, and has what was done checked."""

    ari: Any
    lesson: str = ""

    def call(self, extension: str = "1000", **more: Any) -> Any:
        """Take a call; its channel."""
        self.ari.call(extension, **more)
        started = self.ari.wait_for("StasisStart")
        return self.ari.channels[started["channel"]["id"]]

    def report(self, lesson: str = "") -> Report:
        time.sleep(0.2)  # the answer to what a handler asked may still be on its way
        return lessons.check(self.ari, lesson or self.lesson)

    def missing(self, lesson: str = "") -> int:
        """The number of the first step that is missing; 0 where all are done."""
        steps = [*(step.done for step in self.report(lesson).steps), False]
        first = steps.index(False) + 1
        return 0 if first == len(steps) else first

    def hint(self, lesson: str = "") -> str:
        return next((step.hint for step in self.report(lesson).steps if step.hint), "")


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    """A student; the module's LESSON is what is checked, its APPS are the session's."""
    apps = getattr(request.module, "APPS", "hello-world")
    with ari_notebook.connect(app=apps, url=None) as ari:
        yield Student(ari, getattr(request.module, "LESSON", ""))


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """Opens sessions, and closes them."""
    opened: list[Any] = []

    def open_one(**more: Any) -> Any:
        opened.append(ari_notebook.connect(**more))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()
