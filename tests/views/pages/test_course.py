"""The course's map, and checks that follow the learner."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook import lessons
from ari_notebook.client.errors import UsageProblem
from ari_notebook.lessons import DoneExercise, Exercise
from ari_notebook.lessons.report import Report, ReportedStep
from ari_notebook.views.display.course import check_html, course_map, used_by
from ari_notebook.views.pages.course import CourseMap, LiveReport
from ari_notebook.views.pages.widget import Page
from tests.helpers.waiting import until

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_done_exercises_are_remembered_once(state: Path) -> None:
    assert lessons.done_exercises() == {}
    lessons.remember("hello-world", DoneExercise(1000.0, 90.0))
    lessons.remember("hello-world", DoneExercise(2000.0, 10.0))
    assert lessons.done_exercises() == {"hello-world": DoneExercise(1000.0, 90.0)}


@pytest.mark.parametrize("spoilt", ["", "[]", "{", '{"a": 1}', '{"a": {"at": "x"}}', "null"])
def test_spoilt_memory_is_none(state: Path, spoilt: str) -> None:
    (state / "ari-notebook").mkdir()
    (state / "ari-notebook" / "course.json").write_text(spoilt)
    assert lessons.done_exercises() == {}


def test_unwritable_memory_is_no_error(monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    (state / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(state / "file"))
    lessons.remember("hello-world", DoneExercise(1.0, 1.0))
    assert lessons.done_exercises() == {}


def test_map_has_ticks_and_times() -> None:
    lessons.remember("start-here", DoneExercise(time.time() - 120, 600.0))
    table = lessons.lessons()
    html = CourseMap(table).page_html(live=True)
    done = f"1 of {len(table)} exercises done"
    for text in (done, "✓ done", "▸ next", "2 min ago", "10 min", "20 min"):
        assert text in html
    assert html.count("○ open") == len(table) - 2
    assert table["minutes"].notna().all()
    assert type(CourseMap(table).copy()).__name__ == "DataFrame"


def test_hints_come_in_stages() -> None:
    steps = (
        ReportedStep("first", True),
        ReportedStep("second", False, "You went wrong.", wrong=True),
        ReportedStep("third", False, "Look there."),
    )
    report = Report("x", "title", "Task.", steps)
    html = check_html(report, "phone = %ari call 1000\nphone.press('1')\n%ari wait StasisEnd")
    folded = html.partition("<details")[0]
    assert "You went wrong." in folded
    assert "Look there." not in folded
    assert html.count("<details") == 3
    assert "%ari call, press(), %ari wait" in html
    assert "gives no credit" in html


def test_solutions_are_found_and_use_something() -> None:
    for name in lessons.names():
        solution = lessons.solution_of(lessons.find(name).notebook)
        assert "--solution" not in solution
        assert used_by(solution), name


def test_hostile_texts_are_text() -> None:
    step = ReportedStep(HOSTILE, False, HOSTILE)
    html = check_html(Report(HOSTILE, HOSTILE, HOSTILE, (step,), HOSTILE, note=HOSTILE), HOSTILE)
    assert "<script" not in html
    assert "\u202e" not in html
    table = lessons.lessons()
    table["about"] = HOSTILE
    assert "<script" not in course_map(table)


class Shown(Page):
    """A page that counts its updates."""

    refreshed = 0

    def refresh(self, *, picture: bool = False) -> None:
        super().refresh(picture=picture)
        self.refreshed += 1


def test_check_turns_green_while_one_works() -> None:
    with ari_notebook.connect() as ari:
        begun = Exercise(time.time())

        def again() -> Report:
            return lessons.check(ari, "start-here", begun)

        live = LiveReport(again(), again, "the solution")
        assert live.outcome == "not tried yet"
        page = Shown(live)
        assert "○ missing" in page.html
        live.displayed(page)
        phone = ari.call("1000")
        ari.wait_for("StasisStart")
        until(lambda: "1 of 4 steps done" in page.html, 60)
        phone.press("42#")
        phone.hangup()
        until(lambda: "all done" in page.html, 60)
        assert page.refreshed >= 2
        assert "the solution" not in page.html
        assert "the solution" not in live.page_html(live=False)
        page.close()


def test_pages_without_buttons_refuse_them() -> None:
    report = Report("x", "title", "Task.", ())
    for view in (CourseMap(lessons.lessons()), LiveReport(report, lambda: None, "")):
        with pytest.raises(UsageProblem):
            view.answer("anything")
        assert view.page_text()


def test_live_report_is_a_report() -> None:
    report = Report("x", "title", "Task.", (ReportedStep("one", True),))
    live = LiveReport(report, lambda: None, "")
    assert isinstance(live, Report)
    assert str(live) == str(report)
    assert live
