"""ARI's resources as Python objects, built from the connected server's declaration.

A `Resource` (``ari.channels``) has a method for every operation that the server declares. A
`LiveObject` (``ari.channels[id]``) has those below its path, with its id filled in. Both pass their
arguments to `Connection.invoke`.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast, overload

from ari_notebook.client.attributes import unknown_attribute
from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.client.tracebacks import NoAttribute
from ari_notebook.connection.call_audio import AudioOptions, CallAudio
from ari_notebook.connection.event_types import event_type_name, typed_event
from ari_notebook.connection.generated.events import Event
from ari_notebook.connection.json_object import JsonObject
from ari_notebook.connection.resource_types import RESOURCE_TYPES, ResourceType
from ari_notebook.schema import Declaration, Operation, nearest
from ari_notebook.store.arrow_stream import ArrowStream
from ari_notebook.store.dataframes import frame_of
from ari_notebook.store.plain_text import printable

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.audio.sound import Sound
    from ari_notebook.connection.protocols import Invoker
    from ari_notebook.store.event_log import EventLog

__all__ = [
    "FiniteObject",
    "LiveObject",
    "LoggedEvents",
    "ObjectResource",
    "Recorded",
    "Resource",
    "SpokenTo",
    "last_seen",
    "listed_frame",
]

Member = TypeVar("Member", bound="LiveObject", covariant=True)
E = TypeVar("E", bound=Event)

_RECENT_EVENTS = 2000  # number of events searched for the newest about an object


# The type of `ari.recordings[...]` and the like: the first of the resource.
_MAIN = {kind.resource: kind for kind in reversed(RESOURCE_TYPES.values())}


_OWN = frozenset({"_session", "_seen", "_as_of", "_since", "id"})
# Model and field → methods that change it.
_ASSIGNED = {
    ("Channel", "caller"): 'set_channel_var("CALLERID(name)", value=…)',
    ("Channel", "connected"): 'set_channel_var("CONNECTEDLINE(name)", value=…)',
    ("Channel", "language"): 'set_channel_var("CHANNEL(language)", value=…)',
    ("Channel", "accountcode"): 'set_channel_var("CHANNEL(accountcode)", value=…)',
    ("Channel", "state"): "answer(), ring() or hangup()",
    ("Channel", "dialplan"): "continue_in_dialplan()",
    ("Channel", "channelvars"): "set_channel_var(NAME, value=…)",
    ("Bridge", "channels"): "add_channel() and remove_channel()",
    ("Playback", "state"): "control() or stop()",
    ("DeviceState", "state"): "update(STATE)",
}


def _no_attribute(thing: LiveObject, name: str) -> str:
    """Return the message for an unknown attribute of a live object."""
    fields = list(thing.fields)
    methods = sorted(each for each in dir(type(thing)) if not each.startswith("_"))
    model = thing._type.model
    if near := nearest(name, [*fields, *methods], 1):
        call = "()" if near[0] in methods and near[0] not in ("alive", "fields") else ""
        return f"a {model} has no {name!r}. Did you mean {near[0]}{call}?"
    return f"a {model} has no {name!r}. Fields: {', '.join(fields)}. Methods: {', '.join(methods)}."


class LiveObject:
    """A channel, bridge, playback or other object of a server, known by its id.

    Its fields are attributes with current values from the live tables, or as last seen. Its methods
    are the operations that take its id. It equals its id, so that either can be used for the other.
    """

    _type: ResourceType
    _snapshot: type[JsonObject] = JsonObject  # class of its fields

    def __init__(
        self, session: Invoker, id: str, seen: Mapping[str, Any] | None = None, as_of: int = 0
    ) -> None:
        self._session = session
        self._seen = dict(seen or {})
        self._as_of = as_of  # place in the log from which events are newer than `seen`
        self._since: int | None = None  # place in the log from which it exists, where known
        self.id = id

    @property
    def since(self) -> int | None:
        """The place in the event log from which it exists; None where another program made it."""
        return self._since

    def made_at(self, place: int) -> None:
        """Note the place in the event log from which it exists."""
        self._since = place

    @property
    def fields(self) -> JsonObject:
        """All its fields: from the live table, or as last seen."""
        if self._type.table:
            row = getattr(self._session.tables, self._type.table).get(self.id)
            # After its end, the event that ended it has its last snapshot.
            row = row or last_seen(self._session.log, self._type, self.id, self._as_of)
            if row is not None:
                self._seen = dict(row)
        return self._snapshot(self._seen)

    @property
    def alive(self) -> bool:
        """Whether it is in the session's live table."""
        return bool(self._type.table) and self.id in getattr(self._session.tables, self._type.table)

    if not TYPE_CHECKING:  # checkers know the annotated fields, so that they report a typo

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            try:
                return getattr(self.fields, name)
            except AttributeError:
                raise NoAttribute(_no_attribute(self, name)) from None

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in _OWN:
                how = _ASSIGNED.get((self._type.model, name), "")
                raise NoAttribute(
                    f"{name} cannot be assigned: it shows Asterisk's state"
                    + (f". Use {self._type.event_field}.{how}" if how else "")
                )
            super().__setattr__(name, value)

    def _undeclared(self, operation: str) -> UsageProblem:
        return _undeclared(f"{self._type.resource}.{operation}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.fields]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LiveObject):
            return type(other)._type is type(self)._type and other.id == self.id
        return other == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        shown = {
            name: value
            for name, value in self.fields.items()
            if name in ("name", "state", "technology", "bridge_type", "media_uri", "format")
            and value not in ("", self.id)
        }
        text = "".join(f" {name}={value!r}" for name, value in shown.items())
        return printable(f"<{self._type.model} {self.id}{text}>")


class FiniteObject(LiveObject):
    """A playback or a recording in progress: something that comes to its end by itself."""

    def wait(self, timeout: float | None = None) -> Self:
        """Return when it is over.

        Args:
            timeout: seconds; None: without limit.

        Raises:
            AriError: it failed, or its channel has hung up.
            EventTimeout: it is not over in time.
        """
        self._session.wait_until_over(self._type.event_field, self.id, self._since, timeout)
        return self


class SpokenTo(LiveObject):
    """A channel, whose audio a program can hear and speak into."""

    def audio(
        self,
        rate: int | None = None,
        *,
        format: str | None = None,
        transport: Literal["websocket", "audiosocket", "rtp"] | None = None,
        hear: Literal["in", "out", "both"] = "in",
        speak: bool = True,
        snoop: bool | None = None,
    ) -> CallAudio:
        """Open the channel's audio as numpy arrays, for ``with`` or ``async with``.

        The media channel, snoop channel and bridge that it takes are removed at the end of the
        block. While it is open, ``record()``, ``play()``, iteration and ``on_speech`` of
        `AudioStream` are there.

        Args:
            rate: samples per second: 8000, 12000, 16000 (without ``format``), 24000, 32000,
                44100, 48000.
            format: Asterisk's name of a format in place of a rate: ``ulaw``, ``alaw``, ``slin16``.
            transport: what carries it; None: the best that the server has: its media WebSocket
                with JSON (from 22.8), AudioSocket, or RTP.
            hear: ``in``: audio from the channel's far end; ``out``: audio to it; or ``both``.
            speak: whether to speak to it, where it is snooped upon.
            snoop: whether to use a snoop channel; None: where it is in a bridge or not in Stasis.

        Raises:
            UsageProblem: the options do not fit together.
        """
        options = AudioOptions(rate, format, transport, hear, speak, snoop)
        return self._session.audio_of(self.id, options)


class Recorded(LiveObject):
    """A recording, running or stored, whose audio can be read."""

    @property
    def sound(self) -> Sound:
        """The recorded audio, as stored on the server.

        Raises:
            NotFound: nothing is stored yet, or any more.
            AudioError: its format has no reader here, as gsm.
        """
        fields = self.fields
        return self._session.stored_sound(str(fields["name"]), str(fields.get("format", "")))


class Resource(ArrowStream):
    """One of ARI's resources, with a method for each of its operations."""

    operations: Mapping[str, Operation] = {}
    _name = ""

    def __init__(self, session: Invoker) -> None:
        self._session = session

    if not TYPE_CHECKING:  # checkers know the methods, so that they report a typo

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            raise unknown_attribute(self, f"ari.{self._name}", name)

    @property
    def df(self) -> pd.DataFrame:
        """A new DataFrame of the resource's current objects, indexed by id."""
        return self._session.frame(self._name)

    def _undeclared(self, operation: str) -> UsageProblem:
        return _undeclared(f"{self._name}.{operation}")

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{self._name}: {', '.join(self.operations)}>"


class ObjectResource(Resource, Generic[Member]):
    """A resource that has live objects.

    ``resource[id]`` is one of them; ``id in resource``, ``len(resource)`` and iteration are about
    the current ones; ``resource.df`` has one row per object. Channels, bridges and playbacks are
    updated by events; the others are requested from the server.
    """

    @property
    def _type(self) -> ResourceType:
        """Return the type of its objects.

        Raises:
            NotFound: the resource has no known type of object.
        """
        if self._name not in _MAIN:
            raise NotFound(f"{self._name} has no members", "Use its operations.")
        return _MAIN[self._name]

    def _ids(self) -> list[str]:
        kind = self._type
        if kind.table:
            return list(getattr(self._session.tables, kind.table))
        return [kind.id_of(item) for item in self._session.listed(self._name)]

    def __getitem__(self, id: str | LiveObject) -> Member:
        kind = self._type
        id = str(getattr(id, "id", id))
        live = getattr(self._session.tables, kind.table).get(id) if kind.table else None
        if live is not None:
            return cast("Member", self._session.objects[kind.model](self._session, id, live))
        return self._fetch(kind, id)

    def _fetch(self, kind: ResourceType, id: str) -> Member:
        """Request an object from the server that no live table has.

        A recording may have ended, so that it is a stored one.
        """
        others = [each for each in RESOURCE_TYPES.values() if each.resource == kind.resource]
        for each in others[:-1]:
            try:
                return self._request(each, id)
            except NotFound:
                continue
        return self._request(others[-1], id)

    def _request(self, kind: ResourceType, id: str) -> Member:
        for operation in self.operations.values():
            if operation.method == "GET" and operation.path == kind.path:
                names = [p.name for p in operation.parameters if p.location == "path"]
                arguments = dict(zip(names, kind.path_arguments(id), strict=False))
                return cast("Member", self._session.invoke(operation, arguments))
        raise NotFound(f"{self._name} has no {id!r}")

    def __contains__(self, id: object) -> bool:
        return getattr(id, "id", id) in self._ids()

    def __len__(self) -> int:
        return len(self._ids())

    def __iter__(self) -> Iterator[Member]:
        return iter([self[id] for id in self._ids()])


class LoggedEvents(Resource):
    """The event log, and the operations of ARI's events resource.

    ``len(ari.events)``, ``ari.events[i]`` (the event exactly as received), ``.df``, ``.tail(n)``,
    ``.last(type)`` and ``.clear()`` are about the log.
    """

    @property
    def df(self) -> pd.DataFrame:
        """Every event as a row, oldest first."""
        return self._session.log.df

    def tail(self, n: int = 10) -> pd.DataFrame:
        """Return the last n rows of ``df``."""
        return self._session.log.tail(n)

    @overload
    def last(self, type: builtins.type[E]) -> E | None: ...
    @overload
    def last(self, type: str | None = None) -> Event | None: ...
    def last(self, type: str | builtins.type[Any] | None = None) -> Event | None:
        """Return the newest event of a type, or of any type, or None.

        Args:
            type: name or class of the event type.
        """
        name = None if type is None else event_type_name(type)
        event = self._session.log.last(None if name == "*" else name)
        return None if event is None else typed_event(event)

    def clear(self) -> None:
        """Remove all events."""
        self._session.log.clear()

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        """Return an event exactly as received, or a list; 0 is the oldest kept."""
        if isinstance(index, slice):
            return [typed_event(event) for event in self._session.log[index]]
        return typed_event(self._session.log[index])

    def __len__(self) -> int:
        return len(self._session.log)

    def __iter__(self) -> Iterator[Event]:
        return map(typed_event, self._session.log.since(0))

    def __contains__(self, event: object) -> bool:
        return event in self._session.log.since(0)

    def __repr__(self) -> str:
        return f"<{len(self)} events>"


def _undeclared(operation: str) -> UsageProblem:
    """Return the error of an operation that the connected server does not declare."""
    return UsageProblem(
        f"the connected server does not declare {operation}",
        "Another release of Asterisk has it; %ari status shows the release that is connected.",
    )


def listed_frame(
    resource: str,
    items: list[dict[str, Any]],
    live: Iterable[Mapping[str, Any]],
    declaration: Declaration,
) -> pd.DataFrame:
    """Return a DataFrame of a resource's objects, indexed by identity; live recordings first.

    Without rows it still has the declared columns, so that a program can use their names.

    Args:
        resource: the resource's name.
        items: its objects, as listed by the server.
        live: recordings in progress, which the server does not list.
        declaration: the server's.
    """
    kind = _MAIN.get(resource)
    if kind is None:  # of a newer server, unchanged
        return frame_of(items)
    if resource == "recordings":
        items = [*map(dict, live), *({**item, "state": "stored"} for item in items)]
    columns = None if items else [field.name for field in declaration.fields(kind.model)]
    ids = [kind.id_of(item) for item in items]
    return frame_of(items, ids, columns, drop_id=kind.identity == ("id",))


def last_seen(log: EventLog, kind: ResourceType, id: str, since: int = 0) -> dict[str, Any] | None:
    """Return an object as shown by the newest of the last 2,000 events, or None.

    Args:
        log: the event log.
        kind: type of the object.
        id: its identity.
        since: the sequence number of the first event that counts.
    """
    for event in reversed(log.since(max(since, log.count - _RECENT_EVENTS))):
        item = event.get(kind.event_field)
        if not isinstance(item, dict) or not all(name in item for name in kind.identity):
            continue
        if kind.id_of(item) == id:
            return item
    return None
