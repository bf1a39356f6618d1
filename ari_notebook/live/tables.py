"""The live tables: what lives on the exchange now, kept up to date by its events.

A table is a dict of id → ARI's own object, with a few fields of ours beside. `_REDUCERS` says what
each type of event does to them. The rule of what a table holds: what the session's applications
are told about. A channel leaves with ChannelDestroyed; and with StasisEnd, unless the session is
told about everything, since nothing more may be heard of it. If something is, it is back. An
endpoint has those of its channels that are in the table of channels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ari_notebook.live import frames

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Changes", "Tables"]

KINDS = ("channels", "bridges", "playbacks", "recordings", "endpoints", "device_states")
_REMEMBERED = 2000  # ids of destroyed channels; what is late comes milliseconds late

# What reading an object raises that has other fields than declared, or fields of other types.
_NOT_AS_DECLARED = (KeyError, TypeError, ValueError, AttributeError)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new truth changed: kind of table → ids."""

    appeared: dict[str, list[str]]
    vanished: dict[str, list[str]]
    changed: dict[str, list[str]]


class Tables:
    """What lives on the exchange.

    One thread applies events, any number read: a row is never changed in place, it is replaced.

    Args:
        subscribe_all: whether the session is told about everything.
    """

    def __init__(self, subscribe_all: bool = False) -> None:
        self.subscribe_all = subscribe_all
        self.channels: dict[str, Row] = {}
        self.bridges: dict[str, Row] = {}
        self.playbacks: dict[str, Row] = {}
        self.recordings: dict[str, Row] = {}
        self.endpoints: dict[str, Row] = {}
        self.device_states: dict[str, Row] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._drained: dict[str, dict[str, Row]] = {kind: {} for kind in KINDS}

    def apply(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Let events change the tables. An event of any shape is taken, none raises."""
        for event in events:
            try:
                _REDUCERS.get(event.get("type", ""), _any_event)(self, event)
            except _NOT_AS_DECLARED:
                continue  # fields that are missing or of another type: nothing to learn from it

    def replace(self, truth: Mapping[str, Iterable[Mapping[str, Any]]]) -> Changes:
        """Take what the server says as the truth.

        Args:
            truth: kind of table → ARI's objects.

        Returns:
            What it changed.
        """
        appeared, vanished, changed = {}, {}, {}
        made = {kind: _rows(kind, truth.get(kind, ())) for kind in KINDS}
        for endpoint in made["endpoints"].values():
            _keep(endpoint, made["channels"])
        for channel in made["channels"].values():  # it may have come after endpoints were read
            _at_endpoint(made["endpoints"], channel, +1)
        for bridge in made["bridges"].values():
            for id in _listed(bridge, "channels"):
                if id in made["channels"]:
                    made["channels"][id]["bridge"] = bridge["id"]
        for playback in made["playbacks"].values():
            _mark(made, playback, "playing", "media_uri")
        for recording in made["recordings"].values():
            _mark(made, recording, "recording", "name")
        for kind, rows in made.items():
            table = getattr(self, kind)
            appeared[kind] = [id for id in rows if id not in table]
            vanished[kind] = [id for id in table if id not in rows]
            changed[kind] = [id for id in rows if id in table and rows[id] != table[id]]
            setattr(self, kind, rows)
        self._gone.clear()  # a server that was restarted may give an id again
        return Changes(appeared, vanished, changed)

    def drain_changes(self) -> dict[str, tuple[dict[str, Row], list[str]]]:
        """What changed since the last call, for a view that patches rows.

        Returns:
            Kind of table → (rows that are new or other by id, ids that left).
        """
        result = {}
        for kind in KINDS:
            before, now = self._drained[kind], dict(getattr(self, kind))
            other = {id: row for id, row in now.items() if before.get(id) is not row}
            result[kind] = (other, [id for id in before if id not in now])
            self._drained[kind] = now
        return result

    def frame(self, kind: str) -> pd.DataFrame:
        """A fresh DataFrame of one table, indexed by id.

        Args:
            kind: one of `KINDS`.
        """
        return frames.make(kind, list(getattr(self, kind).values()))

    # What events do.

    def _see_channel(self, snapshot: Mapping[str, Any], **ours: Any) -> None:
        """A channel as an event shows it, with what we know of it besides."""
        id = snapshot["id"]
        if id in self._gone:
            return
        known = self.channels.get(id)
        row = _channel(snapshot, known or _NOTHING)
        if ours:
            row.update(ours)
        self.channels[id] = row
        if known is None:
            _at_endpoint(self.endpoints, row, +1)

    def _set(self, id: str, **ours: Any) -> None:
        row = self.channels.get(id)
        if row is not None:
            self.channels[id] = {**row, **ours}

    def _see_bridge(self, snapshot: Mapping[str, Any]) -> None:
        self.bridges[snapshot["id"]] = dict(snapshot)

    def _see_endpoint(self, endpoint: Mapping[str, Any]) -> None:
        row = dict(endpoint)
        _keep(row, self.channels)
        self.endpoints[_identity("endpoints", endpoint)] = row

    def _leave(self, id: str) -> None:
        """A channel is none of ours any more."""
        row = self.channels.pop(id, None)
        if row is not None:
            _at_endpoint(self.endpoints, row, -1)

    def _lose_channel(self, id: str) -> None:
        self._leave(id)
        self._gone[id] = None
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)


_NOTHING: Row = {"bridge": "", "playing": "", "recording": ""}


def _channel(snapshot: Mapping[str, Any], known: Row = _NOTHING) -> Row:
    dialplan = snapshot.get("dialplan") or {}
    in_stasis = dialplan.get("app_name") == "Stasis"
    return {
        **snapshot,
        "in_stasis": in_stasis,
        # Which Stasis application has it: the first of the arguments that the dialplan gave.
        "app_name": dialplan.get("app_data", "").partition(",")[0] if in_stasis else "",
        "bridge": known["bridge"],
        "playing": known["playing"],
        "recording": known["recording"],
    }


def _listed(row: Row, field: str) -> list[str]:
    """The ids that a field lists; a field of another form lists none."""
    ids = row.get(field)
    return [id for id in ids if isinstance(id, str)] if isinstance(ids, list) else []


def _keep(endpoint: Row, channels: Mapping[str, Row]) -> None:
    """Leave an endpoint the channels that are known: of others no end would be heard."""
    if "channel_ids" in endpoint:
        ids = _listed(endpoint, "channel_ids")
        endpoint["channel_ids"] = [id for id in ids if id in channels]


def _at_endpoint(endpoints: dict[str, Row], channel: Row, change: Literal[1, -1]) -> None:
    """One channel more, or less, of the endpoint that its name begins with."""
    name = channel.get("name")
    key = name.rpartition("-")[0] if isinstance(name, str) else ""
    endpoint = endpoints.get(key)
    if endpoint is not None:
        ids = [id for id in _listed(endpoint, "channel_ids") if id != channel["id"]]
        if change == 1:
            ids.append(channel["id"])
        endpoints[key] = {**endpoint, "channel_ids": ids}


def _identity(kind: str, item: Mapping[str, Any]) -> str:
    if kind == "endpoints":
        return f"{item['technology']}/{item['resource']}"
    return str(item["name"] if kind in ("recordings", "device_states") else item["id"])


def _rows(kind: str, items: Iterable[Mapping[str, Any]]) -> dict[str, Row]:
    make: Callable[[Mapping[str, Any]], Row] = _channel if kind == "channels" else dict
    rows = {}
    for item in items:
        try:
            rows[_identity(kind, item)] = make(item)
        except _NOT_AS_DECLARED:
            continue  # as with an event of such a shape
    return rows


def _mark(made: dict[str, dict[str, Row]], item: Row, field: str, value: str) -> None:
    scheme, _, id = str(item.get("target_uri", "")).partition(":")
    if scheme == "channel" and id in made["channels"]:
        made["channels"][id][field] = item.get(value, "")


_CHANNEL_FIELDS = (
    "channel",
    "peer",
    "caller",
    "forwarded",
    "replace_channel",
    "transferee",
    "transfer_target",
    "transferer_first_leg",
    "transferer_second_leg",
    "destination_link_first_leg",
    "destination_link_second_leg",
    "destination_threeway_channel",
)
_BRIDGE_FIELDS = (
    "bridge",
    "bridge_from",
    "transferer_first_leg_bridge",
    "transferer_second_leg_bridge",
    "destination_threeway_bridge",
)

Event = Mapping[str, Any]


def _any_event(tables: Tables, event: Event) -> None:
    """Whatever carries a channel, a bridge or an endpoint shows it as it is now."""
    for field in _CHANNEL_FIELDS:
        snapshot = event.get(field)
        if isinstance(snapshot, dict) and "state" in snapshot:
            tables._see_channel(snapshot)
    for field in _BRIDGE_FIELDS:
        snapshot = event.get(field)
        if isinstance(snapshot, dict) and "bridge_class" in snapshot:
            tables._see_bridge(snapshot)
    endpoint = event.get("endpoint")
    if isinstance(endpoint, dict) and "technology" in endpoint:
        tables._see_endpoint(endpoint)


def _channel_event(tables: Tables, event: Event) -> None:
    tables._see_channel(event["channel"])


def _stasis_start(tables: Tables, event: Event) -> None:
    replaced = event.get("replace_channel")
    if replaced:
        tables._see_channel(replaced)
    tables._see_channel(event["channel"], in_stasis=True, app_name=event.get("application", ""))


def _stasis_end(tables: Tables, event: Event) -> None:
    id = event["channel"]["id"]
    if tables.subscribe_all:
        tables._see_channel(event["channel"], in_stasis=False, app_name="")
    else:
        tables._leave(id)


def _channel_destroyed(tables: Tables, event: Event) -> None:
    tables._lose_channel(event["channel"]["id"])


def _entered_bridge(tables: Tables, event: Event) -> None:
    tables._see_bridge(event["bridge"])
    channel = event.get("channel")
    if channel:
        tables._see_channel(channel, bridge=event["bridge"]["id"])


def _left_bridge(tables: Tables, event: Event) -> None:
    bridge = event["bridge"]
    if bridge["id"] in tables.bridges:
        tables._see_bridge(bridge)
    channel = event["channel"]
    known = tables.channels.get(channel["id"])
    # A move reports the new bridge after the old one; what is late must not undo what is new.
    still = known["bridge"] if known and known["bridge"] != bridge["id"] else ""
    tables._see_channel(channel, bridge=still)


def _bridge_destroyed(tables: Tables, event: Event) -> None:
    id = event["bridge"]["id"]
    tables.bridges.pop(id, None)
    for channel, row in list(tables.channels.items()):
        if row["bridge"] == id:
            tables._set(channel, bridge="")


def _target(tables: Tables, item: Mapping[str, Any], **ours: Any) -> None:
    scheme, _, id = item.get("target_uri", "").partition(":")
    if scheme == "channel":
        tables._set(id, **ours)


def _playback_goes_on(tables: Tables, event: Event) -> None:
    playback = event["playback"]
    tables.playbacks[playback["id"]] = dict(playback)
    _target(tables, playback, playing=playback["media_uri"])


def _playback_ends(tables: Tables, event: Event) -> None:
    playback = event["playback"]
    tables.playbacks.pop(playback["id"], None)
    _target(tables, playback, playing="")


def _recording_goes_on(tables: Tables, event: Event) -> None:
    recording = event["recording"]
    tables.recordings[recording["name"]] = dict(recording)
    _target(tables, recording, recording=recording["name"])


def _recording_ends(tables: Tables, event: Event) -> None:
    recording = event["recording"]
    tables.recordings.pop(recording["name"], None)
    _target(tables, recording, recording="")


def _device_state(tables: Tables, event: Event) -> None:
    state = event["device_state"]
    tables.device_states[state["name"]] = dict(state)


def _device_removed(tables: Tables, event: Event) -> None:
    tables.device_states.pop(event["device_state"]["name"], None)


_REDUCERS: dict[str, Callable[[Tables, Event], None]] = {
    "BridgeCreated": lambda tables, event: tables._see_bridge(event["bridge"]),
    "BridgeDestroyed": _bridge_destroyed,
    "CallClaimed": _channel_event,
    "ChannelCallerId": _channel_event,
    "ChannelConnectedLine": _channel_event,
    "ChannelCreated": _channel_event,
    "ChannelDestroyed": _channel_destroyed,
    "ChannelDialplan": _channel_event,
    "ChannelDtmfReceived": _channel_event,
    "ChannelEnteredBridge": _entered_bridge,
    "ChannelHangupRequest": _channel_event,
    "ChannelLeftBridge": _left_bridge,
    "ChannelStateChange": _channel_event,
    "ChannelVarset": _channel_event,
    "DeviceStateChanged": _device_state,
    "DeviceStateRemoved": _device_removed,  # of ours: Asterisk has no event for it
    "PlaybackContinuing": _playback_goes_on,
    "PlaybackFinished": _playback_ends,
    "PlaybackStarted": _playback_goes_on,
    "RecordingFailed": _recording_ends,
    "RecordingFinished": _recording_ends,
    "RecordingStarted": _recording_goes_on,
    "StasisEnd": _stasis_end,
    "StasisStart": _stasis_start,
}
