"""Sources of completions, by the kinds of values in the grammar."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ari_notebook import lessons, sessions
from ari_notebook.client.errors import AriError
from ari_notebook.connection.config_file import servers
from ari_notebook.magics import grammar
from ari_notebook.schema import Declaration, builtin

if TYPE_CHECKING:
    from ari_notebook.schema import Parameter
    from ari_notebook.sessions.session import Session

__all__ = ["CompletionSource"]

_SECONDS = 5.0  # seconds for which a response is reused for completion
_asked: weakref.WeakKeyDictionary[Any, dict[str, tuple[float, list[Any]]]]
_asked = weakref.WeakKeyDictionary()

# Parameter of any operation → kind of its value.
_PARAMETERS = {
    "channelId": "channel",
    "channel": "channel",
    "bridgeId": "bridge",
    "playbackId": "playback",
    "recordingName": "any recording",
    "media": "media",
    "soundId": "sound",
    "endpoint": "endpoint",
    "app": "application",
    "applicationName": "application",
    "application": "application",
    "eventSource": "event source",
    "extension": "extension",
    "context": "context",
    "originator": "channel",
    "formats": "format",
    "format": "format",
    "deviceName": "device",
}
_MEDIA = ("sound:", "recording:", "tone:", "number:", "digits:", "characters:")
_TONES = ("dial", "busy", "ring", "congestion", "callwaiting", "dialrecall", "record", "info")
_REASONS = (
    "normal", "busy", "congestion", "no_answer", "timeout", "rejected", "unallocated",
    "normal_unspecified", "number_incomplete", "codec_mismatch", "interworking", "failure",
    "answered_elsewhere",
)  # fmt: skip


class CompletionSource:
    """Completions from a session.

    Args:
        names: the notebook's variables.
        on: name of the session, if given in the line.
    """

    def __init__(self, names: Mapping[str, Any], on: str = "") -> None:
        self._names = names
        self._on = on

    @property
    def session(self) -> Session | None:
        """The session, or None if none is open."""
        opened = sessions.opened()
        if self._on:
            return next((each for each in opened if each.name == self._on), None)
        bound = self._names.get("ari")
        return bound if bound in opened else sessions.current() if opened else None

    @property
    def declaration(self) -> Declaration:
        """The server's declaration, or the built-in one."""
        return self.session.declaration if self.session else builtin()

    def variables(self) -> list[str]:
        """Return the notebook's variables."""
        return [name for name in self._names if not name.startswith("_")]

    def operations(self, fragment: str) -> list[tuple[str, str]]:
        """Return operations; only resources if the text has no dot."""
        resources = self.declaration.resources
        if "." not in fragment:
            return [(f"{name}.", "resource") for name in resources]
        return [
            (f"{resource}.{name}", "operation")
            for resource, operations in resources.items()
            for name, operation in operations.items()
            if not operation.websocket
        ]

    # Names and values of fields.

    def names_of(self, subject: str) -> list[str]:
        """Return the argument names of an operation, an event type, or a query."""
        parameters = self._parameters(subject)
        if parameters is not None:
            return list(parameters)
        types = [each for each in subject.split(",") if each in self.declaration.models]
        return sorted({f.name for each in types for f in self.declaration.fields(each)})

    def values_of(self, subject: str, name: str, typed: str = "") -> list[tuple[str, str]]:
        """Return the values of an argument; ``typed`` is its text so far."""
        parameter = (self._parameters(subject) or {}).get(name)
        if parameter is not None:
            return self._values_of_parameter(parameter, typed)
        for each in subject.split(","):
            if each in self.declaration.models:
                for field in self.declaration.fields(each):
                    if field.name == name and field.allowed:
                        return [(str(value), "value") for value in field.allowed]
        return self.values(_PARAMETERS.get(name, name), fragment=typed)

    def _parameters(self, subject: str) -> dict[str, Parameter] | None:
        """Return parameters by their Python names."""
        resource, dot, name = subject.partition(".")
        operation = self.declaration.resources.get(resource, {}).get(name) if dot else None
        return {p.name: p for p in operation.parameters} if operation is not None else None

    def _values_of_parameter(self, parameter: Parameter, typed: str) -> list[tuple[str, str]]:
        if parameter.allowed:
            return [(str(value), "value") for value in parameter.allowed]
        if parameter.type == "boolean":
            return [("true", "value"), ("false", "value")]
        return self.values(_PARAMETERS.get(parameter.name, ""), fragment=typed)

    # Values by kind.

    def values(self, kind: str, name: str = "", fragment: str = "") -> list[tuple[str, str]]:
        """Return the values of a kind.

        Args:
            kind: kind in the grammar.
            name: name of the argument or option; ``on|off`` lists its values.
            fragment: the text so far.
        """
        if kind in _KINDS:
            with suppress(AriError):  # an unreachable server or unreadable file has no completions
                return [(text, kind) for text in _KINDS[kind](self, fragment)]
        return [(each, "value") for each in name.split("|")] if "|" in name else []

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a live table; empty without a session."""
        found: Mapping[str, Any] = getattr(self.session.tables, name) if self.session else {}
        return dict(found)

    def listed(self, resource: str) -> list[Any]:
        """Return the objects of a resource from the server, with a cache."""
        session = self.session
        if session is None:
            return []
        kept = _asked.setdefault(session, {})
        at, found = kept.get(resource, (0.0, []))
        seconds = 3600.0 if resource == "sounds" else _SECONDS
        if not at or time.monotonic() - at > seconds:
            found = session.listed(resource)
            kept[resource] = (time.monotonic(), found)
        return found


def _live(table: str) -> Callable[[CompletionSource, str], Iterator[str]]:
    """Return ids, names, and notebook variables with one of them."""

    def values(source: CompletionSource, _fragment: str) -> Iterator[str]:
        rows = source.table(table)
        for name, value in list(source._names.items()):
            kept = getattr(value, "id", None) if type(value).__module__ != "builtins" else None
            if isinstance(kept, str) and kept in rows and not name.startswith("_"):
                yield f"${name}"
        for id, row in reversed(list(rows.items())):
            yield str(id)
            if row.get("name") and not str(row["name"]).startswith("$"):
                yield str(row["name"])

    return values


def _media(source: CompletionSource, fragment: str) -> Iterator[str]:
    scheme, colon, _ = fragment.partition(":")
    if not colon:
        yield from _MEDIA
        yield from _sounds(source, fragment)
    elif scheme == "sound":
        yield from (f"sound:{each}" for each in _sounds(source, fragment))
    elif scheme == "recording":
        yield from (f"recording:{each}" for each in _stored(source, fragment))
    elif scheme == "tone":
        yield from (f"tone:{each}" for each in _TONES)


def _sounds(source: CompletionSource, _fragment: str) -> Iterator[str]:
    yield from (str(each["id"]) for each in source.listed("sounds"))


def _stored(source: CompletionSource, _fragment: str) -> Iterator[str]:
    yield from (str(each["name"]) for each in source.listed("recordings"))


def _any_recording(source: CompletionSource, fragment: str) -> Iterator[str]:
    yield from source.table("recordings")
    yield from _stored(source, fragment)


def _endpoints(source: CompletionSource, fragment: str) -> Iterator[str]:
    for each in source.listed("endpoints"):
        yield f"{each['technology']}/{each['resource']}"
    yield from (f"Local/{each}" for each in _places(source) if "@" in each)
    if "/" not in fragment:
        yield "Local/"


def _extensions(source: CompletionSource, fragment: str) -> Iterator[str]:
    yield from (each for each in _places(source) if ("@" in each) == ("@" in fragment))


def _places(source: CompletionSource) -> list[str]:
    """Return extensions, as EXTEN and EXTEN@CONTEXT, of the simulator and of channels."""
    found: dict[str, None] = {}
    session = source.session
    if session is None:
        return []
    if session.simulator is not None:
        for context, extensions in session.simulator.extensions().items():
            for exten in extensions:
                # Patterns (_1XXX) and the special ones (s, h, i, t) are not dialled by callers.
                if not exten.startswith("_") and len(exten) > 1:
                    found |= {exten: None, f"{exten}@{context}": None}
    for row in source.table("channels").values():
        place = row.get("dialplan") or {}
        if place.get("exten") and place.get("context"):
            found |= {str(place["exten"]): None, f"{place['exten']}@{place['context']}": None}
    return list(found)


def _contexts(source: CompletionSource, _fragment: str) -> Iterator[str]:
    yield from dict.fromkeys(each.partition("@")[2] for each in _places(source) if "@" in each)


def _applications(source: CompletionSource, _fragment: str) -> Iterator[str]:
    yield from (str(each["name"]) for each in source.listed("applications"))


def _event_sources(source: CompletionSource, _fragment: str) -> Iterator[str]:
    for kind in ("channel", "bridge"):
        yield from (f"{kind}:{id}" for id in source.table(f"{kind}s"))
    yield from (f"endpoint:{each}" for each in _endpoints(source, "/"))
    yield "deviceState:"


def _events(source: CompletionSource, fragment: str) -> Iterator[str]:
    before, comma, _ = fragment.rpartition(",")
    yield from (before + comma + each for each in source.declaration.events)


def _servers(_source: CompletionSource, _fragment: str) -> Iterator[str]:
    yield from servers()


def _docs(source: CompletionSource, _fragment: str) -> Iterator[str]:
    from ari_notebook.simulator import dialplan_names  # noqa: PLC0415  takes 70 ms

    yield from source.declaration.names
    yield from grammar.VERBS
    yield from dialplan_names()


def _fixed(*values: str) -> Callable[[CompletionSource, str], Iterable[str]]:
    return lambda _source, _fragment: values


_KINDS: dict[str, Callable[[CompletionSource, str], Iterable[str]]] = {
    "channel": _live("channels"),
    "bridge": _live("bridges"),
    "playback": _live("playbacks"),
    "recording": _live("recordings"),
    "stored": _stored,
    "any recording": _any_recording,
    "media": _media,
    "sound": _sounds,
    "endpoint": _endpoints,
    "extension": _extensions,
    "context": _contexts,
    "application": _applications,
    "event source": _event_sources,
    "event": _events,
    "server": _servers,
    "session": lambda _source, _fragment: sessions.names(),
    "docs": _docs,
    "verb": lambda _source, _fragment: [*grammar.VERBS],
    "handler": lambda source, _fragment: list(source.session.handlers) if source.session else [],
    "device": lambda source, _fragment: [str(e["name"]) for e in source.listed("device_states")],
    "transport": _fixed("http", "websocket"),
    "direction": _fixed("none", "in", "out", "both"),
    "start": _fixed("start", "stop"),
    "switch": _fixed("on", "off"),
    "reason": _fixed(*_REASONS),
    "bridge type": _fixed("mixing", "holding", "dtmf_events", "proxy_media", "video_sfu"),
    "terminator": _fixed("none", "any", "*", "#"),
    "lesson": lambda _source, _fragment: lessons.names(),
    "format": _fixed("wav", "ulaw", "alaw", "gsm", "slin", "g722"),
}
