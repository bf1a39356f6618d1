"""Which request an event came of.

Asterisk does not say. But an event of a type can only come of some operations, and only on the
object it is about: the latest such request before it is the cause. An event that nothing sent
can have caused (a caller who dials in, presses a key, hangs up) has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from ari_notebook.requestlog import SentRequest

__all__ = ["cause_of", "subjects", "touches"]

Event = Mapping[str, Any]

# Event type → the requests (method and end of the path) that it can come of.
_CAUSES: dict[str, tuple[tuple[str, str], ...]] = {
    "BridgeCreated": (("POST", r"/bridges(/[^/]+)?"),),
    "BridgeDestroyed": (("DELETE", r"/bridges/[^/]+"),),
    "ChannelConnectedLine": (("POST", r"/addChannel"),),
    "ChannelCreated": (("POST", r"/channels(/[^/]+)?"), ("POST", r"/snoop(/[^/]+)?")),
    "ChannelDestroyed": (("DELETE", r"/channels/[^/]+"),),
    "ChannelEnteredBridge": (("POST", r"/addChannel"),),
    "ChannelHangupRequest": (("DELETE", r"/channels/[^/]+"),),
    "ChannelHold": (("POST", r"/hold"),),
    "ChannelLeftBridge": (
        ("POST", r"/removeChannel"),
        ("POST", r"/addChannel"),
        ("DELETE", r"/bridges/[^/]+"),
        ("DELETE", r"/channels/[^/]+"),
    ),
    "ChannelStateChange": (
        ("POST", r"/(answer|ring|dial|record)"),
        ("POST", r"/channels(/[^/]+)?"),
    ),
    "ChannelUnhold": (("DELETE", r"/hold"),),
    "ChannelUserevent": (("POST", r"/events/user/[^/]+"),),
    "ChannelVarset": (("POST", r"/variables?"),),
    "Dial": (("POST", r"/channels(/[^/]+)?"), ("POST", r"/dial")),
    "PlaybackContinuing": (("POST", r"/play(/[^/]+)?"),),
    "PlaybackFinished": (("POST", r"/play(/[^/]+)?"), ("DELETE", r"/playbacks/[^/]+")),
    "PlaybackStarted": (("POST", r"/play(/[^/]+)?"), ("POST", r"/control")),
    "RecordingFailed": (("POST", r"/record"),),
    "RecordingFinished": (
        ("POST", r"/recordings/live/[^/]+/stop"),
        ("DELETE", r"/recordings/live/[^/]+"),
        ("POST", r"/record"),
    ),
    "RecordingStarted": (("POST", r"/record"),),
    "StasisEnd": (
        ("POST", r"/(continue|move)"),
        ("DELETE", r"/channels/[^/]+"),
    ),
    "StasisStart": (
        ("POST", r"/channels(/[^/]+)?"),
        ("POST", r"/channels/create"),
        ("POST", r"/(move|snoop|externalMedia)(/[^/]+)?"),
    ),
}
_PATTERNS = {
    type: [(method, re.compile(f".*{path}$")) for method, path in causes]
    for type, causes in _CAUSES.items()
}
# These make something that has no id before the answer, which the request log does not keep.
_MAKES = re.compile(r"^/(channels(/create)?|bridges|channels/externalMedia)$|/snoop$")
_SECONDS = 5.0  # for those: what is made is told of at once


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


def touches(request: SentRequest) -> set[str]:
    """The ids that a request names, in its path or its parameters."""
    named = {unquote(part) for part in request.path.split("/") if part}
    for source in (request.params, request.body):
        if isinstance(source, Mapping):
            for value in source.values():
                named |= {part for part in str(value).split(",") if part}
    return named


# What a request says of the one thing it makes or moves, and where the event of it says the same.
_SAME = {
    "media": ("playback", "media_uri"),
    "playbackId": ("playback", "id"),
    "name": ("recording", "name"),
    "channel": ("channel", "id"),
    "variable": ("variable", ""),
}


def _speaks_of_another(request: SentRequest, event: Event) -> bool:
    """Whether a request on the same object was for something else, as another sound."""
    for given, (field, part) in _SAME.items():
        asked, told = request.params.get(given), event.get(field)
        if part and isinstance(told, Mapping):
            told = told.get(part)
        if asked and isinstance(told, str) and told not in str(asked).split(","):
            return True
    return False


def cause_of(event: Event, received: float, requests: Sequence[SentRequest]) -> int | None:
    """The request that an event came of.

    Args:
        event: decoded.
        received: when it came, in seconds since 1970.
        requests: those sent, oldest first.

    Returns:
        Its place among them; None where none of them can be it.
    """
    patterns = _PATTERNS.get(str(event.get("type")), ())
    about = {id for _, id in subjects(event)}
    for place in range(len(requests) - 1, -1, -1):
        request = requests[place]
        if request.at > received or not request.status or request.status >= 400:
            continue
        fits = any(request.method == method and p.match(request.path) for method, p in patterns)
        if not fits:
            continue
        if about & touches(request) and not _speaks_of_another(request, event):
            return place
        if _MAKES.search(request.path) and received - request.at < _SECONDS:
            return place
    return None
