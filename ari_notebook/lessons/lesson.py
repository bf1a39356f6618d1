"""An exercise: steps, each checked by the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.report import Report, ReportedStep

__all__ = ["Lesson", "Verdict", "bridges_used", "calls_taken", "channels_made"]

# Done: True or evidence. Not done: a text with what the attempt lacks.
Verdict = Happening | bool | str | None
Check = Callable[[Evidence], Verdict]
Subjects = Callable[[Evidence], Iterable[str]]


def calls_taken(seen: Evidence) -> list[str]:
    """Return the channels that entered an application of the session."""
    return [str(event.get("channel.id")) for event in seen.events("StasisStart")]


def channels_made(seen: Evidence) -> list[str]:
    """Return the channels that the session originated or created."""
    asked = seen.request("channels.originate", "channels.create")
    if asked is None:
        return []
    dialled = seen.events("Dial", after=asked)
    created = seen.events("StasisStart", after=asked, state="Down")
    return [str(e.get("peer.id")) for e in dialled] + [str(e.get("channel.id")) for e in created]


def bridges_used(seen: Evidence) -> list[str]:
    """Return the bridges that a channel has been in."""
    return [str(event.get("bridge.id")) for event in seen.events("ChannelEnteredBridge")]


@dataclass(frozen=True, slots=True)
class _Step:
    title: str
    check: Check
    look: str


@dataclass(slots=True)
class Lesson:
    """An exercise.

    Attributes:
        title: subject in a few words.
        task: the task in a sentence or two, without naming requests.
        notebook: its notebook.
        subjects: returns the object of each attempt, oldest first. One complete attempt is enough;
            until then the report is about the newest. None: the whole session.
        kind: kind of the objects: ``channel``, ``bridge``.
    """

    title: str
    task: str
    notebook: str
    subjects: Subjects | None = None
    kind: str = "channel"
    name: str = ""
    _steps: list[_Step] = field(default_factory=list)

    def step(self, title: str, look: str = "") -> Callable[[Check], Check]:
        """Add a step.

        Args:
            title: the observable result.
            look: a hint, shown until the step is tried; never the answer.

        Returns:
            A decorator. The function takes the evidence of an attempt (`Evidence.whole` has
            everything). It returns the evidence that the step is done; or a text, shown as the
            hint, if an attempt failed; or None or False if nothing was tried.
        """

        def register(check: Check) -> Check:
            self._steps.append(_Step(title, check, look))
            return check

        return register

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self._steps)

    def check(self, seen: Evidence) -> Report:
        """Report on a complete attempt, otherwise on the newest."""
        subjects = dict.fromkeys(self.subjects(seen)) if self.subjects else ()
        # Before an attempt, the steps are checked with no evidence.
        attempts = [seen.about(id) for id in subjects] if self.subjects else [seen]
        reports = [self._report(each) for each in attempts or [Evidence([])]]
        return next((report for report in reports if report), reports[-1])

    def _report(self, seen: Evidence) -> Report:
        steps: list[ReportedStep] = []
        tried = False
        for each in self._steps:
            verdict = each.check(seen)
            done = bool(verdict) and not isinstance(verdict, str)
            wrong = verdict if isinstance(verdict, str) else ""
            tried = tried or done or bool(wrong)
            hint = "" if done else wrong or each.look
            steps.append(ReportedStep(each.title, done, hint, bool(wrong)))
        attempt = f"{self.kind} {seen.subject}" if seen.subject else ""
        return Report(self.name, self.title, self.task, tuple(steps), attempt, tried)
