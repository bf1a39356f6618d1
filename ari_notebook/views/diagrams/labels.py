"""Labels and kinds of requests and events on diagrams."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from ari_notebook.store.event_summary import detail
from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.display.html import clean, listed

__all__ = [
    "FOLDED",
    "KINDS",
    "Names",
    "event_kind",
    "event_words",
    "isolated",
    "request_kind",
    "request_path",
    "request_words",
    "unisolated",
]

# The kinds of steps, each with a chip in the viewer and a name for ``hide=``.
KINDS = (
    "calls",
    "bridges",
    "media",
    "keys",
    "reads",
    "variables",
    "dialplan",
    "other",
)
# Consecutive steps of these kinds are drawn as one, "+10 variables", by default.
FOLDED = ("variables", "dialplan")

_FSI, _PDI = "\u2068", "\u2069"  # first strong isolate, pop directional isolate

Names = Callable[[str, str], str]  # kind and id of an object → its name
_Event = Mapping[str, Any]


def isolated(text: object, longest: int = 60) -> str:
    """Return an untrusted text isolated from the direction of the surrounding text."""
    return f"{_FSI}{clean(text, longest)}{_PDI}"


def unisolated(text: str) -> str:
    """Return a label for a terminal, where isolates are drawn as boxes."""
    return text.replace(_FSI, "").replace(_PDI, "")


# Events.

_EVENT_KINDS = {
    "ChannelVarset": "variables",
    "ChannelDialplan": "dialplan",
    "ChannelConnectedLine": "dialplan",
    "ChannelCallerId": "dialplan",
    "ChannelDtmfReceived": "keys",
    "ChannelTalkingStarted": "keys",
    "ChannelTalkingFinished": "keys",
    "ChannelEnteredBridge": "bridges",
    "ChannelLeftBridge": "bridges",
    "ChannelTransfer": "calls",
    "ChannelUserevent": "other",
    "Dial": "calls",
    "StasisStart": "calls",
    "StasisEnd": "calls",
}
_PREFIXES = {"Playback": "media", "Recording": "media", "Bridge": "bridges", "Channel": "calls"}


def event_kind(type: str) -> str:
    """Return the kind of an event, one of `KINDS`."""
    if type in _EVENT_KINDS:
        return _EVENT_KINDS[type]
    return next((kind for prefix, kind in _PREFIXES.items() if type.startswith(prefix)), "other")


def event_words(event: _Event, names: Names) -> str:
    """Return an event's type and particulars, with names for ids.

    Args:
        event: decoded.
        names: names of channels and bridges.
    """
    type = str(event.get("type") or "")
    words = detail(event) or str(event.get("detail") or "")
    channel, bridge = event.get("channel"), event.get("bridge")
    if type == "ChannelStateChange" and isinstance(channel, Mapping):
        words = str(channel.get("state") or "")
    if type in ("ChannelEnteredBridge", "ChannelLeftBridge") and isinstance(bridge, Mapping):
        words = names("bridge", str(bridge.get("id")))
    elif words:
        words = isolated(words, 90)
    return f"{clean(type, 60)} {words}".strip()


# Requests.


def _value(request: SentRequest, name: str) -> str:
    """Return a parameter from the query or the body."""
    for source in (request.params, request.body):
        if isinstance(source, Mapping) and source.get(name) not in (None, ""):
            given = source[name]
            return isolated(",".join(listed(given)) if isinstance(given, list) else given)
    return ""


def _channels(request: SentRequest, names: Names) -> str:
    given = request.params.get("channel")
    if not given and isinstance(request.body, Mapping):
        given = request.body.get("channel") or ""
    ids = listed(given) if isinstance(given, list) else str(given).split(",")
    return ", ".join(_short(names("channel", id)) for id in ids if id)


def _short(name: str) -> str:
    """Return the name of a caller without the number."""
    plain, bracket, _ = name.partition(" <")
    return f"{plain}{_PDI}" if bracket and plain.startswith(_FSI) else name


def _place(request: SentRequest) -> str:
    where = "@".join(p for p in (_value(request, "extension"), _value(request, "context")) if p)
    return where or _value(request, "label")


_Words = Callable[[SentRequest, list[str], Names], str]


def _of(verb: str, *parameters: str) -> _Words:
    """Return a function for the label of a verb with some of the request's parameters."""

    def say(request: SentRequest, _parts: list[str], _names: Names) -> str:
        return " ".join([verb, *filter(None, (_value(request, name) for name in parameters))])

    return say


def _with(verb: str, place: int) -> _Words:
    """Return a function for the label of a verb with a part of the path."""
    return lambda _request, parts, _names: f"{verb} {isolated(parts[place])}"


def _bridge(verb: str, join: str = "") -> _Words:
    """Return a function for the label of a bridge's request: ``add Bob, Ann to sales``."""

    def say(request: SentRequest, parts: list[str], names: Names) -> str:
        bridge = names("bridge", parts[1])
        return f"{verb} {_channels(request, names)} {join} {bridge}" if join else f"{verb} {bridge}"

    return say


def _new_bridge(request: SentRequest, parts: list[str], names: Names) -> str:
    name = _value(request, "name") or (names("bridge", parts[1]) if len(parts) > 1 else "")
    return f"create bridge {name}".strip()


def _control(request: SentRequest, _parts: list[str], _names: Names) -> str:
    operation = _value(request, "operation") or "control"
    return f"{operation} the playback"


def _read(_request: SentRequest, parts: list[str], names: Names) -> str:
    return f"read {names(parts[0].removesuffix('s'), parts[1])}"


# Method, path and label; the first match counts. Other requests are labelled by their path.
_OPERATIONS: list[tuple[str, str, _Words]] = [
    ("POST", "/channels/create", _of("create", "endpoint")),
    ("POST", "/channels/externalMedia", _of("send audio to", "external_host")),
    ("POST", "/channels(/[^/]+)?", _of("call", "endpoint")),
    ("DELETE", "/channels/[^/]+", _of("hang up", "reason")),
    ("POST", "/channels/[^/]+/answer", _of("answer")),
    ("POST", "/channels/[^/]+/ring", _of("ring")),
    ("DELETE", "/channels/[^/]+/ring", _of("stop ringing")),
    ("POST", "/channels/[^/]+/progress", _of("indicate progress")),
    ("POST", "/channels/[^/]+/dtmf", _of("send keys", "dtmf")),
    ("POST", "/channels/[^/]+/mute", _of("mute", "direction")),
    ("DELETE", "/channels/[^/]+/mute", _of("unmute", "direction")),
    ("POST", "/channels/[^/]+/hold", _of("hold")),
    ("DELETE", "/channels/[^/]+/hold", _of("unhold")),
    ("POST", "/channels/[^/]+/moh", _of("start music on hold", "mohClass")),
    ("DELETE", "/channels/[^/]+/moh", _of("stop music on hold")),
    ("POST", "/channels/[^/]+/silence", _of("play silence")),
    ("DELETE", "/channels/[^/]+/silence", _of("stop the silence")),
    ("POST", "/channels/[^/]+/play(/[^/]+)?", _of("play", "media")),
    ("POST", "/channels/[^/]+/record", _of("record", "name")),
    ("POST", "/channels/[^/]+/variables?", _of("set", "variable")),
    ("GET", "/channels/[^/]+/variables?", _of("read", "variable")),
    ("POST", "/channels/[^/]+/snoop(/[^/]+)?", _of("snoop", "spy", "whisper")),
    ("POST", "/channels/[^/]+/dial", _of("dial")),
    (
        "POST",
        "/channels/[^/]+/continue",
        lambda request, _parts, _names: f"continue in the dialplan {_place(request)}".strip(),
    ),
    ("POST", "/channels/[^/]+/redirect", _of("redirect to", "endpoint")),
    ("POST", "/channels/[^/]+/move", _of("move to", "app")),
    ("POST", "/bridges/[^/]+/addChannel", _bridge("add", "to")),
    ("POST", "/bridges/[^/]+/removeChannel", _bridge("remove", "from")),
    ("POST", "/bridges/[^/]+/moh", _bridge("start music on hold in")),
    ("DELETE", "/bridges/[^/]+/moh", _bridge("stop music on hold in")),
    ("POST", "/bridges/[^/]+/play(/[^/]+)?", _of("play", "media")),
    ("POST", "/bridges/[^/]+/record", _of("record", "name")),
    ("POST", "/bridges/[^/]+/videoSource/[^/]+", _of("show the video of one channel")),
    ("DELETE", "/bridges/[^/]+/videoSource", _of("show no single video")),
    ("POST", "/bridges(/[^/]+)?", _new_bridge),
    ("DELETE", "/bridges/[^/]+", _bridge("destroy")),
    ("POST", "/playbacks/[^/]+/control", _control),
    ("DELETE", "/playbacks/[^/]+", _of("stop the playback")),
    ("POST", "/recordings/live/[^/]+/stop", _with("stop recording", 2)),
    ("POST", "/recordings/live/[^/]+/pause", _with("pause recording", 2)),
    ("DELETE", "/recordings/live/[^/]+/pause", _with("resume recording", 2)),
    ("POST", "/recordings/live/[^/]+/mute", _with("mute recording", 2)),
    ("DELETE", "/recordings/live/[^/]+/mute", _with("unmute recording", 2)),
    ("DELETE", "/recordings/live/[^/]+", _with("discard recording", 2)),
    ("POST", "/recordings/stored/[^/]+/copy", _with("copy recording", 2)),
    ("DELETE", "/recordings/stored/[^/]+", _with("delete recording", 2)),
    ("POST", "/events/user/[^/]+", _with("send user event", 2)),
    ("POST", "/events/claim", _of("claim")),
    ("PUT", "/deviceStates/[^/]+", _of("set the device state", "deviceState")),
    ("DELETE", "/deviceStates/[^/]+", _with("delete device state", 1)),
    ("PUT", "/mailboxes/[^/]+", _with("update mailbox", 1)),
    ("DELETE", "/mailboxes/[^/]+", _with("delete mailbox", 1)),
    ("PUT", "/applications/[^/]+/eventFilter", _with("filter the events of", 1)),
    ("POST", "/applications/[^/]+/subscription", _of("subscribe to", "eventSource")),
    ("DELETE", "/applications/[^/]+/subscription", _of("unsubscribe from", "eventSource")),
    ("GET", "/(?:channels|bridges)/[^/]+", _read),
    ("GET", "/playbacks/[^/]+", _of("read the playback")),
    ("GET", "/.+", lambda _request, parts, _names: f"read {isolated('/'.join(parts))}"),
]
_COMPILED = [(method, re.compile(path), words) for method, path, words in _OPERATIONS]
# Position of ids in a path, by its first parts; `create` and the like are not ids.
_ID_PLACES = {
    "channels": (1, 3),
    "bridges": (1, 3),
    "playbacks": (1,),
    "recordings": (2,),
    "deviceStates": (1,),
    "mailboxes": (1,),
    "applications": (1,),
    "endpoints": (1, 2),
}
_NO_IDS = {"create", "externalMedia"}
_NAMED = {"recordings": "{name}", "deviceStates": "{name}", "mailboxes": "{name}"}
_REQUEST_KINDS = {"channels": "calls", "bridges": "bridges", "playbacks": "media"}
_MEDIA_PATHS = {"play", "record", "moh", "silence"}


def _parts(path: str) -> list[str]:
    return [unquote(part) for part in path.partition("?")[0].split("/") if part]


def request_words(request: SentRequest, names: Names) -> str:
    """Return a request's label: ``hang up``, ``add Bob, Ann to sales``.

    Args:
        request: the request without secrets (`SentRequest.shown`).
        names: names of channels and bridges.
    """
    path = request.path.partition("?")[0]
    for method, pattern, words in _COMPILED:
        if method == request.method and pattern.fullmatch(path):
            return words(request, _parts(path), names)
    return clean(f"{request.method} {path}", 90)


def request_path(request: SentRequest) -> str:
    """Return the method and the path of a request, with ``{id}`` for ids."""
    parts = _parts(request.path)
    kind = parts[0] if parts else ""
    for place in _ID_PLACES.get(kind, ()):
        if place < len(parts) and parts[place] not in _NO_IDS:
            parts[place] = _NAMED.get(kind, "{id}")
    return f"{clean(request.method, 10)} {isolated('/' + '/'.join(parts))}"


def request_kind(request: SentRequest) -> str:
    """Return the kind of a request, one of `KINDS`."""
    parts = _parts(request.path)
    kind, last = (parts[0], parts[-1]) if parts else ("", "")
    if last in ("variable", "variables"):
        return "variables" if request.method == "POST" else "reads"
    if request.method == "GET":
        return "reads"
    if _MEDIA_PATHS.intersection(parts[2:3]) or kind == "recordings":
        return "media"
    if last == "dtmf":
        return "keys"
    return _REQUEST_KINDS.get(kind, "other")
