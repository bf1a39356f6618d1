"""Playbacks of media to a channel or a bridge.

A playback is queued behind the channel's earlier tasks. Then it plays its media in order and
publishes PlaybackStarted for each, PlaybackContinuing between two of them and PlaybackFinished at
the end. Behaviour by media type:

====================================  =======================================================
sound, recording                      lasts as long as the file; all controls work; a missing
                                      file fails, and so does a hangup
tone                                  lasts until stopped; the next item follows
digits, number, characters            last as long as their sounds; no control works
anything else, an invalid number      PlaybackStarted, without PlaybackFinished
====================================  =======================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ari_notebook.simulator.clock import Clock, Timer
from ari_notebook.simulator.media import audio_source, sounds, tones
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.topics import Topic

SKIP_MS = 3000
OPERATIONS = ("restart", "pause", "unpause", "reverse", "forward")

Done: TypeAlias = Callable[[], None]
PublishEvent: TypeAlias = Callable[[str, dict[str, Any]], None]  # an event's type and fields

_NUMBER = re.compile(r"\s*([+-]?\d+)")


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One item to play.

    Attributes:
        duration: in ms; None: it does not end by itself.
        controls: whether pause, forward, reverse and stop work.
        missing: whether the file does not exist.
        unknown: whether Asterisk abandons it without an event.
        tone: whether stop ends only this item, not the whole list.
        sound: its audio signal.
    """

    duration: int | None = 0
    controls: bool = True
    missing: bool = False
    unknown: bool = False
    tone: bool = False
    sound: audio_source.AudioSignal = audio_source.SPEECH


def media_item(
    uri: str,
    recording_duration: Callable[[str], int | None],
    file_duration: Callable[[str], int | None] = lambda name: None,
) -> MediaItem:
    """Return the item of a media URI (``sound:beep``).

    Args:
        uri: URI from the client.
        recording_duration: duration of the stored recording in ms; None if there is none.
        file_duration: duration of a sound that is a file, in ms; None if there is none.
    """
    scheme, _, name = uri.partition(":")
    match scheme:
        case "sound":
            length = sounds.duration(name)
            if length is None:
                length = file_duration(name)
            sound = audio_source.SILENCE if name.startswith("silence/") else _sound([name])
            return MediaItem(length or 0, missing=length is None, sound=sound)
        case "recording":
            # A missing recording publishes no further event, like an unknown scheme.
            length = recording_duration(name)
            return MediaItem(length or 0, missing=length == 0, unknown=length is None)
        case "tone":
            cadence = tones.tone(name)
            sound = audio_source.AudioSignal("tone", cadence=cadence)
            return MediaItem(None, tone=True, missing=not cadence, sound=sound)
        case "digits":
            return _said(sounds.digits(name))
        case "characters":
            return _said(sounds.characters(name))
        case "number":
            number = _NUMBER.match(name)
            return _said(sounds.number(int(number[1][:20]))) if number else MediaItem(unknown=True)
    return MediaItem(unknown=True)


def _said(names: Sequence[str]) -> MediaItem:
    length = sum(sounds.duration(name) or 0 for name in names)
    return MediaItem(length, controls=False, sound=_sound(names))


def _sound(names: Sequence[str]) -> audio_source.AudioSignal:
    """Return the signal of several sounds in sequence."""
    pauses, at = [], 0
    for name in names:
        pauses += [(at + begin, at + end) for begin, end in sounds.pauses(name)]
        at += sounds.duration(name) or 0
    return audio_source.AudioSignal("speech", pauses=tuple(pauses))


@dataclass(slots=True, eq=False)
class Playback:
    """One playback.

    Attributes:
        id: its identifier.
        media: URIs to play.
        target: topic of the channel or bridge to play to.
        language: language of the sounds.
        clock: the exchange's clock.
        publish: called with each event's type and fields.
        find_media: returns the item of a media URI.
        skip: step of forward and reverse, in ms.
        offset: start position in the first item, in ms.
        on_signal: called with each signal played.
        state: state in ARI's terms.
    """

    id: str
    media: Sequence[str]
    target: Topic
    language: str
    clock: Clock
    publish: PublishEvent
    find_media: Callable[[str], MediaItem]
    skip: int = SKIP_MS
    offset: int = 0
    on_signal: Callable[[audio_source.AudioSignal], None] = lambda sound: None
    state: str = "queued"
    on_end: list[Done] = field(default_factory=list)
    _index: int = 0
    _item: MediaItem = field(default_factory=MediaItem)
    _position: float = 0.0  # ms into the item, when the timer was set
    _since: float = 0.0
    _timer: Timer | None = None

    def json(self) -> dict[str, Any]:
        """Return ARI's object."""
        shown: dict[str, Any] = {"id": self.id, "media_uri": self.media[self._index]}
        if self._index + 1 < len(self.media):
            shown["next_media_uri"] = self.media[self._index + 1]
        shown |= {"target_uri": self.target.uri, "language": self.language, "state": self.state}
        return shown

    @property
    def ended(self) -> bool:
        """Return whether it has ended."""
        return self.state in ("done", "failed", "lost")

    def begin(self) -> None:
        """Start playing; the tasks before it have ended."""
        if self.state == "done":  # stopped while it was queued
            self._end("done")
        else:
            self._start(self.offset)

    def wake(self) -> None:
        """Do nothing: a playback goes on as long as its media."""

    def hang_up(self) -> float:
        """Fail, because the channel or bridge has left; a queued playback starts first."""
        self._hang_up()
        return 0.0

    def _hang_up(self) -> None:
        if self.state == "done":  # stopped while it was queued
            self._end("done")
        if self.state == "queued":
            self.state = "playing"
            self._publish_event("PlaybackStarted")
            if self.find_media(self.media[0]).unknown:
                self.state = "lost"
                self._leave()
                return
        if not self.ended:
            self._end("failed")

    def stop(self) -> None:
        """Stop, as ``DELETE /playbacks/{playbackId}`` does.

        Raises:
            AriRefusal: 500, the current item cannot be stopped.
        """
        if self.state == "queued":
            self.state = "done"
        elif self.state in ("playing", "paused"):
            self._check_control("stop")
            if self._item.tone:
                self._next()
            else:
                self._end("done")

    def control(self, operation: str) -> None:
        """Pause, resume, restart or move.

        Args:
            operation: one of `OPERATIONS`.

        Raises:
            AriRefusal: 409, it is not playing; 500, the current item cannot be controlled.
        """
        match self.state, operation:
            case ("queued", "restart") | ("paused", "pause") | ("playing", "unpause"):
                return
            case "paused", "unpause":
                self.state = "playing"
                self._run(self._position)
                self._publish_event("PlaybackStarted")
            case "playing", _:
                self._check_control(operation)
                self._move(operation)
            case _:
                raise AriRefusal(409, f"Can only {operation} while media is playing")

    def _check_control(self, operation: str) -> None:
        if not self._item.controls:
            raise AriRefusal(500, f"Could not {operation} playback")

    def _move(self, operation: str) -> None:
        position, length = self._now_at(), self._item.duration
        self._halt()
        match operation:
            case "pause":
                self.state, self._position = "paused", position
                return
            case "restart":
                position = 0
            case "reverse":
                position = max(0, position - self.skip)
            case "forward":
                position += self.skip
                if length is not None and position >= length:
                    position = max(0, length - self.skip)  # Asterisk goes back from the end
        self._run(position)

    def _start(self, offset: float = 0) -> None:
        """Start the current item."""
        self._item = self.find_media(self.media[self._index])
        self.state = "playing"
        self._publish_event("PlaybackStarted")
        if self._item.unknown and self._index + 1 < len(self.media):
            self._index += 1
            self._start(offset)
        elif self._item.unknown:
            self.state = "lost"
            self._leave()
        elif self._item.missing:
            self._next("failed")
        else:
            self._run(offset)

    def _run(self, position: float) -> None:
        """Play the current item from a position."""
        self._position, self._since = position, self.clock.now
        self.on_signal(replace(self._item.sound, since=self.clock.now - position / 1000))
        if self._item.duration is not None:
            left = max(0.0, self._item.duration - position)
            self._timer = self.clock.after(left / 1000, self._next)

    def _next(self, result: str = "done") -> None:
        """End the current item and start the next."""
        self._halt()
        if self._index + 1 == len(self.media):
            self._end(result)
            return
        self.state = "continuing"
        self._publish_event("PlaybackContinuing")
        self._index += 1
        self._start()

    def _end(self, state: str) -> None:
        self._halt()
        self.state = state
        self._publish_event("PlaybackFinished")
        self._leave()

    def _leave(self) -> None:
        for done in self.on_end:
            done()

    def _halt(self) -> None:
        self.on_signal(audio_source.NOTHING)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _now_at(self) -> float:
        return self._position + (self.clock.now - self._since) * 1000

    def _publish_event(self, type: str) -> None:
        self.publish(type, {"playback": self.json()})
