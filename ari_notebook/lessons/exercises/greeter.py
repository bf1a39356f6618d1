"""Notebook 16: a program in a separate process that says goodbye before it hangs up."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_GOODBYE = "sound:vm-goodbye"


def _channels(seen: Evidence) -> list[str]:
    """Return the channels with a playback; before the first playback, all channels.

    A program's call need not be in an application of this session.
    """
    targets = [str(e.get("playback.target_uri")) for e in seen.events("PlaybackStarted")]
    played = [uri.partition(":")[2] for uri in targets if uri.startswith("channel:")]
    return played or [str(event.get("channel.id")) for event in seen.events("ChannelCreated")]


LESSON = Lesson(
    "a program that says goodbye",
    "Run your program. At # it plays vm-goodbye, and hangs up after that. Then stop it, and check "
    "that Asterisk no longer lists it.",
    "16-notebook-to-program",
    _channels,
)


@LESSON.step("a program greets a caller", "Section 4: run it, and call it.")
def greeted(call: Evidence) -> Verdict:
    if call.request("channels.play"):
        return "The notebook played it. The program must do it."
    return call.event("PlaybackStarted")


@LESSON.step("a key is answered", "1 or 2, and something is played.")
def answered(call: Evidence) -> Verdict:
    key = call.event("ChannelDtmfReceived", digit=["1", "2"])
    return call.event("PlaybackStarted", after=key) if key else None


@LESSON.step("at #, vm-goodbye is played completely", "What did its test check?")
def said_goodbye(call: Evidence) -> Verdict:
    key = call.event("ChannelDtmfReceived", digit="#")
    if not key:
        return None
    said = call.event("PlaybackFinished", playback__media_uri=_GOODBYE, after=key)
    if not said:
        return "# was pressed, and vm-goodbye was not played." if _hung_up(call) else None
    if said.get("playback.state") != "done":
        return "The call ended before all of it was played."
    return said


@LESSON.step("then the program hangs up", "Not the notebook, and not the caller.")
def hung_up(call: Evidence) -> Verdict:
    if call.request("channels.hangup"):
        return "The notebook hung up. The program must do it."
    said = call.event("PlaybackFinished", playback__media_uri=_GOODBYE)
    return _hung_up(call, said) if said else None


@LESSON.step(
    "the program has ended, and Asterisk no longer lists it", "Notebook 01 requests an application."
)
def ended(call: Evidence) -> Verdict:
    over = _hung_up(call)
    asked = call.whole.requests("applications.get", after=over, worked=None) if over else []
    if any(each.status == 404 for each in asked):
        return True
    return "Asterisk still lists it." if asked else None


def _hung_up(call: Evidence, after: Happening | None = None) -> Happening | None:
    return call.event("ChannelHangupRequest", soft=True, after=after)
