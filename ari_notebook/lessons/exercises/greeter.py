"""Notebook 16: a program of its own process, that says goodbye before it hangs up."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict

_GOODBYE = "sound:vm-goodbye"


def _channels(seen: Evidence) -> list[str]:
    """Who was played to; before anybody was, whatever is called.

    A program's call need not be in an application of this session.
    """
    targets = [str(e.get("playback.target_uri")) for e in seen.events("PlaybackStarted")]
    played = [uri.partition(":")[2] for uri in targets if uri.startswith("channel:")]
    return played or [str(event.get("channel.id")) for event in seen.events("ChannelCreated")]


LESSON = Lesson(
    "a program that says goodbye",
    "Run your program. At # it says vm-goodbye, and hangs up once that was heard. Then stop it, "
    "and see that Asterisk knows it no more.",
    "16-notebook-to-program",
    _channels,
)


@LESSON.step("a program greets a caller", "Section 4: run it, and call it.")
def greeted(call: Evidence) -> Verdict:
    if call.request("channels.play"):
        return "That was played by the notebook. Let the program do it."
    return call.event("PlaybackStarted")


@LESSON.step("a key is answered", "1 or 2, and something is played.")
def answered(call: Evidence) -> Verdict:
    key = call.event("ChannelDtmfReceived", digit=["1", "2"])
    return call.event("PlaybackStarted", after=key) if key else None


@LESSON.step("at #, all of vm-goodbye is heard", "What did the test of it say?")
def said_goodbye(call: Evidence) -> Verdict:
    key = call.event("ChannelDtmfReceived", digit="#")
    if not key:
        return None
    said = call.event("PlaybackFinished", playback__media_uri=_GOODBYE, after=key)
    if not said:
        return "# was pressed, and nothing of the kind was said." if _hung_up(call) else None
    if said.get("playback.state") != "done":
        return "It was hung up before all of it was said."
    return said


@LESSON.step("then the program hangs up", "And nobody else.")
def hung_up(call: Evidence) -> Verdict:
    if call.request("channels.hangup"):
        return "The notebook hung up. Let the program do it."
    said = call.event("PlaybackFinished", playback__media_uri=_GOODBYE)
    return _hung_up(call, said) if said else None


@LESSON.step("the program has ended, and Asterisk knows it no more", "Notebook 01 asks for one.")
def ended(call: Evidence) -> Verdict:
    over = _hung_up(call)
    asked = call.whole.requests("applications.get", after=over, worked=None) if over else []
    if any(each.status == 404 for each in asked):
        return True
    return "It is still there." if asked else None


def _hung_up(call: Evidence, after: Happening | None = None) -> Happening | None:
    return call.event("ChannelHangupRequest", soft=True, after=after)
