"""Lessons are found by the names of their modules, and checked at the prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import lessons
from ari_notebook.course import course_folder
from ari_notebook.lessons.evidence import Evidence
from ari_notebook.lessons.lesson import Lesson
from ari_notebook.views import html_of
from tests.lessons.conftest import Student
from tests.magics.prompt import Prompt


@pytest.mark.parametrize("name", lessons.names())
def test_a_lesson_is_complete(name: str) -> None:
    lesson = lessons.find(name)
    assert lesson.steps >= 2
    assert lesson.title
    assert lesson.task.endswith(".")
    assert (course_folder() / f"{lesson.notebook}.ipynb").exists()


@pytest.mark.parametrize("name", lessons.names())
def test_a_notebook_sets_the_lesson(name: str) -> None:
    notebook = course_folder() / f"{lessons.find(name).notebook}.ipynb"
    assert f"%ari check {name}" in notebook.read_text()


@pytest.mark.parametrize("name", lessons.names())
def test_nothing_is_done_before_it_is_tried(name: str, student: Student) -> None:
    report = student.report(name)
    assert not any(step.done for step in report.steps)
    assert report.steps[0].hint
    assert report.title in str(html_of(report))


@pytest.mark.parametrize("name", lessons.names())
def test_a_lesson_is_tested(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name.replace('-', '_')}.py").exists()


def test_a_wrong_name() -> None:
    with pytest.raises(ari_notebook.UsageProblem, match="helo-world") as failed:
        lessons.find("helo-world")
    assert "hello-world" in failed.value.hint


def test_a_text_is_a_hint_and_only_the_first_is_shown() -> None:
    lesson = Lesson("title", "Task.", "01-hello-world")
    lesson.step("first")(lambda seen: "you did it wrong")
    lesson.step("second", "look there")(lambda seen: None)
    report = lesson.check(Evidence([]))
    assert [(step.done, step.hint) for step in report.steps] == [
        (False, "you did it wrong"),
        (False, ""),
    ]
    assert not report
    assert "0 of 2" in str(report)


def test_at_the_prompt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ARI_URL", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    prompt = Prompt()
    try:
        assert "hello-world" in prompt("%ari check").index
        assert "no lesson" in prompt.fail("%ari check nothing-like-it")
        assert "not connected" in prompt.fail("%ari check hello-world").lower()
        prompt("%ari connect")
        assert "missing 1." in repr(prompt("%ari check hello-world"))
        assert "hello-world" in prompt.tab("%ari check he")
    finally:
        prompt.close()
