"""Write the typed classes of ARI's operations, models and events.

    python scripts/generate_types.py [--check]

They follow from the built-in declaration (`ari_notebook.schema.builtin`) and are checked in, so
that editors and type checkers read them. ``--check`` writes nothing and fails if a file differs.
"""

from __future__ import annotations

import argparse
import itertools
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

# Nothing here imports what this script writes: it also runs where that is missing.
from ari_notebook.connection.resource_types import (  # noqa: E402
    ARGUMENT_OBJECTS,
    RESOURCE_TYPES,
    TARGETS,
    ResourceType,
)
from ari_notebook.schema import Model, ModelField, Operation, Parameter, builtin  # noqa: E402
from ari_notebook.schema.docs import docstring, starts_media  # noqa: E402
from ari_notebook.schema.validation import ROWS, element_type, is_list  # noqa: E402

FOLDER = TOP / "ari_notebook" / "connection" / "generated"
PACKAGE = "ari_notebook.connection"
GENERATED = f"{PACKAGE}.generated"
WIDTH = 88
SCALARS = {
    "string": "str",
    "int": "int",
    "long": "int",
    "double": "float",
    "boolean": "bool",
    "Date": "str",
    "object": "JsonObject",
    "containers": "JsonObject",
    "binary": "bytes",
    "void": "None",
}
# Parameters that hold the id of an object, for which a live object may stand.
IDS = {
    "channelId": "Channel",
    "channel": "Channel",
    "otherChannelId": "Channel",
    "originator": "Channel",
    "bridgeId": "Bridge",
    "playbackId": "Playback",
    "recordingName": "LiveRecording",
    "deviceName": "DeviceState",
    "mailboxName": "Mailbox",
    "soundId": "Sound",
    "applicationName": "Application",
}
# Live objects with more than their operations: the class that adds it (`resources`).
BASES = {
    "Channel": "SpokenTo",
    "Playback": "FiniteObject",
    "LiveRecording": "FiniteObject, Recorded",
    "StoredRecording": "Recorded",
}
# What the live tables add to the fields that Asterisk sends (`ari_notebook.store.tables`).
TABLE_FIELDS = {
    "Channel": (
        ModelField("in_stasis", "boolean", True, (), "Whether a Stasis application controls it."),
        ModelField("app_name", "string", True, (), "The Stasis application that controls it."),
        ModelField("bridge", "string", True, (), "The id of the bridge it is in."),
        ModelField("playing", "string", True, (), "The media that is played to it."),
        ModelField("recording", "string", True, (), "The name of the recording in progress."),
    )
}
# What a handler may ask for by parameter name, and the type variable that stands for its type.
ARGUMENTS = dict(zip(("event", *ARGUMENT_OBJECTS, "ari"), "ECBPRS", strict=True))

DECLARATION = builtin()
EVENTS = DECLARATION.events
MESSAGES = ("Message", *DECLARATION.models["Message"].subtypes, *EVENTS)
MODELS = [model for name, model in DECLARATION.models.items() if name not in MESSAGES]
RESOURCES = {name: name.title().replace("_", "") for name in DECLARATION.resources}


# Annotations.


def class_name(model: str) -> str:
    """Return the name of a model's class; the JSON of a live object is its snapshot."""
    return f"{model}Snapshot" if model in RESOURCE_TYPES else model


def literal(values: Iterable[str]) -> str:
    """Return the annotation of a value that must be one of these."""
    return f"Literal[{', '.join(map(repr, values))}]"


def field_type(field: ModelField) -> str:
    """Return the annotation of a model's field."""
    element = element_type(field.type)
    text = SCALARS.get(element) or class_name(element)
    if field.allowed:
        text = literal(field.allowed)
    if element != field.type:
        text = f"list[{text}]"
    return text if field.required else f"{text} | None"


def parameter_type(parameter: Parameter) -> str:
    """Return the annotation of an operation's parameter."""
    element = element_type(parameter.type)
    one = SCALARS[element]
    if parameter.allowed:
        one = literal(parameter.allowed)
    elif parameter.name == ROWS:
        one = "Mapping[str, str] | Sequence[Mapping[str, str]]"
    elif one == "JsonObject":
        one = "Mapping[str, Any]"
    elif parameter.name in IDS:
        one = f"{IDS[parameter.name]}Id"
    if is_list(parameter) and parameter.name != ROWS:
        one = f"{one} | Sequence[{one}]"
    return one if parameter.required else f"{one} | None"


def response_type(operation: Operation) -> str:
    """Return the annotation of an operation's result."""
    element = element_type(operation.response)
    one = SCALARS.get(element, element)
    # Some resources have an operation that is called list.
    return one if element == operation.response else f"builtins.list[{one}]"


def id_type(model: str) -> str:
    """Return the annotation of what may stand for an object of this kind."""
    types = [model, "str"]
    if model == "LiveRecording":
        types.append("StoredRecording")
    if RESOURCE_TYPES[model].identity == ("id",):
        types.append(class_name(model))
    return " | ".join(types)


def argument_type(event: str, name: str) -> str:
    """Return the type of a handler's argument for one type of event."""
    model, keys = ARGUMENT_OBJECTS[name]
    found = [f for f in DECLARATION.fields(event) if f.name in keys and f.type == model]
    if not found:
        # A playback or a recording is for a channel or a bridge, which its target_uri names.
        media = {"playback", "recording"} & {field.name for field in DECLARATION.fields(event)}
        return f"{model} | None" if media and name in TARGETS else "None"
    return model if any(field.required for field in found) else f"{model} | None"


# Source text. Layout, imports and `__all__` are put in order by ruff.


def quoted(text: str, indent: str) -> str:
    """Return a docstring."""
    lines = textwrap.indent(text.replace("\\", "\\\\"), indent).strip()
    return f'{indent}"""{lines}{chr(10) + indent if chr(10) in lines else ""}"""\n'


def described(text: str, otherwise: str, end: str = "") -> str:
    """Return a description as the body of a docstring, its first sentence apart."""
    first, dot, rest = " ".join((text or otherwise).split()).partition(". ")
    parts = [first + dot.strip(), rest, end]
    return "\n\n".join(textwrap.fill(part, WIDTH) for part in parts if part)


def attributes(fields: Iterable[ModelField]) -> str:
    """Return the annotated fields of a class."""
    text = ""
    for field in fields:
        name = f"{field.name}_" if keyword.iskeyword(field.name) else field.name
        text += f"    {name}: {field_type(field)}\n"
        text += quoted(described(field.description, f"ARI's {field.name}."), "    ")
    return text


def module(about: str, imports: Iterable[str], names: Iterable[str], body: str) -> str:
    """Return the text of a module."""
    return "\n".join(
        (
            quoted(about, ""),
            "# Generated by scripts/generate_types.py from the built-in declaration; do not edit.",
            "from __future__ import annotations",
            *imports,
            f"__all__ = {list(names)!r}",
            body,
        )
    )


def table(name: str, type: str, items: dict[str, str], about: str) -> str:
    """Return a dict of classes by name."""
    rows = "".join(f"{key!r}: {value},\n" for key, value in items.items())
    return f"# {about}\n{name}: dict[str, {type}] = {{\n{rows}}}\n"


# Models and events.


def model_class(model: Model, base: str) -> str:
    """Return the class of a model or event."""
    about = (
        f"Snapshot of: {model.description}" if model.name in RESOURCE_TYPES else model.description
    )
    text = f"class {class_name(model.name)}({base}):\n"
    text += quoted(described(about, f"ARI's {model.name}."), "    ")
    return text + "\n" + attributes(model.fields) + "\n\n"


def ordered(models: Iterable[Model]) -> Iterator[Model]:
    """Return models so that each comes after those that its fields hold."""
    waiting = {model.name: model for model in models}
    while waiting:
        for name, model in list(waiting.items()):
            held = {element_type(field.type) for field in model.fields}
            if not held & (waiting.keys() - {name}):
                yield waiting.pop(name)


def models_module() -> str:
    """Return the module of the models that are no events."""
    classes = {model.name: class_name(model.name) for model in MODELS}
    body = "".join(model_class(model, "ModelObject") for model in ordered(MODELS))
    body += table("MODELS", "type[ModelObject]", classes, "ARI's name of a model: its class.")
    return module(
        "The JSON objects that Asterisk answers with and puts into events.\n\n"
        "A snapshot is the state of a channel, a bridge and so on at one moment.",
        [
            "from typing import Literal",
            f"from {PACKAGE}.json_object import JsonObject, ModelObject",
        ],
        ["MODELS", *classes.values()],
        body,
    )


def events_module() -> str:
    """Return the module of the events."""
    bases = {"Message": "ModelObject", "MissingParams": "Message", "Event": "Message"}
    body = f"EventName: TypeAlias = {literal(EVENTS)}\n\n\n"
    for name in (*bases, *EVENTS):
        body += model_class(DECLARATION.models[name], bases.get(name, "Event"))
    classes = {name: name for name in EVENTS}
    body += table("EVENTS", "type[Event]", classes, "An event's type: its class.")
    models = ", ".join(class_name(model.name) for model in MODELS)
    return module(
        "The events that Asterisk sends, a class each.",
        [
            "from typing import Literal, TypeAlias",
            f"from {GENERATED}.models import {models}",
            f"from {PACKAGE}.json_object import JsonObject, ModelObject",
        ],
        ["EVENTS", "EventName", *MESSAGES],
        body,
    )


# Live objects and resources.


def method(operation: Operation, bound: Iterable[str] = ()) -> str:
    """Return the method of an operation, without the parameters that the object gives."""
    left = [parameter for parameter in operation.parameters if parameter.name not in bound]
    left.sort(key=lambda parameter: not parameter.required)
    parameters = [
        f"{parameter.python_name}: {parameter_type(parameter)}"
        + ("" if parameter.required else " = None")
        for parameter in left
    ]
    if starts_media(operation):
        parameters += ["*", "wait: bool = False"]
    head = f"def {operation.name}({', '.join(['self', *parameters])})"
    return (
        f"    {head} -> {response_type(operation)}:\n"
        + quoted(docstring(operation), "        ")
        + f"        raise self._undeclared({operation.name!r})\n\n"
    )


def object_class(model: str, kind: ResourceType) -> str:
    """Return the class of a live object."""
    snapshot = class_name(model)
    about = DECLARATION.models[model].description
    end = "Its methods are the operations that take its id."
    text = f"class {model}({BASES.get(model, 'LiveObject')}):\n"
    text += quoted(described(about, f"ARI's {model}.", end), "    ")
    text += f"\n    _type = RESOURCE_TYPES[{model!r}]\n    _snapshot = {snapshot}\n"
    text += attributes(field for field in DECLARATION.fields(model) if field.name != "id")
    text += attributes(TABLE_FIELDS.get(model, ()))
    text += "\n    if TYPE_CHECKING:\n\n        @property\n"
    text += f"        def fields(self) -> {snapshot}:\n"
    text += quoted("All its fields: from the live table, or as last seen.", " " * 12) + "\n"
    for operation in DECLARATION.operations:
        if operation.path == kind.path or operation.path.startswith(kind.path + "/"):
            path = [p.name for p in operation.parameters if p.location == "path"]
            text += method(operation, path[: len(kind.identity)])
    return text + "\n"


def resource_class(name: str) -> str:
    """Return the class of a resource."""
    base = "LoggedEvents" if name == "events" else "Resource"
    for model, kind in reversed(RESOURCE_TYPES.items()):
        if kind.resource == name:
            base = f"ObjectResource[{model}]"
    text = f"class {RESOURCES[name]}({base}):\n"
    text += quoted(described(DECLARATION.about.get(name, ""), f"ARI's {name}."), "    ") + "\n"
    return text + "".join(map(method, DECLARATION.resources[name].values())) + "\n"


def objects_module() -> str:
    """Return the module of the live objects and the resources."""
    body = "".join(object_class(model, kind) for model, kind in RESOURCE_TYPES.items())
    body += "".join(map(resource_class, RESOURCES))
    body += "if TYPE_CHECKING:\n"
    for model in dict.fromkeys(IDS.values()):
        body += f"    {model}Id: TypeAlias = {id_type(model)}\n"
    objects = {model: model for model in RESOURCE_TYPES}
    about = "ARI's name of a model: the class of its live objects."
    body += "\n" + table("OBJECTS", "type[LiveObject]", objects, about)
    body += table("RESOURCES", "type[Resource]", RESOURCES, "A resource's name: its class.")
    models = ", ".join(class_name(model.name) for model in MODELS)
    return module(
        "The live objects and the resources of ARI, with a method for each operation.\n\n"
        "At run time each class is the base of one that `operation_methods` makes for the\n"
        "connected server, and whose methods follow from that server's declaration. A method\n"
        "here is only called where the server does not declare the operation.",
        [
            "import builtins",
            "from collections.abc import Mapping, Sequence",
            "from typing import TYPE_CHECKING, Any, Literal, TypeAlias",
            f"from {GENERATED}.events import Message",
            f"from {GENERATED}.models import {models}",
            f"from {PACKAGE}.json_object import JsonObject",
            f"from {PACKAGE}.resource_types import RESOURCE_TYPES",
            f"from {PACKAGE}.resources import FiniteObject, LiveObject, LoggedEvents",
            f"from {PACKAGE}.resources import ObjectResource, Recorded, Resource, SpokenTo",
        ],
        ["OBJECTS", "RESOURCES", *RESOURCE_TYPES, *RESOURCES.values()],
        body,
    )


# Their asynchronous twins.

ASYNC_NAMES = re.compile(rf"\b({'|'.join(RESOURCE_TYPES)})\b(?!Id)")


def to_async(annotation: str) -> str:
    """Return an annotation with the asynchronous classes of live objects."""
    return ASYNC_NAMES.sub(r"Async\1", annotation)


def async_method(operation: Operation, bound: Iterable[str] = ()) -> str:
    """Return the coroutine method of an operation."""
    left = [parameter for parameter in operation.parameters if parameter.name not in bound]
    left.sort(key=lambda parameter: not parameter.required)
    parameters = [
        f"{parameter.python_name}: {to_async(parameter_type(parameter))}"
        + ("" if parameter.required else " = None")
        for parameter in left
    ]
    names = [parameter.python_name for parameter in left]
    if starts_media(operation):
        parameters += ["*", "wait: bool = False"]
        names.append("wait")
    head = f"async def {operation.name}({', '.join(['self', *parameters])})"
    result = to_async(response_type(operation))
    given = ", ".join(f"{name!r}: {name}" for name in names)
    call = f"await self._perform({operation.name!r}, {{{given}}})"
    body = f"        {call}\n" if result == "None" else f"        return {call}\n"
    if result != "None":
        body = f"        result: {result} = {call}\n        return result\n"
    return f"    {head} -> {result}:\n" + quoted(docstring(operation), "        ") + body + "\n"


def async_object_class(model: str, kind: ResourceType) -> str:
    """Return the asynchronous class of a live object."""
    base = "AsyncFinite" if "FiniteObject" in BASES.get(model, "") else "AsyncObject"
    text = f"class Async{model}({base}):\n"
    text += quoted(described(DECLARATION.models[model].description, f"ARI's {model}."), "    ")
    text += "\n" + attributes(f for f in DECLARATION.fields(model) if f.name != "id")
    text += attributes(TABLE_FIELDS.get(model, ())) + "\n"
    for operation in DECLARATION.operations:
        if operation.path == kind.path or operation.path.startswith(kind.path + "/"):
            path = [p.name for p in operation.parameters if p.location == "path"]
            text += async_method(operation, path[: len(kind.identity)])
    return text + "\n"


def async_resource_class(name: str) -> str:
    """Return the asynchronous class of a resource."""
    base = "AsyncResource"
    for model, kind in reversed(RESOURCE_TYPES.items()):
        if kind.resource == name:
            base = f"AsyncObjects[Async{model}]"
    text = f"class Async{RESOURCES[name]}({base}):\n"
    text += quoted(described(DECLARATION.about.get(name, ""), f"ARI's {name}."), "    ") + "\n"
    return text + "".join(map(async_method, DECLARATION.resources[name].values())) + "\n"


def async_objects_module() -> str:
    """Return the module of the asynchronous live objects and resources."""
    body = "".join(async_object_class(model, kind) for model, kind in RESOURCE_TYPES.items())
    body += "".join(map(async_resource_class, RESOURCES))
    body += "if TYPE_CHECKING:\n"
    for model in dict.fromkeys(IDS.values()):
        body += f"    {model}Id: TypeAlias = {to_async(id_type(model))}\n"
    objects = {model: f"Async{model}" for model in RESOURCE_TYPES}
    about = "ARI's name of a model: the asynchronous class of its live objects."
    body += "\n" + table("ASYNC_OBJECTS", "type[AsyncObject]", objects, about)
    resources = {name: f"Async{cls}" for name, cls in RESOURCES.items()}
    about = "A resource's name: its asynchronous class."
    body += table("ASYNC_RESOURCES", "type[AsyncResource]", resources, about)
    body += overloads_class()
    models = ", ".join(class_name(model.name) for model in MODELS)
    events = ", ".join(("Event", "EventName", "Message", *EVENTS))
    return module(
        "The live objects and resources of an asynchronous session, and its typed base class.\n\n"
        "Each method performs the operation of its name of the blocking object.",
        [
            "import builtins",
            "from abc import ABC, abstractmethod",
            "from collections.abc import Callable, Iterable, Mapping, Sequence",
            "from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar, overload",
            f"from {GENERATED}.events import {events}",
            f"from {GENERATED}.models import {models}",
            f"from {PACKAGE}.json_object import JsonObject",
            f"from {PACKAGE}.async_objects import AsyncFinite, AsyncObject, AsyncObjects",
            f"from {PACKAGE}.async_objects import AsyncResource",
            "if TYPE_CHECKING:",
            f"    from {PACKAGE}.event_types import EventTypes",
            f"    from {GENERATED}.handler_types import HandlerDecorator",
            "    E = TypeVar('E', bound=Event)",
        ],
        ["ASYNC_OBJECTS", "ASYNC_RESOURCES", "TypedAsyncSession"]
        + [f"Async{name}" for name in (*RESOURCE_TYPES, *RESOURCES.values())],
        body,
    )


def overloads_class() -> str:
    """Return the typed base class of an asynchronous session."""
    body = "class TypedAsyncSession(ABC):\n"
    body += quoted("The resources of an asynchronous session and its methods about events.", "    ")
    for name, cls in RESOURCES.items():
        if name != "events":
            body += f"    {name}: Async{cls}\n"
            body += quoted(described(DECLARATION.about.get(name, ""), f"ARI's {name}."), "    ")
    types = [(type, to_async(result)) for type, result in on_overloads()]
    body += overloads("def on(self, type: {}, **where: Any)", types) + ASYNC_ON
    body += overloads(
        "async def wait_for(self, type: {}, timeout: float = 10, **where: Any)", wait_overloads()
    )
    return body + ASYNC_WAIT


# Methods about events.


def handler_types_module() -> str:
    """Return the module of the types of handlers."""
    body, forms = "", []
    for variable in ARGUMENTS.values():
        body += f"{variable} = TypeVar({variable!r}, contravariant=True)\n"
        body += f"{variable}_co = TypeVar('{variable}_co', covariant=True)\n"
    for number in range(len(ARGUMENTS) + 1):
        for chosen in itertools.combinations(ARGUMENTS, number):
            name = "Takes" + ("".join(map(str.title, chosen)) or "Nothing")
            variables = ", ".join(ARGUMENTS[each] for each in chosen)
            generic = f"[{variables}]" if chosen else ""
            parameters = ["self", "*", *(f"{each}: {ARGUMENTS[each]}" for each in chosen)]
            body += f"class {name}(Protocol{generic}):\n"
            body += f"    def __call__({', '.join(parameters[: None if chosen else 1])})"
            body += " -> object: ...\n"
            forms.append(name + generic.replace(",", "_co,").replace("]", "_co]"))
    order = ", ".join(f"{variable}_co" for variable in ARGUMENTS.values())
    body += f"class HandlerDecorator(Protocol[{order}]):\n"
    body += quoted("Registers a function as a handler and returns it.", "    ")
    body += f"    def __call__(self, function: {' | '.join(forms)}) -> Callable[..., Any]: ...\n"
    return module(
        "What `Session.on` accepts: a function that asks for its arguments by name.\n\n"
        "A function may ask for any of six arguments, so there are 64 forms. Only type checkers\n"
        "read this module.",
        ["from collections.abc import Callable", "from typing import Any, Protocol, TypeVar"],
        ["HandlerDecorator"],
        body,
    )


ON = '''
    def on(self, type: EventTypes, **where: Any) -> Any:
        """Run a function whenever an event comes.

        Args:
            type: the event's type, by name or class; several; or ``"*"``; ``"Gap"`` is a lost
                connection, ``"HandlerFailed"`` a handler that raised an exception (fields
                ``handler``, ``event``, ``error``, ``traceback``).
            **where: fields that must have a value, as ``digit="1"`` or ``channel=ch``.

        The events of one channel reach the handlers one after the other: the next is handled when
        every handler is done with the one before, waits for an event (`wait_for`), or has taken
        five seconds. An event that Asterisk publishes to several of the connection's applications
        runs a handler once.

        Returns:
            A decorator. The function gets what it asks for by parameter name: ``event``,
            ``channel``, ``bridge``, ``playback``, ``recording``, ``ari``. It may be a coroutine.

        Raises:
            UsageProblem: no such event, field or argument.
        """
        return self._on(type, where)
'''
WAIT_FOR = '''
    def wait_for(
        self,
        type: EventTypes,
        timeout: float = 10,
        *,
        progress: Progress | None = None,
        **where: Any,
    ) -> Event:
        """Wait for the next event of a type, counting those since the last request that was sent.

        The request is the last one of this program, a thread or a task, that could change
        something. Where an object is named, as ``channel=channel``, only requests about it count;
        a caller's keys and speech count since the last call. An event is returned once: waiting
        again for the same gives the next one, and of one object never an older one of its type.

        Args:
            type: the event's type, by name or class; several; or ``"*"``.
            timeout: seconds.
            progress: called repeatedly with the seconds that have passed.
            **where: fields that must have a value.

        Returns:
            The event as received.

        Raises:
            EventTimeout: it did not come; the message says what did.
        """
        return self._wait_for(type, where, timeout, progress)
'''
NEXT_EVENT = '''
    async def next_event(self, type: EventTypes, timeout: float = 10, **where: Any) -> Event:
        """Wait as `wait_for` does, for coroutines: other tasks run meanwhile."""
        return await self._next_event(type, where, timeout)
'''
ASYNC_ON = '''
    def on(self, type: EventTypes, **where: Any) -> Any:
        """Run a function, mostly a coroutine function, whenever an event comes.

        See `Session.on`. Coroutines are tasks of the program's loop; those of different channels
        run concurrently. ``channel`` and so on are objects of this session.
        """
        return self._on(type, where)
'''
ASYNC_WAIT = '''
    async def wait_for(self, type: EventTypes, timeout: float = 10, **where: Any) -> Event:
        """Wait for the next event of a type; see `Session.wait_for`. Other tasks run meanwhile."""
        return await self._wait_for(type, where, timeout)

    @abstractmethod
    def _on(self, type: EventTypes, where: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Return the decorator that `on` returns."""

    @abstractmethod
    async def _wait_for(
        self, type: EventTypes, where: Mapping[str, Any], timeout: float
    ) -> Event:
        """Perform `wait_for`."""
'''
ABSTRACT = '''
    @abstractmethod
    def _on(self, type: EventTypes, where: Mapping[str, Any]) -> Callable[[Any], Any]:
        """Return the decorator that `on` returns."""

    @abstractmethod
    def _wait_for(
        self,
        type: EventTypes,
        where: Mapping[str, Any],
        timeout: float,
        progress: Progress | None,
    ) -> Event:
        """Perform `wait_for`."""

    @abstractmethod
    async def _next_event(
        self, type: EventTypes, where: Mapping[str, Any], timeout: float
    ) -> Event:
        """Perform `next_event`."""
'''


OURS = ("*", "Gap", "HandlerFailed")  # any event, and the rows that the package adds to the log
SEVERAL = (
    f"{literal(OURS)} | builtins.type[Event]"
    f" | Iterable[EventName | {literal(OURS[1:])} | builtins.type[Event]]"
)


def on_overloads() -> Iterator[tuple[str, str]]:
    """Return the parameter's type and the result of each overload of `on`."""
    for name in EVENTS:
        arguments = ", ".join(argument_type(name, each) for each in ARGUMENT_OBJECTS)
        type = f"Literal[{name!r}] | builtins.type[{name}]"
        yield type, f"HandlerDecorator[{name}, {arguments}, Self]"
    arguments = ", ".join(f"{model} | None" for model, _ in ARGUMENT_OBJECTS.values())
    yield SEVERAL, f"HandlerDecorator[Event, {arguments}, Self]"


def wait_overloads() -> Iterator[tuple[str, str]]:
    """Return the parameter's type and the result of each overload of a wait."""
    for name in EVENTS:
        yield f"Literal[{name!r}]", name
    yield "builtins.type[E]", "E"
    yield SEVERAL, "Event"


def overloads(head: str, types: Iterable[tuple[str, str]]) -> str:
    """Return the overloads of a method; ``{}`` in its head is its parameter's type."""
    return "".join(
        f"    @overload\n    {head.format(type)} -> {result}: ...\n" for type, result in types
    )


def connection_module() -> str:
    """Return the module of the typed base class of a connection."""
    body = "class TypedConnection(ABC):\n"
    body += quoted(
        "The resources of a connection and its methods about events, typed.\n\n"
        "A resource that only the connected server declares is an attribute at run time.",
        "    ",
    )
    for name, cls in RESOURCES.items():
        body += f"    {name}: {cls}\n"
        body += quoted(described(DECLARATION.about.get(name, ""), f"ARI's {name}."), "    ")
    body += overloads("def on(self, type: {}, **where: Any)", on_overloads()) + ON
    body += overloads(
        "def wait_for(self, type: {}, timeout: float = 10, *, progress: Progress | None = None,"
        " **where: Any)",
        wait_overloads(),
    )
    body += WAIT_FOR
    body += overloads(
        "async def next_event(self, type: {}, timeout: float = 10, **where: Any)",
        wait_overloads(),
    )
    body += NEXT_EVENT + ABSTRACT
    events = ", ".join(("Event", "EventName", *EVENTS))
    objects = ", ".join([*RESOURCE_TYPES, *RESOURCES.values()])
    return module(
        "The part of a connection whose types follow from the declaration.",
        [
            "import builtins",
            "from abc import ABC, abstractmethod",
            "from collections.abc import Callable, Iterable, Mapping",
            "from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar, overload",
            "if TYPE_CHECKING:",
            f"    from {PACKAGE}.event_types import EventTypes",
            f"    from {GENERATED}.events import {events}",
            f"    from {GENERATED}.handler_types import HandlerDecorator",
            f"    from {GENERATED}.objects import {objects}",
            "    Progress: TypeAlias = Callable[[float], None]",
            "    # The bound is a union, which jedi takes for the result where it is given a name.",
            f"    E = TypeVar('E', bound={' | '.join(EVENTS)})",
        ],
        ["TypedConnection"],
        body,
    )


def public_events_module() -> str:
    """Return the public module of the events."""
    events = ("EventName", *MESSAGES)
    models = [class_name(model.name) for model in MODELS]
    return module(
        "ARI's events as classes: ``isinstance(event, ChannelDtmfReceived)``.\n\n"
        "An event is a dict as received, whose declared fields are attributes with types. `on`\n"
        "and `wait_for` take a class instead of its name. What events carry is here too: a\n"
        "`ChannelSnapshot` is a channel as it was at the event.",
        [
            f"from {GENERATED}.events import {', '.join(events)}",
            f"from {GENERATED}.models import {', '.join(models)}",
        ],
        [*events, *models],
        "",
    )


def formatted(path: Path, text: str) -> str:
    """Return a module as ruff lays it out."""
    fix = ["check", "--select", "I,F401,RUF022", "--fix", "--quiet"]
    for command in (fix, ["format", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", path, "-"],
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=True,
            cwd=TOP,
        )
        text = done.stdout
    return text


def generate() -> dict[Path, str]:
    """Return the text of every generated file."""
    texts = {
        FOLDER / "models.py": models_module(),
        FOLDER / "events.py": events_module(),
        FOLDER / "objects.py": objects_module(),
        FOLDER / "async_objects.py": async_objects_module(),
        FOLDER / "handler_types.py": handler_types_module(),
        FOLDER / "typed_connection.py": connection_module(),
        TOP / "ari_notebook" / "events.py": public_events_module(),
    }
    return {path: formatted(path, text) for path, text in texts.items()}


def main() -> int:
    """Write the files that differ, or report them."""
    parser = argparse.ArgumentParser(description="Write the typed classes of ARI's declaration.")
    parser.add_argument("--check", action="store_true", help="fail if a file differs")
    check = parser.parse_args().check
    differing = {
        path: text
        for path, text in generate().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in differing.items():
        print(path.relative_to(TOP))
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
