"""Verbs that play and record."""

from __future__ import annotations

import time
import uuid
from functools import partial
from typing import Any

from IPython.display import Audio

from ari_notebook.client.errors import AriError, EventTimeout, NotFound, UsageProblem
from ari_notebook.connection.call_audio import DIRECTIONS
from ari_notebook.connection.failures import CAUSE_SECONDS, playback_failure
from ari_notebook.connection.resource_types import MEDIA_PREFIX
from ari_notebook.magics.context import Context, Progress, audio_errors
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.magics.verbs.channels import CHANNEL
from ari_notebook.schema.media import split
from ari_notebook.store.plain_text import printable

_GROUP = "Media"
_LONGEST = 3600  # seconds
_RECENT = 1000  # number of events searched for the reason of a failure
_LOOK_SECONDS, _LOOK_LIMIT = 0.05, 10.0
WAIT = Option("--wait", "show progress until it has finished")


def media_uri(text: str) -> str:
    """Return a media URI; ``hello-world`` means ``sound:hello-world``."""
    return text if ":" in text else f"sound:{text}"


def _media_of(word: Any) -> list[str]:
    """Return the media of a word: one, several with commas, or a list in a variable."""
    value = getattr(word, "value", word)
    return [str(each) for each in value] if isinstance(value, list | tuple) else split(str(word))


def play_on(context: Context, given: ParsedLine, target: Any) -> Any:
    """Play on a channel or a bridge; with ``--wait`` until its end."""
    media = [media_uri(each) for word in given["MEDIA"] for each in _media_of(word)]
    playback = target.play(media, **given.fields)
    if given.option("--wait"):
        _wait_until_over(context, playback, ", ".join(media))
    return playback


def _wait_until_over(context: Context, playback: Any, media: str) -> None:
    """Wait for the end of a playback.

    Raises:
        AriError: the playback failed.
    """
    with Progress(media) as progress:
        event = context.session.wait_for(
            "PlaybackFinished", timeout=_LONGEST, progress=progress, playback=playback.id
        )
    if event["playback"].get("state") == "failed":
        context.session.synchronizer.leave_explanation(playback.id)
        context.session.background.sleep(CAUSE_SECONDS)
        log = context.session.log
        recent = log.since(max(0, log.count - _RECENT))
        reason = playback_failure(event["playback"], recent, str(event.get("timestamp", "")))
        raise AriError(
            reason or f"{media} was interrupted: its channel hung up, or its bridge has no member"
        )


@verb(
    "play",
    "play to a channel; hello-world means sound:hello-world",
    Argument("MEDIA", "media, such as hello-world or tone:ring", many=True, kind="media"),
    options=(CHANNEL, WAIT),
    fields="channels.play",
    group=_GROUP,
    method='channel.play("sound:hello-world")',
    operation="POST /channels/{channelId}/play",
    examples=("playback = %ari play hello-world", "%ari play digits:123 --wait"),
)
def play(context: Context, given: ParsedLine) -> Any:
    """Play to a channel."""
    return play_on(context, given, context.channel)


def record_from(given: ParsedLine, target: Any) -> Any:
    """Record a channel or a bridge."""
    arguments = {"format": given.option("--format") or "wav", **given.fields}
    if given.option("--max"):
        arguments["maxDurationSeconds"] = given.option("--max")
    if given.option("--silence"):
        arguments["maxSilenceSeconds"] = given.option("--silence")
    if given.option("--beep"):
        arguments["beep"] = True
    if given.option("--overwrite"):
        arguments["ifExists"] = "overwrite"
    if given.option("--until"):
        arguments["terminateOn"] = given.option("--until")
    return target.record(str(given["NAME"]), **arguments)


RECORD_OPTIONS = (
    Option("--format", "default: wav", "F"),
    Option("--max", "maximum duration in seconds", "S"),
    Option("--silence", "seconds of silence after which it ends", "S"),
    Option("--beep", "begin with a beep"),
    Option("--overwrite", "replace an existing recording"),
    Option("--until", "the key that ends it", "none|any|*|#", "terminator"),
)
SHOW = Option("--show", "wait for its end and show the sound")


@verb(
    "record",
    "record a channel",
    Argument("NAME", "a name for the recording"),
    options=(CHANNEL, *RECORD_OPTIONS, SHOW),
    fields="channels.record",
    group=_GROUP,
    method='channel.record("greeting", format="wav", maxDurationSeconds=5, beep=True)',
    operation="POST /channels/{channelId}/record",
    examples=(
        "recording = %ari record greeting --max 5 --beep",
        "sound = %ari record greeting --max 5 --show",
    ),
)
def record(context: Context, given: ParsedLine) -> Any:
    """Record a channel; with ``--show`` return its sound when it has ended."""
    recording = record_from(given, context.channel)
    if not given.option("--show"):
        return recording
    with Progress(f"recording {given['NAME']}") as progress:
        context.session.wait_for(
            "RecordingFinished", timeout=_LONGEST, progress=progress, recording=recording.id
        )
    with audio_errors():
        return recording.sound


@verb(
    "say",
    "speak a text to a channel, with espeak-ng or piper",
    Argument("TEXT", "what to say", many=True),
    options=(CHANNEL, Option("--voice", "a voice of espeak-ng, or the path of one of piper", "V")),
    group=_GROUP,
    method='with channel.audio() as audio: audio.say("hello").wait()',
    operation="POST /channels/externalMedia",
    examples=('%ari say "Good morning"', "%ari say Guten Morgen --voice de"),
)
def say(context: Context, given: ParsedLine) -> Any:
    """Speak a text to a channel and return its sound."""
    from ari_notebook.audio.sound import Sound  # noqa: PLC0415  numpy

    text = " ".join(str(word) for word in given["TEXT"])
    with audio_errors():
        sound = Sound.speech(text, given.option("--voice") or None)
        with context.channel.audio() as audio, Progress("saying") as progress:
            playing = audio.play(sound)
            while not playing.done and not audio.ended:
                time.sleep(_LOOK_SECONDS)
                progress(playing.heard)
    return sound


@verb(
    "listen",
    "hear a call live in the page",
    Argument("CHANNEL", "default: the current channel", required=False, kind="channel"),
    options=(Option("--hear", "audio from it, to it, or (default) both", "in|out|both"),),
    group=_GROUP,
    method='with channel.audio(8000, hear="both") as audio: audio.record(5)',
    operation="POST /channels/{channelId}/snoop",
    examples=("%ari listen", "%ari listen $channel --hear in"),
)
def listen_live(context: Context, given: ParsedLine) -> Any:
    """Show a channel's live audio, with a level meter and a spectrogram, once it is clicked."""
    from ari_notebook.views.listening.audio_feed import RATE  # noqa: PLC0415  numpy
    from ari_notebook.views.listening.widget import Listening  # noqa: PLC0415  as above

    channel = context.named_or_current(given["CHANNEL"])
    hear = str(given.option("--hear") or "both")
    if hear not in DIRECTIONS:
        raise UsageProblem(f"invalid direction: {hear!r}", f"Use one of {', '.join(DIRECTIONS)}.")
    row = context.session.tables.channels.get(channel.id) or {}
    name = printable(str(row.get("name") or channel.id))
    return Listening(name, partial(channel.audio, RATE, hear=hear, speak=False))


def heard(session: Any, name: str) -> Any:
    """Return an installed sound as a channel receives it.

    ARI cannot send the file, so it is played into one half of a Local channel and taken from
    the other.
    """
    one, other = (f"{MEDIA_PREFIX}{uuid.uuid4()}" for _ in range(2))
    app = session.apps[0]
    channel = session.channels.originate(
        endpoint=f"Local/s@stasis-{app}/n", app=app, channelId=one, otherChannelId=other
    )
    try:
        session.wait_for_start(other, _LOOK_LIMIT)
        session.channels[other].answer()
        session.wait_for_start(one, _LOOK_LIMIT)
        with audio_errors(), channel.audio(8000) as audio:
            playback = session.channels[other].play(f"sound:{name}")
            frames = []
            for frame in audio:
                frames.append(frame)
                if _is_over(playback):
                    break
            return sum(frames[1:], frames[0])
    finally:
        channel.hangup()


def _is_over(playback: Any) -> bool:
    """Return whether a playback has ended; one that has not started yet is not alive either."""
    try:
        playback.wait(timeout=0)
    except EventTimeout:
        return False
    return True


def _playback(context: Context, text: Any) -> Any:
    """Return the playback of that id, or the newest."""
    playbacks = context.session.playbacks
    if text:
        return playbacks[str(text)]
    ids = list(context.session.tables.playbacks)
    if not ids:
        raise NotFound("nothing is being played", "Try: %ari play hello-world")
    return playbacks[ids[-1]]


def _playback_verb(name: str, about: str) -> None:
    @verb(
        f"playback {name}",
        about,
        Argument("PLAYBACK", required=False, kind="playback"),
        group=_GROUP,
        method="playback.stop()" if name == "stop" else f'playback.control("{name}")',
        operation=(
            "DELETE /playbacks/{playbackId}"
            if name == "stop"
            else "POST /playbacks/{playbackId}/control"
        ),
        examples=(f"%ari playback {name}",),
    )
    def run(context: Context, given: ParsedLine) -> None:
        playback = _playback(context, given["PLAYBACK"])
        if name == "stop":
            playback.stop()
        else:
            playback.control(name)


for _name, _about in (
    ("pause", "pause the newest playback, or the one of that id"),
    ("unpause", "continue it"),
    ("restart", "play it from its beginning"),
    ("forward", "skip forward"),
    ("reverse", "skip back"),
    ("stop", "stop it"),
):
    _playback_verb(_name, _about)


def _recording(context: Context, text: Any) -> str:
    """Return the name of the live recording of that name, or of the newest."""
    if text:
        return str(text)
    names = list(context.session.tables.recordings)
    if not names:
        raise NotFound("nothing is being recorded", "Try: %ari record greeting")
    return names[-1]


def _recording_verb(name: str, about: str, method: str, path: str) -> None:
    @verb(
        f"recording {name}",
        about,
        Argument("NAME", required=False, kind="recording"),
        group=_GROUP,
        method=f'ari.recordings.{name}("greeting")',
        operation=f"{method} /recordings/live/{{recordingName}}{path}",
        examples=(f"%ari recording {name}",),
    )
    def run(context: Context, given: ParsedLine) -> None:
        session = context.session
        operation = session.operation(f"recordings.{name}")
        session.invoke(operation, {"recordingName": _recording(context, given["NAME"])})


for _name, _about, _method, _path in (
    ("stop", "end the newest recording, or the one of that name, and store it", "POST", "/stop"),
    ("pause", "pause it", "POST", "/pause"),
    ("unpause", "resume it", "DELETE", "/pause"),
    ("mute", "record silence from now on", "POST", "/mute"),
    ("unmute", "record audio again", "DELETE", "/mute"),
    ("cancel", "end it and discard it", "DELETE", ""),
):
    _recording_verb(_name, _about, _method, _path)


@verb(
    "recording listen",
    "play a stored recording in the notebook",
    Argument("NAME", "the name of a stored recording", kind="stored"),
    group=_GROUP,
    method='IPython.display.Audio(ari.recordings.get_stored_file("greeting"))',
    operation="GET /recordings/stored/{recordingName}/file",
    examples=("%ari recording listen greeting",),
)
def listen(context: Context, given: ParsedLine) -> Any:
    """Return a player for a stored recording."""
    content = context.session.invoke(
        context.session.operation("recordings.get_stored_file"),
        {"recordingName": str(given["NAME"])},
    )
    if not content:
        raise NotFound(
            f"the recording {str(given['NAME'])!r} is empty",
            "Nothing was recorded: its channel sent no audio.",
        )
    return Audio(data=content)
