"""Lessons are found by their module names, and checked at the prompt."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import lessons
from ari_notebook.lessons import Exercise
from ari_notebook.lessons.course import course_folder
from ari_notebook.lessons.evidence import Evidence
from ari_notebook.lessons.lesson import Lesson
from ari_notebook.views import html_of
from tests.helpers import notebooks
from tests.lessons.conftest import Student
from tests.magics.prompt import Prompt


@pytest.mark.parametrize("name", lessons.names())
def test_lesson_has_steps_hints_and_solution(name: str) -> None:
    lesson = lessons.find(name)
    assert lesson.steps >= 2
    assert lesson.title
    assert lesson.task.endswith(".")
    assert (course_folder() / f"{lesson.notebook}.ipynb").exists()


@pytest.mark.parametrize("name", lessons.names())
def test_notebook_sets_the_lesson(name: str) -> None:
    notebook = course_folder() / f"{lessons.find(name).notebook}.ipynb"
    cells = notebooks.read(notebook)["cells"]
    sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
    yours = next(i for i, each in enumerate(sources) if each.startswith("# Your turn."))
    assert any(each.endswith(f"%ari check {name} --start") for each in sources[:yours])
    assert f"%ari check {name}" in sources[yours + 1 :]
    (solution,) = [each for each in cells if "solution" in each["metadata"].get("tags", ())]
    assert solution["source"].startswith(f"%ari check {name} --solution\n")


@pytest.mark.parametrize("name", lessons.names())
def test_no_step_is_done_before_an_attempt(name: str, student: Student) -> None:
    report = student.report(name)
    assert not any(step.done for step in report.steps)
    assert all(step.hint for step in report.steps)
    assert report.outcome == "not tried yet"
    assert report.title in str(html_of(report))


@pytest.mark.parametrize("name", lessons.names())
def test_every_lesson_has_a_test_module(name: str) -> None:
    assert (Path(__file__).parent / f"test_{name.replace('-', '_')}.py").exists()


def test_misspelled_lesson_gets_a_suggestion() -> None:
    with pytest.raises(ari_notebook.UsageProblem, match="helo-world") as failed:
        lessons.find("helo-world")
    assert "hello-world" in failed.value.hint


def test_each_missing_step_has_a_hint() -> None:
    lesson = Lesson("title", "Task.", "01-hello-world")
    lesson.step("first")(lambda seen: "you did it wrong")
    lesson.step("second", "look there")(lambda seen: None)
    report = lesson.check(Evidence([]))
    assert [(step.done, step.hint) for step in report.steps] == [
        (False, "you did it wrong"),
        (False, "look there"),
    ]
    assert not report
    assert "0 of 2" in str(report)


def test_calls_before_the_exercise_do_not_count(student: Student) -> None:
    phone = student.call()
    phone.hangup()
    student.ari.wait_for("StasisEnd")
    begun = Exercise(time.time())
    assert student.report("start-here").steps[0].done
    report = lessons.check(student.ari, "start-here", begun)
    assert report.outcome == "not tried yet"
    student.call()
    assert lessons.check(student.ari, "start-here", begun).outcome == "1 of 4 steps done"


def _press_and_hang_up(student: Student) -> None:
    phone = student.ari.call("1000")
    phone.press("42#")
    phone.hangup()
    student.ari.wait_for("StasisEnd")


def test_solution_gives_no_credit(student: Student) -> None:
    begun = time.time()
    solved = Exercise(begun, time.time())
    assert lessons.check(student.ari, "start-here", solved).outcome == "not tried yet"
    _press_and_hang_up(student)
    report = lessons.check(student.ari, "start-here", solved)
    assert report.outcome == "all done by the solution"
    assert not report


def test_credit_stays_after_the_solution_was_run(student: Student) -> None:
    begun = time.time()
    _press_and_hang_up(student)
    time.sleep(0.2)
    solved = Exercise(begun, time.time())
    _press_and_hang_up(student)
    report = lessons.check(student.ari, "start-here", solved)
    assert report
    assert report.outcome == "all done"


@pytest.mark.parametrize("name", ["1", "01", "01-hello-world", "01-hello-world.ipynb"])
def test_lesson_is_found_by_its_notebook(name: str) -> None:
    assert lessons.find(name).name == "hello-world"


def test_check_at_the_prompt_shows_the_steps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ARI_URL", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    prompt = Prompt()
    try:
        assert "hello-world" in prompt("%ari check").index
        assert "unknown lesson" in prompt.fail("%ari check nothing-like-it")
        assert "not connected" in prompt.fail("%ari check hello-world").lower()
        prompt("%ari connect")
        prompt("%ari call 1000")
        prompt("%ari wait StasisStart")
        before = repr(prompt("%ari check hello-world"))
        assert "not tried yet" in before
        assert "%ari check hello-world --start" in before
        assert prompt("%ari check hello-world --start") is None
        prompt("%ari call 1000")
        prompt("%ari wait StasisStart")
        assert "1 of 5 steps done" in repr(prompt("%ari check 01"))
        assert prompt("%ari check hello-world --solution") is None
        assert "1 of 5 steps done" in repr(prompt("%ari check hello-world"))
        assert "which lesson" in prompt.fail("%ari check --start")
        assert "hello-world" in prompt.tab("%ari check he")
    finally:
        prompt.close()


@pytest.mark.parametrize("name", lessons.names())
def test_stored_report_has_current_step_titles(name: str) -> None:
    lesson = lessons.find(name)
    stored = [
        line.partition(". ")[2]
        for cell in notebooks.read(course_folder() / f"{lesson.notebook}.ipynb")["cells"]
        if cell["source"].startswith(f"report = %ari check {name}\n")
        for output in cell["outputs"]
        for line in "".join(output["text"]).splitlines()[1:]
    ]
    assert stored == [step.title for step in lesson._steps]
