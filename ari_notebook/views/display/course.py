"""The course as a map, and the check of an exercise, as HTML."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from ari_notebook.lessons.report import Report, ReportedStep
from ari_notebook.views.display.columns import moment
from ari_notebook.views.display.html import Markup, element
from ari_notebook.views.display.render import framed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_html", "course_map", "used_by"]


def course_map(lessons: pd.DataFrame) -> Markup:
    """Return the lessons with ticks and times.

    Args:
        lessons: as `ari_notebook.lessons.lessons` returns them.
    """
    now = time.time()
    done = int(lessons["done"].notna().sum())
    left = lessons.loc[lessons["done"].isna(), "minutes"].sum()
    rows = []
    following = True
    for name, row in lessons.iterrows():
        is_done = row["done"] == row["done"]
        state = "✓ done" if is_done else "▸ next" if following else "○ open"
        following = following and is_done
        took = row["took"]
        when = moment(row["done"], now) if is_done else None
        cells = (
            ("", element("span", state, class_="s up" if is_done else "s")),
            ("notebook", row["notebook"]),
            ("exercise", element("span", row["about"], title=str(name))),
            ("steps", str(row["steps"])),
            ("takes", f"{row['minutes']:.0f} min" if row["minutes"] == row["minutes"] else ""),
            ("done", when),
            ("took", _minutes(took) if is_done else ""),
            ("check", element("code", f"%ari check {name}")),
        )
        rows.append(
            element(
                "tr", *(element("td", cell, data_label=label) for label, cell in cells),
                class_="next" if state == "▸ next" else None,
            )
        )  # fmt: skip
    heads = ("", "notebook", "exercise", "steps", "takes", "done", "took", "check")
    return framed(
        element(
            "p",
            element("span", f"{done} of {len(lessons)} exercises done", class_="t"),
            f", about {left / 60:.0f} h left" if left else "",
            class_="k caption",
        ),
        element("progress", value=done, max=len(lessons), aria_label="exercises done"),
        element(
            "table",
            element(
                "thead",
                element(
                    "tr",
                    *(
                        element(
                            "th",
                            head or element("span", "state", class_="unseen"),
                            scope="col",
                        )
                        for head in heads
                    ),
                ),
            ),
            element("tbody", *rows),
            class_="list",
        ),
    )


def _minutes(passed: timedelta) -> str:
    minutes = passed.total_seconds() / 60
    return "under 1 min" if minutes < 1 else f"{minutes:.0f} min"


def used_by(solution: str) -> list[str]:
    """Return the verbs and methods in a solution, in their order, as a hint."""
    found = re.findall(r"%{1,2}ari (\w+(?:\.\w+)?)|\.(\w+)\(", solution)
    return list(dict.fromkeys(f"%ari {magic}" if magic else f"{call}()" for magic, call in found))


def check_html(report: Report, solution: str = "") -> Markup:
    """Return a check as HTML: each step with its outcome, and hints in stages, each folded.

    First where to look, then the verbs of the solution, then the solution. Errors of an attempt are
    shown at once.

    Args:
        report: the report of the check.
        solution: the notebook's solution; empty if there is none to show.
    """
    mood = "s up" if report.done else "s"
    steps = [_step(number, step) for number, step in enumerate(report.steps, 1)]
    return framed(
        element(
            "div",
            element("span", f"{report.title} ", class_="t"),
            element("span", report.outcome, class_=mood),
            data_announce=report.outcome,
        ),
        element("p", report.task) if not report.done else None,
        element("p", report.note) if report.note else None,
        element("ol", *steps, class_="steps"),
        *(() if report.done else _help(solution)),
        element("p", f"Checked: {report.attempt}, the latest attempt.", class_="k")
        if report.attempt and not report.done
        else None,
    )


def _step(number: int, step: ReportedStep) -> Markup:
    word = element("span", "✓ done" if step.done else "○ missing",
                   class_="s up" if step.done else "s")  # fmt: skip
    hint = None
    if step.hint and step.wrong:
        hint = element("div", step.hint)
    elif step.hint:
        hint = element(
            "details", element("summary", "Hint"), step.hint, data_key=f"hint {number}", class_="k"
        )
    return element("li", word, f" {step.title}", hint)


def _help(solution: str) -> tuple[Markup, ...]:
    if not solution:
        return ()
    used = ", ".join(used_by(solution))
    lines = Markup("\n".join(str(element("span", line)) for line in solution.split("\n")))
    return (
        element(
            "details",
            element("summary", "Still stuck? What the solution uses"),
            element("p", used),
            data_key="used",
        ),
        element(
            "details",
            element("summary", "The solution (gives no credit)"),
            element("pre", lines),
            data_key="solution",
        ),
    )
