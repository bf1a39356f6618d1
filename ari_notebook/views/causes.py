"""Which request an event came of.

Asterisk does not say. But an event of a type can only come of some operations, and only of those
on the object that it is about: the latest such request before it is the cause. An event that no
request can have caused (a caller who dials in, presses a key, hangs up) has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from ari_notebook.requestlog import SentRequest
from ari_notebook.views.markup import listed

__all__ = ["Causes", "subjects", "touches"]

Event = Mapping[str, Any]


def _made(request: SentRequest) -> Iterable[str]:
    """The id of what it made."""
    return (request.made,) if request.made else ()


def _moved(request: SentRequest) -> Iterable[str]:
    """The channels that it puts into a bridge or takes out of it."""
    return str(request.params.get("channel", "")).split(",")


def _set(request: SentRequest) -> Iterable[str]:
    """The variables that it sets, each with the channel that it sets them on."""
    parts = [unquote(part) for part in request.path.split("/") if part]
    channel = request.made or (parts[1] if len(parts) > 1 else "")
    body = request.body if isinstance(request.body, Mapping) else {}
    variables = body.get("variables")
    names = [request.params.get("variable"), *(variables if isinstance(variables, Mapping) else ())]
    return [_variable(channel, name) for name in names if name]


def _variable(channel: object, name: object) -> str:
    return f"{channel} {name}"


def touches(request: SentRequest) -> set[str]:
    """The ids that a request names, in its path or its parameters, and that of what it made."""
    named = {unquote(part) for part in request.path.split("/") if part} | set(_made(request))
    for source in (request.params, request.body):
        if isinstance(source, Mapping):
            for value in source.values():
                named |= {part for part in str(value).split(",") if part}
    return named


_LEAVES = "ChannelLeftBridge PlaybackFailed"
_ENDS = f"{_LEAVES} StasisEnd RecordingFinished"
# A request (method and path), which of the ids it has to do with an event has to be about, and
# the events that can come of it.
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
    # Without anybody left in a bridge what it plays ends.
    ("POST", r"/bridges/.+/(add|remove)Channel", touches, "PlaybackFailed"),
    ("POST", r"/bridges/.+/videoSource/[^/]+", touches, "BridgeVideoSourceChanged"),
    ("DELETE", r"/bridges/.+/videoSource", touches, "BridgeVideoSourceChanged"),
    ("PUT", r"/deviceStates/[^/]+", touches, "DeviceStateChanged"),
    ("DELETE", r"/deviceStates/[^/]+", touches, "DeviceStateChanged"),
    ("POST", r"/events/user/[^/]+", touches, "ChannelUserevent"),
]
_COMPILED = [
    (method, re.compile(path), whose, types.split()) for method, path, whose, types in _EFFECTS
]
_IN_BRIDGES = ("ChannelEnteredBridge", "ChannelLeftBridge")


def subjects(event: Event) -> Iterator[tuple[str, str]]:
    """What an event is about: pairs of kind and id, the nearest first."""
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
    """The ids that a request has to do with, if the event came of it."""
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
    """An event's type; a playback that did not come to its end has one of its own."""
    playback = event.get("playback")
    failed = isinstance(playback, Mapping) and playback.get("state") == "failed"
    return "PlaybackFailed" if failed else str(event.get("type"))


class Causes:
    """Finds the requests that events came of; to be asked for the events in their order.

    Args:
        requests: those sent, oldest first.
    """

    def __init__(self, requests: Sequence[SentRequest]) -> None:
        self._requests = requests
        # Event type and id → the requests, by their place, of which such an event can come.
        self._places: dict[tuple[str, str], list[int]] = {}
        # Channel → the cause of what last happened in its bridge.
        self._stirred: dict[str, int | None] = {}
        for place, request in enumerate(requests):
            if request.status is None or request.status >= 400:
                continue
            for method, path, whose, types in _COMPILED:
                if request.method == method and path.fullmatch(request.path):
                    for key in ((type, id) for id in whose(request) for type in types):
                        self._places.setdefault(key, []).append(place)

    def of(self, event: Event, received: float) -> int | None:
        """The request that an event came of.

        Args:
            event: decoded.
            received: when it came, in seconds since 1970.

        Returns:
            Its place among the requests; None where none of them can be it.
        """
        type, about = _type(event), _about(event)
        if type == "ChannelConnectedLine":  # told to who is in a bridge that somebody else enters
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
