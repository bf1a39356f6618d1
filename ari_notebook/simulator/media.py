"""All playbacks and recordings of an exchange, by the names that ARI knows them by."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from ari_notebook.simulator import audio
from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.playbacks import SKIP_MS, Clock, Medium, Playback, medium
from ari_notebook.simulator.recordings import EXISTS, TERMINATORS, Options, Recording
from ari_notebook.simulator.stored import StoredRecordings
from ari_notebook.simulator.voices import Sound, Voice

Publish: TypeAlias = Callable[[str, dict[str, Any]], None]


class Media:
    """The playbacks and recordings.

    Args:
        clock: the exchange's time.
        directory: of the stored recordings.
        publish: told the target (``channel:ID``, ``bridge:ID``) and every event of what is
            played or recorded there.

    Attributes:
        playbacks: those that are not over, by id.
        recordings: those that are not over, by name.
        stored: those that are.
        snoops: numbers for the names of snoop channels.
        ghosts: the ids of those that no application has.
    """

    def __init__(self, clock: Clock, directory: Path, publish: Publish) -> None:
        self.playbacks: dict[str, Playback] = {}
        self.recordings: dict[str, Recording] = {}
        self.stored = StoredRecordings(directory)
        self.snoops = itertools.count()
        self.ghosts: set[str] = set()
        self._clock = clock
        self._publish = publish

    def playback(self, id: str) -> Playback:
        """A playback that is not over.

        Raises:
            Refused: 404.
        """
        playback = self.playbacks.get(id)
        if playback is None:
            raise Refused(404, "Playback not found")
        return playback

    def recording(self, name: str) -> Recording:
        """A recording that is not over.

        Raises:
            Refused: 404.
        """
        recording = self.recordings.get(name)
        if recording is None:
            raise Refused(404, "Recording not found")
        return recording

    def new_playback(
        self,
        target_uri: str,
        media: Sequence[str],
        language: str,
        *,
        id: str | None = None,
        offset: int = 0,
        skip: int = 0,
        speak: Callable[[Sound], None] = lambda sound: None,
    ) -> Playback:
        """Make a playback; it waits until it is told to begin.

        Args:
            target_uri: where it plays.
            media: what, at least one.
            language: of its sounds.
            id: its identifier; one that lives already is not an error.
            offset: where the first medium begins, in ms.
            skip: how far forward and reverse go, in ms; 0 for Asterisk's 3000.
            speak: told what is heard from now on.
        """
        playback = Playback(
            id or str(uuid.uuid4()),
            tuple(media),
            target_uri,
            language,
            self._clock,
            lambda event: self._publish(target_uri, event),
            self._find,
            skip or SKIP_MS,
            offset,
            speak,
        )
        self.playbacks[playback.id] = playback
        playback.on_end.append(lambda: self._forget(self.playbacks, playback.id, playback))
        return playback

    def new_recording(
        self, target_uri: str, voice: Voice, args: Mapping[str, Any], settle: float = 0.0
    ) -> Recording:
        """Make a recording; it waits until it is told to begin.

        Args:
            target_uri: what is recorded.
            voice: what is said there.
            args: ARI's parameters of ``record``.
            settle: seconds that pass first, for a call that has only now been answered.

        Raises:
            Refused: 400 for what makes no sense, 422 for an unknown format, 409 where there is a
                recording of that name, 500 for a name that leads nowhere and a negative limit.
        """
        options = _options(args)
        path = self.stored.path(options.name, options.format)
        if self.stored.leads_elsewhere(options.name):
            raise Refused(400, "Recording name invalid")
        if path is None or not options.name or min(options.max_duration, options.max_silence) < 0:
            raise Refused(500, "Error parsing request")
        stored = path.exists() or self.stored.find(options.name)
        if options.name in self.recordings or (stored and _if_exists(args) == "fail"):
            message = f"Recording '{options.name}' already exists and can not be overwritten"
            raise Refused(409, message)
        recording = Recording(
            options,
            path,
            target_uri,
            voice,
            self._clock,
            lambda event: self._publish(target_uri, event),
            settle,
        )
        self.recordings[options.name] = recording
        recording.on_end.append(lambda: self._forget(self.recordings, options.name, recording))
        return recording

    def is_recording(self, target_uri: str) -> bool:
        """Whether something is, or waits to be, recorded there."""
        return any(each.target_uri == target_uri for each in self.recordings.values())

    def abandon(self, target_uri: str) -> None:
        """A bridge is gone or left: its recordings are over, its playbacks have failed."""
        for playback in tuple(self.playbacks.values()):
            if playback.target_uri == target_uri:
                playback.hang_up()
        for recording in tuple(self.recordings.values()):
            if recording.target_uri == target_uri:
                recording.hang_up()

    def press(self, target_uri: str, digit: str) -> None:
        """A key was pressed on a channel, or in a bridge: it may end a recording."""
        for recording in tuple(self.recordings.values()):
            if recording.target_uri == target_uri:
                recording.press(digit)

    def _find(self, uri: str) -> Medium:
        return medium(uri, self.stored.duration)

    @staticmethod
    def _forget(registry: dict[str, Any], name: str, what: object) -> None:
        if registry.get(name) is what:
            del registry[name]


def check_durations(args: Mapping[str, Any]) -> None:
    """Refuse negative limits of a channel's recording before anything else of it is looked at.

    Raises:
        Refused: 400.
    """
    if args["maxDurationSeconds"] < 0:
        raise Refused(400, "max_duration_seconds cannot be negative")
    if args["maxSilenceSeconds"] < 0:
        raise Refused(400, "max_silence_seconds cannot be negative")


def check_format(args: Mapping[str, Any]) -> None:
    """Refuse a format that no file has.

    Raises:
        Refused: 422.
    """
    if not audio.is_known(args["format"]):
        raise Refused(422, "specified format is unknown on this system")


def _options(args: Mapping[str, Any]) -> Options:
    terminate_on = (args["terminateOn"] or "none").lower()
    if terminate_on not in TERMINATORS:
        raise Refused(400, "terminateOn invalid")
    if _if_exists(args) not in EXISTS:
        raise Refused(400, "ifExists invalid")
    check_format(args)
    return Options(
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
