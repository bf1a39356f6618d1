"""Playbacks: what a channel or a bridge is made to hear, one after another.

A playback is queued until its channel has done what was asked of it before. Then it plays its media
one by one and tells so: PlaybackStarted for each, PlaybackContinuing between two of them,
PlaybackFinished at the end. What each kind of media does:

====================================  =========================================================
sound, recording                      as long as the file is; all controls work; a missing file
                                      fails, and so does a hangup
tone                                  until it is stopped, and then the next medium's turn comes
digits, number, characters            as long as the sounds they are made of; no control works
anything else, a number that is none  PlaybackStarted, and no word of its end
====================================  =========================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from ari_notebook.simulator import sounds, tones, voices
from ari_notebook.simulator.messages import Refused

SKIP_MS = 3000
OPERATIONS = ("restart", "pause", "unpause", "reverse", "forward")

Done: TypeAlias = Callable[[], None]
Publish: TypeAlias = Callable[[dict[str, Any]], None]

_NUMBER = re.compile(r"\s*([+-]?\d+)")


class Timer(Protocol):
    """Something that will happen."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock(Protocol):
    """The exchange's time."""

    @property
    def now(self) -> float:
        """Seconds since the epoch."""

    def after(self, seconds: float, action: Callable[[], None]) -> Timer:
        """Do something later."""


@dataclass(frozen=True, slots=True)
class Medium:
    """One thing to play.

    Attributes:
        duration: in ms; None for what does not end by itself.
        controls: whether it can be paused, moved in and stopped.
        missing: whether there is no such thing.
        unknown: whether Asterisk gives up on it without a word.
        tone: whether being stopped ends only it, not the whole list.
        sound: what is heard of it.
    """

    duration: int | None = 0
    controls: bool = True
    missing: bool = False
    unknown: bool = False
    tone: bool = False
    sound: voices.Sound = voices.SPEECH


def medium(uri: str, recording_duration: Callable[[str], int | None]) -> Medium:
    """What a media URI (``sound:beep``) stands for.

    Args:
        uri: as the client gave it.
        recording_duration: a stored recording's duration in ms; None where there is none.
    """
    scheme, _, name = uri.partition(":")
    match scheme:
        case "sound":
            length = sounds.duration(name)
            sound = voices.SILENCE if name.startswith("silence/") else _sound([name])
            return Medium(length or 0, missing=length is None, sound=sound)
        case "recording":
            # Of a recording that is not there nothing is heard again, as of an unknown scheme.
            length = recording_duration(name)
            return Medium(length or 0, missing=length == 0, unknown=length is None)
        case "tone":
            cadence = tones.tone(name)
            sound = voices.Sound("tone", cadence=cadence)
            return Medium(None, tone=True, missing=not cadence, sound=sound)
        case "digits":
            return _said(sounds.digits(name))
        case "characters":
            return _said(sounds.characters(name))
        case "number":
            number = _NUMBER.match(name)
            return _said(sounds.number(int(number[1][:20]))) if number else Medium(unknown=True)
    return Medium(unknown=True)


def _said(names: Sequence[str]) -> Medium:
    length = sum(sounds.duration(name) or 0 for name in names)
    return Medium(length, controls=False, sound=_sound(names))


def _sound(names: Sequence[str]) -> voices.Sound:
    """What is heard of sounds one after another."""
    pauses, at = [], 0
    for name in names:
        pauses += [(at + begin, at + end) for begin, end in sounds.pauses(name)]
        at += sounds.duration(name) or 0
    return voices.Sound("speech", pauses=tuple(pauses))


@dataclass(slots=True, eq=False)
class Playback:
    """One playback.

    Attributes:
        id: its identifier.
        media: the URIs to play.
        target_uri: where: ``channel:ID`` or ``bridge:ID``.
        language: of the sounds.
        clock: the exchange's time.
        publish: told every event of it.
        find: what a media URI stands for.
        skip: how far forward and reverse go, in ms.
        offset: where the first medium begins, in ms.
        speak: told what is heard from now on.
        state: as ARI tells it.
    """

    id: str
    media: Sequence[str]
    target_uri: str
    language: str
    clock: Clock
    publish: Publish
    find: Callable[[str], Medium]
    skip: int = SKIP_MS
    offset: int = 0
    speak: Callable[[voices.Sound], None] = lambda sound: None
    state: str = "queued"
    on_end: list[Done] = field(default_factory=list)
    _index: int = 0
    _medium: Medium = field(default_factory=Medium)
    _position: float = 0.0  # ms into the medium, when the timer was set
    _since: float = 0.0
    _timer: Timer | None = None

    def json(self) -> dict[str, Any]:
        """ARI's object."""
        shown: dict[str, Any] = {"id": self.id, "media_uri": self.media[self._index]}
        if self._index + 1 < len(self.media):
            shown["next_media_uri"] = self.media[self._index + 1]
        shown |= {"target_uri": self.target_uri, "language": self.language, "state": self.state}
        return shown

    @property
    def ended(self) -> bool:
        """Whether it is over, or given up."""
        return self.state in ("done", "failed", "lost")

    def begin(self) -> None:
        """Its turn has come."""
        if self.state == "done":  # stopped while it was queued
            self._end("done")
        else:
            self._start(self.offset)

    def hang_up(self) -> None:
        """The channel or bridge is gone: what plays fails, and so does what was still to come."""
        if self.state == "done":  # stopped while it was queued
            self._end("done")
        if self.state == "queued":
            self.state = "playing"
            self._tell("PlaybackStarted")
        if not self.ended:
            self._end("failed")

    def stop(self) -> None:
        """Stop it, as ``DELETE /playbacks/{playbackId}`` does.

        Raises:
            Refused: 500, what plays cannot be stopped.
        """
        if self.state == "queued":
            self.state = "done"
        elif self.state in ("playing", "paused"):
            self._check_control("stop")
            if self._medium.tone:
                self._next()
            else:
                self._end("done")

    def control(self, operation: str) -> None:
        """Pause it, let it go on, or go elsewhere in it.

        Args:
            operation: one of `OPERATIONS`.

        Raises:
            Refused: 409, it does not play; 500, what plays cannot be controlled.
        """
        match self.state, operation:
            case ("queued", "restart") | ("paused", "pause") | ("playing", "unpause"):
                return
            case "paused", "unpause":
                self.state = "playing"
                self._run(self._position)
                self._tell("PlaybackStarted")
            case "playing", _:
                self._check_control(operation)
                self._move(operation)
            case _:
                raise Refused(409, f"Can only {operation} while media is playing")

    def _check_control(self, operation: str) -> None:
        if not self._medium.controls:
            raise Refused(500, f"Could not {operation} playback")

    def _move(self, operation: str) -> None:
        position, length = self._now_at(), self._medium.duration
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
        """Begin with the medium whose turn it is."""
        self._medium = self.find(self.media[self._index])
        self.state = "playing"
        self._tell("PlaybackStarted")
        if self._medium.unknown and self._index + 1 < len(self.media):
            self._index += 1
            self._start(offset)
        elif self._medium.unknown:
            self.state = "lost"
            self._leave()
        elif self._medium.missing:
            self._next("failed")
        else:
            self._run(offset)

    def _run(self, position: float) -> None:
        """Play on from a place in the medium."""
        self._position, self._since = position, self.clock.now
        self.speak(replace(self._medium.sound, since=self.clock.now - position / 1000))
        if self._medium.duration is not None:
            left = max(0.0, self._medium.duration - position)
            self._timer = self.clock.after(left / 1000, self._next)

    def _next(self, result: str = "done") -> None:
        """The medium is over."""
        self._halt()
        if self._index + 1 == len(self.media):
            self._end(result)
            return
        self.state = "continuing"
        self._tell("PlaybackContinuing")
        self._index += 1
        self._start()

    def _end(self, state: str) -> None:
        self._halt()
        self.state = state
        self._tell("PlaybackFinished")
        self._leave()

    def _leave(self) -> None:
        for done in self.on_end:
            done()

    def _halt(self) -> None:
        self.speak(voices.NOTHING)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _now_at(self) -> float:
        return self._position + (self.clock.now - self._since) * 1000

    def _tell(self, type: str) -> None:
        self.publish({"type": type, "playback": self.json()})
