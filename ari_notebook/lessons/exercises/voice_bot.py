"""Notebook 18: a voice bot that is interrupted, listens and answers."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken


def _callers(seen: Evidence) -> list[str]:
    """Return the calls; the channels that carry audio are none."""
    return [id for id in calls_taken(seen) if not id.startswith("ari-audio-")]


LESSON = Lesson(
    "a voice bot",
    "A caller interrupts your bot's greeting. The bot stops at once, records what the caller says, "
    "plays that recording back to its end, and hangs up.",
    "18-a-voice-bot",
    _callers,
)


def _interrupted(call: Evidence) -> Happening | None:
    return call.request("audio.play", stopped=True, heard=lambda seconds: seconds > 0)


def _listened(call: Evidence) -> Happening | None:
    """Return the recording with speech that ended after the interruption."""
    stopped = _interrupted(call)
    return stopped and call.request(
        "audio.record", after=stopped, heard=lambda seconds: seconds > 0.1
    )


def _answered(call: Evidence) -> Happening | None:
    heard = _listened(call)
    if heard is None:
        return None
    wanted = heard.get("seconds", 0.0)
    answers = call.requests("audio.play", after=heard, stopped=False)
    return next((each for each in answers if abs(each.get("seconds") - wanted) < 0.05), None)


@LESSON.step("a caller's audio reaches your program", "Section 1.")
def opened(call: Evidence) -> Verdict:
    if done := call.request("channels.external_media") or call.request("audio.record"):
        return done
    media = call.whole.request("channels.external_media", after=call.event("StasisStart"))
    return media if call.event("ChannelEnteredBridge") else None


@LESSON.step("the caller interrupts the bot, and it stops", "Section 3: what does on_speech call?")
def interrupted(call: Evidence) -> Verdict:
    if done := _interrupted(call):
        return done
    if call.request("audio.play"):
        return (
            "It was heard to its end: the caller has to talk while it plays, and the bot to stop."
        )
    return None


@LESSON.step("what the caller says is recorded", "Section 2: until when?")
def recorded(call: Evidence) -> Verdict:
    if done := _listened(call):
        return done
    if call.request("audio.record"):
        return "There is no speech in it, or it was over before the greeting was stopped."
    return None


@LESSON.step("the recording is played back, to its end", "Section 2: record() returns a sound.")
def answered(call: Evidence) -> Verdict:
    heard = _listened(call)
    if done := _answered(call):
        return done
    if heard and call.request("audio.play", after=heard, stopped=True):
        return "The answer was stopped: did the caller still talk?"
    if heard and call.request("audio.play", after=heard):
        return "Something else was played: its length is not that of the recording."
    return None


@LESSON.step("then you hang up", "After the handle's wait().")
def hung_up(call: Evidence) -> Verdict:
    done = _answered(call)
    if done and (end := call.request("channels.hangup", after=done)):
        return end
    if call.request("channels.hangup"):
        return "You hung up before the caller had heard all of it."
    return None
