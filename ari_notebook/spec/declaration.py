"""ARI's declared surface: what may be asked of a server, and what it may say.

A `Declaration` is read from the Swagger files that every Asterisk serves under ``/ari/api-docs``
(see `spec.swagger`). It is plain data: everything that follows from it — checking arguments,
signatures, reference texts, differences between servers — is computed elsewhere in this room.
"""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from ari_notebook.spec import checking, nearness, reference

if TYPE_CHECKING:
    import inspect

Location = Literal["path", "query", "body"]
LOCATIONS: tuple[str, ...] = get_args(Location)


class UnknownName(KeyError):
    """Nothing in the declaration has this name.

    Attributes:
        name: what was asked for.
        nearest: the declared names most like it, best first; may be empty.
    """

    def __init__(self, name: str, nearest: tuple[str, ...] = (), reason: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.nearest = nearest
        self._reason = reason or f"nothing in ARI is called {name!r}"

    def __str__(self) -> str:  # KeyError would show the repr of its argument
        return self._reason + nearness.did_you_mean(self.nearest)


@functools.lru_cache(4096)  # asked for on every request, about a few hundred names
def snake_case(name: str) -> str:
    """Spell ARI's camelCase the Python way: ``sendDTMF`` becomes ``send_dtmf``."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()


@functools.lru_cache(4096)
def identifier(name: str) -> str:
    """Turn any name into a legal Python identifier: ``from`` becomes ``from_``."""
    legal = re.sub(r"[^0-9A-Za-z_]", "_", name)
    if not legal or legal[0].isdigit():
        legal = f"_{legal}"
    return f"{legal}_" if keyword.iskeyword(legal) else legal


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of an operation.

    Attributes:
        name: as ARI spells it (``channelId``).
        location: where it travels: in the path, the query string or the JSON body.
        type: Swagger's name of its type: ``string``, ``int``, ``long``, ``double``, ``boolean``,
            ``object``, ``containers``, ``Date`` or ``List[...]`` of one of them.
        required: whether the server declares that it must be given.
        multiple: whether several values may be given, joined by commas in the query string.
        default: the declared default, None if there is none.
        allowed: the only values it may have; empty means any.
        minimum: the least number it may be, None if unbounded.
        maximum: the greatest number it may be, None if unbounded.
        description: what it means, in a sentence or two.
    """

    name: str
    location: Location
    type: str = "string"
    required: bool = False
    multiple: bool = False
    default: Any = None
    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""

    @property
    def python_name(self) -> str:
        """The name as a keyword argument: legal Python, ARI's spelling otherwise."""
        return identifier(self.name)


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A declared failure of an operation: its HTTP status and when it happens."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked of a server: a method on a path.

    Attributes:
        resource: ARI's name of the resource it belongs to (``deviceStates``).
        method: the HTTP method, upper case.
        path: with its parameters in braces (``/channels/{channelId}/play``).
        nickname: ARI's name of the operation (``sendDTMF``).
        summary: what it does, in one sentence.
        notes: what else there is to know; may be empty.
        parameters: in the order of the declaration.
        response: the type of a successful answer; ``void`` when there is no body.
        errors: the failures that the declaration lists.
        since: the releases of Asterisk that introduced it, one per branch.
        websocket: whether the request upgrades to a WebSocket.
    """

    resource: str
    method: str
    path: str
    nickname: str
    summary: str = ""
    notes: str = ""
    parameters: tuple[Parameter, ...] = ()
    response: str = "void"
    errors: tuple[ErrorCode, ...] = ()
    since: tuple[str, ...] = ()
    websocket: bool = False

    @property
    def name(self) -> str:
        """The method's name: ``send_dtmf``."""
        return identifier(snake_case(self.nickname))

    @property
    def resource_name(self) -> str:
        """The name of the resource as an attribute of a session: ``device_states``."""
        return identifier(snake_case(self.resource))

    @property
    def qualified_name(self) -> str:
        """Resource and operation, the way they are typed: ``channels.send_dtmf``."""
        return f"{self.resource_name}.{self.name}"

    def parameter(self, name: str) -> Parameter:
        """Find a parameter by ARI's name, the Python name or snake_case.

        Raises:
            UnknownName: no parameter is called that.
        """
        for parameter in self.parameters:
            if name in {parameter.name, parameter.python_name, snake_case(parameter.name)}:
                return parameter
        known = [parameter.python_name for parameter in self.parameters]
        reason = f"{self.qualified_name} has no parameter {name!r}"
        raise UnknownName(name, nearness.nearest(name, known), reason)

    def check(self, arguments: Mapping[str, Any]) -> checking.Checked:
        """Check keyword arguments against the declaration; see `spec.checking.check`."""
        return checking.check(self, arguments)

    def signature(self) -> inspect.Signature:
        """Give the signature of a method that performs this operation."""
        return reference.signature(self)

    def docstring(self) -> str:
        """Give the reference text of this operation, as the docstring of its method."""
        return reference.docstring(self)


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a model: its name, Swagger type and meaning."""

    name: str
    type: str = "string"
    required: bool = False
    allowed: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A JSON object that a server answers with, or an event that it sends.

    Attributes:
        name: ARI's name of it (``Channel``, ``StasisStart``).
        resource: the declaration file that it comes from (``channels``, ``events``).
        description: what it stands for; for an event, when it is sent.
        fields: its own members; `Declaration.fields` adds those it inherits.
        subtypes: the models that extend it.
        discriminator: the field that tells its subtypes apart, or None.
    """

    name: str
    resource: str = ""
    description: str = ""
    fields: tuple[Field, ...] = ()
    subtypes: tuple[str, ...] = ()
    discriminator: str | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything that one server declares.

    Attributes:
        version: the version of the API as a whole (``10.0.0`` for Asterisk 22); may be empty.
        operations: in the order of the declaration.
        models: by name.
        about: what each resource is about, by resource name; may lack some.
        resources: the operations again, by resource name and method name.
    """

    version: str
    operations: tuple[Operation, ...]
    models: Mapping[str, Model] = field(hash=False)
    about: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    resources: Mapping[str, Mapping[str, Operation]] = field(
        init=False, repr=False, compare=False, hash=False
    )

    def __post_init__(self) -> None:
        resources: dict[str, dict[str, Operation]] = {}
        for operation in self.operations:
            resources.setdefault(operation.resource_name, {})[operation.name] = operation
        object.__setattr__(self, "resources", resources)

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the events that the server may send, in the order of the declaration."""
        event = self.models.get("Event")
        return tuple(name for name in event.subtypes if name in self.models) if event else ()

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that has a reference text: operations, resources and models."""
        operations = (operation.qualified_name for operation in self.operations)
        return (*operations, *self.resources, *self.models)

    def operation(self, name: str) -> Operation:
        """Find an operation by name.

        Args:
            name: ``channels.send_dtmf``, ARI's own ``channels.sendDTMF``, or the operation alone
                where only one resource has it (``sendDTMF``).

        Raises:
            UnknownName: there is none, or more than one.
        """
        resource, dot, nickname = name.rpartition(".")
        wanted = identifier(snake_case(nickname))
        if dot:
            found = self.resources.get(snake_case(resource), {}).get(wanted)
            candidates = [found] if found else []
        else:
            candidates = [each[wanted] for each in self.resources.values() if wanted in each]
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            named = tuple(operation.qualified_name for operation in candidates)
            raise UnknownName(name, named, f"{len(named)} resources have an operation {name!r}")
        known = [operation.qualified_name for operation in self.operations]
        near = nearness.nearest(name, known)
        raise UnknownName(name, near, f"ARI has no operation {name!r}")

    def model(self, name: str) -> Model:
        """Find a model or event by name, whatever its case.

        Raises:
            UnknownName: there is none.
        """
        if name in self.models:
            return self.models[name]
        for known, model in self.models.items():
            if snake_case(known) == snake_case(name) or known.lower() == name.lower():
                return model
        near = nearness.nearest(name, self.models)
        raise UnknownName(name, near, f"ARI has no event or model {name!r}")

    def parent(self, name: str) -> Model | None:
        """Give the model that lists this one among its subtypes, or None."""
        return next((model for model in self.models.values() if name in model.subtypes), None)

    def fields(self, name: str) -> tuple[Field, ...]:
        """Give every field of a model, those it inherits first.

        Raises:
            UnknownName: there is no such model.
        """
        fields: dict[str, Field] = {}
        seen: set[str] = set()  # a declaration is data from elsewhere: it may run in circles
        model: Model | None = self.model(name)
        while model is not None and model.name not in seen:
            seen.add(model.name)
            fields = {each.name: each for each in model.fields} | fields
            model = self.parent(model.name)
        return tuple(fields.values())

    def docstring(self, name: str) -> str:
        """Give the reference text of an operation, resource, model or event.

        Raises:
            UnknownName: there is none of that name.
        """
        resource = identifier(snake_case(name))
        if resource in self.resources:
            about = self.about.get(resource, "")
            return reference.resource_text(resource, about, self.resources[resource])
        try:
            return reference.model_text(self, self.model(name))
        except UnknownName as no_model:
            try:
                return self.operation(name).docstring()
            except UnknownName as no_operation:
                # Several operations of that name are a better hint than a name that looks alike.
                if name in {each.rpartition(".")[2] for each in no_operation.nearest}:
                    raise
                raise UnknownName(name, self.nearest(name)) from no_model

    def nearest(self, text: str, n: int = 3) -> tuple[str, ...]:
        """Give the names of operations, resources and models most like `text`, best first."""
        return nearness.nearest(text, self.names, n)
