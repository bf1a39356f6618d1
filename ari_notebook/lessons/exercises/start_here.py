"""Notebook 00: press keys on the phone, and hang up with it."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

LESSON = Lesson(
    "a phone of your own",
    "Call 1000. On the phone press 4, 2 and #, and then hang up with the phone.",
    "00-start-here",
    calls_taken,
)
_KEYS = "42#"


def _pressed(call: Evidence) -> str:
    return "".join(event.fields["digit"] for event in call.events("ChannelDtmfReceived"))


@LESSON.step("the call reaches your application", "Section “A phone to play with”.")
def taken(call: Evidence) -> Verdict:
    return call.event("StasisStart")


@LESSON.step("4, 2 and # are pressed on the phone", "The phone that called can press keys.")
def pressed(call: Evidence) -> Verdict:
    keys = _pressed(call)
    if call.request("channels.send_dtmf"):
        return "You sent keys to the caller. Press them on the caller's phone."
    if keys != _KEYS and _KEYS.startswith(keys) and call.event("StasisEnd"):
        came = f"only {keys} had arrived" if keys else "no key had arrived yet"
        return f"When the call ended, {came}. Call again, and press all three keys."
    if keys and keys != _KEYS:
        return f"The keys were {keys}. Call again for another try."
    return keys == _KEYS


@LESSON.step("the caller hangs up", "The phone can do that, too.")
def hung_up(call: Evidence) -> Verdict:
    if call.request("channels.hangup"):
        return "Your program hung up. This time the caller should."
    return call.event("ChannelHangupRequest")


@LESSON.step("the call has left your application", "Which event says that?")
def over(call: Evidence) -> Verdict:
    return call.event("StasisEnd")
