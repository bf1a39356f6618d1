"""Notebook 13: a greeter that works for two callers at once, and for one who hangs up."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

LESSON = Lesson(
    "a robust greeter",
    "Play hello-world completely to every caller of 1000, then hang up. Have two "
    "callers at the same time who stay, and one who hangs up while it plays. No handler may fail.",
    "13-when-things-break",
)


def _calls(seen: Evidence) -> list[Evidence]:
    """Return the events of each caller with a playback, newest first."""
    calls = [seen.about(id) for id in reversed(calls_taken(seen))]
    return [call for call in calls if call.request("channels.play")]


def _served(call: Evidence) -> tuple[Happening, Happening] | None:
    """Return begin and end of a call with a complete playback and a hangup after it."""
    start = call.event("StasisStart")
    over = call.event("PlaybackFinished", after=start, playback__state="done")
    asked = over and call.request("channels.hangup", after=start)
    end = asked and call.event("StasisEnd", after=over)
    return (start, end) if start and end else None


def _cut_short(call: Evidence) -> Happening | None:
    """Return the end of a call, by the caller, during a playback."""
    playing, end = call.event("PlaybackStarted"), call.event("StasisEnd")
    if not playing or not end or call.request("channels.hangup", before=end):
        return None
    return None if call.event("PlaybackFinished", playback__state="done") else end


def _failed(seen: Evidence, after: Happening) -> Happening | None:
    events = seen.events("*", after=after)
    return next((each for each in events if each.name == "HandlerFailed"), None)


@LESSON.step("a caller who stays gets all of it, then you hang up", "Notebook 01 did that, too.")
def served(seen: Evidence) -> Verdict:
    calls = _calls(seen)
    if done := next((both[1] for call in calls if (both := _served(call))), None):
        return done
    if any(call.request("channels.hangup") for call in calls):
        return "You hung up before its end."
    return None


@LESSON.step("so do two at the same time", "Each call has an id of its own.")
def two_at_once(seen: Evidence) -> Verdict:
    times = [both for call in _calls(seen) if (both := _served(call))]
    for start, end in times:
        for other, _ in times:
            if start.order < other.order < end.order:
                return True
    return "They came one after the other." if len(times) > 1 else None


@LESSON.step("one hangs up while it plays", "The phone can hang up.")
def hung_up(seen: Evidence) -> Verdict:
    return next((end for call in _calls(seen) if (end := _cut_short(call))), None)


@LESSON.step("and no handler fails", "Section 2.")
def none_failed(seen: Evidence) -> Verdict:
    hasty = next((call for call in _calls(seen) if _cut_short(call)), None)
    if hasty is None:
        return None
    start = hasty.event("StasisStart")
    if start and (failure := _failed(seen, start)):
        return f"One failed: {str(failure.get('detail')).partition(' (')[0]}."
    return True
