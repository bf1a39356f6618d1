"""What a value must be to fit a declared type, and how it is written into a request."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.spec import nearness

if TYPE_CHECKING:
    from ari_notebook.spec.declaration import Parameter

TRUE = frozenset({"true", "yes", "y", "t", "1", "on"})  # what Asterisk itself takes for true
FALSE = frozenset({"false", "no", "n", "f", "0", "off"})
SHOWN = 60  # characters
BITS = {"int": 32, "long": 64}
ROWS = "fields"  # the one body parameter that is a list: [{"attribute": …, "value": …}]


class Unfit(ValueError):
    """A value does not fit; the message completes a sentence that begins with its name."""


def accept(parameter: Parameter, value: Any) -> Any:
    """Give the value as the declared type has it.

    Several values are given as a list; text with commas is what Asterisk splits itself, and stays.

    Raises:
        Unfit: it is not of that type, or not one of the allowed values.
    """
    if is_list(parameter):
        if isinstance(value, list | tuple | set | frozenset):
            each = [_one(parameter, item) for item in value]
            if not each:
                raise Unfit("needs at least one value")
            return each
        if isinstance(value, str) and parameter.allowed:
            return ",".join(_one(parameter, part.strip()) for part in value.split(","))
    return _one(parameter, value)


def text(value: Any) -> str:
    """Write an accepted value into a path or query string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text(each) for each in value)
    return str(value)


def shown(value: Any) -> str:
    """Show a value in a message: its repr, cut where it would fill the line."""
    whole = repr(value).replace("\n", " ")
    return whole if len(whole) <= SHOWN else f"{whole[:SHOWN]}…"


def is_list(parameter: Parameter) -> bool:
    """Whether several values may be given."""
    return parameter.multiple or parameter.type.startswith("List[")


def element_type(type_name: str) -> str:
    """Give ``X`` of ``List[X]``, and any other type as it is."""
    return type_name[5:-1] if type_name.startswith("List[") else type_name


def _one(parameter: Parameter, value: Any) -> Any:
    kind = element_type(parameter.type)
    accepted: Any
    if kind in BITS:
        accepted = _integer(value, BITS[kind])
    elif kind == "boolean":
        accepted = _boolean(value)
    elif kind == "double":
        accepted = _number(value)
    elif kind in {"object", "containers"}:
        accepted = _json(value)
    else:
        accepted = _string(value, several=is_list(parameter))
    if parameter.minimum is not None and accepted < parameter.minimum:
        raise Unfit(f"must be at least {parameter.minimum:g}, not {accepted}")
    if parameter.maximum is not None and accepted > parameter.maximum:
        raise Unfit(f"must be at most {parameter.maximum:g}, not {accepted}")
    return _allowed(parameter, accepted) if parameter.allowed else accepted


def _allowed(parameter: Parameter, value: Any) -> Any:
    if str(value) in parameter.allowed:
        return value
    for allowed in parameter.allowed:
        if allowed.lower() == str(value).lower():
            return allowed
    near = nearness.did_you_mean(nearness.nearest(str(value), parameter.allowed, 1))
    hint = near.replace(";", ",", 1) if near else ""
    raise Unfit(f"must be one of {', '.join(parameter.allowed)}, not {shown(value)}{hint}")


def _integer(value: Any, bits: int) -> int:
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and value.is_integer():
        number = int(value)
    elif isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            number = None
    if number is None:
        raise Unfit(f"must be a whole number, not {shown(value)}")
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise Unfit(f"must fit in {bits} bits, not {shown(value)}")
    return number


def _number(value: Any) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise Unfit(f"must be a number, not {shown(value)}")


def _boolean(value: Any) -> bool:
    word = str(value).lower() if isinstance(value, bool | int | str) else ""
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise Unfit(f"must be true or false, not {shown(value)}")


def _json(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise Unfit(f"must be a JSON object: {error}") from None
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise Unfit(f"must be a JSON object, not {shown(value)}")


def _string(value: Any, *, several: bool) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return text(value)
    if isinstance(value, int | float):
        return str(value)
    identity = getattr(value, "id", None)  # a live object stands for its id
    if isinstance(identity, str):
        return identity
    expected = "text or a list of it" if several else "one text"
    raise Unfit(f"must be {expected}, not {shown(value)}")
