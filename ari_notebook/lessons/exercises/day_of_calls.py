"""Notebook 15: make calls, count them, and report the numbers."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict
from ari_notebook.store.calls import CallRecord, Ledger

_ENOUGH = 3
_NAME = "report"

LESSON = Lesson(
    "a report on calls",
    "Three callers at once, one of which gives up before the answer. Then send your application a "
    "user event report, with the numbers calls, unanswered and at_once.",
    "15-a-day-of-calls",
)


def _calls(seen: Evidence, before: Happening | None = None) -> list[CallRecord]:
    """Return the calls in the log, by the rules of `ari.calls`."""
    ledger = Ledger()
    ledger.feed(each.fields for each in seen.events("*", before=before))
    return list(ledger)


def _at_once(calls: list[CallRecord]) -> int:
    """Return the maximum number of simultaneous calls."""
    changes = [(call.first.begin, 1) for call in calls]
    changes += [(call.end, -1) for call in calls if call.end is not None]
    most = now = 0
    for _, change in sorted(changes):  # a call that ends at the same time comes first
        now += change
        most = max(most, now)
    return most


def _wrong(seen: Evidence, report: Happening) -> list[str]:
    """Return the names of the numbers in a report that differ from the log of that time."""
    calls = _calls(seen.history, report)
    ended = [call.row()["disposition"] for call in calls if call.end is not None]
    numbers = {
        "calls": len(calls),
        "unanswered": len(ended) - ended.count("ANSWERED"),
        "at_once": _at_once(calls),
    }
    return [name for name, number in numbers.items() if not _says(report, name, number)]


def _says(report: Happening, name: str, number: int) -> bool:
    try:
        return float(str(report.get(f"userevent.{name}"))) == number
    except ValueError:
        return False


def _best(seen: Evidence) -> Happening | None:
    """Return the report with the most correct numbers; of several the newest."""
    reports = seen.events("ChannelUserevent", eventname=_NAME)
    return min(reports[::-1], key=lambda each: len(_wrong(seen, each)), default=None)


@LESSON.step("three calls go on at once", "A call need not end before the next one starts.")
def at_once(seen: Evidence) -> Verdict:
    calls = _calls(seen)
    if _at_once(calls) >= _ENOUGH:
        return True
    if len(calls) >= _ENOUGH:
        return "There were enough calls; not at the same time."
    return None


@LESSON.step("a caller gives up", "Section 1 has an extension that takes a second to answer.")
def gave_up(seen: Evidence) -> Verdict:
    return any(call.row()["disposition"] == "NO ANSWER" for call in _calls(seen))


@LESSON.step("you report", "Notebook 08 has events of your own.")
def reported(seen: Evidence) -> Verdict:
    if found := _best(seen):
        return found
    return "The event has another name." if seen.event("ChannelUserevent") else None


@LESSON.step("calls and unanswered are right", "Section 2 has the table to count in.")
def counted(seen: Evidence) -> Verdict:
    report = _best(seen)
    if not report:
        return None
    wrong = [name for name in _wrong(seen, report) if name != "at_once"]
    return f"Different from the log at that time: {', '.join(wrong)}." if wrong else report


@LESSON.step("at_once is right", "Section 5 counts the same for a day.")
def most(seen: Evidence) -> Verdict:
    report = _best(seen)
    if not report:
        return None
    return "Different from the log." if "at_once" in _wrong(seen, report) else report
