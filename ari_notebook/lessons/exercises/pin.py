"""Notebook 04: a door that opens for a number, ended by #."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

LESSON = Lesson(
    "a door that opens for a number",
    "Ask with agent-pass; the first key interrupts it. After 1793# play auth-thankyou, and hang "
    "up when it has finished. After any other number play vm-invalidpassword, and ask again.",
    "04-keys-and-attendant",
    calls_taken,
)
_ASK, _WRONG, _RIGHT = "sound:agent-pass", "sound:vm-invalidpassword", "sound:auth-thankyou"
_NUMBER = "1793"


def _numbers(call: Evidence) -> list[tuple[str, Happening]]:
    """Return the numbers that were pressed, each with the # that ended it."""
    found, digits = [], ""
    for key in call.events("ChannelDtmfReceived"):
        if key.fields["digit"] == "#":
            found.append((digits, key))
            digits = ""
        else:
            digits += key.fields["digit"]
    return found


def _ended(call: Evidence, *, right: bool) -> Happening | None:
    """Return the # after the first right, or wrong, number."""
    return next((key for digits, key in _numbers(call) if (digits == _NUMBER) is right), None)


def _heard(call: Evidence, media: str, after: Happening | None = None) -> Happening | None:
    return call.event("PlaybackStarted", playback__media_uri=media, after=after)


@LESSON.step("the caller is asked for a number", "As soon as a call comes in.")
def asked(call: Evidence) -> Verdict:
    return _heard(call, _ASK)


@LESSON.step("the first key interrupts the question", "Section 3.")
def interrupted(call: Evidence) -> Verdict:
    key = call.event("ChannelDtmfReceived")
    if not key:
        return None
    if call.event("PlaybackFinished", before=key):
        return "The question had finished already. Press a key earlier."
    return call.request("playbacks.stop", after=key) or "A key was pressed, and it continued."


@LESSON.step("a wrong number is refused", "Press another number, and #.")
def refused(call: Evidence) -> Verdict:
    keys = call.events("ChannelDtmfReceived")
    early = _heard(call, _WRONG, keys[0]) if keys else None
    end = _ended(call, right=False)
    if early and (end is None or early.order < end.order):
        return "It was refused before # was pressed. A number may have any number of digits."
    if end is None:
        return None
    if _heard(call, _RIGHT, end) and not _ended(call, right=True):
        return "A wrong number opened the door."
    return _heard(call, _WRONG, end) or "After a wrong number vm-invalidpassword was not played."


@LESSON.step("and the caller is asked again", "A playback can have several parts.")
def again(call: Evidence) -> Verdict:
    end = _ended(call, right=False)
    refusal = _heard(call, _WRONG, end) if end else None
    return _heard(call, _ASK, refusal) if refusal else None


@LESSON.step(
    "after the right number auth-thankyou is played", "In the same call, after the wrong one."
)
def thanked(call: Evidence) -> Verdict:
    end = _ended(call, right=True)
    if not end:
        return None
    return _heard(call, _RIGHT, end) or "After the right number auth-thankyou was not played."


@LESSON.step("you hang up when auth-thankyou has finished", "Which event reports that?")
def hung_up(call: Evidence) -> Verdict:
    end = _ended(call, right=True)
    heard = call.event(
        "PlaybackFinished", after=end, playback__media_uri=_RIGHT, playback__state="done"
    )
    if end and heard and (done := call.request("channels.hangup", after=heard)):
        return done
    return "You hung up before that." if call.request("channels.hangup") else None
