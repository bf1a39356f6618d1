"""What the panel shows, and what of it has changed since it last looked.

A `Board` looks at a session's live tables, log and requests, and makes messages for a page: small
JSON of texts and numbers, numbered so that a page notices one that it missed. It sends nothing
and starts nothing. Rows are compared by identity: the tables replace a row, they never change it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ari_notebook.live.details import detail
from ari_notebook.views.actions import actions
from ari_notebook.views.cards import party
from ari_notebook.views.markup import clean, listed

if TYPE_CHECKING:
    from ari_notebook.live.tables import Tables
    from ari_notebook.session import Session

__all__ = ["Board"]

Row = Mapping[str, Any]
Message = dict[str, Any]

_EVENTS_A_LOOK = 60
_KEYS_SHOWN = 12
_CHANNELS_REMEMBERED = 5000
_TEXT = 120  # characters of a text from outside

# Requests that switch something which no field of a channel and no event tells.
_SWITCH = re.compile(r"/channels/([^/]+)/(mute|hold|ring|moh|silence)$")
_SWITCHED = {
    "mute": "muted",
    "hold": "held",
    "ring": "ringing",
    "moh": "music",
    "silence": "silent",
}


class Board:
    """The panel's view of one session.

    Args:
        session: whose.
        clock: seconds since 1970.
    """

    def __init__(self, session: Session, clock: Any = time.time) -> None:
        self._session = session
        self._clock = clock
        self._number = 0
        self._channels: dict[str, Row] = {}
        self._shown: dict[str, Message] = {}  # the channels' rows as a page has them
        self._bridges: dict[str, Row] = {}
        self._media: dict[str, tuple[str, str]] = {}  # of bridges: what they play and record
        self._others: dict[str, dict[str, Row]] = {"endpoints": {}, "device_states": {}}
        self._sequence = session.log.count
        self._requests = session.requests.count
        self._keys: dict[str, str] = {}
        self._switches: dict[str, set[str]] = {}
        self._sets: dict[str, list[tuple[str, str, str]]] = {}
        self._told: set[str] = set()
        self._status: Message = {}

    def all(self) -> Message:
        """Everything, for a page that begins or has missed something."""
        self.changes()
        tables = self._session.tables
        self._told.clear()
        return self._finish(
            {
                "kind": "all",
                "channels": {"set": self._channel_rows(dict(tables.channels))},
                "bridges": {"set": self._bridge_rows(dict(tables.bridges))},
                "endpoints": {"set": _states(dict(tables.endpoints))},
                "device_states": {"set": _states(dict(tables.device_states))},
                "status": self._status,
                "events": self._feed(self._events_from(self._sequence - _EVENTS_A_LOOK)),
            }
        )

    def changes(self) -> Message | None:
        """What changed since the last look; None where nothing did."""
        message: Message = {"kind": "patch"}
        events, touched = self._learn()
        tables = self._session.tables
        now: dict[str, Row] = dict(tables.channels)
        other = {id: r for id, r in now.items() if self._channels.get(id) is not r or id in touched}
        gone = [id for id in self._channels if id not in now]
        self._channels = now
        news = self._news(self._channel_rows(other), gone)
        if news or gone:
            message["channels"] = {"set": news, "gone": gone}
        bridges: dict[str, Row] = dict(tables.bridges)
        before, self._media = self._media, _bridge_media(tables)
        other = {
            id: row
            for id, row in bridges.items()
            if self._bridges.get(id) is not row or before.get(id) != self._media.get(id)
        }
        left = [id for id in self._bridges if id not in bridges]
        self._bridges = bridges
        if other or left:
            message["bridges"] = {"set": self._bridge_rows(other), "gone": left}
        for kind, known in self._others.items():
            rows: dict[str, Row] = dict(getattr(tables, kind))
            fresh = _states({k: r for k, r in rows.items() if known.get(k) is not r})
            lost = [k for k in known if k not in rows]
            self._others[kind] = rows
            if fresh or lost:
                message[kind] = {"set": fresh, "gone": lost}
        if events:
            message["events"] = self._feed(events)
            message["skipped"] = max(0, len(events) - _EVENTS_A_LOOK)
        status = self._read_status()
        if status != self._status:
            message["status"] = self._status = status
        return self._finish(message) if len(message) > 1 else None

    def numbered(self, message: Message) -> Message:
        """A message of another kind, in the same count."""
        return self._finish(message)

    def event(self, sequence: int) -> dict[str, Any] | None:
        """An event by its sequence number; None where it is no longer kept."""
        log = self._session.log
        found = log.since(sequence)[:1] if sequence >= log.count - len(log) else []
        return found[0] if found else None

    def _finish(self, message: Message) -> Message:
        fresh = {key: made for key, made in self._sets.items() if key not in self._told}
        if fresh:
            message["sets"] = fresh
            self._told |= fresh.keys()
        self._number += 1
        return message | {"n": self._number, "now": self._clock() * 1000}

    # What events and requests say that no row has.

    def _learn(self) -> tuple[list[Row], set[str]]:
        """The events since; and the channels of which keys and switches became known."""
        touched: set[str] = set()
        log, requests = self._session.log, self._session.requests
        count = log.count
        events: list[Row] = list(log.since(self._sequence))
        # More may have come meanwhile, and what a log no longer keeps is counted all the same.
        self._sequence = max(self._sequence + len(events), count)
        for event in events:
            if event.get("type") == "ChannelDtmfReceived":
                id = str(_of_channel(event, "id"))
                keys = self._keys.get(id, "") + str(event.get("digit", ""))[:1]
                self._keys[id] = keys[-_KEYS_SHOWN:]
                touched.add(id)
        fresh = requests.count - self._requests
        self._requests += fresh
        for request in list(requests)[-fresh:] if fresh else ():
            found = _SWITCH.search(request.path)
            if found and request.status == 204:
                id, switch = unquote(found[1]), _SWITCHED[found[2]]
                switches = self._switches.setdefault(id, set())
                (switches.add if request.method == "POST" else switches.discard)(switch)
                touched.add(id)
        self._forget()
        return events, touched

    def _events_from(self, sequence: int) -> list[Row]:
        found = self._session.log.since(max(0, sequence))
        return list(found[: max(0, self._sequence - max(0, sequence))])

    def _forget(self) -> None:
        """Nothing is remembered for good of channels that have left."""
        if len(self._keys) + len(self._switches) > _CHANNELS_REMEMBERED:
            living = self._session.tables.channels
            self._keys = {id: keys for id, keys in self._keys.items() if id in living}
            self._switches = {id: on for id, on in self._switches.items() if id in living}

    # Rows as the page gets them.

    def _channel_rows(self, rows: Mapping[str, Row]) -> dict[str, Message]:
        return {id: self._channel(id, row) for id, row in rows.items()}

    def _news(self, rows: dict[str, Message], gone: list[str]) -> dict[str, Message]:
        """The rows that a page does not have as they are: most events change nothing it shows."""
        for id in gone:
            self._shown.pop(id, None)
        news = {id: row for id, row in rows.items() if self._shown.get(id) != row}
        self._shown.update(news)
        return news

    def _channel(self, id: str, row: Row) -> Message:
        switches = self._switches.get(id, set())
        if row.get("state") == "Up":
            switches = switches - {"ringing"}
        dialplan = row.get("dialplan") or {}
        return {
            "name": _short(row.get("name")),
            "state": _short(row.get("state")),
            "caller": _short(party(row.get("caller"))),
            "connected": _short(party(row.get("connected"))),
            "exten": _short(dialplan.get("exten")),
            "context": _short(dialplan.get("context")),
            "app": _short(row.get("app_name")),
            "stasis": bool(row.get("in_stasis")),
            "bridge": str(row.get("bridge") or ""),
            "playing": _short(row.get("playing")),
            "recording": _short(row.get("recording")),
            "since": _milliseconds(row.get("creationtime")),
            "keys": _short(self._keys.get(id, "")),
            "switches": sorted(switches),
            "actions": self._action_set("Channel", row),
        }

    def _bridge_rows(self, rows: Mapping[str, Row]) -> dict[str, Message]:
        return {id: self._bridge(id, row) for id, row in rows.items()}

    def _bridge(self, id: str, row: Row) -> Message:
        playing, recording = self._media.get(id, ("", ""))
        return {
            "playing": playing,
            "recording": recording,
            "name": _short(row.get("name")),
            "type": _short(row.get("bridge_type")),
            "technology": _short(row.get("technology")),
            "channels": listed(row.get("channels")),
            "actions": self._action_set("Bridge", row),
        }

    def _action_set(self, model: str, row: Row) -> str:
        """The key of the actions of a row: few sets, told to a page once each."""
        if model == "Channel":
            known = (row.get("in_stasis"), row.get("state"), bool(row.get("bridge")))
        else:
            known = (row.get("bridge_class"), "", bool(row.get("channels")))
        key = _short("/".join((model, *map(str, known))))
        if key not in self._sets:
            made = actions(model, row, self._session.read_only)
            self._sets[key] = [(action.name, action.label, action.refused) for action in made]
        return key

    def _feed(self, events: list[Row]) -> list[list[Any]]:
        """The last of some events that end where the board has read to."""
        shown = events[-_EVENTS_A_LOOK:]
        first = self._sequence - len(shown)
        return [
            [
                first + place,
                _short(event.get("timestamp")),
                _short(event.get("type")),
                _short(_of_channel(event, "name")),
                _short(detail(event) or event.get("detail")),
            ]
            for place, event in enumerate(shown)
        ]

    def _read_status(self) -> Message:
        status = self._session.status
        return {
            "name": _short(status.name),
            "state": status.state,
            "reason": _short(status.reason),
            "server": _short(status.asterisk),
            "url": _short(status.url),
            "applications": [_short(name) for name in status.applications],
            "readOnly": status.read_only,
            "phones": self._session.simulator is not None,  # which can be answered from here
            "subscribeAll": status.subscribe_all,
            "events": status.events,
            "dropped": status.dropped,
            "requests": status.requests,
            "reconnects": status.reconnects,
            "gaps": status.gap_count,
            "gap": clean(status.gaps[-1]) if status.gaps else "",
            "gapEnded": status.gaps[-1].end * 1000 if status.gaps else 0,
        }


def _of_channel(event: Row, field: str) -> object:
    """A field of the channel that an event is about; empty where it is about none."""
    channel = event.get("channel") or event.get("peer")
    return channel.get(field, "") if isinstance(channel, Mapping) else ""


def _bridge_media(tables: Tables) -> dict[str, tuple[str, str]]:
    """What is played to bridges and recorded of them, by the bridge's id."""
    made: dict[str, tuple[str, str]] = {}
    for playback in list(tables.playbacks.values()):
        scheme, _, id = str(playback.get("target_uri") or "").partition(":")
        if scheme == "bridge":
            made[id] = _short(playback.get("media_uri")), ""
    for recording in list(tables.recordings.values()):
        scheme, _, id = str(recording.get("target_uri") or "").partition(":")
        if scheme == "bridge":
            made[id] = made.get(id, ("", ""))[0], _short(recording.get("name"))
    return made


def _short(value: object) -> str:
    return clean(value, _TEXT)


def _states(rows: Mapping[str, Row]) -> dict[str, str]:
    return {id: _short(row.get("state")) for id, row in rows.items()}


def _milliseconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp() * 1000
    except ValueError:
        return None
