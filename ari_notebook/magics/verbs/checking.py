"""The verb that checks the course's exercises."""

from __future__ import annotations

from typing import Any

from ari_notebook import lessons
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Given, verb


@verb(
    "check",
    "which steps of a lesson's exercise are done, and which are missing; alone: the lessons",
    Argument("LESSON", "the name of a lesson", required=False, kind="lesson"),
    group="Course",
    method='ari_notebook.lessons.check(ari, "hello-world")',
    connected=False,
    examples=("%ari check hello-world",),
)
def check(context: Context, given: Given) -> Any:
    """Check an exercise, or list them."""
    if given["LESSON"] is None:
        return lessons.lessons()
    name = str(given["LESSON"])
    lessons.find(name)  # a name that is wrong is said first, connected or not
    return lessons.check(context.session, name)
