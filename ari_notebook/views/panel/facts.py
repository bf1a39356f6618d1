"""Facts about calls and media, from events and requests, that no live table has.

Pressed keys, switches that no event reports, variables, causes of ended calls, positions of
playbacks, finished recordings, and totals. The same facts are made of the events as they come and
of those before an earlier moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.display.html import clean
from ari_notebook.views.panel.playback_clock import SKIP_SECONDS, PlaybackClock

__all__ = ["FAILED", "Facts", "channel_field", "short"]

Row = Mapping[str, Any]

FAILED = 400  # from here on a status says that a request failed
_TEXT = 120  # characters of a text from outside
_VARIABLES_KEPT = 200  # of a channel
_MEDIA_KEPT = 1000  # lengths, playbacks and targets of recordings
_KEYS_SHOWN = 12
_CHANNELS_REMEMBERED = 5000

# Requests that switch a state which no field of a channel or bridge and no event shows.
_SWITCH = re.compile(r"/(?:channels|bridges)/([^/]+)/(mute|hold|ring|moh|silence)$")
_SWITCHED = {
    "mute": "muted",
    "hold": "held",
    "ring": "ringing",
    "moh": "music",
    "silence": "silent",
}
_PLAYBACK = re.compile(r"/playbacks/([^/]+)(/control)?$")


def short(value: object) -> str:
    """Return a text from outside as a row shows it."""
    return clean(value, _TEXT)


def channel_field(event: Row, field: str) -> object:
    """Return a field of the channel that an event is about; empty where it is about none."""
    channel = event.get("channel") or event.get("peer")
    return channel.get(field, "") if isinstance(channel, Mapping) else ""


class Facts:
    """The facts from the events and requests so far.

    Args:
        length: seconds that a medium lasts, where that is known without playing it.
    """

    def __init__(self, length: Callable[[str], float | None]) -> None:
        self.keys: dict[str, str] = {}
        self.switches: dict[str, set[str]] = {}
        self.ended: dict[str, str] = {}  # why channels ended that a page still shows
        self.variables: dict[str, dict[str, str]] = {}
        self.recordings: dict[str, list[str]] = {}  # finished ones, by their target's id
        self.playbacks: dict[str, PlaybackClock] = {}
        self.totals = {"started": 0, "answered": 0, "ended": 0, "failed": 0}
        self._known_length = length
        self._lengths: dict[str, float] = {}  # of media that were played or recorded
        self._learned: dict[str, str] = {}  # playbacks that taught a length: their media
        self._offsets: dict[str, tuple[float, float]] = {}  # of playbacks: begin, and skip

    def length(self, media: str) -> float | None:
        """Return how many seconds a medium lasts; None where that is unknown."""
        known = self._known_length(media)
        return self._lengths.get(media) if known is None else known

    # Each of these returns the ids of the channels and bridges of which a row changes.

    def take_requests(self, requests: Iterable[SentRequest]) -> set[str]:
        """Take requests, which were answered since the last ones."""
        touched = set()
        for request in requests:
            if request.status is None or request.status >= FAILED:
                self.totals["failed"] += 1
                continue
            switch, playback = _SWITCH.search(request.path), _PLAYBACK.match(request.path)
            if switch and request.status == 204:
                touched.add(self._switch(request, unquote(switch[1]), switch[2]))
            elif playback:
                touched.add(self._control(request, unquote(playback[1])))
            elif request.made and "/play" in request.path:
                touched.add(self._begin(request))
        return touched

    def take_events(self, events: Sequence[Row], times: Sequence[float]) -> set[str]:
        """Take events.

        Args:
            events: decoded.
            times: when each was received, in seconds since 1970.
        """
        touched = set()
        for event, at in zip(events, times, strict=False):  # a log that is cleared loses times
            learn = _LEARNED.get(str(event.get("type")))
            if learn:
                touched.add(learn(self, event, at))
        return touched

    def forget(self, living: Collection[str]) -> None:
        """Discard the facts about ended channels and bridges when there are many.

        Args:
            living: ids of those that exist.
        """
        if len(self.keys) + len(self.switches) > _CHANNELS_REMEMBERED:
            self.keys = {id: keys for id, keys in self.keys.items() if id in living}
            self.switches = {id: on for id, on in self.switches.items() if id in living}
        if len(self.variables) > _CHANNELS_REMEMBERED:
            self.variables = {id: kept for id, kept in self.variables.items() if id in living}
        _cut(self.ended, _CHANNELS_REMEMBERED)
        for kept in (self._lengths, self._learned, self._offsets, self.playbacks, self.recordings):
            _cut(kept, _MEDIA_KEPT)

    def _switch(self, request: SentRequest, id: str, switch: str) -> str:
        switches = self.switches.setdefault(id, set())
        (switches.add if request.method == "POST" else switches.discard)(_SWITCHED[switch])
        return id

    def _control(self, request: SentRequest, id: str) -> str:
        clock = self.playbacks.get(id)
        if request.method == "DELETE":
            # Its end, which may have come before the answer, was not that of the medium.
            self._lengths.pop(self._learned.pop(id, ""), None)
            if clock:
                clock.moved = True
        elif clock and request.method == "POST":
            operation = str(request.params.get("operation"))
            clock.control(operation, request.at, self.length(clock.media))
        return _target_id(clock.target) if clock else ""

    def _begin(self, request: SentRequest) -> str:
        offset = _seconds(request.params.get("offsetms"), 0.0)
        skip = _seconds(request.params.get("skipms"), SKIP_SECONDS)
        self._offsets[request.made] = offset, skip
        clock = self.playbacks.get(request.made)
        if clock is None:
            return ""
        clock.position, clock.skip, clock.moved = clock.position + offset, skip, offset > 0
        return _target_id(clock.target)

    def _take_key(self, event: Row, _at: float) -> str:
        id = str(channel_field(event, "id"))
        keys = self.keys.get(id, "") + str(event.get("digit", ""))[:1]
        self.keys[id] = keys[-_KEYS_SHOWN:]
        return id

    def _take_end(self, event: Row, _at: float) -> str:
        self.ended[str(channel_field(event, "id"))] = short(_why_ended(event))
        return ""

    def _take_variable(self, event: Row, _at: float) -> str:
        variables = self.variables.setdefault(str(channel_field(event, "id")), {})
        name = short(event.get("variable"))
        if name in variables or len(variables) < _VARIABLES_KEPT:
            variables[name] = clean(event.get("value"))
        return ""

    def _take_start(self, event: Row, _at: float) -> str:
        self.totals["started"] += 1
        if channel_field(event, "state") == "Up":
            self.totals["answered"] += 1
        return ""

    def _take_state(self, event: Row, _at: float) -> str:
        if channel_field(event, "state") == "Up":
            self.totals["answered"] += 1
        return ""

    def _take_stasis_end(self, _event: Row, _at: float) -> str:
        self.totals["ended"] += 1
        return ""

    def _take_playback(self, event: Row, at: float) -> str:
        playback = event.get("playback")
        if not isinstance(playback, Mapping):
            return ""
        id, media = str(playback.get("id")), short(playback.get("media_uri"))
        target = str(playback.get("target_uri") or "")
        clock = self.playbacks.get(id)
        if event.get("type") == "PlaybackStarted":
            if clock and clock.paused:  # it goes on
                clock.control("unpause", at, None)
            else:  # it begins, or the next of its media does
                offset, skip = self._offsets.get(id, (0.0, SKIP_SECONDS))
                self.playbacks[id] = PlaybackClock(
                    target, media, at, 0.0 if clock else offset, skip, moved=offset > 0
                )
        elif clock:
            if event.get("type") == "PlaybackFinished":
                del self.playbacks[id]
            if not clock.moved and playback.get("state") in ("done", "continuing"):
                self._lengths[clock.media] = clock.now(at)
                self._learned[id] = clock.media
        return _target_id(target)

    def _take_recording(self, event: Row, _at: float) -> str:
        recording = event.get("recording")
        if isinstance(recording, Mapping):
            target = _target_id(str(recording.get("target_uri") or ""))
            names = self.recordings.setdefault(target, [])
            name = str(recording.get("name"))
            self.recordings[target] = [*(n for n in names if n != name), name][-_KEYS_SHOWN:]
            duration = recording.get("duration")
            if isinstance(duration, int | float) and duration > 0:
                self._lengths[short(f"recording:{name}")] = float(duration)
        return ""


_LEARNED: dict[str, Callable[[Facts, Row, float], str]] = {
    "ChannelDtmfReceived": Facts._take_key,
    "ChannelHangupRequest": Facts._take_end,
    "ChannelDestroyed": Facts._take_end,
    "ChannelVarset": Facts._take_variable,
    "ChannelStateChange": Facts._take_state,
    "StasisStart": Facts._take_start,
    "StasisEnd": Facts._take_stasis_end,
    "PlaybackStarted": Facts._take_playback,
    "PlaybackContinuing": Facts._take_playback,
    "PlaybackFinished": Facts._take_playback,
    "RecordingFinished": Facts._take_recording,
}


def _why_ended(event: Row) -> str:
    """Return why a call ends: its cause, where the application receives ChannelDestroyed.

    It receives ChannelHangupRequest of every call that it had. Its ``soft`` is set where a program
    or the dialplan asked for the end (``ast_softhangup``), else the other end has hung up.
    """
    if event.get("type") == "ChannelDestroyed":
        return f"{event.get('cause_txt')} ({event.get('cause')})"
    return "hung up by a program" if event.get("soft") else "hung up by the caller"


def _target_id(uri: str) -> str:
    return uri.partition(":")[2]


def _seconds(milliseconds: object, otherwise: float) -> float:
    try:
        return max(0.0, float(str(milliseconds)) / 1000)
    except ValueError:
        return otherwise


def _cut(kept: dict[str, Any], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]
