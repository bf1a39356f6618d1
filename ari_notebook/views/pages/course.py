"""The course's map, and checks that are updated while a learner works."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import fields

import pandas as pd

from ari_notebook.background import Job
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.connection import registry
from ari_notebook.lessons.report import Report
from ari_notebook.views.display.course import check_html, course_map
from ari_notebook.views.display.html import Markup
from ari_notebook.views.display.narrow import table_text
from ari_notebook.views.pages.widget import Answer, Page, Shown

__all__ = ["CourseMap", "LiveReport"]

_LOOK_SECONDS = 0.5
_FOLLOWED = 3  # maximum number of updated checks, because each reads the whole log
_LONGEST_SECONDS = 4 * 3600.0


class CourseMap(Shown, pd.DataFrame):
    """The table of the lessons, which a notebook shows as a map."""

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def page_text(self) -> str:
        """Return the table as text."""
        return table_text(self)

    def page_html(self, *, live: bool) -> Markup:
        """Return the map."""
        del live
        return course_map(self)

    def answer(self, ask: str) -> Answer:
        """Refuse: the map has no buttons."""
        raise UsageProblem(f"the map has no button {ask!r}")


class LiveReport(Shown, Report):
    """A report that is updated as long as its page is displayed.

    Args:
        report: the current result.
        again: checks again; returns None if nothing has changed.
        solution: the notebook's solution.
    """

    _again: Callable[[], Report | None]
    _solution: str
    _latest: Report

    def __init__(self, report: Report, again: Callable[[], Report | None], solution: str) -> None:
        for each in fields(Report):
            object.__setattr__(self, each.name, getattr(report, each.name))
        object.__setattr__(self, "_again", again)
        object.__setattr__(self, "_solution", solution)
        object.__setattr__(self, "_latest", report)

    def page_text(self) -> str:
        """Return the report as text."""
        return str(self)

    def page_html(self, *, live: bool) -> Markup:
        """Return the newest report; a saved picture does not contain the solution."""
        return check_html(self._latest, self._solution if live else "")

    def answer(self, ask: str) -> Answer:
        """Refuse: a check has no buttons."""
        raise UsageProblem(f"the check has no button {ask!r}")

    def displayed(self, page: Page) -> None:
        """Update the report from now on, beside the cells."""
        if self._latest.done:
            return
        if len(_following) == _FOLLOWED:
            _following[0].stop()
        _following.append(registry.background().start("ari-check", lambda: self._follow(page)))

    def _follow(self, page: Page) -> Generator[float | None, None, None]:
        end, pause = time.monotonic() + _LONGEST_SECONDS, _LOOK_SECONDS
        while time.monotonic() < end:
            yield pause
            begun = time.monotonic()
            try:
                report = self._again()
            except AriError:
                continue  # without a session there is nothing to check
            if report is not None and report != self._latest:
                object.__setattr__(self, "_latest", report)
                page.refresh(picture=True)
                if report.done:
                    return
            # Checking a long log takes long: the learner's cells have precedence.
            pause = max(_LOOK_SECONDS, 10 * (time.monotonic() - begun))


_following: deque[Job] = deque(maxlen=_FOLLOWED)
