"""The steps that play media, ask for keys, and record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ari_notebook.client.advice import advise_playback
from ari_notebook.client.errors import (
    AriError,
)
from ari_notebook.flows.channel_steps import END_SECONDS, ChannelSteps
from ari_notebook.flows.commands import NextEvent, Steps
from ari_notebook.flows.media import Media, uris
from ari_notebook.flows.state import new_id, remove

__all__ = ["ALL_KEYS", "PromptSteps", "RecordingResult"]

ALL_KEYS = "0123456789*#ABCD"


@dataclass(frozen=True)
class RecordingResult:
    """A recording: name, format and seconds."""

    name: str
    format: str
    seconds: float


class PromptSteps(ChannelSteps):
    """The steps of media and keys."""

    def say(self, *media: Media, interrupt: str = "", language: str | None = None) -> Steps[str]:
        """Play media and return when they were heard, or a key interrupts them.

        Args:
            *media: sounds by URI or name, whole numbers, dates, times, durations, or lists of
                these; `ari_notebook.flows.media` has digits, letters, tones and silence.
            interrupt: keys of which any ends it, also one typed before.
            language: language of the sounds; the channel's if None.

        Returns:
            The key that interrupted it; "" if it was heard to its end.

        Raises:
            HungUp: the caller has left.
            AriError: it cannot be played.
        """
        yield from self._catch_up()
        if interrupt and (key := self._take_key(interrupt)):
            return key
        stopped = [""]

        def stop() -> bool:
            stopped[0] = self._take_key(interrupt) if interrupt else ""
            return bool(stopped[0])

        yield from self._play(uris(*media), stop, language)
        return stopped[0]

    def _play(
        self, media: list[str], stop: Callable[[], bool], language: str | None = None
    ) -> Steps[None]:
        """Play until the end, or until stop() is true after an event."""
        if not media:
            return
        playback, gaps = new_id("play"), self.flow.gaps
        yield from self._request(
            "channels.play_with_id",
            channelId=self.party.id,
            playbackId=playback,
            media=media,
            lang=language,
        )
        while True:
            event = yield from self._next(None)
            shown = event.get("playback") if event else None
            if event and isinstance(shown, dict) and shown.get("id") == playback:
                if event["type"] != "PlaybackFinished":
                    continue
                if shown.get("state") == "failed":
                    yield from self._playback_failed(str(shown.get("media_uri")))
                return
            if stop():
                yield from remove("playbacks.stop", playbackId=playback)
                return
            if self.flow.gaps > gaps:
                gaps = self.flow.gaps
                if not (yield from self._exists("playbacks.get", playbackId=playback)):
                    return

    def _playback_failed(self, uri: str) -> Steps[None]:
        """Raise, unless the caller hung up meanwhile, whose event then follows."""
        end = self.flow.clock() + 0.5
        while (yield from self._next(end)) is not None:
            pass
        raise AriError(advise_playback(uri) or f"{uri} could not be played")

    def ask(
        self,
        *prompt: Media,
        keys: str = ALL_KEYS,
        tries: int = 3,
        timeout: float = 5,
        invalid: Media = (),
    ) -> Steps[str]:
        """Play a prompt and return one key. A key interrupts it, and may be typed ahead.

        Args:
            *prompt: media, see `say`.
            keys: the keys that are allowed.
            tries: how often to ask.
            timeout: seconds after the prompt.
            invalid: media after a key that is not allowed.

        Returns:
            The key; "" if none was pressed in the last try.

        Raises:
            HungUp: the caller has left.
        """
        for _ in range(tries):
            yield from self._prompt(prompt)
            key = yield from self._key(self.flow.clock() + timeout)
            if key and key in keys:
                return key
            if key:
                yield from self._refuse(invalid)
        return ""

    def _prompt(self, prompt: Iterable[Media]) -> Steps[None]:
        """Play a prompt up to the first key, and not at all if one was typed ahead."""
        yield from self._catch_up()
        if not self.party.keys:
            yield from self._play(uris(*prompt), lambda: bool(self.party.keys))

    def _refuse(self, invalid: Media) -> Steps[None]:
        self.party.keys.clear()
        yield from self._play(uris(invalid), lambda: bool(self.party.keys))

    def digits(
        self,
        count: int | None = None,
        *,
        prompt: Media = (),
        end: str = "#",
        tries: int = 3,
        timeout: float = 5,
        between: float = 3,
        accept: Callable[[str], bool] | Collection[str] | None = None,
        invalid: Media = (),
    ) -> Steps[str]:
        """Play a prompt and return several keys. The first interrupts it; all may be typed ahead.

        Args:
            count: how many; None: up to the end key, or a pause.
            prompt: media, see `say`.
            end: keys that end it.
            tries: how often to ask.
            timeout: seconds to the first key.
            between: seconds between keys.
            accept: which input is right, a function or a collection; None: any of that length.
            invalid: media after a wrong input.

        Returns:
            The digits, without the end key; "" if none were accepted in the last try.

        Raises:
            HungUp: the caller has left.
        """
        for _ in range(tries):
            yield from self._prompt([prompt])
            typed, pause = "", timeout
            while count is None or len(typed) < count:
                key = yield from self._key(self.flow.clock() + pause)
                if not key or key in end:
                    break
                typed, pause = typed + key, between
            else:
                self.party.ignore_key(end, between)  # out of habit
            right = bool(typed) and (count is None or len(typed) == count)
            if right and (
                accept is None or (accept(typed) if callable(accept) else typed in accept)
            ):
                return typed
            if typed:
                yield from self._refuse(invalid)
        return ""

    def record(
        self,
        name: str | None = None,
        *,
        beep: bool = True,
        until: str = "#",
        silence: int = 0,
        seconds: int = 0,
        format: str = "wav",
        review: bool = False,
        menu: Media = "sound:vm-review",
    ) -> Steps[RecordingResult]:
        """Record the caller; the recording of a caller who hangs up is returned, too.

        Args:
            name: the stored recording's name; a new one if None.
            beep: play a beep before.
            until: the key that ends it: ``#``, ``*``, ``any``, or "" for none.
            silence: seconds of silence that end it; 0: no limit.
            seconds: maximum seconds; 0: no limit.
            format: the file's format.
            review: let the caller keep it (1), listen to it (2) or record again (3).
            menu: media that offer these keys.

        Raises:
            HungUp: the caller left before it began.
            AriError: it failed.
        """
        name = name or new_id("message")
        while True:
            yield from self._catch_up()
            made = yield from self._record(name, beep, until, silence, seconds, format)
            if not review or self.flow.caller.gone or self.party.gone:
                return made
            choice = "2"
            while choice == "2":
                choice = yield from self.ask(menu, keys="123")
                if choice == "2":
                    yield from self._play([f"recording:{name}"], lambda: bool(self.party.keys))
            if choice != "3":
                return made

    def _record(
        self, name: str, beep: bool, until: str, silence: int, seconds: int, format: str
    ) -> Steps[RecordingResult]:
        gaps = self.flow.gaps
        yield from self._request(
            "channels.record",
            channelId=self.party.id,
            name=name,
            format=format,
            beep=beep,
            terminateOn=until or "none",
            maxSilenceSeconds=silence,
            maxDurationSeconds=seconds,
            ifExists="overwrite",
        )
        end: float | None = None
        while True:
            event: dict[str, Any] | None = yield NextEvent(end)
            if event is None:
                self._check()
                return RecordingResult(name, format, 0)
            self.flow.note(event)
            shown = event.get("recording")
            if isinstance(shown, dict) and shown.get("name") == name:
                if event["type"] == "RecordingFailed":
                    self._check()
                    raise AriError(
                        f"recording {name} failed: {shown.get('cause') or 'see the log'}"
                    )
                if event["type"] == "RecordingFinished":
                    self.party.keys.clear()  # the key that ended it
                    return RecordingResult(name, format, float(shown.get("duration") or 0))
            if self.flow.caller.gone or self.party.gone:
                end = end or self.flow.clock() + END_SECONDS
            elif self.flow.gaps > gaps:
                gaps = self.flow.gaps
                if not (yield from self._exists("recordings.get_live", recordingName=name)):
                    return RecordingResult(name, format, 0)
