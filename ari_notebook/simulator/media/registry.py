"""Registry of the playbacks and recordings of an exchange, by their ARI names."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from ari_notebook.simulator.clock import Clock
from ari_notebook.simulator.media import samples
from ari_notebook.simulator.media.audio_source import AudioSignal
from ari_notebook.simulator.media.playback import SKIP_MS, MediaItem, Playback, media_item
from ari_notebook.simulator.media.recording import (
    EXISTS,
    TERMINATORS,
    AudioInput,
    RecordingOptions,
    RunningRecording,
)
from ari_notebook.simulator.media.sound_files import SoundFiles
from ari_notebook.simulator.media.stored_recordings import StoredRecordings
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.topics import Topic

PublishOnTopic: TypeAlias = Callable[[Topic, str, dict[str, Any]], None]


class MediaRegistry:
    """The playbacks and recordings.

    Args:
        clock: the exchange's clock.
        directory: directory of the stored recordings.
        publish: publishes an event, given topic, type and fields.
        chance: random number generator of the ids.
        sounds: folder of further sounds; None: there is none.

    Attributes:
        playbacks: playbacks that have not ended, by id; the oldest of an id is found first.
        recordings: recordings that have not ended, by name.
        stored: finished recordings.
    """

    def __init__(
        self,
        clock: Clock,
        directory: Path,
        publish: PublishOnTopic,
        chance: random.Random,
        sounds: Path | None = None,
    ) -> None:
        self.playbacks: dict[str, list[Playback]] = {}
        self.recordings: dict[str, RunningRecording] = {}
        self.stored = StoredRecordings(directory)
        self._clock = clock
        self._publish = publish
        self._chance = chance
        self._sounds = SoundFiles(sounds)

    def playback(self, id: str) -> Playback:
        """Return a playback that has not ended.

        Raises:
            AriRefusal: 404.
        """
        found = self.playbacks.get(id)
        if not found:
            raise AriRefusal(404, "Playback not found")
        return found[0]

    def recording(self, name: str) -> RunningRecording:
        """Return a recording that has not ended.

        Raises:
            AriRefusal: 404.
        """
        recording = self.recordings.get(name)
        if recording is None:
            raise AriRefusal(404, "Recording not found")
        return recording

    def new_playback(
        self,
        target: Topic,
        media: Sequence[str],
        language: str,
        *,
        id: str | None = None,
        offset: int = 0,
        skip: int = 0,
        on_signal: Callable[[AudioSignal], None] = lambda sound: None,
    ) -> Playback:
        """Create a playback; `Playback.begin` starts it.

        Args:
            target: topic to play to.
            media: media URIs, at least one.
            language: language of the sounds.
            id: its id; an id in use is not an error.
            offset: start position in the first item, in ms.
            skip: step of forward and reverse, in ms; 0: Asterisk's 3000.
            on_signal: called with each signal played.
        """
        playback = Playback(
            id or str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            tuple(media),
            target,
            language,
            self._clock,
            partial(self._publish, target),
            self.find,
            skip or SKIP_MS,
            offset,
            on_signal,
        )
        same = self.playbacks.setdefault(playback.id, [])
        same.append(playback)

        def ended() -> None:
            same.remove(playback)
            if not same:
                self._forget(self.playbacks, playback.id, same)

        playback.on_end.append(ended)
        return playback

    def new_recording(
        self, target: Topic, source: AudioInput, args: Mapping[str, Any], settle: float = 0.0
    ) -> RunningRecording:
        """Create a recording; `Recording.begin` starts it.

        Args:
            target: topic of the channel or bridge.
            source: the audio to record.
            args: ARI's parameters of ``record``.
            settle: seconds to wait first, for a call just answered.

        Raises:
            AriRefusal: 400 for invalid parameters, 422 for an unknown format, 409 if the name is in
                use, 500 for an unusable name or a negative limit.
        """
        recording = self._recording(target, source, args, partial(self._publish, target), settle)
        name = recording.options.name
        self.recordings[name] = recording
        recording.on_end.append(lambda: self._forget(self.recordings, name, recording))
        return recording

    def record_unlisted(self, source: AudioInput, args: Mapping[str, Any]) -> RunningRecording:
        """Create a recording that ARI neither lists nor publishes events of.

        Args:
            source: the audio to record.
            args: ARI's parameters of ``record``.

        Raises:
            AriRefusal: as for `new_recording`.
        """
        return self._recording(None, source, args, _publish_nothing, 0.0)

    def _recording(
        self,
        target: Topic | None,
        source: AudioInput,
        args: Mapping[str, Any],
        publish: Callable[[str, dict[str, Any]], None],
        settle: float,
    ) -> RunningRecording:
        options = _options(args)
        path = self.stored.path(options.name, options.format)
        if self.stored.leads_elsewhere(options.name):
            raise AriRefusal(400, "Recording name invalid")
        if path is None or not options.name or min(options.max_duration, options.max_silence) < 0:
            raise AriRefusal(500, "Error parsing request")
        stored = path.exists() or self.stored.find(options.name)
        if options.name in self.recordings or (stored and _if_exists(args) == "fail"):
            message = f"Recording '{options.name}' already exists and can not be overwritten"
            raise AriRefusal(409, message)
        return RunningRecording(options, path, target, source, self._clock, publish, settle)

    def is_recording(self, target: Topic) -> bool:
        """Return whether a channel or bridge has a running or queued recording."""
        return any(each.target == target for each in self.recordings.values())

    def abandon(self, target: Topic) -> None:
        """End the recordings of a channel or bridge and fail its playbacks."""
        for playback in tuple(chain.from_iterable(self.playbacks.values())):
            if playback.target == target:
                playback.hang_up()
        for recording in tuple(self.recordings.values()):
            if recording.target == target:
                recording.hang_up()

    def press(self, target: Topic, digit: str) -> None:
        """Report a DTMF digit on a channel or bridge; it may end a recording."""
        for recording in tuple(self.recordings.values()):
            if recording.target == target:
                recording.press(digit)

    def is_stored(self, name: str) -> bool:
        """Return whether a stored recording of a name exists."""
        return self.stored.find(name) is not None

    def find(self, uri: str) -> MediaItem:
        """Return the item of a media URI."""
        return media_item(uri, self.stored.duration, self._sounds.duration)

    @staticmethod
    def _forget(registry: dict[str, Any], name: str, what: object) -> None:
        if registry.get(name) is what:
            del registry[name]


def _publish_nothing(type: str, fields: dict[str, Any]) -> None:
    """Publish no event."""


def check_durations(args: Mapping[str, Any]) -> None:
    """Raise for negative limits of a channel's recording, before other checks.

    Raises:
        AriRefusal: 400.
    """
    if args["maxDurationSeconds"] < 0:
        raise AriRefusal(400, "max_duration_seconds cannot be negative")
    if args["maxSilenceSeconds"] < 0:
        raise AriRefusal(400, "max_silence_seconds cannot be negative")


def check_format(args: Mapping[str, Any]) -> None:
    """Raise for an unknown file format.

    Raises:
        AriRefusal: 422.
    """
    if not samples.is_known(args["format"]):
        raise AriRefusal(422, "specified format is unknown on this system")


def _options(args: Mapping[str, Any]) -> RecordingOptions:
    terminate_on = (args["terminateOn"] or "none").lower()
    if terminate_on not in TERMINATORS:
        raise AriRefusal(400, "terminateOn invalid")
    if _if_exists(args) not in EXISTS:
        raise AriRefusal(400, "ifExists invalid")
    check_format(args)
    return RecordingOptions(
        name=args["name"] or "",
        format=args["format"],
        max_duration=args["maxDurationSeconds"],
        max_silence=args["maxSilenceSeconds"],
        beep=args["beep"],
        terminators=TERMINATORS[terminate_on],
        append=_if_exists(args) == "append",
    )


def _if_exists(args: Mapping[str, Any]) -> str:
    given: str = args["ifExists"] or "fail"
    return given.lower()
