"""The live tables: current channels, bridges and other objects, updated by events.

A table maps ids to ARI's objects, with a few additional fields. `_REDUCERS` has the effect of each
event type; for frequent events `_FREQUENT` uses only their heads, because most rows are replaced
before they are read. A table contains the objects to which the session's applications are
subscribed. A channel is removed by ChannelDestroyed, and by StasisEnd unless the session is
subscribed to all events, because no more events may follow; a later event adds it again. An
endpoint lists those of its channels that are in the table of channels.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from msgspec import structs

from ari_notebook.store import dataframes
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_head import (
    ChannelHead,
    PlaybackHead,
    StasisEndHead,
    StasisStartHead,
    decode_event,
)
from ari_notebook.store.event_scanner import apply_heads
from ari_notebook.store.snapshot_table import ObjectSnapshot, Row, SnapshotTable, row_snapshot

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Changes", "Tables"]

KINDS = ("channels", "bridges", "playbacks", "recordings", "endpoints", "device_states")
_LARGE = 1 << 16  # a larger event is not kept for its row
_REMEMBERED = 2000  # ids of destroyed channels; late events arrive within milliseconds

# Raised when an object's fields, or their types, are not as declared.
_NOT_AS_DECLARED = (KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes by a server snapshot: kind of table → ids."""

    appeared: dict[str, list[str]]
    vanished: dict[str, list[str]]
    changed: dict[str, list[str]]


class Tables:
    """The live tables of a server.

    One thread applies events, any number of threads read: a row is replaced, never changed in
    place.

    Args:
        subscribe_all: whether the session is subscribed to all events.
    """

    def __init__(self, subscribe_all: bool = False) -> None:
        self.subscribe_all = subscribe_all
        self.channels = SnapshotTable("channel", _decoded_channel)
        self.bridges: dict[str, Row] = {}
        self.playbacks = SnapshotTable("playback", _decoded_playback)
        self.recordings: dict[str, Row] = {}
        self.endpoints: dict[str, Row] = {}
        self.device_states: dict[str, Row] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._drained: dict[str, dict[str, Row]] = {kind: {} for kind in KINDS}

    def apply(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Apply events to the tables. Malformed events raise no error."""
        if isinstance(events, EventBatch):
            self._apply_batch(events)
            return
        for event in events:
            try:
                _REDUCERS.get(event.get("type", ""), _any_event)(self, event)
            except _NOT_AS_DECLARED:
                continue  # missing fields, or of another type: the event is skipped

    def _apply_batch(self, batch: EventBatch) -> None:
        heads, place = batch.heads, 0
        while True:
            # An event that it leaves to Python may change any of these arguments.
            place = apply_heads(
                heads,
                place,
                self.channels.snapshots,
                self.playbacks.snapshots,
                self._gone,
                ObjectSnapshot,
                bool(self.endpoints),
                self.subscribe_all,
            )
            if place == len(heads):
                break
            frame, head = batch.frames[place], heads[place]
            apply = _FREQUENT.get(head.kind)
            if apply is None or len(frame) > _LARGE:
                self.apply((decode_event(frame)[0],))
            else:
                apply(self, frame, head)
            place += 1
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    def _show_channel(self, frame: bytes, head: ChannelHead, **known_besides: Any) -> None:
        """Store the channel of an event, without decoding it."""
        snapshots, id = self.channels.snapshots, head.channel_id
        known = snapshots.get(id)
        if known is not None and not known_besides:
            known.frame = frame
        elif known is not None:
            snapshots[id] = structs.replace(known, frame=frame, made=None, **known_besides)
        elif id not in self._gone:
            snapshots[id] = ObjectSnapshot(frame, **known_besides)
            if self.endpoints:
                _at_endpoint(self.endpoints, id, head.channel.name, +1)

    def replace(self, snapshot: Mapping[str, Iterable[Mapping[str, Any]]]) -> Changes:
        """Replace every table by a server snapshot.

        Args:
            snapshot: kind of table → ARI's objects.

        Returns:
            The changes.
        """
        appeared, vanished, changed = {}, {}, {}
        made = {kind: _rows(kind, snapshot.get(kind, ())) for kind in KINDS}
        for endpoint in made["endpoints"].values():
            _keep(endpoint, made["channels"])
        for channel in made["channels"].values():  # may be newer than the endpoints
            _at_endpoint(made["endpoints"], channel["id"], channel.get("name"), +1)
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
            if isinstance(table, SnapshotTable):
                table.replace(rows)
            else:
                setattr(self, kind, rows)
        self._gone.clear()  # a restarted server may reuse an id
        return Changes(appeared, vanished, changed)

    def remove(self, kind: str, id: str) -> None:
        """Remove an object that has ended without an event, if the table has it.

        Args:
            kind: one of `KINDS`.
            id: its id, or its name in a table that is indexed by names.
        """
        if kind == "channels":
            self._leave(id)
        else:
            getattr(self, kind).pop(id, None)

    def copied(self) -> Tables:
        """Return a copy of the tables; to be called by the thread that applies events."""
        other = Tables(self.subscribe_all)
        other.channels.snapshots = self.channels.copied_snapshots()
        other.playbacks.snapshots = self.playbacks.copied_snapshots()
        other.bridges = dict(self.bridges)
        other.recordings = dict(self.recordings)
        other.endpoints = dict(self.endpoints)
        other.device_states = dict(self.device_states)
        other._gone = self._gone.copy()
        return other

    def drain_changes(self) -> dict[str, tuple[dict[str, Row], list[str]]]:
        """Return the changes since the last call, for a view that patches rows.

        Returns:
            Kind of table → (new or changed rows by id, removed ids).
        """
        result = {}
        for kind in KINDS:
            before, now = self._drained[kind], getattr(self, kind).copy()
            other = {id: row for id, row in now.items() if before.get(id) is not row}
            result[kind] = (other, [id for id in before if id not in now])
            self._drained[kind] = now
        return result

    def frame(self, kind: str) -> pd.DataFrame:
        """Return a fresh DataFrame of one table, indexed by id.

        Args:
            kind: one of `KINDS`.
        """
        return dataframes.make(kind, list(getattr(self, kind).values()))

    # Effects of events.

    def _see_channel(
        self, item: Mapping[str, Any], entered: str | Literal[True] | None = True, **ours: Any
    ) -> None:
        """Store the channel of an event.

        Args:
            item: the channel.
            entered: the application that it entered; True: the event does not change that.
            ours: additional fields of its row from the event.
        """
        id = item["id"]
        if id in self._gone:
            return
        known = self.channels.snapshots.get(id)
        row = _channel(item, known or _NOTHING)
        row.update(ours)
        if entered is True:
            entered = known.entered if known is not None else None
        self.channels.snapshots[id] = row_snapshot(row, entered)
        if known is None:
            _at_endpoint(self.endpoints, id, row.get("name"), +1)

    def _set(self, id: str, **ours: str) -> None:
        self.channels.mark(id, **ours)

    def _see_bridge(self, snapshot: Mapping[str, Any]) -> None:
        self.bridges[snapshot["id"]] = dict(snapshot)

    def _see_endpoint(self, endpoint: Mapping[str, Any]) -> None:
        row = dict(endpoint)
        _keep(row, self.channels)
        self.endpoints[_identity("endpoints", endpoint)] = row

    def _has_left(self, id: str, application: str) -> bool:
        """Return whether a channel is in no application after a StasisEnd."""
        known = self.channels.snapshots.get(id)
        return known is None or known.entered in (None, application)

    def _leave(self, id: str) -> None:
        """Remove a channel that has left the session's applications."""
        if self.endpoints and id in self.channels:
            _at_endpoint(self.endpoints, id, self.channels[id].get("name"), -1)
        self.channels.snapshots.pop(id, None)

    def _lose_channel(self, id: str) -> None:
        self._leave(id)
        self._gone[id] = None
        if len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)


_NOTHING = ObjectSnapshot()


def _channel(item: Mapping[str, Any], known: ObjectSnapshot = _NOTHING) -> Row:
    """Return a row from the server's channel and its state from other events."""
    dialplan = item.get("dialplan") or {}
    if not isinstance(dialplan, dict):  # of another type than declared
        item, dialplan = {**item, "dialplan": None}, {}
    in_stasis = dialplan.get("app_name") == "Stasis"
    app_name = known.entered
    if app_name is None:
        # The first of the dialplan's arguments. It does not replace `entered`, because after POST
        # …/move it is still the dialplan's application.
        data = dialplan.get("app_data")
        app_name = data.partition(",")[0] if isinstance(data, str) else ""
    return {
        **item,
        "in_stasis": in_stasis,
        "app_name": app_name if in_stasis else "",
        "bridge": known.bridge,
        "playing": known.playing,
        "recording": known.recording,
    }


def _decoded_channel(item: Mapping[str, Any], known: ObjectSnapshot, frame: bytes) -> Row:
    row = _channel(item, known)
    if frame is known.started:
        row.update(in_stasis=True, app_name=known.entered)
    return row


def _decoded_playback(item: Row, _known: ObjectSnapshot, _frame: bytes) -> Row:
    return item


def _listed(row: Row, field: str) -> list[str]:
    """Return the ids in a field; none if the field is malformed."""
    ids = row.get(field)
    return [id for id in ids if isinstance(id, str)] if isinstance(ids, list) else []


def _keep(endpoint: Row, channels: Mapping[str, Row]) -> None:
    """Remove unknown channels from an endpoint, because no event of their end would follow."""
    if "channel_ids" in endpoint:
        ids = _listed(endpoint, "channel_ids")
        endpoint["channel_ids"] = [id for id in ids if id in channels]


def _at_endpoint(endpoints: dict[str, Row], id: str, name: object, change: Literal[1, -1]) -> None:
    """Add a channel to the endpoint that its name begins with, or remove it."""
    key = name.rpartition("-")[0] if isinstance(name, str) else ""
    endpoint = endpoints.get(key)
    if endpoint is not None:
        ids = [each for each in _listed(endpoint, "channel_ids") if each != id]
        if change == 1:
            ids.append(id)
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
            continue  # as for a malformed event
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
    """Store the channel, bridge or endpoint of an event without its own reducer."""
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
    application = event.get("application", "")
    tables._see_channel(event["channel"], application, in_stasis=True, app_name=application)


def _stasis_end(tables: Tables, event: Event) -> None:
    id = event["channel"]["id"]
    if not tables._has_left(id, event.get("application", "")):
        # After a move Asterisk may publish StasisStart of the new application first.
        tables._see_channel(event["channel"], in_stasis=True)
    elif tables.subscribe_all:
        tables._see_channel(event["channel"], None, in_stasis=False, app_name="")
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
    known = tables.channels.snapshots.get(channel["id"])
    # A move reports the new bridge after the old one; the older event must not undo the newer.
    still = known.bridge if known and known.bridge != bridge["id"] else ""
    tables._see_channel(channel, bridge=still)


def _bridge_destroyed(tables: Tables, event: Event) -> None:
    id = event["bridge"]["id"]
    tables.bridges.pop(id, None)
    for channel, known in list(tables.channels.snapshots.items()):
        if known.bridge == id:
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
    "DeviceStateRemoved": _device_removed,  # this package's: Asterisk has no event for it
    "PlaybackContinuing": _playback_goes_on,
    "PlaybackFinished": _playback_ends,
    "PlaybackStarted": _playback_goes_on,
    "RecordingFailed": _recording_ends,
    "RecordingFinished": _recording_ends,
    "RecordingStarted": _recording_goes_on,
    "StasisEnd": _stasis_end,
    "StasisStart": _stasis_start,
}

# Frequent events that only have a new snapshot of a channel.
_SHOWING_A_CHANNEL = (
    "ChannelCallerId",
    "ChannelConnectedLine",
    "ChannelCreated",
    "ChannelDialplan",
    "ChannelDtmfReceived",
    "ChannelHangupRequest",
    "ChannelStateChange",
    "ChannelVarset",
)


def _stasis_start_by_head(tables: Tables, frame: bytes, head: StasisStartHead) -> None:
    tables._show_channel(frame, head, entered=head.application, started=frame)


def _stasis_end_by_head(tables: Tables, frame: bytes, head: StasisEndHead) -> None:
    id = head.channel_id
    if tables.subscribe_all or not tables._has_left(id, head.application):
        _stasis_end(tables, decode_event(frame)[0])
    else:
        tables._leave(id)


def _playback_by_head(tables: Tables, frame: bytes, head: PlaybackHead) -> None:
    playback, playing = head.playback, ""
    if head.type == "PlaybackFinished":
        tables.playbacks.snapshots.pop(playback.id, None)
    else:
        tables.playbacks.snapshots[playback.id] = ObjectSnapshot(frame)
        playing = playback.media_uri
    if id := head.channel_id:
        known = tables.channels.snapshots.get(id)
        if known is not None and known.frame:
            known.playing = playing
        else:
            tables._set(id, playing=playing)


# Frequent events, by the kind of their head.
_FREQUENT: dict[str, Callable[[Tables, bytes, Any], None]] = {
    **dict.fromkeys(_SHOWING_A_CHANNEL, Tables._show_channel),
    "ChannelDestroyed": lambda tables, _, head: tables._lose_channel(head.channel_id),
    "PlaybackContinuing": _playback_by_head,
    "PlaybackFinished": _playback_by_head,
    "PlaybackStarted": _playback_by_head,
    "StasisEnd": _stasis_end_by_head,
    "StasisStart": _stasis_start_by_head,
}
