"""Notebook 03: play callers their own number, in one playback."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

LESSON = Lesson(
    "your own number",
    "Play a caller the number of the call: you-entered, then its digits, as one "
    "playback. Hang up when it has finished.",
    "03-media",
    calls_taken,
)
_WORDS = "sound:you-entered"


def _number(call: Evidence) -> str:
    start = call.event("StasisStart")
    return str(start.get("channel.caller.number", "")) if start else ""


def _media(request: Happening) -> list[str]:
    media = request.get("media", "")
    return media.split(",") if isinstance(media, str) else list(media)


def _request(call: Evidence) -> Happening | None:
    wanted = [_WORDS, f"digits:{_number(call)}"]
    asked = [each for each in call.requests("channels.play") if _media(each) == wanted]
    return asked[0] if asked else None


@LESSON.step("a caller with a number is in your application", "Let Alice <5551> call.")
def taken(call: Evidence) -> Verdict:
    if call.event("StasisStart") and not _number(call):
        return "This caller has no number: give one with --caller."
    return bool(_number(call))


@LESSON.step(
    "one playback has the words and the digits", "Section 3: one playback of several media."
)
def asked(call: Evidence) -> Verdict:
    if found := _request(call):
        return found
    played = [_media(each) for each in call.requests("channels.play")]
    if [_WORDS] in played:
        return "That is one playback of one sound. All of it should be one playback."
    if any(media[:1] == [_WORDS] for media in played):
        return "The words are right; what follows is not the caller's number, digit after digit."
    return "It should begin with you-entered." if played else None


@LESSON.step("all of it is played to the caller", "Which event comes at the very end?")
def heard(call: Evidence) -> Verdict:
    finished = _finished(call)
    if finished and finished.get("playback.state") != "done":
        return "The playback failed: had the caller hung up, or does a part not exist?"
    if finished and call.request("playbacks.stop"):
        return "It was stopped. Play all of it."
    return finished


@LESSON.step("then you hang up", "After that event, and not before.")
def hung_up(call: Evidence) -> Verdict:
    finished = _finished(call)
    if finished and (done := call.request("channels.hangup", after=finished)):
        return done
    if call.request("channels.hangup"):
        return "You hung up before its end."
    return None


def _finished(call: Evidence) -> Happening | None:
    """Return the end of the required playback."""
    request = _request(call)
    return call.event("PlaybackFinished", after=request) if request else None
