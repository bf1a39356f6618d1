"""Notebook 01: take a call, say goodbye, and hang up after that."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

LESSON = Lesson(
    "a call of your own",
    "Take another call. Play vm-goodbye to the caller, and hang up as soon as it has finished.",
    "01-hello-world",
    calls_taken,
)
_SOUND = "sound:vm-goodbye"


@LESSON.step("a caller is in your application", "Sections 2 and 3: connect, and place a call.")
def taken(call: Evidence) -> Verdict:
    return call.event("StasisStart")


@LESSON.step("you play vm-goodbye to the caller", "Section 4 plays another sound.")
def asked(call: Evidence) -> Verdict:
    if done := call.request("channels.play", media=_SOUND):
        return done
    if other := call.request("channels.play"):
        return f"You played {other.get('media')}. The task is another sound."
    if refused := call.request("channels.play", worked=False):
        return f"Your request was refused with {refused.status}: read its error again."
    return None


@LESSON.step(
    "all of it is played to the caller", "It takes a second or two. Which event reports that?"
)
def heard(call: Evidence) -> Verdict:
    finished = call.events("PlaybackFinished", playback__media_uri=_SOUND)
    if not finished:
        return None
    done = [each for each in finished if each.get("playback.state") == "done"]
    return done[0] if done else "The playback failed: had the caller hung up?"


@LESSON.step("then you hang up", "Section 5.")
def hung_up(call: Evidence) -> Verdict:
    heard_at = call.event("PlaybackFinished", playback__media_uri=_SOUND)
    if done := call.request("channels.hangup", after=heard_at):
        return done if heard_at else None
    if call.request("channels.hangup"):
        return "You hung up before its end. Wait for the event that reports the end; then hang up."
    if call.event("StasisEnd"):
        return "The call ended without you. Hang up yourself."
    return None


@LESSON.step("the call is over", "Which event is the last that an application gets of a channel?")
def over(call: Evidence) -> Verdict:
    return call.event("StasisEnd")
