"""Queries for the end of playbacks and recordings that Asterisk may not publish.

Asterisk abandons some media without an event (``res/res_stasis_playback.c``). It publishes the end
of a bridge's playback or recording to the bridge's subscribers, and unsubscribes an application
when its last channel leaves the bridge (``res/stasis/app.c``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ari_notebook.background import Background
from ari_notebook.client.errors import AriError, NotFound
from ari_notebook.client.rest import Rest, RestRequest
from ari_notebook.connection.failures import stored_recording
from ari_notebook.store.event_head import may_never_end
from ari_notebook.store.tables import Tables

__all__ = ["UnpublishedEnds", "is_on_bridge"]

_GIVEN_UP_SECONDS = 0.5  # after which a query for an abandoned playback is answered with 404
_BRIDGES_SECONDS = 2.0  # interval of queries for media on bridges that were left


def is_on_bridge(target: str) -> bool:
    """Return whether a target URI names a bridge."""
    return target.startswith("bridge:")


class UnpublishedEnds:
    """Finds ended playbacks and recordings by queries, where no event can be expected.

    Args:
        rest: REST client for the queries.
        tables: the live tables; an object they do not contain has ended.
        background: knows the time.
    """

    def __init__(self, rest: Rest, tables: Tables, background: Background) -> None:
        self._background = background
        self._rest = rest
        self._tables = tables
        self._unsure: deque[tuple[float, Mapping[str, Any], str]] = deque(maxlen=1000)
        self._on_bridges: deque[tuple[str, Mapping[str, Any]]] = deque(maxlen=1000)
        self._asked_bridges = 0.0

    def note_playback(self, playback: Mapping[str, Any], timestamp: str) -> None:
        """Store a playback that has begun, and the timestamp of that event."""
        if may_never_end(str(playback.get("media_uri", ""))):
            self._unsure.append((self._background.monotonic(), playback, timestamp))
        if is_on_bridge(str(playback.get("target_uri", ""))):
            self._on_bridges.append(("playback", playback))

    def note_recording(self, recording: Mapping[str, Any]) -> None:
        """Store a recording that has begun."""
        if is_on_bridge(str(recording.get("target_uri", ""))):
            self._on_bridges.append(("recording", recording))

    def ask(self) -> Iterator[tuple[dict[str, Any], str]]:
        """Query the server, and yield the ended objects.

        Yields:
            The event that Asterisk did not publish, and a sentence on what happened.
        """
        began = self._background.monotonic() - _GIVEN_UP_SECONDS
        while self._unsure and self._unsure[0][0] < began:
            _, playback, timestamp = self._unsure.popleft()
            if str(playback.get("id")) in self._tables.playbacks and self._has_ended(playback):
                media = str(playback.get("media_uri"))
                what = f"{media} was abandoned without an event"
                # It was abandoned at once, which explains the failure.
                yield {**_failed(playback), "timestamp": timestamp}, what
        if self._background.monotonic() - self._asked_bridges > _BRIDGES_SECONDS:
            self._asked_bridges = self._background.monotonic()
            for _ in range(len(self._on_bridges)):
                kind, item = self._on_bridges.popleft()
                if not self._is_listed(kind, item):
                    continue  # its end was published
                event = None if self._is_subscribed(item) else self._end_of(kind, item)
                if event is None:
                    self._on_bridges.append((kind, item))
                else:
                    yield event, f"the {kind} ended after its bridge was left"

    def _is_listed(self, kind: str, item: Mapping[str, Any]) -> bool:
        if kind == "playback":
            return str(item.get("id")) in self._tables.playbacks
        return str(item.get("name")) in self._tables.recordings

    def _end_of(self, kind: str, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the event of the end of a playback or recording, or None if it continues."""
        if kind == "playback":
            return _failed(item) if self._has_ended(item) else None
        name = str(item.get("name"))
        if self._knows(f"/recordings/live/{quote(name, safe='')}"):
            return None
        if stored_recording(name, self._rest):
            return {"type": "RecordingFinished", "recording": {**item, "state": "done"}}
        return {"type": "RecordingFailed", "recording": {**item, "state": "canceled"}}

    def _is_subscribed(self, item: Mapping[str, Any]) -> bool:
        """Return whether one of the session's channels is in the bridge of a playback."""
        bridge = self._tables.bridges.get(str(item.get("target_uri", "")).partition(":")[2])
        members = (bridge or {}).get("channels") or ()
        return any(channel in self._tables.channels for channel in members)

    def _has_ended(self, playback: Mapping[str, Any]) -> bool:
        return not self._knows(f"/playbacks/{quote(str(playback.get('id')), safe='')}")

    def _knows(self, path: str) -> bool:
        """Return whether an object exists on the server, or the server does not answer."""
        try:
            self._rest.send(RestRequest("GET", path))
        except NotFound:
            return False
        except AriError:
            return True
        return True


def _failed(playback: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "PlaybackFinished", "playback": {**playback, "state": "failed"}}
