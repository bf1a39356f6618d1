"""Notebook 12: a second program, on a separate socket, handles the session's call."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

_NAME, _VALUE = "VIA", "socket"
_PLAYBACK = "by-hand-1"

LESSON = Lesson(
    "a second program",
    "Take a call in hello-world, and then send nothing more in this session: your own socket sets "
    f"the channel's variable {_NAME} to {_VALUE}, plays something to it as the playback "
    f"{_PLAYBACK}, and hangs up after it.",
    "12-rest-over-websocket",
    calls_taken,
)


def _own(call: Evidence, *operations: str) -> Happening | None:
    """Return a request of the session that did it."""
    return call.request(*operations)


@LESSON.step("a call is in the application", "Section 1 makes one.")
def taken(call: Evidence) -> Verdict:
    return call.event("StasisStart")


@LESSON.step(f"the socket sets the variable {_NAME}", "Section 2; notebook 08 has the request.")
def variable_set(call: Evidence) -> Verdict:
    varset = call.event("ChannelVarset", variable=_NAME)
    if varset is None:
        return None
    if _own(call, "channels.set_channel_var", "channels.set_channel_vars"):
        return "The session did that. Your socket must do it."
    if varset.get("value") != _VALUE:
        return f"Its value is {varset.get('value')}."
    return varset


@LESSON.step(f"the socket plays something, as {_PLAYBACK}", "Section 2.")
def played(call: Evidence) -> Verdict:
    playing = _playing(call)
    if _own(call, "channels.play"):
        return "The session did that. Your socket must do it."
    if playing is None and call.event("PlaybackStarted"):
        return "Something was played under another id. The request can set the id."
    return playing


@LESSON.step("the call ends after the playback", "Let the session wait for the end.")
def ended(call: Evidence) -> Verdict:
    playing, end = _playing(call), call.event("StasisEnd")
    if not playing or not end:
        return None
    if _own(call, "channels.hangup"):
        return "The session hung up. Your socket must do it."
    over = call.event("PlaybackFinished", after=playing, before=end, playback__id=_PLAYBACK)
    if over is None or over.get("playback.state") != "done":
        return "The call ended before all of it was played."
    return end


def _playing(call: Evidence) -> Happening | None:
    return call.event("PlaybackStarted", playback__id=_PLAYBACK)
