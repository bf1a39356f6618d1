"""Model of a server's declaration: operations, parameters, models and events.

A `Declaration` is read from the Swagger files that every Asterisk serves under ``/ari/api-docs``
(see `ari_notebook.schema.swagger`). It is plain data; the other modules of this package check
arguments, build signatures and reference texts, and compare declarations.
"""

from __future__ import annotations

import functools
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ari_notebook.schema import suggest

Location = Literal["path", "query", "body"]
LOCATIONS: tuple[str, ...] = get_args(Location)


class UnknownName(KeyError):
    """No item of the declaration has this name.

    Attributes:
        name: the requested name.
        nearest: the most similar declared names, best first; may be empty.
    """

    def __init__(self, name: str, nearest: tuple[str, ...] = (), reason: str = "") -> None:
        super().__init__(name)
        self.name = name
        self.nearest = nearest
        self._reason = reason or f"ARI has no {name!r}"

    def __str__(self) -> str:  # KeyError would show the repr of its argument
        return self._reason + suggest.did_you_mean(self.nearest)


@functools.lru_cache(4096)  # called for every request, with a few hundred different names
def snake_case(name: str) -> str:
    """Convert camelCase to snake_case: ``sendDTMF`` becomes ``send_dtmf``."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()


@functools.lru_cache(4096)
def identifier(name: str) -> str:
    """Convert a name to a valid Python identifier: ``from`` becomes ``from_``."""
    legal = re.sub(r"[^0-9A-Za-z_]", "_", name)
    if not legal or legal[0].isdigit():
        legal = f"_{legal}"
    return f"{legal}_" if keyword.iskeyword(legal) else legal


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of an operation.

    Attributes:
        name: ARI's name (``channelId``).
        location: ``path``, ``query`` or ``body``.
        type: Swagger's name of its type: ``string``, ``int``, ``long``, ``double``, ``boolean``,
            ``object``, ``containers``, ``Date`` or ``List[...]`` of one of them.
        required: whether the server declares it as required.
        multiple: whether it takes several values, joined by commas in the query string.
        default: the declared default, None if there is none.
        allowed: the allowed values; empty means any.
        minimum: the minimum, None if unbounded.
        maximum: the maximum, None if unbounded.
        description: its meaning, in a sentence or two.
        alias: the keyword to use if another parameter of the operation has the same Python name.
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
    alias: str = ""

    @property
    def python_name(self) -> str:
        """The name as a keyword argument: ARI's, changed only if it is not a Python identifier."""
        return self.alias or identifier(self.name)


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A declared error of an operation: its HTTP status and cause."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a server: a method on a path.

    Attributes:
        resource: ARI's name of its resource (``deviceStates``).
        method: the HTTP method, upper case.
        path: path with parameters in braces (``/channels/{channelId}/play``).
        nickname: ARI's name (``sendDTMF``).
        summary: summary in one sentence.
        notes: further description; may be empty.
        parameters: its parameters, in the order of the declaration.
        response: the type of a successful response; ``void`` without a body.
        errors: the declared errors.
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
        """Resource and operation, as in Python: ``channels.send_dtmf``."""
        return f"{self.resource_name}.{self.name}"

    def parameter(self, name: str) -> Parameter:
        """Find a parameter by ARI's name, the Python name or snake_case.

        Raises:
            UnknownName: no parameter has that name.
        """
        for parameter in self.parameters:
            if name in {parameter.name, parameter.python_name, snake_case(parameter.name)}:
                return parameter
        known = [parameter.python_name for parameter in self.parameters]
        reason = f"{self.qualified_name} has no parameter {name!r}"
        raise UnknownName(name, suggest.nearest(name, known), reason)


@dataclass(frozen=True, slots=True)
class ModelField:
    """One member of a model: its name, Swagger type and meaning."""

    name: str
    type: str = "string"
    required: bool = False
    allowed: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A type of JSON object in a response, or a type of event.

    Attributes:
        name: ARI's name (``Channel``, ``StasisStart``).
        resource: its declaration file (``channels``, ``events``).
        description: its meaning; for an event, when it is published.
        fields: its own members; `Declaration.fields` adds those it inherits.
        subtypes: the models that extend it.
        discriminator: the field that distinguishes its subtypes, or None.
    """

    name: str
    resource: str = ""
    description: str = ""
    fields: tuple[ModelField, ...] = ()
    subtypes: tuple[str, ...] = ()
    discriminator: str | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """The declaration of a server.

    Attributes:
        version: the version of the API as a whole (``10.0.0`` for Asterisk 22); may be empty.
        operations: its operations, in the order of the declaration.
        models: its models by name.
        about: descriptions of resources by name; may lack some.
        resources: the operations by resource name and method name.
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
        """The names with a reference text: operations, resources and models."""
        operations = (operation.qualified_name for operation in self.operations)
        return (*operations, *self.resources, *self.models)

    def operation(self, name: str) -> Operation:
        """Find an operation by name.

        Args:
            name: ``channels.send_dtmf``, ARI's own ``channels.sendDTMF``, or the operation alone if
                only one resource has it (``sendDTMF``).

        Raises:
            UnknownName: no such operation, or more than one.
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
        near = suggest.nearest(name, known)
        raise UnknownName(name, near, f"ARI has no operation {name!r}")

    def model(self, name: str) -> Model:
        """Find a model or event by name, ignoring case.

        Raises:
            UnknownName: no such model.
        """
        if name in self.models:
            return self.models[name]
        for known, model in self.models.items():
            if snake_case(known) == snake_case(name) or known.lower() == name.lower():
                return model
        near = suggest.nearest(name, self.models)
        raise UnknownName(name, near, f"ARI has no event or model {name!r}")

    def parent(self, name: str) -> Model | None:
        """Return the model of which this one is a subtype, or None."""
        return next((model for model in self.models.values() if name in model.subtypes), None)

    def fields(self, name: str) -> tuple[ModelField, ...]:
        """Return all fields of a model, inherited ones first.

        Raises:
            UnknownName: no such model.
        """
        fields: dict[str, ModelField] = {}
        seen: set[str] = set()  # an untrusted declaration may contain circles
        model: Model | None = self.model(name)
        while model is not None and model.name not in seen:
            seen.add(model.name)
            fields = {each.name: each for each in model.fields} | fields
            model = self.parent(model.name)
        return tuple(fields.values())

    def nearest(self, text: str, n: int = 3) -> tuple[str, ...]:
        """Return the most similar names of operations, resources and models, best first."""
        return suggest.nearest(text, self.names, n)
