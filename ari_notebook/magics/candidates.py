"""What there is to choose from: for Tab, by the kinds that the grammar names."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ari_notebook import lessons, sessions
from ari_notebook.client.errors import AriError
from ari_notebook.magics import grammar
from ari_notebook.spec import Declaration, builtin

if TYPE_CHECKING:
    from ari_notebook.session import Session
    from ari_notebook.spec import Parameter

__all__ = ["Source"]

_SECONDS = 5.0  # how long an answer of the server is good enough for Tab
_asked: weakref.WeakKeyDictionary[Any, dict[str, tuple[float, list[Any]]]]
_asked = weakref.WeakKeyDictionary()

# A parameter of any operation → the kind of thing that it names.
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


class Source:
    """Knows what there is, in the session that is meant.

    Args:
        names: the notebook's variables.
        on: the name of the session that is meant, where the line says so.
    """

    def __init__(self, names: Mapping[str, Any], on: str = "") -> None:
        self._names = names
        self._on = on

    @property
    def session(self) -> Session | None:
        """The session that is meant; None where none is open."""
        opened = sessions.opened()
        if self._on:
            return next((each for each in opened if each.name == self._on), None)
        bound = self._names.get("ari")
        return bound if bound in opened else sessions.current() if opened else None

    @property
    def declaration(self) -> Declaration:
        """Its server's, or the built-in one."""
        return self.session.declaration if self.session else builtin()

    def variables(self) -> list[str]:
        """The notebook's variables."""
        return [name for name in self._names if not name.startswith("_")]

    def operations(self, fragment: str) -> list[tuple[str, str]]:
        """Operations; only their resources while no dot is typed."""
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
        """The names that may be given for an operation, an event type, or a query."""
        parameters = self._parameters(subject)
        if parameters is not None:
            return list(parameters)
        types = [each for each in subject.split(",") if each in self.declaration.models]
        return sorted({f.name for each in types for f in self.declaration.fields(each)})

    def values_of(self, subject: str, name: str, typed: str = "") -> list[tuple[str, str]]:
        """The values that one of them may have; ``typed`` is what there is of it already."""
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
        """By the names they are typed by."""
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
        """What may stand where something of a kind is wanted.

        Args:
            kind: as the grammar has it.
            name: of the argument or option: ``on|off`` lists what it may be.
            fragment: what is typed already.
        """
        if kind in _KINDS:
            with suppress(AriError):  # what cannot be asked or read has nothing to offer
                return [(text, kind) for text in _KINDS[kind](self, fragment)]
        return [(each, "value") for each in name.split("|")] if "|" in name else []

    def table(self, name: str) -> Mapping[str, Any]:
        """A live table; empty without a session."""
        found: Mapping[str, Any] = getattr(self.session.tables, name) if self.session else {}
        return dict(found)

    def listed(self, resource: str) -> list[Any]:
        """What the server lists, asked for now and then."""
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


def _live(table: str) -> Callable[[Source, str], Iterator[str]]:
    """Ids, names, and the notebook's variables that hold one of them."""

    def values(source: Source, _fragment: str) -> Iterator[str]:
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


def _media(source: Source, fragment: str) -> Iterator[str]:
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


def _sounds(source: Source, _fragment: str) -> Iterator[str]:
    yield from (str(each["id"]) for each in source.listed("sounds"))


def _stored(source: Source, _fragment: str) -> Iterator[str]:
    yield from (str(each["name"]) for each in source.listed("recordings"))


def _any_recording(source: Source, fragment: str) -> Iterator[str]:
    yield from source.table("recordings")
    yield from _stored(source, fragment)


def _endpoints(source: Source, fragment: str) -> Iterator[str]:
    for each in source.listed("endpoints"):
        yield f"{each['technology']}/{each['resource']}"
    yield from (f"Local/{each}" for each in _places(source) if "@" in each)
    if "/" not in fragment:
        yield "Local/"


def _extensions(source: Source, fragment: str) -> Iterator[str]:
    yield from (each for each in _places(source) if ("@" in each) == ("@" in fragment))


def _places(source: Source) -> list[str]:
    """Extensions and EXTEN@CONTEXT: of the simulator's dialplan, and where channels have been."""
    found: dict[str, None] = {}
    session = source.session
    if session is None:
        return []
    if session.simulator is not None:
        plan = session.simulator.run(lambda exchange: exchange.dialplan)
        for context in plan.contexts:
            for exten in plan.extensions(context):
                # Patterns (_1XXX) and the special ones (s, h, i, t) are not what somebody dials.
                if not exten.startswith("_") and len(exten) > 1:
                    found |= {exten: None, f"{exten}@{context}": None}
    for row in source.table("channels").values():
        place = row.get("dialplan") or {}
        if place.get("exten") and place.get("context"):
            found |= {str(place["exten"]): None, f"{place['exten']}@{place['context']}": None}
    return list(found)


def _contexts(source: Source, _fragment: str) -> Iterator[str]:
    yield from dict.fromkeys(each.partition("@")[2] for each in _places(source) if "@" in each)


def _applications(source: Source, _fragment: str) -> Iterator[str]:
    yield from (str(each["name"]) for each in source.listed("applications"))


def _event_sources(source: Source, _fragment: str) -> Iterator[str]:
    for kind in ("channel", "bridge"):
        yield from (f"{kind}:{id}" for id in source.table(f"{kind}s"))
    yield from (f"endpoint:{each}" for each in _endpoints(source, "/"))
    yield "deviceState:"


def _events(source: Source, fragment: str) -> Iterator[str]:
    before, comma, _ = fragment.rpartition(",")
    yield from (before + comma + each for each in source.declaration.events)


def _servers(_source: Source, _fragment: str) -> Iterator[str]:
    from ari_notebook.settings import servers

    yield from servers()


def _docs(source: Source, _fragment: str) -> Iterator[str]:
    from ari_notebook.simulator.dialplan.reference import names

    yield from source.declaration.names
    yield from grammar.VERBS
    yield from names()


def _fixed(*values: str) -> Callable[[Source, str], Iterable[str]]:
    return lambda _source, _fragment: values


_KINDS: dict[str, Callable[[Source, str], Iterable[str]]] = {
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
