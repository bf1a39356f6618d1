"""Checks of the course's exercises, by the events and requests of a session.

Each module of `ari_notebook.lessons.exercises` defines a `Lesson` called ``LESSON``; the lesson's
name is the module's, with dashes.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import TYPE_CHECKING

from ari_notebook.client.errors import UsageProblem
from ari_notebook.lessons import exercises
from ari_notebook.lessons.course import minutes_of, solution_of
from ari_notebook.lessons.evidence import Evidence, Exercise
from ari_notebook.lessons.progress import DoneExercise, done_exercises, remember
from ari_notebook.schema import nearest

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.connection.connection import Connection
    from ari_notebook.lessons.lesson import Lesson
    from ari_notebook.lessons.report import Report

__all__ = [
    "DoneExercise",
    "Exercise",
    "check",
    "done_exercises",
    "find",
    "lessons",
    "names",
    "remember",
    "solution_of",
]


def names() -> list[str]:
    """Return the names of all lessons."""
    return sorted(
        module.name.replace("_", "-") for module in pkgutil.iter_modules(exercises.__path__)
    )


def find(name: str) -> Lesson:
    """Return a lesson by name, or by its notebook.

    Args:
        name: the lesson's name, or its notebook's name or number (``01-hello-world``, ``1``).

    Raises:
        UsageProblem: no such lesson; the message suggests a similar name.
    """
    known = names()
    if name not in known:
        wanted = name.removesuffix(".ipynb")
        for each in map(find, known):
            if wanted == each.notebook or wanted.zfill(2) == each.notebook.partition("-")[0]:
                return each
        near = nearest(name, known, 1)
        raise UsageProblem(
            f"unknown lesson: {name!r}",
            f"Did you mean {near[0]}?" if near else "%ari check lists them.",
        )
    module = importlib.import_module(f"{__name__}.exercises.{name.replace('-', '_')}")
    found: Lesson = module.LESSON
    found.name = name
    return found


def lessons() -> pd.DataFrame:
    """Return the lessons as a table, in the order of the notebooks.

    ``minutes`` is the notebook's duration, ``done`` the time at which its exercise was done, or
    missing, and ``took`` the time that the exercise took.
    """
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    done = done_exercises()
    rows = [
        {
            "lesson": name,
            "about": each.title,
            "steps": each.steps,
            "notebook": each.notebook,
            "minutes": minutes_of(each.notebook),
            "done": pd.Timestamp(done[name].at, unit="s", tz="UTC") if name in done else pd.NaT,
            "took": pd.Timedelta(done[name].seconds, unit="s") if name in done else pd.NaT,
        }
        for name, each in ((name, find(name)) for name in names())
    ]
    columns = ["lesson", "about", "steps", "notebook", "minutes", "done", "took"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["notebook", "lesson"]).set_index("lesson")


def check(connection: Connection, name: str, exercise: Exercise | None = None) -> Report:
    """Check a lesson's exercise step by step, by the session's events and requests.

    Args:
        connection: connection in which it was tried.
        name: name of the lesson.
        exercise: the begun exercise; None: count everything in the session.

    Raises:
        UsageProblem: no such lesson.
    """
    lesson, seen = find(name), Evidence.of(connection)
    if exercise is None:
        return lesson.check(seen)
    own = lesson.check(seen.during(exercise))
    if own or exercise.solved is None:
        return own
    shown = lesson.check(seen.since(exercise.begun))
    return replace(shown, by_solution=True) if shown else own
