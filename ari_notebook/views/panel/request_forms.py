"""Forms of a request for sending it again: Python, a magic, curl."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ari_notebook.schema.model import Declaration, Operation, Parameter
from ari_notebook.store.request_log import SentRequest

__all__ = ["as_magic", "as_python", "operation_of"]

_PARAMETER = re.compile(r"\{(\w+)\}")


def operation_of(
    declaration: Declaration, request: SentRequest
) -> tuple[Operation, dict[str, str]] | None:
    """Return a request's operation and the values in its path, or None if undeclared.

    Args:
        declaration: the server's declaration.
        request: any request.
    """
    best: tuple[Operation, dict[str, str]] | None = None
    for operation in declaration.operations:
        if operation.method != request.method:
            continue
        pattern = _PARAMETER.sub(r"(?P<\1>[^/]+)", operation.path)
        found = re.fullmatch(pattern, request.path)
        if found is None:
            continue
        values = {name: unquote(value) for name, value in found.groupdict().items()}
        # /channels/create also matches /channels/{channelId}: fewer parameters have precedence.
        if best is None or len(values) < len(best[1]):
            best = operation, values
    return best


def as_python(
    declaration: Declaration, request: SentRequest, names: Mapping[str, str] | None = None
) -> str:
    """Return a request as a call of a session named ``ari``.

    Args:
        declaration: the server's declaration.
        request: the request without secrets.
        names: ids in variables, with the variables' names.
    """
    known = names or {}
    found = operation_of(declaration, request)
    if found is None:
        arguments = [repr(request.method), repr(request.path)]
        if request.params or request.body is not None:
            arguments.append(repr(request.params))
        if request.body is not None:
            arguments.append(repr(request.body))
        return f"ari.request({', '.join(arguments)})"
    operation, values = found
    values = {**values, **request.params}
    if isinstance(request.body, Mapping):
        values |= request.body
    given = []
    for parameter in operation.parameters:
        if parameter.name in values:
            value = values.pop(parameter.name)
            text = known.get(str(value)) or _literal(parameter, value)
            placed = parameter.location == "path"
            given.append(text if placed else f"{parameter.python_name}={text}")
    return f"ari.{operation.qualified_name}({', '.join(given)})"


def _literal(parameter: Parameter, value: object) -> str:
    """Return a value as Python has it; in a query string all are texts."""
    word = str(value)
    if parameter.type in ("int", "long") and re.fullmatch(r"-?[1-9]\d*|0", word):
        return word
    if parameter.type == "boolean" and word in ("true", "false"):
        return word.capitalize()
    return repr(value)


def as_magic(request: SentRequest) -> str:
    """Return a request as a line magic.

    Args:
        request: the request without secrets.
    """
    fields = "".join(f" {name}={_word(value)}" for name, value in request.params.items())
    body = "" if request.body is None else f" --body {_word(json.dumps(request.body))}"
    return f"%ari {request.method.lower()} {_word(request.path)}{fields}{body}"


def _word(text: Any) -> str:
    """Quote a word for the magic's grammar if necessary."""
    word = str(text)
    if re.fullmatch(r"[\w./:@,;%*+-]+", word):
        return word
    if "'" not in word:  # in single quotes nothing is expanded
        return f"'{word}'"
    return '"' + re.sub(r'(["\\\\])', r"\\\1", word) + '"'
