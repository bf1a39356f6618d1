"""Channels, bridges, events and requests as the panel's page gets them: small JSON of texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ari_notebook.store.event_summary import detail
from ari_notebook.store.request_log import SentRequest
from ari_notebook.store.tables import Tables
from ari_notebook.views.display.actions import actions
from ari_notebook.views.display.cards import party
from ari_notebook.views.display.html import listed
from ari_notebook.views.panel.facts import Facts, channel_field, short
from ari_notebook.views.panel.playback_clock import SKIP_SECONDS

__all__ = ["Rows", "TargetMedia", "event_lines", "media_by_target", "request_lines", "states"]

Row = Mapping[str, Any]
Message = dict[str, Any]
TargetMedia = dict[str, tuple[str, str, str]]  # target → its playback, what that plays, recording


class Rows:
    """Makes a page's rows of the tables' rows and of facts.

    Args:
        facts: what the tables do not have.
        read_only: whether the session refuses everything that changes something.
    """

    def __init__(self, facts: Facts, read_only: bool) -> None:
        self._facts = facts
        self._read_only = read_only
        self.sets: dict[str, list[tuple[str, str, str]]] = {}  # of actions, by a row's key

    def channels(self, rows: Mapping[str, Row], media: TargetMedia) -> dict[str, Message]:
        """Return the rows of channels.

        Args:
            rows: rows of the tables, by id.
            media: the media played to them.
        """
        return {id: self._channel(id, row, media) for id, row in rows.items()}

    def bridges(self, rows: Mapping[str, Row], media: TargetMedia) -> dict[str, Message]:
        """Return the rows of bridges; the arguments are as for `channels`."""
        return {id: self._bridge(id, row, media) for id, row in rows.items()}

    def _channel(self, id: str, row: Row, media: TargetMedia) -> Message:
        switches = self._facts.switches.get(id, set())
        if row.get("state") == "Up":
            switches = switches - {"ringing"}
        dialplan = row.get("dialplan") or {}
        return {
            "name": short(row.get("name")),
            "state": short(row.get("state")),
            "caller": short(party(row.get("caller"))),
            "callerName": _part(row, "name"),
            "callerNumber": _part(row, "number"),
            "connected": short(party(row.get("connected"))),
            "exten": short(dialplan.get("exten")),
            "context": short(dialplan.get("context")),
            "app": short(row.get("app_name")),
            "stasis": bool(row.get("in_stasis")),
            "bridge": str(row.get("bridge") or ""),
            "playing": short(row.get("playing")),
            "playback": self._playback(f"channel:{id}", media),
            "recording": short(row.get("recording")),
            "since": _milliseconds(row.get("creationtime")),
            "keys": short(self._facts.keys.get(id, "")),
            "switches": sorted(switches),
            "actions": self._action_set("Channel", row),
        }

    def _bridge(self, id: str, row: Row, media: TargetMedia) -> Message:
        _, playing, recording = media.get(f"bridge:{id}", ("", "", ""))
        return {
            "playing": playing,
            "playback": self._playback(f"bridge:{id}", media),
            "recording": recording,
            "name": short(row.get("name")),
            "type": short(row.get("bridge_type")),
            "technology": short(row.get("technology")),
            "switches": sorted(self._facts.switches.get(id, ())),
            "channels": listed(row.get("channels")),
            "actions": self._action_set("Bridge", row),
        }

    def _playback(self, target: str, media: TargetMedia) -> Message | None:
        """Return the playback to a channel or bridge, its position and its length."""
        id, playing, _ = media.get(target, ("", "", ""))
        if not id:
            return None
        clock = self._facts.playbacks.get(id)
        return {
            "id": id,
            "paused": bool(clock and clock.paused),
            "position": clock.position if clock else None,
            "at": clock.at * 1000 if clock else 0,
            "skip": clock.skip if clock else SKIP_SECONDS,
            "length": self._facts.length(playing),
        }

    def _action_set(self, model: str, row: Row) -> str:
        """Return the key of a row's actions: few sets, each sent to a page once."""
        if model == "Channel":
            known = (row.get("in_stasis"), row.get("state"), bool(row.get("bridge")))
        else:
            known = (row.get("bridge_class"), "", bool(row.get("channels")))
        key = short("/".join((model, *map(str, known))))
        if key not in self.sets:
            made = actions(model, row, self._read_only)
            self.sets[key] = [(action.name, action.label, action.refused) for action in made]
        return key


def media_by_target(tables: Tables) -> TargetMedia:
    """Return the playbacks and recordings by channel or bridge.

    Args:
        tables: live ones, or those of a moment.
    """
    made: TargetMedia = {}
    for id, playback in list(tables.playbacks.items()):
        made[str(playback.get("target_uri"))] = id, short(playback.get("media_uri")), ""
    for recording in list(tables.recordings.values()):
        target = str(recording.get("target_uri"))
        made[target] = *made.get(target, ("", ""))[:2], short(recording.get("name"))
    return made


def states(rows: Mapping[str, Row]) -> dict[str, str]:
    """Return the states of endpoints or devices."""
    return {id: short(row.get("state")) for id, row in rows.items()}


def event_lines(events: Sequence[Row], first: int) -> list[list[Any]]:
    """Return lines of the log.

    Args:
        events: consecutive ones, decoded.
        first: sequence number of the first.
    """
    return [
        [
            first + place,
            short(event.get("timestamp")),
            short(event.get("type")),
            short(channel_field(event, "name")),
            short(detail(event) or event.get("detail")),
            _subject(event),
        ]
        for place, event in enumerate(events)
    ]


def request_lines(requests: Iterable[tuple[int, SentRequest]]) -> list[list[Any]]:
    """Return lines of the log.

    Args:
        requests: each with its number.
    """
    return [
        [
            number,
            request.at * 1000,
            request.method,
            short(request.shown.path),
            request.status,
            request.milliseconds,
            short(request.message),
        ]
        for number, request in requests
    ]


def _part(row: Row, field: str) -> str:
    caller = row.get("caller")
    return short(caller.get(field)) if isinstance(caller, Mapping) else ""


def _subject(event: Row) -> str:
    """Return the id of the channel or bridge that an event is about; empty where of none."""
    for field in ("channel", "peer", "bridge"):
        part = event.get(field)
        if isinstance(part, Mapping):
            return short(part.get("id"))
    for field in ("playback", "recording"):
        part = event.get(field)
        if isinstance(part, Mapping):
            return short(str(part.get("target_uri") or "").partition(":")[2])
    return ""


def _milliseconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp() * 1000
    except ValueError:
        return None
