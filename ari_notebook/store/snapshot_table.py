"""Rows of a live table, decoded on access from the newest event of each object."""

from __future__ import annotations

from collections.abc import (
    Callable,
    ItemsView,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    ValuesView,
)
from typing import Any

import msgspec

from ari_notebook.store.event_head import decode_event

__all__ = ["ObjectSnapshot", "Row", "SnapshotTable", "row_snapshot"]

_NO_FRAME = b""

Row = dict[str, Any]


class ObjectSnapshot(msgspec.Struct, gc=False):
    """An object's newest event, and its state from other events.

    Only the stream's thread changes it; in a table only ``frame`` and ``playing`` change.

    Attributes:
        frame: the event's JSON; empty if there is only a row.
        bridge: id of a channel's bridge.
        playing: media URI that is played on a channel.
        recording: name of a recording of a channel.
        entered: application of a channel's newest StasisStart, until its StasisEnd.
        started: the JSON of that StasisStart.
        made: the decoded row, and the ``frame`` and ``playing`` it was made from.
    """

    frame: bytes = _NO_FRAME
    bridge: str = ""
    playing: str = ""
    recording: str = ""
    entered: str | None = None
    started: bytes | None = None
    made: tuple[bytes, str, Row] | None = None


class SnapshotTable(MutableMapping[str, Row]):
    """Rows by id, for one writing thread and any number of reading threads.

    Like a dict, in the order of the first event of each object. A row is replaced, never changed in
    place: its identity shows whether there is a newer one.

    Args:
        field: field of events with the object.
        make: returns a row from the object, its snapshot, and the snapshot's ``frame``.
    """

    def __init__(self, field: str, make: Callable[[Row, ObjectSnapshot, bytes], Row]) -> None:
        self.snapshots: dict[str, ObjectSnapshot] = {}
        self._field = field
        self._make = make

    def _row(self, snapshot: ObjectSnapshot) -> Row:
        frame, playing, made = snapshot.frame, snapshot.playing, snapshot.made
        if made is None or made[0] is not frame or made[1] != playing:
            item = decode_event(frame)[0].get(self._field, {})
            # The other thread may set a newer `playing` meanwhile.
            known = msgspec.structs.replace(snapshot, playing=playing)
            snapshot.made = made = frame, playing, self._make(item, known, frame)
        return made[2]

    def __getitem__(self, id: str) -> Row:
        return self._row(self.snapshots[id])

    def __setitem__(self, id: str, row: Row) -> None:
        self.snapshots[id] = row_snapshot(row)

    def __delitem__(self, id: str) -> None:
        del self.snapshots[id]

    def __contains__(self, id: object) -> bool:
        return id in self.snapshots

    def __len__(self) -> int:
        return len(self.snapshots)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.snapshots))

    def replace(self, rows: Mapping[str, Row]) -> None:
        """Replace all rows."""
        self.snapshots = {id: row_snapshot(row) for id, row in rows.items()}

    def mark(self, id: str, **known: str) -> None:
        """Change an object's state from other events; no effect if it is not in the table.

        Args:
            id: id of the object.
            known: fields of its `Snapshot`, which are also fields of its row.
        """
        snapshot = self.snapshots.get(id)
        if snapshot is None:
            return
        made = None
        if snapshot.frame is _NO_FRAME:
            playing = known.get("playing", snapshot.playing)
            made = _NO_FRAME, playing, {**self._row(snapshot), **known}
        self.snapshots[id] = msgspec.structs.replace(snapshot, made=made, **known)

    def copied_snapshots(self) -> dict[str, ObjectSnapshot]:
        """Return the snapshots for another table, which changes them in place."""
        return {id: msgspec.structs.replace(each) for id, each in list(self.snapshots.items())}

    def copy(self) -> dict[str, Row]:
        """Return a copy of the rows."""
        return {id: self._row(snapshot) for id, snapshot in list(self.snapshots.items())}

    def keys(self) -> KeysView[str]:
        """Return the current ids."""
        return dict.fromkeys(list(self.snapshots)).keys()

    def values(self) -> ValuesView[Row]:
        """Return the current rows."""
        return self.copy().values()

    def items(self) -> ItemsView[str, Row]:
        """Return the current ids and rows."""
        return self.copy().items()

    def __repr__(self) -> str:
        return repr(self.copy())


def row_snapshot(row: Row, entered: str | None = None) -> ObjectSnapshot:
    """Return a snapshot with only a row.

    Args:
        row: the row.
        entered: see `Snapshot`.
    """
    bridge, playing, recording = (row.get(name, "") for name in ("bridge", "playing", "recording"))
    made = _NO_FRAME, playing, row
    return ObjectSnapshot(_NO_FRAME, bridge, playing, recording, entered, None, made)
