"""ARI's resources as Python objects, made from the connected server's own declaration.

A `Resource` (``ari.channels``) has a method for every operation that the server declares. A
`LiveObject` (``ari.channels[id]``) has those whose path begins with its own, with its id filled
in. Nothing here knows what an operation does: both kinds of method hand their arguments to
`Session.invoke`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import InvalidParameter, NotFound
from ari_notebook.spec import Declaration, Operation

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.live import Tables
    from ari_notebook.session import Session

__all__ = ["KINDS", "Fields", "Kind", "LiveObject", "Resource", "frame", "make_resources", "wrap"]


class Fields(dict[str, Any]):
    """A JSON object whose members can also be read as attributes: ``channel.caller.number``."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(f"no field {name!r}; there are: {', '.join(self)}") from None
        return Fields(value) if isinstance(value, dict) else value

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of thing in ARI that has an identity.

    ``model`` is ARI's name of it, ``resource`` the session's attribute, ``path`` the path of one
    of them, ``identity`` the fields that fill that path, ``table`` the live table that follows it.
    """

    model: str
    resource: str
    path: str
    identity: tuple[str, ...] = ("id",)
    table: str = ""

    def id_of(self, item: Mapping[str, Any]) -> str:
        """The identity of an object of this kind, as one text."""
        return "/".join(str(item[name]) for name in self.identity)

    @property
    def event_field(self) -> str:
        """Where events carry it: ``channel``, ``bridge``, ``playback``, ``recording``."""
        return self.table.removesuffix("s")

    def path_arguments(self, id: str) -> tuple[str, ...]:
        """The identity's parts, as the path wants them."""
        return tuple(id.split("/", len(self.identity) - 1))


KINDS = {
    kind.model: kind
    for kind in (
        Kind("Channel", "channels", "/channels/{channelId}", table="channels"),
        Kind("Bridge", "bridges", "/bridges/{bridgeId}", table="bridges"),
        Kind("Playback", "playbacks", "/playbacks/{playbackId}", table="playbacks"),
        Kind(
            "LiveRecording",
            "recordings",
            "/recordings/live/{recordingName}",
            ("name",),
            table="recordings",
        ),
        Kind("StoredRecording", "recordings", "/recordings/stored/{recordingName}", ("name",)),
        Kind("Endpoint", "endpoints", "/endpoints/{tech}/{resource}", ("technology", "resource")),
        Kind("DeviceState", "device_states", "/deviceStates/{deviceName}", ("name",)),
        Kind("Mailbox", "mailboxes", "/mailboxes/{mailboxName}", ("name",)),
        Kind("Sound", "sounds", "/sounds/{soundId}"),
        Kind("Application", "applications", "/applications/{applicationName}", ("name",)),
    )
}
# The kind that `ari.recordings[...]` and the like give: the first of the resource.
_MAIN = {kind.resource: kind for kind in reversed(KINDS.values())}


class LiveObject:
    """One channel, bridge, playback, … of a server, known by its id.

    Its fields are attributes: as the live tables have them now, or as last seen. Its methods are
    the operations that take its id. It equals its id, so that either can be used for the other.
    """

    _kind: Kind

    def __init__(
        self, session: Session, id: str, seen: Mapping[str, Any] | None = None, as_of: int = 0
    ) -> None:
        self._session = session
        self._seen = dict(seen or {})
        self._as_of = as_of  # the place in the log from which on events know better than `seen`
        self.id = id

    @property
    def fields(self) -> Fields:
        """All its fields: from the live table, or as last seen."""
        if self._kind.table:
            row = getattr(self._session.tables, self._kind.table).get(self.id)
            # Once it is gone, the last that was said of it is in the event that ended it.
            row = row or self._session.last_words(self._kind, self.id, self._as_of)
            if row is not None:
                self._seen = dict(row)
        return Fields(self._seen)

    @property
    def alive(self) -> bool:
        """Whether it is in the session's live table."""
        return bool(self._kind.table) and self.id in getattr(self._session.tables, self._kind.table)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.fields, name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.fields]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LiveObject):
            return type(other)._kind is type(self)._kind and other.id == self.id
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
        return f"<{self._kind.model} {self.id}{text}>"


class Resource:
    """One of ARI's resources: a method for each of its operations, and what lives there now.

    ``resource[id]`` is one of its objects, ``id in resource``, ``len(resource)`` and iteration
    speak of those that live now, ``resource.df`` is a fresh DataFrame of them. Channels, bridges
    and playbacks are followed by their events; the others are asked for.
    """

    operations: Mapping[str, Operation] = {}
    _name = ""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def df(self) -> pd.DataFrame:
        """A fresh DataFrame, one row for each that lives now, indexed by its id."""
        return self._session.frame(self._name)

    @property
    def _kind(self) -> Kind:
        """What lives here.

        Raises:
            NotFound: nothing that has an identity which we know.
        """
        if self._name not in _MAIN:
            raise NotFound(f"{self._name} has no members", "Use its operations.")
        return _MAIN[self._name]

    def _ids(self) -> list[str]:
        kind = self._kind
        if kind.table:
            return list(getattr(self._session.tables, kind.table))
        return [kind.id_of(item) for item in self._session.listed(self._name)]

    def __getitem__(self, id: str) -> Any:
        kind = self._kind
        id = getattr(id, "id", id)
        live = getattr(self._session.tables, kind.table).get(id) if kind.table else None
        if live is not None:
            return self._session.objects[kind.model](self._session, id, live)
        return self._fetch(kind, id)

    def _fetch(self, kind: Kind, id: str) -> Any:
        """Ask the server for one that no live table holds."""
        for operation in self.operations.values():
            if operation.method == "GET" and operation.path == kind.path:
                names = [p.name for p in operation.parameters if p.location == "path"]
                return self._session.invoke(
                    operation, dict(zip(names, kind.path_arguments(id), strict=False))
                )
        raise NotFound(f"{self._name} has no {id!r}")

    def __contains__(self, id: object) -> bool:
        return getattr(id, "id", id) in self._ids()

    def __len__(self) -> int:
        return len(self._ids())

    def __iter__(self) -> Iterator[Any]:
        return iter([self[id] for id in self._ids()])

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<{self._name}: {', '.join(self.operations)}>"


class Events(Resource):
    """The event log, and the operations of ARI's events resource.

    ``len(ari.events)``, ``ari.events[i]`` (the event exactly as received), ``.df``, ``.tail(n)``,
    ``.last(type)`` and ``.clear()`` speak of the log.
    """

    @property
    def df(self) -> pd.DataFrame:
        """Every event as a row, oldest first."""
        return self._session.log.df

    def tail(self, n: int = 10) -> pd.DataFrame:
        """The last n rows of ``df``."""
        return self._session.log.tail(n)

    def last(self, type: str | None = None) -> Fields | None:
        """The latest event of a type, or of any; None where there was none."""
        event = self._session.log.last(type)
        return None if event is None else Fields(event)

    def clear(self) -> None:
        """Forget the events so far."""
        self._session.log.clear()

    def __getitem__(self, index: Any) -> Any:
        return self._session.log[index]

    def __len__(self) -> int:
        return len(self._session.log)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._session.log.since(0))

    def __contains__(self, event: object) -> bool:
        return event in self._session.log.since(0)

    def __repr__(self) -> str:
        return f"<{len(self)} events>"


def frame(
    resource: str, items: list[dict[str, Any]], tables: Tables, declaration: Declaration
) -> pd.DataFrame:
    """A DataFrame of what a server listed, indexed by identity; live recordings come first.

    Where there is nothing it still has the declared columns, so that a program can name them.
    """
    import pandas as pd

    kind = _MAIN.get(resource)
    if kind is None:  # of a newer server: as it comes
        return pd.DataFrame(items)
    if resource == "recordings":
        stored = [{**item, "state": "stored"} for item in items]
        items = [*(dict(row) for row in list(tables.recordings.values())), *stored]
    index = pd.Index([kind.id_of(item) for item in items], name="id", dtype="str")
    columns = None if items else [field.name for field in declaration.fields(kind.model)]
    table = pd.DataFrame(items, index=index, columns=columns)
    return table.drop(columns="id") if kind.identity == ("id",) else table


def make_resources(declaration: Declaration) -> tuple[dict[str, type], dict[str, type]]:
    """Make the classes for a server's declaration.

    Returns:
        Resource name → its class, and model name → the class of its live objects.
    """
    resources: dict[str, type] = {}
    for name, operations in declaration.resources.items():
        members: dict[str, Any] = {
            operation_name: _method(operation, ())
            for operation_name, operation in operations.items()
        }
        members |= {"operations": operations, "_name": name}
        base = Events if name == "events" else Resource
        resources[name] = type(name.title().replace("_", ""), (base,), members)
    objects: dict[str, type] = {}
    for model, kind in KINDS.items():
        members = {"_kind": kind, "__doc__": LiveObject.__doc__}
        for operation in declaration.operations:
            if operation.path == kind.path or operation.path.startswith(kind.path + "/"):
                bound = tuple(p.name for p in operation.parameters if p.location == "path")
                members[operation.name] = _method(operation, bound[: len(kind.identity)])
        objects[model] = type(model, (LiveObject,), members)
    return resources, objects


def _method(operation: Operation, bound: tuple[str, ...]) -> Callable[..., Any]:
    """A method that performs an operation; ``bound`` path parameters come from the object."""
    signature = operation.signature()
    declared = {p.python_name: p.name for p in operation.parameters}
    parameters = [
        p for p in signature.parameters.values() if declared.get(p.name, p.name) not in bound
    ]
    names = [p.name for p in parameters]

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names):
            raise InvalidParameter(
                f"{operation.qualified_name} takes {len(names)} arguments, {len(args)} were given",
                f"They are: {', '.join(names) or 'none'}.",
            )
        arguments = dict(zip(names, args, strict=False))
        twice = arguments.keys() & kwargs.keys()
        if twice:
            raise InvalidParameter(f"{operation.qualified_name} got {twice.pop()} twice")
        if bound:
            arguments |= dict(zip(bound, self._kind.path_arguments(self.id), strict=False))
        return self._session.invoke(operation, arguments | kwargs)

    method.__name__ = operation.name
    method.__qualname__ = operation.qualified_name
    method.__doc__ = operation.docstring()
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *parameters]
    )
    return method


def wrap(session: Session, response: str, value: Any, as_of: int = 0) -> Any:
    """An answer's JSON as Python objects.

    Args:
        session: whose objects they become.
        response: the declared type, such as ``Channel`` or ``List[Bridge]``.
        value: the decoded body.
        as_of: the place in the log before which events are older than the answer.
    """
    if isinstance(value, list) and response.startswith("List["):
        return [wrap(session, response[5:-1], item, as_of) for item in value]
    kind = KINDS.get(response)
    if kind is not None and isinstance(value, dict) and all(n in value for n in kind.identity):
        return session.objects[response](session, kind.id_of(value), value, as_of)
    return Fields(value) if isinstance(value, dict) else value
