"""Request parameters as Asterisk reads them, which differs from their Swagger declaration.

Asterisk generates one C function per operation from the declaration. These functions have rules in
common:

- Values come from the query string and from a form body; the form is read first, the last value
    wins.
- A member of a JSON body overrides both, whatever the method. A member of the wrong JSON type is
    not an error: a string for a number is 0, a number for a string is missing, and only ``true`` is
    true.
- Declared defaults, required, allowed values and limits are ignored. A missing value is 0, false,
    nothing or an empty list, which each operation interprets.
- An operation that declares a body receives the whole JSON body. Its other parameters are read from
    the same object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ari_notebook.schema import Operation, Parameter
from ari_notebook.simulator.messages import AriRefusal
from ari_notebook.simulator.numbers import INT, LONG, leading, wrap

Pairs: TypeAlias = Sequence[tuple[str, str]]
Arguments: TypeAlias = Mapping[str, Any]

MAX_VALUES = 128  # values of one parameter in a query string

_TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
# A character, or one escaped by a backslash.
_CHARACTER = re.compile(r"\\?[^\\]|\\\\", re.DOTALL)
_OPENS = {")": "(", "]": "["}
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")


def decode(text: str) -> str:
    """Decode a part of a URI: ``+`` is always a space, an invalid ``%`` is literal."""
    if "%" not in text and "+" not in text:
        return text
    octets = text.replace("+", " ").encode("utf-8", "surrogateescape")
    octets = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), octets)
    return octets.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")  # C strings end at NUL


def pairs(text: str) -> list[tuple[str, str]]:
    """Parse ``name=value&name=value`` of a query string or a form."""
    if not text:
        return []
    split = (part.partition("=") for part in text.split("&"))
    return [(decode(name), decode(value)) for name, _, value in split]


def read(operation: Operation, path: Mapping[str, str], query: Pairs, body: Any) -> Arguments:
    """Return an operation's arguments, as Asterisk's generated code reads them.

    Args:
        operation: the operation.
        path: decoded variables of the path.
        query: decoded fields of the form, then of the query string.
        body: JSON body, or None.

    Returns:
        A value for every declared parameter by its ARI name: str or None, int, float, bool, list of
        str, and for a body the JSON dict or None.

    Raises:
        AriRefusal: 400, too many values for a parameter that takes several.
    """
    members = body if isinstance(body, dict) else {}
    arguments: dict[str, Any] = {}
    for parameter in operation.parameters:
        name = parameter.name
        if parameter.location == "path":
            arguments[name] = path[name]
        elif parameter.location == "body":
            arguments[name] = None if body is None else members
        else:
            arguments[name] = _absent(parameter)
            for key, value in query:
                if key == name:
                    arguments[name] = _from_text(parameter, value)
            if name in members:
                arguments[name] = _from_json(parameter, members[name])
    return arguments


def _absent(parameter: Parameter) -> Any:
    if parameter.multiple:
        return []
    return {"int": 0, "long": 0, "double": 0.0, "boolean": False}.get(parameter.type)


def _from_text(parameter: Parameter, text: str) -> Any:
    if parameter.multiple:
        values = separate(text)
        if len(values) >= MAX_VALUES:
            raise AriRefusal(400, f"Too many values for {parameter.name}")
        return values
    match parameter.type:
        case "int":
            return leading(text) or 0
        case "long":
            return leading(text, LONG) or 0
        case "double":
            match = _NUMBER.match(text)
            return float(match[1]) if match else 0.0
        case "boolean":
            return is_true(text)
    return text


def separate(text: str) -> list[str]:
    """Split at commas outside brackets and quotes.

    Quotes are removed, and so is a backslash before an escaped character.
    """
    if not any(each in text for each in '()[]"\\'):
        return text.split(",")
    parts, quoted, depth = [""], False, {"(": 0, "[": 0}
    for each in _CHARACTER.findall(text):
        if each == '"':
            quoted = not quoted
        elif each == "," and not quoted and not any(depth.values()):
            parts.append("")
        else:
            if each in depth:
                depth[each] += 1
            elif each in _OPENS:
                depth[_OPENS[each]] = max(0, depth[_OPENS[each]] - 1)
            parts[-1] += each[-1]
    return parts


def is_true(text: str) -> bool:
    """Return whether Asterisk treats a text as true."""
    return text.lower() in _TRUE


def _from_json(parameter: Parameter, value: Any) -> Any:
    if parameter.multiple:
        return [each if isinstance(each, str) else "" for each in _as_list(value)]
    match parameter.type:
        case "int" | "long":
            number = value if isinstance(value, int) and not isinstance(value, bool) else 0
            return wrap(number, INT if parameter.type == "int" else LONG)
        case "double":
            return value if isinstance(value, float) else 0.0
        case "boolean":
            return value is True
    return value if isinstance(value, str) else None


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
