"""What can be done with a channel, a bridge or a playback as it stands now.

A table of the operations that Asterisk would accept, and why it would refuse the others: a
channel outside Stasis answers 409 to almost everything, one that is not yet answered or in early
media 412 (Asterisk's ``res/ari/resource_channels.c``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Action", "actions", "next_steps"]

Row = Mapping[str, Any]

# Channel states in which Asterisk refuses what needs media: 412 "Channel in invalid state".
_NO_MEDIA = ("Down", "Rsrved", "Ringing")


@dataclass(frozen=True, slots=True)
class Action:
    """An operation and whether it can be done now.

    ``name`` is the operation's in its resource, ``label`` what a button says, ``refused`` why it
    cannot be done, empty where it can.
    """

    name: str
    label: str
    refused: str = ""


_NOT_IN_STASIS = "the channel is not in a Stasis application"
_READ_ONLY = "this session is read-only"


def _media(name: str, label: str, row: Row) -> Action:
    if row.get("state") in _NO_MEDIA:
        return Action(name, label, f"the channel is {row.get('state')}")
    return Action(name, label)


def _channel(row: Row) -> list[Action]:
    hangup = Action("hangup", "Hang up")
    if not row.get("in_stasis"):
        ours = [
            Action(name, label, _NOT_IN_STASIS)
            for name, label in (("answer", "Answer"), ("ring", "Ring"), ("play", "Play"))
        ]
        return [*ours, hangup]
    up = row.get("state") == "Up"
    made = [Action("dial", "Dial")] if row.get("state") == "Down" else []
    for name, label in (("answer", "Answer"), ("ring", "Ring")):
        again = Action(name, label, "it is answered already")
        made.append(again if up else _media(name, label, row))
    made += [
        _media("play", "Play", row),
        _media("hold", "Hold", row),
        _media("mute", "Mute", row),
        _media("send_dtmf", "Keys", row),
    ]
    if row.get("bridge"):
        made.append(Action("record", "Record", "it is in a bridge: record the bridge"))
    else:
        made.append(Action("record", "Record"))
    made.append(_media("continue_in_dialplan", "Continue", row))
    return [*made, hangup]


def _bridge(row: Row) -> list[Action]:
    if row.get("bridge_class", "stasis") != "stasis":
        refused = "the bridge is not one that ARI made"
        return [
            Action(name, label, refused)
            for name, label in (
                ("add_channel", "Add a channel"),
                ("play", "Play"),
                ("destroy", "Destroy"),
            )
        ]
    empty = "" if row.get("channels") else "no channel is in it"
    return [
        Action("add_channel", "Add a channel"),
        Action("remove_channel", "Remove a channel", empty),
        Action("play", "Play", empty),
        Action("record", "Record", empty),
        Action("start_moh", "Music", empty),
        Action("destroy", "Destroy"),
    ]


def _playback(row: Row) -> list[Action]:
    paused = row.get("state") == "paused"
    return [
        Action("control", "Go on" if paused else "Pause"),
        Action("stop", "Stop"),
    ]


def _recording(row: Row) -> list[Action]:
    if row.get("state") in (None, "done"):
        return [
            Action("copy_stored", "Copy"),
            Action("get_stored_file", "Read"),
            Action("delete_stored", "Delete"),
        ]
    paused = row.get("state") == "paused"
    return [
        Action("unpause", "Go on") if paused else Action("pause", "Pause"),
        Action("stop", "Stop"),
        Action("cancel", "Cancel"),
    ]


_BY_MODEL = {
    "Channel": _channel,
    "Bridge": _bridge,
    "Playback": _playback,
    "LiveRecording": _recording,
    "StoredRecording": _recording,
}


def actions(model: str, row: Row, read_only: bool = False) -> list[Action]:
    """The operations that matter for an object, each with whether it can be done now.

    Args:
        model: ARI's name of its kind, as ``Channel``.
        row: its fields, as the live tables have them.
        read_only: whether the session refuses everything that changes something.
    """
    make = _BY_MODEL.get(model)
    found = make(row) if make else []
    if not read_only:
        return found
    return [Action(action.name, action.label, _READ_ONLY) for action in found]


def next_steps(model: str, row: Row, read_only: bool = False) -> list[str]:
    """The names of the operations that can be done now."""
    return [action.name for action in actions(model, row, read_only) if not action.refused]
