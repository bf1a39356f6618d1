"""Notebook 06: a dictaphone, with keys for pause and end, that plays back."""

from __future__ import annotations

from ari_notebook.lessons.evidence import Evidence, Happening
from ari_notebook.lessons.lesson import Lesson, Verdict, calls_taken

LESSON = Lesson(
    "a dictaphone",
    "Record the caller under the name dictation. 4 pauses, 5 goes on, # ends it. Then play it to "
    "the caller, and hang up. Finally, listen to it in the notebook.",
    "06-recording",
    calls_taken,
)
_NAME = "dictation"
_PLAYED = f"recording:{_NAME}"


def _started(call: Evidence) -> Happening | None:
    return call.event("RecordingStarted", recording=_NAME)


def _finished(call: Evidence) -> Happening | None:
    return call.event("RecordingFinished", recording=_NAME, after=_started(call))


def _on_key(call: Evidence, digit: str, operation: str) -> Verdict:
    """Return whether a key had that effect on the recording."""
    started = _started(call)
    key = call.event("ChannelDtmfReceived", digit=digit, after=started) if started else None
    if not key:
        return None
    # A later request is about another attempt's recording of the same name.
    done = call.whole.request(operation, after=key, before=_finished(call), recordingName=_NAME)
    return done or f"{digit} was pressed, and the recording did not change."


@LESSON.step("the caller is recorded as dictation", "As soon as the call comes in.")
def recorded(call: Evidence) -> Verdict:
    if started := _started(call):
        return started
    if other := call.event("RecordingStarted"):
        return f"The recording is called {other.get('recording.name')}: use the name dictation."
    if call.event("RecordingFailed"):
        return "The recording failed: the event says why."
    return None


@LESSON.step("4 pauses the recording", "Section 3.")
def paused(call: Evidence) -> Verdict:
    return _on_key(call, "4", "recordings.pause")


@LESSON.step("5 goes on", "Section 3.")
def resumed(call: Evidence) -> Verdict:
    return _on_key(call, "5", "recordings.unpause")


@LESSON.step("# ends it, and it is kept", "There are two ways to end a recording.")
def ended(call: Evidence) -> Verdict:
    started = _started(call)
    key = call.event("ChannelDtmfReceived", digit="#", after=started) if started else None
    if not key:
        return None
    finished = _finished(call)
    if call.whole.request("recordings.cancel", after=key, before=finished, recordingName=_NAME):
        return "It was discarded."
    # Asterisk itself may have ended it at the key, before the event of the key.
    return finished or "# was pressed, and the recording goes on."


@LESSON.step("all of it is played to the caller", "A recording is played by name.")
def heard(call: Evidence) -> Verdict:
    finished = _heard(call)
    if finished and finished.get("playback.state") != "done":
        return "It was not played to its end: was it finished, and the caller still there?"
    return finished


@LESSON.step("then you hang up", "After that, and not before.")
def hung_up(call: Evidence) -> Verdict:
    finished = _heard(call)
    if finished and (done := call.request("channels.hangup", after=finished)):
        return done
    return "You hung up before that." if call.request("channels.hangup") else None


@LESSON.step("you listen to it in the notebook", "Section 2.")
def listened(call: Evidence) -> Verdict:
    started = _started(call)
    if not started:
        return None
    again = call.whole.event("RecordingStarted", recording=_NAME, after=started)
    fetched = "recordings.get_stored_file"
    return call.whole.request(fetched, recordingName=_NAME, after=started, before=again)


def _heard(call: Evidence) -> Happening | None:
    return call.event("PlaybackFinished", playback__media_uri=_PLAYED)
