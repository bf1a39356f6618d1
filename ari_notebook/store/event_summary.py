"""The event log's column ``detail``: an event's particulars in a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["detail"]

_Event = Mapping[str, Any]


def detail(event: _Event) -> str:
    """Return the event's particulars; empty if its type is sufficient.

    Fields that are missing or of another type than declared are skipped.
    """
    try:
        make = _BY_TYPE.get(event.get("type", ""))
        return "" if make is None else make(event)
    except (TypeError, AttributeError, KeyError, ValueError):
        return ""


def _cause(event: _Event) -> str:
    text = event.get("cause_txt")
    if "cause" not in event:
        return ""
    return f"{event['cause']} {text}" if text else str(event["cause"])


def _hangup_request(event: _Event) -> str:
    return " ".join(part for part in (_cause(event), "soft" if event.get("soft") else "") if part)


def _dial(event: _Event) -> str:
    return " ".join(p for p in (event.get("dialstring"), event.get("dialstatus")) if p)


def _playback(event: _Event) -> str:
    playback = event["playback"]
    return f"{playback['media_uri']} {playback['state']}"


def _recording(event: _Event) -> str:
    recording = event["recording"]
    cause = recording.get("cause")
    return f"{recording['name']}.{recording['format']} {recording['state']}" + (
        f": {cause}" if cause else ""
    )


def _endpoint(event: _Event) -> str:
    endpoint = event["endpoint"]
    return f"{endpoint['technology']}/{endpoint['resource']} {endpoint.get('state', '')}".rstrip()


def _peer(event: _Event) -> str:
    return f"{_endpoint(event)} {event['peer']['peer_status']}"


def _contact(event: _Event) -> str:
    info = event["contact_info"]
    return f"{info['uri']} {info['contact_status']}"


def _bridge(event: _Event) -> str:
    bridge = event["bridge"]
    return f"{bridge['bridge_type']} {bridge.get('name', '')}".rstrip()


def _message(event: _Event) -> str:
    message = event["message"]
    return f"{message['from']}: {message['body']}"


def _field(*names: str) -> Callable[[_Event], str]:
    return lambda event: " ".join(str(event[name]) for name in names if event.get(name) is not None)


_BY_TYPE: dict[str, Callable[[_Event], str]] = {
    "ApplicationMoveFailed": lambda e: f"to {e['destination']}",
    "BridgeAttendedTransfer": lambda e: f"{e['destination_type']} {e['result']}",
    "BridgeBlindTransfer": lambda e: f"{e['exten']}@{e['context']} {e['result']}",
    "BridgeCreated": _bridge,
    "BridgeDestroyed": _bridge,
    "BridgeMerged": lambda e: f"from {e['bridge_from']['id']}",
    "BridgeVideoSourceChanged": _field("old_video_source_id"),
    "CallBroadcast": _field("caller", "called"),
    "CallClaimed": _field("winner_app"),
    "ChannelCallerId": _field("caller_presentation_txt"),
    "ChannelDestroyed": _cause,
    "ChannelDialplan": lambda e: f"{e['dialplan_app']}({e['dialplan_app_data']})",
    "ChannelDtmfReceived": lambda e: f"{e['digit']} ({e['duration_ms']} ms)",
    "ChannelHangupRequest": _hangup_request,
    "ChannelHold": _field("musicclass"),
    "ChannelTalkingFinished": lambda e: f"{e['duration']} ms",
    "ChannelTransfer": _field("state"),
    "ChannelUserevent": _field("eventname"),
    "ChannelVarset": lambda e: f"{e['variable']}={e['value']}",
    "ContactStatusChange": _contact,
    "DeviceStateChanged": lambda e: f"{e['device_state']['name']}={e['device_state']['state']}",
    "Dial": _dial,
    "EndpointStateChange": _endpoint,
    "PeerStatusChange": _peer,
    "PlaybackContinuing": _playback,
    "PlaybackFinished": _playback,
    "PlaybackStarted": _playback,
    "RESTResponse": _field("status_code", "reason_phrase", "uri"),
    "RecordingFailed": _recording,
    "RecordingFinished": _recording,
    "RecordingStarted": _recording,
    "StasisStart": lambda e: ",".join(map(str, e["args"])),
    "TextMessageReceived": _message,
}
