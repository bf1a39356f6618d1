"""The checks of the course's exercises: predicates over what really happened in the log.

A lesson is a module of `ari_notebook.lessons.exercises` that makes a `Lesson` called ``LESSON``;
its name is the module's, with dashes. Nothing else registers it.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from ari_notebook.client.errors import UsageProblem
from ari_notebook.spec import nearest

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.lessons.lesson import Lesson
    from ari_notebook.report import Report
    from ari_notebook.session import Session

__all__ = ["check", "find", "lessons", "names"]


def names() -> list[str]:
    """The names of the lessons that there are."""
    from ari_notebook.lessons import exercises

    return sorted(
        module.name.replace("_", "-") for module in pkgutil.iter_modules(exercises.__path__)
    )


def find(name: str) -> Lesson:
    """The lesson of a name.

    Raises:
        UsageProblem: there is none; the message has the nearest.
    """
    known = names()
    if name not in known:
        near = nearest(name, known, 1)
        raise UsageProblem(
            f"no lesson is called {name!r}",
            f"Did you mean {near[0]}?" if near else "%ari check lists them.",
        )
    module = importlib.import_module(f"{__name__}.exercises.{name.replace('-', '_')}")
    found: Lesson = module.LESSON
    found.name = name
    return found


def lessons() -> pd.DataFrame:
    """The lessons as a table, in the order of the notebooks that set them."""
    import pandas as pd

    rows = [
        {"lesson": name, "about": each.title, "steps": each.steps, "notebook": each.notebook}
        for name, each in ((name, find(name)) for name in names())
    ]
    frame = pd.DataFrame(rows, columns=["lesson", "about", "steps", "notebook"])
    return frame.sort_values(["notebook", "lesson"]).set_index("lesson")


def check(session: Session, name: str) -> Report:
    """Say step by step what of a lesson's exercise is done, from what the session saw.

    Args:
        session: in which it was tried.
        name: the lesson's.

    Raises:
        UsageProblem: there is no such lesson.
    """
    from ari_notebook.lessons.evidence import Evidence

    return find(name).check(Evidence.of(session))
