"""The request that caused an event.

Asterisk does not publish it. But an event type can only be caused by certain operations on the
event's object: the newest such request before the event is the cause. An event without such a
request (a caller dials in, presses a key, hangs up) has no cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.display.html import listed

__all__ = ["Causes", "subjects", "touches"]

Event = Mapping[str, Any]


def _made(request: SentRequest) -> Iterable[str]:
    """Return the id of the created object."""
    return (request.made,) if request.made else ()


def _moved(request: SentRequest) -> Iterable[str]:
    """Return the channels that a request adds to a bridge or removes from it."""
    return str(request.params.get("channel", "")).split(",")


def _set(request: SentRequest) -> Iterable[str]:
    """Return the variables that a request sets, each with its channel."""
    parts = [unquote(part) for part in request.path.split("/") if part]
    channel = request.made or (parts[1] if len(parts) > 1 else "")
    body = request.body if isinstance(request.body, Mapping) else {}
    variables = body.get("variables")
    names = [request.params.get("variable"), *(variables if isinstance(variables, Mapping) else ())]
    return [_variable(channel, name) for name in names if name]


def _variable(channel: object, name: object) -> str:
    return f"{channel} {name}"


def touches(request: SentRequest) -> set[str]:
    """Return the ids in a request's path and parameters, and the id of the object it created."""
    named = {unquote(part) for part in request.path.split("/") if part} | set(_made(request))
    for source in (request.params, request.body):
        if isinstance(source, Mapping):
            for value in source.values():
                named |= {part for part in str(value).split(",") if part}
    return named


_LEAVES = "ChannelLeftBridge PlaybackFailed"
_ENDS = f"{_LEAVES} StasisEnd RecordingFinished"
# Request (method and path), which of its ids an event must be about, and the events it can cause.
_EFFECTS: list[tuple[str, str, Callable[[SentRequest], Iterable[str]], str]] = [
    (
        "POST",
        r"/channels(/[^/]+|/.+/snoop(/[^/]+)?)?",  # /channels/create and externalMedia, too
        _made,
        "ChannelCreated Dial ChannelStateChange ChannelDialplan StasisStart",
    ),
    ("POST", r"/channels(/[^/]+)?|/channels/.+/variables?", _set, "ChannelVarset"),
    ("POST", r"/channels/.+/variable", touches, "ChannelCallerId"),
    ("POST", r"/channels/.+/(answer|ring|record)", touches, "ChannelStateChange"),
    ("POST", r"/channels/.+/dial", touches, "ChannelStateChange Dial"),
    ("POST", r"/channels/.+/hold", touches, "ChannelHold"),
    ("DELETE", r"/channels/.+/hold", touches, "ChannelUnhold"),
    ("POST", r"/channels/.+/continue", touches, f"{_ENDS} ChannelDialplan"),
    ("POST", r"/channels/.+/redirect", touches, _ENDS),
    ("POST", r"/channels/.+/move", touches, f"{_ENDS} StasisStart ApplicationMoveFailed"),
    ("DELETE", r"/channels/[^/]+", touches, f"{_ENDS} ChannelHangupRequest ChannelDestroyed"),
    (
        "POST",
        r".+/play(/[^/]+)?",
        _made,
        "PlaybackStarted PlaybackContinuing PlaybackFinished PlaybackFailed",
    ),
    ("POST", r"/playbacks/.+/control", touches, "PlaybackStarted"),
    ("DELETE", r"/playbacks/[^/]+", touches, "PlaybackFinished PlaybackFailed"),
    ("POST", r".+/record", _made, "RecordingStarted RecordingFailed RecordingFinished"),
    ("POST", r"/recordings/live/.+/stop", touches, "RecordingFinished"),
    ("DELETE", r"/recordings/live/[^/]+", touches, "RecordingFinished"),
    ("POST", r"/bridges(/[^/]+)?", _made, "BridgeCreated"),
    ("DELETE", r"/bridges/[^/]+", touches, f"{_LEAVES} RecordingFinished BridgeDestroyed"),
    ("POST", r"/bridges/.+/addChannel", _moved, f"{_LEAVES} ChannelEnteredBridge"),
    ("POST", r"/bridges/.+/removeChannel", _moved, _LEAVES),
    # Playbacks on a bridge end when its last member leaves.
    ("POST", r"/bridges/.+/(add|remove)Channel", touches, "PlaybackFailed"),
    ("POST", r"/bridges/.+/videoSource/[^/]+", touches, "BridgeVideoSourceChanged"),
    ("DELETE", r"/bridges/.+/videoSource", touches, "BridgeVideoSourceChanged"),
    ("PUT", r"/deviceStates/[^/]+", touches, "DeviceStateChanged"),
    ("DELETE", r"/deviceStates/[^/]+", touches, "DeviceStateChanged"),
    ("POST", r"/events/user/[^/]+", touches, "ChannelUserevent"),
]
_BY_METHOD = {
    method: [
        (re.compile(path), whose, types.split())
        for other, path, whose, types in _EFFECTS
        if other == method
    ]
    for method in ("POST", "PUT", "DELETE")
}
_IN_BRIDGES = ("ChannelEnteredBridge", "ChannelLeftBridge")


def subjects(event: Event) -> Iterator[tuple[str, str]]:
    """Yield the objects of an event as pairs of kind and id, the most specific first."""
    for field in ("playback", "recording", "channel", "peer", "bridge"):
        item = event.get(field)
        if not isinstance(item, Mapping):
            continue
        id = item.get("name") if field == "recording" else item.get("id")
        if isinstance(id, str):
            yield ("channel" if field == "peer" else field), id
        scheme, _, target = str(item.get("target_uri") or "").partition(":")
        if scheme in ("channel", "bridge") and target:
            yield scheme, target


def _about(event: Event) -> set[str]:
    """Return the ids related to a request, if it caused the event."""
    ids = {id for _, id in subjects(event)}
    device = event.get("device_state")
    if isinstance(device, Mapping):
        ids.add(str(device.get("name")))
    if event.get("type") == "ChannelVarset":
        ids = {_variable(id, event.get("variable")) for id in ids}
    if event.get("type") == "ChannelUserevent":
        ids.add(str(event.get("eventname")))
    return ids


def _type(event: Event) -> str:
    """Return an event's type; an interrupted playback has a separate one."""
    playback = event.get("playback")
    failed = isinstance(playback, Mapping) and playback.get("state") == "failed"
    return "PlaybackFailed" if failed else str(event.get("type"))


class Causes:
    """Finds the requests that caused events; to be called for the events in order.

    Args:
        requests: the sent requests, oldest first.
    """

    def __init__(self, requests: Sequence[SentRequest]) -> None:
        self._requests = requests
        # Event type and id → indexes of the requests that can cause such an event.
        self._places: dict[tuple[str, str], list[int]] = {}
        # Channel → the cause of the last event in its bridge.
        self._stirred: dict[str, int | None] = {}
        for place, request in enumerate(requests):
            if request.status is None or request.status >= 400:
                continue
            for path, whose, types in _BY_METHOD.get(request.method, ()):
                if path.fullmatch(request.path):
                    for key in ((type, id) for id in whose(request) for type in types):
                        self._places.setdefault(key, []).append(place)

    def of(self, event: Event, received: float) -> int | None:
        """Return the request that caused an event.

        Args:
            event: the decoded event.
            received: time of receipt, in seconds since 1970.

        Returns:
            Its index among the requests, or None.
        """
        type, about = _type(event), _about(event)
        if (
            type == "ChannelConnectedLine"
        ):  # sent to the members of a bridge that another channel enters
            return next((self._stirred[id] for id in about if id in self._stirred), None)
        found = [self._latest(type, id, received) for id in about]
        cause = max((place for place in found if place is not None), default=None)
        if type in _IN_BRIDGES:
            bridge = event.get("bridge")
            inside = listed(bridge.get("channels")) if isinstance(bridge, Mapping) else []
            self._stirred |= dict.fromkeys(about.union(inside), cause)
        return cause

    def _latest(self, type: str, id: str, received: float) -> int | None:
        places = reversed(self._places.get((type, id), []))
        return next((place for place in places if self._requests[place].at <= received), None)
