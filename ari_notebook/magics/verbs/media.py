"""Verbs that play and record."""

from __future__ import annotations

from typing import Any

from ari_notebook.client.advice import advise_playback
from ari_notebook.client.errors import AriError, NotFound
from ari_notebook.magics.context import Context, Progress
from ari_notebook.magics.grammar import Argument, Given, Option, verb
from ari_notebook.magics.verbs.channels import CHANNEL

_GROUP = "Media"
_LONGEST = 3600  # seconds
WAIT = Option("--wait", "show progress until it is done")


def media_uri(text: str) -> str:
    """``hello-world`` means ``sound:hello-world``."""
    return text if ":" in text else f"sound:{text}"


def play_on(context: Context, given: Given, target: Any) -> Any:
    """Play on a channel or a bridge; with ``--wait`` until it is over."""
    media = [media_uri(each) for word in given["MEDIA"] for each in str(word).split(",")]
    playback = target.play(media, **given.fields)
    if given.option("--wait"):
        _wait_until_over(context, playback, ", ".join(media))
    return playback


def _wait_until_over(context: Context, playback: Any, media: str) -> None:
    """Wait for the end of a playback.

    Raises:
        AriError: it failed.
    """
    with Progress(media) as progress:
        event = context.session.wait_for(
            "PlaybackFinished", timeout=_LONGEST, progress=progress, playback=playback.id
        )
    if event["playback"].get("state") == "failed":
        raise AriError(advise_playback(event["playback"].get("media_uri", "")))


@verb(
    "play",
    "play to a channel; hello-world means sound:hello-world",
    Argument("MEDIA", "what to play, as hello-world or tone:ring", many=True, kind="media"),
    options=(CHANNEL, WAIT),
    fields="channels.play",
    group=_GROUP,
    method='channel.play("sound:hello-world")',
    operation="POST /channels/{channelId}/play",
    examples=("playback = %ari play hello-world", "%ari play digits:123 --wait"),
)
def play(context: Context, given: Given) -> Any:
    """Play to a channel."""
    return play_on(context, given, context.channel)


def record_from(given: Given, target: Any) -> Any:
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
    Option("--format", "wav if left out", "F"),
    Option("--max", "at most so many seconds", "S"),
    Option("--silence", "end after so many seconds of silence", "S"),
    Option("--beep", "begin with a beep"),
    Option("--overwrite", "replace a recording of that name"),
    Option("--until", "the key that ends it", "none|any|*|#", "terminator"),
)


@verb(
    "record",
    "record a channel",
    Argument("NAME", "a name for the recording"),
    options=(CHANNEL, *RECORD_OPTIONS),
    fields="channels.record",
    group=_GROUP,
    method='channel.record("greeting", format="wav", maxDurationSeconds=5, beep=True)',
    operation="POST /channels/{channelId}/record",
    examples=("recording = %ari record greeting --max 5 --beep",),
)
def record(context: Context, given: Given) -> Any:
    """Record a channel."""
    return record_from(given, context.channel)


def _playback(context: Context, text: Any) -> Any:
    """The playback of that id, or the latest."""
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
    def run(context: Context, given: Given) -> None:
        playback = _playback(context, given["PLAYBACK"])
        if name == "stop":
            playback.stop()
        else:
            playback.control(name)


for _name, _about in (
    ("pause", "pause the latest playback, or the one of that id"),
    ("unpause", "let it go on"),
    ("restart", "play it from its beginning"),
    ("forward", "go forward in it"),
    ("reverse", "go back in it"),
    ("stop", "stop it"),
):
    _playback_verb(_name, _about)


def _recording(context: Context, text: Any) -> str:
    """The name of the live recording that is meant: that one, or the latest."""
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
    def run(context: Context, given: Given) -> None:
        session = context.session
        operation = session.operation(f"recordings.{name}")
        session.invoke(operation, {"recordingName": _recording(context, given["NAME"])})


for _name, _about, _method, _path in (
    ("stop", "end the latest recording, or the one of that name, and keep it", "POST", "/stop"),
    ("pause", "leave out what is said from now on", "POST", "/pause"),
    ("unpause", "go on recording", "DELETE", "/pause"),
    ("mute", "record silence from now on", "POST", "/mute"),
    ("unmute", "record what is said again", "DELETE", "/mute"),
    ("cancel", "end it and throw it away", "DELETE", ""),
):
    _recording_verb(_name, _about, _method, _path)


@verb(
    "recording listen",
    "hear a stored recording here, in the notebook",
    Argument("NAME", "the name of a stored recording", kind="stored"),
    group=_GROUP,
    method='IPython.display.Audio(ari.recordings.get_stored_file("greeting"))',
    operation="GET /recordings/stored/{recordingName}/file",
    examples=("%ari recording listen greeting",),
)
def listen(context: Context, given: Given) -> Any:
    """A player for a stored recording."""
    from IPython.display import Audio

    content = context.session.invoke(
        context.session.operation("recordings.get_stored_file"),
        {"recordingName": str(given["NAME"])},
    )
    return Audio(data=content)
