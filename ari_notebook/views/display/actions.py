"""Operations possible in the current state of a channel, a bridge or a playback.

A table of the operations, and why Asterisk would refuse them: for a channel outside Stasis it
responds with 409 to almost all, for one before answer or early media with 412 (Asterisk's
``res/ari/resource_channels.c``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ObjectAction", "actions", "next_steps"]

Row = Mapping[str, Any]

# Channel states in which Asterisk refuses what needs media: 412 "Channel in invalid state".
_NO_MEDIA = ("Down", "Rsrved", "Ringing")


@dataclass(frozen=True, slots=True)
class ObjectAction:
    """An operation and whether it is possible now.

    ``name`` is the operation's name in its resource, ``label`` the text of a button, ``refused``
    the reason if it is impossible, otherwise empty.
    """

    name: str
    label: str
    refused: str = ""


_NOT_IN_STASIS = "the channel is not in a Stasis application"
_READ_ONLY = "this session is read-only"


def _media(name: str, label: str, row: Row) -> ObjectAction:
    if row.get("state") in _NO_MEDIA:
        return ObjectAction(name, label, f"the channel is {row.get('state')}")
    return ObjectAction(name, label)


def _channel(row: Row) -> list[ObjectAction]:
    hangup = ObjectAction("hangup", "Hang up")
    if not row.get("in_stasis"):
        ours = [
            ObjectAction(name, label, _NOT_IN_STASIS)
            for name, label in (("answer", "Answer"), ("ring", "Ring"), ("play", "Play"))
        ]
        return [*ours, hangup]
    up = row.get("state") == "Up"
    made = [ObjectAction("dial", "Dial")] if row.get("state") == "Down" else []
    for name, label in (("answer", "Answer"), ("ring", "Ring")):
        again = ObjectAction(name, label, "it is answered already")
        made.append(again if up else _media(name, label, row))
    made += [
        _media("play", "Play", row),
        _media("hold", "Hold", row),
        _media("mute", "Mute", row),
        _media("send_dtmf", "Keys", row),
    ]
    if row.get("bridge"):
        made.append(ObjectAction("record", "Record", "it is in a bridge: record the bridge"))
    else:
        made.append(ObjectAction("record", "Record"))
    made.append(_media("continue_in_dialplan", "Continue", row))
    return [*made, hangup]


def _bridge(row: Row) -> list[ObjectAction]:
    if row.get("bridge_class", "stasis") != "stasis":
        refused = "the bridge is not one that ARI made"
        return [
            ObjectAction(name, label, refused)
            for name, label in (
                ("add_channel", "Add a channel"),
                ("play", "Play"),
                ("destroy", "Destroy"),
            )
        ]
    empty = "" if row.get("channels") else "no channel is in it"
    return [
        ObjectAction("add_channel", "Add a channel"),
        ObjectAction("remove_channel", "Remove a channel", empty),
        ObjectAction("play", "Play", empty),
        ObjectAction("record", "Record", empty),
        ObjectAction("start_moh", "Music", empty),
        ObjectAction("destroy", "Destroy"),
    ]


def _playback(row: Row) -> list[ObjectAction]:
    paused = row.get("state") == "paused"
    return [
        ObjectAction("control", "Resume" if paused else "Pause"),
        ObjectAction("stop", "Stop"),
    ]


def _recording(row: Row) -> list[ObjectAction]:
    if row.get("state") in (None, "done"):
        return [
            ObjectAction("copy_stored", "Copy"),
            ObjectAction("get_stored_file", "Read"),
            ObjectAction("delete_stored", "Delete"),
        ]
    paused = row.get("state") == "paused"
    return [
        ObjectAction("unpause", "Resume") if paused else ObjectAction("pause", "Pause"),
        ObjectAction("stop", "Stop"),
        ObjectAction("cancel", "Cancel"),
    ]


_BY_MODEL = {
    "Channel": _channel,
    "Bridge": _bridge,
    "Playback": _playback,
    "LiveRecording": _recording,
    "StoredRecording": _recording,
}


def actions(model: str, row: Row, read_only: bool = False) -> list[ObjectAction]:
    """Return the operations of an object, each with whether it is possible now.

    Args:
        model: ARI's name of its type, such as ``Channel``.
        row: its fields, as in the live tables.
        read_only: whether the session is read-only.
    """
    make = _BY_MODEL.get(model)
    found = make(row) if make else []
    if not read_only:
        return found
    return [ObjectAction(action.name, action.label, _READ_ONLY) for action in found]


def next_steps(model: str, row: Row, read_only: bool = False) -> list[str]:
    """Return the names of the operations that are possible now."""
    return [action.name for action in actions(model, row, read_only) if not action.refused]
