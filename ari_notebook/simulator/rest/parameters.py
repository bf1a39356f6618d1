"""How Asterisk reads a request's parameters, which is not how Swagger declares them.

Asterisk generates one C function per operation from the declaration. What those functions do, for
every operation alike:

- Values come from the query string and from a form body; the form counts first, the last one wins.
- A JSON body's member overrides both, whatever the request's method. A member of the wrong JSON
  type is not an error: a string where a number belongs is 0, a number where a string belongs is
  nothing, and only ``true`` itself is true.
- Declared defaults, required, allowed values and limits are not looked at. What is not given is 0,
  false, nothing or an empty list; what that means is each operation's own business.
- An operation that declares a body gets the whole JSON body there. Its other parameters are looked
  for inside the same object.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ari_notebook.simulator.messages import Refused
from ari_notebook.simulator.naturals import INT, LONG, leading, wrap
from ari_notebook.spec import Operation, Parameter

Pairs: TypeAlias = Sequence[tuple[str, str]]
Arguments: TypeAlias = dict[str, Any]

MAX_VALUES = 128  # of one parameter in one query string

_TRUE = frozenset({"yes", "true", "y", "t", "1", "on"})
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
# A character, or one that a backslash takes literally.
_CHARACTER = re.compile(r"\\?[^\\]|\\\\", re.DOTALL)
_OPENS = {")": "(", "]": "["}
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")


def decode(text: str) -> str:
    """Decode a part of a URI: ``+`` is a space everywhere, a broken ``%`` stands for itself."""
    if "%" not in text and "+" not in text:
        return text
    octets = text.replace("+", " ").encode("utf-8", "surrogateescape")
    octets = _ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), octets)
    return octets.split(b"\0", 1)[0].decode("utf-8", "replace")  # C strings end at a NUL


def pairs(text: str) -> list[tuple[str, str]]:
    """Read ``name=value&name=value``: a query string or a form."""
    if not text:
        return []
    split = (part.partition("=") for part in text.split("&"))
    return [(decode(name), decode(value)) for name, _, value in split]


def read(operation: Operation, path: Mapping[str, str], query: Pairs, body: Any) -> Arguments:
    """Make an operation's arguments the way Asterisk's generated code does.

    Args:
        operation: what is asked for.
        path: the decoded variables of the path.
        query: the form's fields and then the query string's, decoded.
        body: the JSON body; None where there is none.

    Returns:
        a value for every declared parameter, by ARI's own name: str or None, int, float, bool,
        a list of str, and for a body the dict of JSON that came, or None.

    Raises:
        Refused: 400, too many values for a parameter that takes several.
    """
    members = body if isinstance(body, dict) else {}
    arguments: Arguments = {}
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
            raise Refused(400, f"Too many values for {parameter.name}")
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
    """Split at the commas that stand in no brackets and no quotes.

    Quotes go, and so does the backslash before what it takes literally.
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
    """Whether a text means yes, as Asterisk reads it everywhere."""
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
