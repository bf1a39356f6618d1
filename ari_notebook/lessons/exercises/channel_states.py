"""Notebook 02: ring, answer and hang up by timers, and let a caller give up."""

from __future__ import annotations

import time

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken


def _stayed(seen: Evidence) -> list[str]:
    """Return the attempts: calls whose callers do not give up; without any, all calls."""
    calls = calls_taken(seen)
    gone = {each.subject for each in _gave_up(seen)}
    return [id for id in calls if id not in gone] or calls


LESSON = Lesson(
    "a call by the clock",
    "Let every call to 1003 ring for a second and a half, answer it, and hang up a second later. "
    "Also take a call whose caller gives up while it rings.",
    "02-channels",
    _stayed,
)
_SLACK = 0.15  # tolerance in seconds for timers and requests


def _apart(first: Happening, second: Happening, seconds: float) -> bool | str:
    passed = second.at - first.at
    if passed < seconds - _SLACK:
        return f"Only {passed:.1f} s passed."
    if passed > seconds + 2:
        return f"That took {passed:.1f} s."
    return True


@LESSON.step("an unanswered call arrives", "Which extension does not answer by itself?")
def taken(call: Evidence) -> Verdict:
    start = call.event("StasisStart")
    if start and start.get("channel.state") == "Up":
        return "It was answered before your program got it: dial another extension."
    return start


@LESSON.step("you indicate ringing to its caller", "Section 2.")
def rings(call: Evidence) -> Verdict:
    if call.event("StasisStart") and call.request("channels.answer") and not _ring(call):
        return "You answered at once."
    return _ring(call)


@LESSON.step("you answer it after a second and a half", "A timer does the waiting: section 4.")
def answered(call: Evidence) -> Verdict:
    ring, answer = _ring(call), call.request("channels.answer")
    return _apart(ring, answer, 1.5) if ring and answer else None


@LESSON.step("you hang it up a second later", "Another timer.")
def hung_up(call: Evidence) -> Verdict:
    answer, hangup = call.request("channels.answer"), call.request("channels.hangup")
    if answer and not hangup and call.event("StasisEnd"):
        return "The caller hung up. Your program should."
    return _apart(answer, hangup, 1) if answer and hangup else None


@LESSON.step("another caller gives up while it rings", "A phone can hang up whenever it likes.")
def gave_up(call: Evidence) -> Verdict:
    return any(each.subject != call.subject for each in _gave_up(call))


@LESSON.step("no further request is sent for that call", "What has to happen when a call ends?")
def left_alone(call: Evidence) -> Verdict:
    impatient = [each for each in _gave_up(call) if each.subject != call.subject]
    ring = _ring(call)
    if not impatient or not ring:
        return None
    # Others may belong to other attempts.
    nearest = min(impatient, key=lambda each: abs(_rang(each) - ring.at))
    if late := nearest.request(worked=None, after=nearest.event("StasisEnd")):
        return f"{late.name} was sent after the call had ended: a timer was still running."
    if time.time() < _rang(nearest) + 1.5 + _SLACK:
        return "None so far. Check again in two seconds."
    return True


def _ring(call: Evidence) -> Happening | None:
    return call.request("channels.ring")


def _rang(call: Evidence) -> float:
    ring = _ring(call)
    return ring.at if ring else 0.0


def _gave_up(seen: Evidence) -> list[Evidence]:
    """Return the calls that rang and were ended, not by the program, before they were answered."""
    calls = [seen.about(id) for id in calls_taken(seen.whole)]
    return [
        each
        for each in calls
        if _ring(each)
        and each.event("StasisEnd")
        and not each.requests("channels.answer")
        and not each.requests("channels.hangup")
    ]
