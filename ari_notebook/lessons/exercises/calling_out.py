"""Notebook 07: call one phone after the other, and answer the caller after one has answered."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, channels_made

_FIRST, _SECOND = "Local/1006@default", "Local/1004@default"


def _callers(seen: Evidence) -> list[str]:
    """Return the channels of callers, not of called phones."""
    made = set(channels_made(seen))
    # The other half of a Local channel dialled by the program is not a caller either.
    dialled = {str(event.get("peer.name")).rpartition(";")[0] for event in seen.events("Dial")}
    return [
        str(event.get("channel.id"))
        for event in seen.events("StasisStart")
        if event.get("channel.id") not in made
        and str(event.get("channel.name")).rpartition(";")[0] not in dialled
    ]


LESSON = Lesson(
    "one phone after the other",
    "Let a caller at 1003 wait. Call Local/1006@default; when it is busy, and only then, call "
    "Local/1004@default. When that answers, answer the caller, and connect the two.",
    "07-calling-out",
    _callers,
)


def _dialled(call: Evidence, endpoint: str) -> Happening | None:
    """Return the request that called that phone for the caller."""
    start = call.event("StasisStart")
    asked = call.whole.requests(
        "channels.originate",
        "channels.create",
        after=start,
        endpoint=lambda text: str(text).startswith(endpoint),
    )
    return asked[0] if asked else None


def _over(call: Evidence) -> Happening | None:
    """Return the event that shows that the first phone is busy."""
    return call.whole.event("Dial", after=_dialled(call, _FIRST), dialstatus="BUSY")


def _answered(call: Evidence) -> Happening | None:
    """Return the event of the second phone's answer."""
    second = _dialled(call, _SECOND)
    return call.whole.event("Dial", after=second, dialstatus="ANSWER") if second else None


@LESSON.step("a caller waits, unanswered", "Which extension does not answer by itself?")
def waits(call: Evidence) -> Verdict:
    start = call.event("StasisStart")
    if start and start.get("channel.state") == "Up":
        return "It was answered before your program got it: dial another extension."
    return start


@LESSON.step("the first phone is called", "Section 1.")
def first(call: Evidence) -> Verdict:
    if _dialled(call, _SECOND) and not _dialled(call, _FIRST):
        return "You called the second one first."
    return _dialled(call, _FIRST)


@LESSON.step("when it is busy, the second one is called", "Which event says that it is busy?")
def second(call: Evidence) -> Verdict:
    asked, busy = _dialled(call, _SECOND), _over(call)
    if not asked or not _dialled(call, _FIRST):
        return None
    if not busy or asked.order < busy.order:
        return "The second one was called before the first was known to be busy."
    return True


@LESSON.step("the caller is answered when the second phone is", "And not before.")
def answered(call: Evidence) -> Verdict:
    answer, picked_up = call.request("channels.answer"), _answered(call)
    if answer and (not picked_up or answer.order < picked_up.order):
        return "You answered the caller before another party was connected."
    return answer


@LESSON.step("the two are in one bridge", "Section 4.")
def connected(call: Evidence) -> Verdict:
    picked_up = _answered(call)
    peer = str(picked_up.get("peer.id")) if picked_up else ""
    for entered in call.whole.events("ChannelEnteredBridge"):
        if {call.subject, peer} <= set(entered.get("bridge.channels", ())):
            return entered
    return None
