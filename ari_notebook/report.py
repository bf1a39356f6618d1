"""What a check of an exercise found, step by step."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Report", "ReportedStep"]


@dataclass(frozen=True, slots=True)
class ReportedStep:
    """One step: whether it is done, and where it is not, what may help."""

    title: str
    done: bool
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What of an exercise is done and what is missing; true where all is done.

    Attributes:
        lesson: the exercise's name.
        title: what it is about.
        task: what was to be done.
        steps: in their order.
        attempt: what was looked at, as ``channel 1700000000.1``; empty for the whole session.
    """

    lesson: str
    title: str
    task: str
    steps: tuple[ReportedStep, ...]
    attempt: str = ""

    @property
    def done(self) -> bool:
        """Whether every step is."""
        return all(step.done for step in self.steps)

    @property
    def outcome(self) -> str:
        """The outcome in a few words."""
        done = sum(step.done for step in self.steps)
        return "all done" if self.done else f"{done} of {len(self.steps)} steps done"

    def __bool__(self) -> bool:
        return self.done

    def __str__(self) -> str:
        lines = [f"{self.lesson}: {self.outcome}"]
        if not self.done:
            lines.append(f"  {self.task}")
        for number, step in enumerate(self.steps, 1):
            lines.append(f"  {'done   ' if step.done else 'missing'} {number}. {step.title}")
            if step.hint:
                lines.append(f"             {step.hint}")
        if self.attempt and not self.done:
            lines.append(f"  Looked at {self.attempt}, the latest attempt.")
        return "\n".join(lines)

    __repr__ = __str__
