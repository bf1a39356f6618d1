"""Methods of resources and live objects, built from the connected server's declaration.

The classes in `generated` describe the built-in declaration; those built here extend them and have
exactly the connected server's operations, with its parameters and descriptions.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import InvalidParameter
from ari_notebook.connection.generated.models import MODELS
from ari_notebook.connection.generated.objects import OBJECTS, RESOURCES
from ari_notebook.connection.json_object import JsonObject
from ari_notebook.connection.resource_types import RESOURCE_TYPES
from ari_notebook.connection.resources import LiveObject, ObjectResource, Resource
from ari_notebook.schema import Declaration, Operation
from ari_notebook.schema.docs import docstring, python_type, starts_media
from ari_notebook.schema.docs import signature as signature_of

if TYPE_CHECKING:
    from ari_notebook.connection.protocols import Invoker

__all__ = ["make_resources", "wrap"]

_GENERATED = RESOURCES["channels"].__module__  # its methods are operations, to be replaced
_INSTANCE = frozenset({"id", "operations"})


@functools.lru_cache(maxsize=4)  # takes 30 ms, and the classes have no state of a session
def make_resources(
    declaration: Declaration,
) -> tuple[dict[str, type[Resource]], dict[str, type[LiveObject]]]:
    """Build the classes for a server's declaration.

    Returns:
        Resource name → its class, and model name → the class of its live objects.
    """
    resources: dict[str, type[Resource]] = {}
    for name, operations in declaration.resources.items():
        base = RESOURCES.get(name, ObjectResource)
        named = {_member(base, each): operation for each, operation in operations.items()}
        members: dict[str, Any] = {
            member: _method(member, operation, ()) for member, operation in named.items()
        }
        members |= {"operations": named, "_name": name}
        resources[name] = _extend(base, name, members)
    objects: dict[str, type[LiveObject]] = {}
    for model, kind in RESOURCE_TYPES.items():
        members = {}
        for operation in declaration.operations:
            if operation.path == kind.path or operation.path.startswith(kind.path + "/"):
                path = [p.python_name for p in operation.parameters if p.location == "path"]
                member = _member(OBJECTS[model], operation.name)
                members[member] = _method(member, operation, tuple(path[: len(kind.identity)]))
        objects[model] = _extend(OBJECTS[model], model, members)
    return resources, objects


def _member(base: type[Any], operation: str) -> str:
    """Return the name of an operation's method, which never replaces an existing member.

    A server may declare any name: ``len(ari.channels)`` must not call an operation named
    ``__len__``.
    """
    if operation.startswith("_"):  # Python and IPython call such methods themselves
        return f"operation{operation}"
    ours = (each for each in base.__mro__ if each.__module__ != _GENERATED)
    fields = vars(base).get("__annotations__", {})
    if operation in _INSTANCE or operation in fields or any(operation in vars(c) for c in ours):
        return f"{operation}_"
    return operation


def _extend(base: type[Any], name: str, members: dict[str, Any]) -> type[Any]:
    """Build a class of the connected server; Tab does not offer what the server lacks."""
    lacking = {
        each
        for each, value in vars(base).items()
        if each not in members and inspect.isfunction(value) and not each.startswith("_")
    }
    if lacking:

        def directory(self: Any) -> list[str]:
            return [each for each in super(made, self).__dir__() if each not in lacking]

        members["__dir__"] = directory
    # Its module is the base's, where editors find the source.
    about = {"__doc__": base.__doc__, "__module__": base.__module__}
    title = base.__name__ if base is not ObjectResource else name.title().replace("_", "")
    made: type[Any] = type(title, (base,), about | members)
    return made


def _result(response: str) -> Any:
    """Return the class that `wrap` uses for a response, or None without a body."""
    if response.startswith("List["):
        return types.GenericAlias(list, (_result(response[5:-1]),))
    return OBJECTS.get(response) or MODELS.get(response) or python_type(response)


def _method(name: str, operation: Operation, bound: tuple[str, ...]) -> Callable[..., Any]:
    """Return the method of an operation; ``bound`` path parameters come from the object."""
    signature = signature_of(operation)
    parameters = [p for p in signature.parameters.values() if p.name not in bound]
    names = [p.name for p in parameters]
    finite = starts_media(operation)
    if finite:
        parameters.append(
            inspect.Parameter(
                "wait", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=bool
            )
        )

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names):
            raise InvalidParameter(
                f"{operation.qualified_name} takes {len(names)} arguments, got {len(args)}",
                f"Its fields: {', '.join(names) or 'none'}.",
            )
        arguments = dict(zip(names, args, strict=False))
        twice = arguments.keys() & kwargs.keys()
        if twice:
            raise InvalidParameter(f"{operation.qualified_name} got {twice.pop()} twice")
        if bound:
            arguments |= dict(zip(bound, self._type.path_arguments(self.id), strict=False))
        wait = finite and kwargs.pop("wait", False)
        made = self._session.invoke(operation, arguments | kwargs)
        if wait:
            made.wait()
        return made

    method.__name__ = name
    method.__qualname__ = f"{operation.resource_name}.{name}"
    method.__doc__ = docstring(operation)
    result = _result(operation.response)
    method.__annotations__ = {"return": result}  # jedi completes the result by it
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *parameters],
        return_annotation=result,
    )
    return method


def wrap(session: Invoker, response: str, value: Any, as_of: int = 0) -> Any:
    """Return a response's JSON as Python objects.

    Args:
        session: session of the live objects.
        response: the declared type, such as ``Channel`` or ``List[Bridge]``.
        value: the decoded body.
        as_of: place in the log; events before it are older than the response.
    """
    if isinstance(value, list) and response.startswith("List["):
        return [wrap(session, response[5:-1], item, as_of) for item in value]
    kind = RESOURCE_TYPES.get(response)
    if kind is not None and isinstance(value, dict) and all(n in value for n in kind.identity):
        return session.objects[response](session, kind.id_of(value), value, as_of)
    return MODELS.get(response, JsonObject)(value) if isinstance(value, dict) else value
