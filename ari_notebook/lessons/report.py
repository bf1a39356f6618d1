"""Reports of the checks of exercises, step by step."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Report", "ReportedStep"]


@dataclass(frozen=True, slots=True)
class ReportedStep:
    """One step: whether it is done, and otherwise a hint.

    ``wrong``: the hint is about an error in an attempt.
    """

    title: str
    done: bool
    hint: str = ""
    wrong: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check; true if the learner did all steps.

    Attributes:
        lesson: the exercise's name.
        title: the exercise's title.
        task: the task.
        steps: the steps, in order.
        attempt: the checked object, such as ``channel 1700000000.1``; empty: the whole session.
        tried: whether any step was tried.
        by_solution: whether the notebook's solution did it, not the learner.
        note: what to do first, or empty.
    """

    lesson: str
    title: str
    task: str
    steps: tuple[ReportedStep, ...]
    attempt: str = ""
    tried: bool = True
    by_solution: bool = False
    note: str = ""

    @property
    def done(self) -> bool:
        """Whether every step is done."""
        return all(step.done for step in self.steps)

    @property
    def outcome(self) -> str:
        """The outcome in a few words."""
        done = sum(step.done for step in self.steps)
        if not self.tried:
            return "not tried yet"
        if self.done:
            return "all done by the solution" if self.by_solution else "all done"
        return f"{done} of {len(self.steps)} steps done"

    def __bool__(self) -> bool:
        return self.done and not self.by_solution

    def __str__(self) -> str:
        lines = [f"{self.lesson}: {self.outcome}"]
        if not self.done:
            lines.append(f"  {self.task}")
        if self.note:
            lines.append(f"  {self.note}")
        for number, step in enumerate(self.steps, 1):
            lines.append(f"  {'done   ' if step.done else 'missing'} {number}. {step.title}")
            if step.hint:
                lines.append(f"             {step.hint}")
        if self.attempt and not self.done:
            lines.append(f"  Checked: {self.attempt}, the latest attempt.")
        return "\n".join(lines)

    __repr__ = __str__
