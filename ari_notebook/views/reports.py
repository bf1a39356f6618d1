"""The report on an exercise as HTML."""

from __future__ import annotations

from ari_notebook.report import Report
from ari_notebook.views.forms import framed
from ari_notebook.views.markup import Markup, element

__all__ = ["report_html"]


def report_html(report: Report) -> Markup:
    """Each step with its outcome as a word, and the hint where there is one."""
    steps = [
        element(
            "li",
            element("span", _word(step.done), class_="s up" if step.done else "s"),
            f" {step.title}",
            element("div", step.hint, class_="k") if step.hint else None,
        )
        for step in report.steps
    ]
    mood = "s up" if report.done else "s"
    return framed(
        element(
            "div",
            element("span", f"{report.title} ", class_="t"),
            element("span", report.outcome, class_=mood),
        ),
        None if report.done else element("div", report.task),
        element("ol", *steps),
        element("div", f"Looked at {report.attempt}, the latest attempt.", class_="k")
        if report.attempt and not report.done
        else None,
    )


def _word(done: bool) -> str:
    return "done" if done else "missing"
