"""From a declaration to Python: signatures with real types, and reference texts.

What `help(ari.channels.play)`, Tab and `%ari docs` show comes from here.
"""

from __future__ import annotations

import inspect
import textwrap
import types
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ari_notebook.spec import values

if TYPE_CHECKING:
    from ari_notebook.spec.declaration import Declaration, Field, Model, Operation, Parameter

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
    """Give the signature of a method that performs an operation.

    Parameters have ARI's names, the required ones first. An optional one defaults to None, which
    sends nothing and leaves the choice to the server. Annotations are objects, not text: `Literal`
    where the declaration lists the allowed values.
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
    """Give the type of a parameter's value, with None where it may be left out."""
    one: Any = python_type(values.element_type(parameter.type))
    if parameter.allowed:
        one = Literal[parameter.allowed]
    if parameter.name == values.ROWS:
        one = list[dict[str, str]] | dict[str, str]
    if values.is_list(parameter):
        one = one | types.GenericAlias(list, (one,))
    return one if parameter.required else one | None


def python_type(type_name: str) -> Any:
    """Give the Python type that stands for a Swagger type; a model is a dict."""
    element = values.element_type(type_name)
    one = TYPES.get(element, dict[str, Any])
    return types.GenericAlias(list, (one,)) if element != type_name else one


def type_text(parameter: Parameter) -> str:
    """Say the type of a parameter in a few words: ``int``, ``'in' | 'out'``, ``text or list``."""
    one = values.element_type(parameter.type)
    word = {
        "string": "str",
        "long": "int",
        "double": "float",
        "boolean": "bool",
        "object": "dict",
        "containers": "list of dict" if parameter.name == values.ROWS else "dict",
    }.get(one, one)
    if parameter.allowed:
        word = " | ".join(repr(value) for value in parameter.allowed)
    return f"{word}, or a list of these" if values.is_list(parameter) else word


def remarks(parameter: Parameter) -> str:
    """Say what holds for a parameter beyond its type: required, default, least and most."""
    words = ["required"] if parameter.required else []
    if parameter.default is not None:
        words.append(f"default {values.text(parameter.default)}")
    if parameter.minimum is not None:
        words.append(f"at least {parameter.minimum:g}")
    if parameter.maximum is not None:
        words.append(f"at most {parameter.maximum:g}")
    return ", ".join(words)


def docstring(operation: Operation) -> str:
    """Give the reference text of an operation: what help() and `%ari docs` show."""
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
    """Give the reference text of a model or event: what it means and what it holds."""
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


def _field_text(field: Field) -> str:
    kind = " | ".join(repr(value) for value in field.allowed) or field.type
    return kind if field.required else f"{kind}; may be absent"


def resource_text(name: str, about: str, operations: Mapping[str, Operation]) -> str:
    """Give the reference text of a resource: what it is about, and its operations."""
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
