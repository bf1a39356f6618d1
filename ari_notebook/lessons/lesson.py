"""What an exercise is: steps, each a question to the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.report import Report, ReportedStep

__all__ = ["Lesson", "Verdict", "bridges_used", "calls_taken", "channels_made"]

# True, or what happened, for done; a text for not done, and what the attempt lacks.
Verdict = Happening | bool | str | None
Check = Callable[[Evidence], Verdict]
Subjects = Callable[[Evidence], Iterable[str]]


def calls_taken(seen: Evidence) -> list[str]:
    """The channels that entered an application of the session."""
    return [str(event.get("channel.id")) for event in seen.events("StasisStart")]


def channels_made(seen: Evidence) -> list[str]:
    """The channels that the session itself originated or created."""
    asked = seen.request("channels.originate", "channels.create")
    if asked is None:
        return []
    dialled = seen.events("Dial", after=asked)
    created = seen.events("StasisStart", after=asked, state="Down")
    return [str(e.get("peer.id")) for e in dialled] + [str(e.get("channel.id")) for e in created]


def bridges_used(seen: Evidence) -> list[str]:
    """The bridges that a channel has been in."""
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
        title: what it is about, in a few words.
        task: what to do, in a sentence or two; it names no request.
        notebook: where it is set.
        subjects: finds what each attempt was made on, oldest first. Done once is done; until then
            the report is about the latest. None for the whole session.
        kind: what a subject is: ``channel``, ``bridge``.
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
            title: what is to be seen when it is done.
            look: where to look while nothing has been tried; never the answer.

        Returns:
            A decorator. The function gets the evidence about an attempt (`Evidence.whole` is all
            there is). It returns what shows that the step is done; a text where an attempt went
            wrong, which is shown as the hint; None or False where nothing was tried.
        """

        def register(check: Check) -> Check:
            self._steps.append(_Step(title, check, look))
            return check

        return register

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self._steps)

    def check(self, seen: Evidence) -> Report:
        """Say what is done and missing: of an attempt that did it all, else of the latest."""
        subjects = dict.fromkeys(self.subjects(seen)) if self.subjects else ()
        # Before anything was tried, the steps are asked about nothing.
        attempts = [seen.about(id) for id in subjects] if self.subjects else [seen]
        reports = [self._report(each) for each in attempts or [Evidence([])]]
        return next((report for report in reports if report), reports[-1])

    def _report(self, seen: Evidence) -> Report:
        steps: list[ReportedStep] = []
        stuck = False
        for each in self._steps:
            verdict = each.check(seen)
            done = bool(verdict) and not isinstance(verdict, str)
            # One hint at a time: what comes later often follows from it.
            hint = "" if done or stuck else verdict if isinstance(verdict, str) else each.look
            stuck = stuck or not done
            steps.append(ReportedStep(each.title, done, hint))
        attempt = f"{self.kind} {seen.subject}" if seen.subject else ""
        return Report(self.name, self.title, self.task, tuple(steps), attempt)
