"""The verb that checks the course's exercises."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ari_notebook import lessons, sessions
from ari_notebook.client.errors import UsageProblem
from ari_notebook.lessons import Exercise
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.views import shows_pages

if TYPE_CHECKING:
    from ari_notebook.lessons.report import Report


@verb(
    "check",
    "which steps of a lesson's exercise are done, and which are missing; alone: the lessons",
    Argument(
        "LESSON",
        "the name of a lesson, or the number of its notebook",
        required=False,
        kind="lesson",
    ),
    group="Course",
    options=(
        Option("--start", "begin the exercise: earlier events do not count"),
        Option("--solution", "mark the following as the notebook's solution"),
    ),
    method='ari_notebook.lessons.check(ari, "hello-world")',
    connected=False,
    examples=("%ari check hello-world", "%ari check hello-world --start"),
)
def check(context: Context, given: ParsedLine) -> Any:
    """Check an exercise from its start on, or list the lessons.

    Raises:
        UsageProblem: no lesson has this name; `--start` or `--solution` without a name.
    """
    start, solution = (given.options.get(name) for name in ("--start", "--solution"))
    if given["LESSON"] is None:
        if start or solution:
            raise UsageProblem("which lesson?", "`%ari check hello-world --start` names one.")
        return _course_map(context)
    # An unknown name is the first error, even without a session.
    name = lessons.find(str(given["LESSON"])).name
    exercises, now = context.settings.exercises, time.time()
    begun = exercises.get(name, Exercise(now))
    if start:
        exercises[name] = Exercise(now)
        # From its beginning, the exercise's steps are updated while the learner works.
        connected = bool(sessions.opened()) and shows_pages(context.shell)
        return _checked(context, name, Exercise(now)) if connected else None
    if solution:
        exercises[name] = replace(begun, solved=now) if begun.solved is None else begun
        return None
    return _checked(context, name, begun)


def _checked(context: Context, name: str, begun: Exercise) -> Report:
    """Check an exercise; in a notebook the report follows what happens afterwards."""
    report = _report(context, name, begun)
    if not shows_pages(context.shell):
        return report
    from ari_notebook.views.pages.course import LiveReport  # noqa: PLC0415  80 ms

    seen: tuple[object, ...] = ()

    def again() -> Report | None:
        nonlocal seen
        session = context.session
        living = frozenset(session.tables.channels)
        now = (session.name, session.log.count, len(session.requests), living)
        if now == seen:
            return None
        seen = now
        return _report(context, name, begun)

    return LiveReport(report, again, lessons.solution_of(lessons.find(name).notebook))


def _report(context: Context, name: str, begun: Exercise) -> Report:
    exercises = context.settings.exercises
    report = lessons.check(context.session, name, exercises.get(name, begun))
    if name not in exercises:
        advice = f"Run the cell with `%ari check {name} --start` first: the exercise begins there."
        return replace(report, note=advice)
    if report:
        now = time.time()
        lessons.remember(name, lessons.DoneExercise(now, now - exercises[name].begun))
    return report


def _course_map(context: Context) -> Any:
    table = lessons.lessons()
    if not shows_pages(context.shell):
        return table
    from ari_notebook.views.pages.course import CourseMap  # noqa: PLC0415  80 ms

    return CourseMap(table)
