"""Signatures with Python types, and reference texts, from a declaration.

`help(ari.channels.play)`, completion and `%ari docs` show them.
"""

from __future__ import annotations

import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from ari_notebook.schema import validation
from ari_notebook.schema.model import (
    Declaration,
    Model,
    ModelField,
    Operation,
    Parameter,
    UnknownName,
    identifier,
    snake_case,
)

WIDTH = 88
TYPES: dict[str, Any] = {
    "string": str,
    "int": int,
    "long": int,
    "double": float,
    "boolean": bool,
    "object": dict[str, Any],
    "containers": dict[str, Any],
    "Date": str,
    "binary": bytes,
    "void": None,
}


def signature(operation: Operation) -> inspect.Signature:
    """Return the signature of a method that performs an operation.

    Parameters have ARI's names, the required ones first. An optional one defaults to None and is
    then not sent, so that the server's default applies. Annotations are objects, not text; allowed
    values become a `Literal`.
    """
    ordered = sorted(operation.parameters, key=lambda parameter: not parameter.required)
    return inspect.Signature(
        [
            inspect.Parameter(
                parameter.python_name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=inspect.Parameter.empty if parameter.required else None,
                annotation=annotation(parameter),
            )
            for parameter in ordered
        ],
        return_annotation=python_type(operation.response),
    )


def annotation(parameter: Parameter) -> Any:
    """Return the type of a parameter's value, with None if it is optional."""
    one: Any = python_type(validation.element_type(parameter.type))
    if parameter.allowed:
        one = Literal[parameter.allowed]
    if parameter.name == validation.ROWS:
        one = list[dict[str, str]] | dict[str, str]
    if validation.is_list(parameter):
        one = one | types.GenericAlias(list, (one,))
    return one if parameter.required else one | None


def python_type(type_name: str) -> Any:
    """Return the Python type of a Swagger type; a model is a dict."""
    element = validation.element_type(type_name)
    one = TYPES.get(element, dict[str, Any])
    return types.GenericAlias(list, (one,)) if element != type_name else one


def type_text(parameter: Parameter) -> str:
    """Return a parameter's type as text: ``int``, ``'in' | 'out'``, ``text or list``."""
    one = validation.element_type(parameter.type)
    word = {
        "string": "str",
        "long": "int",
        "double": "float",
        "boolean": "bool",
        "object": "dict",
        "containers": "list of dict" if parameter.name == validation.ROWS else "dict",
    }.get(one, one)
    if parameter.allowed:
        word = " | ".join(repr(value) for value in parameter.allowed)
    return f"{word}, or a list of these" if validation.is_list(parameter) else word


def remarks(parameter: Parameter) -> str:
    """Return a parameter's constraints as text: required, default, minimum and maximum."""
    words = ["required"] if parameter.required else []
    if parameter.default is not None:
        words.append(f"default {validation.text(parameter.default)}")
    if parameter.minimum is not None:
        words.append(f"at least {parameter.minimum:g}")
    if parameter.maximum is not None:
        words.append(f"at most {parameter.maximum:g}")
    return ", ".join(words)


def starts_media(operation: Operation) -> bool:
    """Return whether an operation starts a playback or recording, whose end can be awaited."""
    return operation.method == "POST" and operation.response in ("Playback", "LiveRecording")


def docstring(operation: Operation) -> str:
    """Return the reference text of an operation, as shown by help() and `%ari docs`."""
    return "\n".join(_lines(operation)).rstrip()


def _lines(operation: Operation) -> Iterator[str]:
    yield operation.summary or f"{operation.qualified_name}."
    yield ""
    for paragraph in operation.notes.split("\n\n"):
        if paragraph.strip():
            yield from textwrap.wrap(paragraph, WIDTH)
            yield ""
    yield f"REST: {operation.method} {operation.path}"
    if operation.since:
        yield f"Since: Asterisk {', '.join(operation.since)}"
    yield ""
    if operation.parameters:
        yield "Args:"
        for parameter in sorted(operation.parameters, key=lambda parameter: not parameter.required):
            kind = "; ".join(filter(None, (type_text(parameter), remarks(parameter))))
            yield from _item(f"{parameter.python_name} ({kind})", parameter.description)
        if starts_media(operation):
            yield from _item("wait (bool)", "Return when it is over, not when it has begun.")
        yield ""
    if operation.response != "void":
        yield "Returns:"
        yield f"    {operation.response}"
        yield ""
    if operation.errors:
        yield "Errors:"
        for error in operation.errors:
            yield from _item(str(error.code), error.reason)


def model_text(declaration: Declaration, model: Model) -> str:
    """Return the reference text of a model or event: its description and fields."""
    event = model.name in declaration.events
    lines = [f"{'Event' if event else 'Model'} {model.name}", ""]
    lines += [*textwrap.wrap(model.description, WIDTH), ""] if model.description else []
    fields = declaration.fields(model.name)
    if fields:
        lines.append("Fields:")
        for field in fields:
            lines += _item(f"{field.name} ({_field_text(field)})", field.description)
    if model.subtypes:
        lines += ["", *textwrap.wrap(f"Extended by: {', '.join(model.subtypes)}", WIDTH)]
    return "\n".join(lines).rstrip()


def _field_text(field: ModelField) -> str:
    kind = " | ".join(repr(value) for value in field.allowed) or field.type
    return kind if field.required else f"{kind}; may be absent"


def resource_text(name: str, about: str, operations: Mapping[str, Operation]) -> str:
    """Return the reference text of a resource: its description and operations."""
    lines = [f"Resource {name}", ""]
    lines += [*textwrap.wrap(about, WIDTH), ""] if about else []
    lines.append("Operations:")
    for operation in operations.values():
        lines += _item(operation.name, operation.summary)
    return "\n".join(lines).rstrip()


def _item(name: str, text: str) -> list[str]:
    return textwrap.wrap(
        f"{name}: {text}", WIDTH, initial_indent="    ", subsequent_indent="        "
    )


def reference(declaration: Declaration, name: str) -> str:
    """Return the reference text of an operation, resource, model or event.

    Args:
        declaration: the server's declaration.
        name: such as ``channels.play``, ``channels``, ``Channel`` or ``StasisStart``.

    Raises:
        UnknownName: no item has that name.
    """
    resource = identifier(snake_case(name))
    if resource in declaration.resources:
        about = declaration.about.get(resource, "")
        return resource_text(resource, about, declaration.resources[resource])
    try:
        return model_text(declaration, declaration.model(name))
    except UnknownName as no_model:
        try:
            return docstring(declaration.operation(name))
        except UnknownName as no_operation:
            # Operations of that name are a better hint than similar names.
            if name in {each.rpartition(".")[2] for each in no_operation.nearest}:
                raise
            raise UnknownName(name, declaration.nearest(name)) from no_model
