"""Validation of an operation's arguments, and their conversion to a request.

Where Asterisk 22.10 differs from its declaration, this module does what the server does. The
constants at the top list these differences, so that a declaration stays plain data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from ari_notebook.schema import media, suggest
from ari_notebook.schema.model import Operation, Parameter

# A body parameter is a member of the body ({"variables": {...}}), except that
# - one of type `object` is the whole body (the event filter), and
# - for POST /bridges the variables are the whole body, unlike for POST /bridges/{bridgeId}.
WHOLE_BODY_TYPE = "object"
WHOLE_BODY = frozenset({("POST", "/bridges")})

# Declared defaults that the server does not apply: without the value it responds with 400.
SEND_DEFAULT = frozenset({"/channels/{channelId}/mute"})

# Dialplan variables are text; only a user event takes any JSON.
ANY_JSON = frozenset({"/events/user/{eventName}"})

# Maximum number of values of one parameter in the query string; the JSON body takes any number.
QUERY_VALUES = 127

# A request line longer than 4,095 octets is answered by 400 Bad Request (main/http.c,
# MAX_HTTP_LINE_LENGTH). Longer arguments are sent in the JSON body, which may have 40,960 octets.
# The difference leaves room for the method, http.conf's prefix, ``/ari`` and the protocol's
# version.
LINE_OCTETS = 4095 - 160

# Asterisk counts these in milliseconds in a C int: a larger value overflows and never ends
# (res/ari/resource_channels.c, res/res_stasis_recording.c).
COUNTED_IN_MILLISECONDS = frozenset({"timeout", "maxSilenceSeconds"})
MOST_SECONDS = (2**31 - 1) // 1000

# Parameters of which Asterisk uses the first and silently ignores the second
# (res/ari/resource_channels.c).
EXCLUSIVE = {
    "originate": (
        *(("app", other) for other in ("extension", "context", "priority", "label")),
        ("label", "priority"),
    ),
    "continueInDialplan": (("label", "priority"),),
}

# HTTP libraries and proxies resolve these path segments: DELETE /channels/.. would be DELETE /.
DOTS = frozenset({".", ".."})

# Names of parameters in other clients, Asterisk's dialplan or its documentation.
ALSO_CALLED = {
    "callerid": "callerId",
    "channelvars": "variables",
    "channelvariables": "variables",
    "chanvars": "variables",
    "exten": "extension",
    "setvar": "variables",
    "vars": "variables",
    "application": "app",
    "args": "appArgs",
    "duration": "maxDurationSeconds",
    "uri": "media",
}


class InvalidArguments(ValueError):
    """The arguments are invalid by the declaration; nothing was sent.

    Attributes:
        operation: the requested operation.
        problems: one sentence per error; the message joins them on one line.
    """

    def __init__(self, operation: Operation, problems: Iterable[str]) -> None:
        self.operation = operation
        self.problems = tuple(problems)
        super().__init__(f"{operation.qualified_name}: {'; '.join(self.problems)}")

    def __reduce__(self) -> tuple[type[InvalidArguments], tuple[Operation, tuple[str, ...]]]:
        return type(self), (self.operation, self.problems)  # so that it can be pickled


@dataclass(frozen=True, slots=True)
class Checked:
    """A validated request.

    Attributes:
        operation: the operation.
        arguments: the given arguments, normalised, by ARI's names.
        path: the path with percent-encoded arguments (``/channels/1.2/play``).
        params: query parameters as text, lists joined by commas.
        body: the JSON body, or None.
    """

    operation: Operation = field(repr=False)
    arguments: Mapping[str, Any]
    path: str
    params: Mapping[str, str]
    body: Any = None


def check(operation: Operation, arguments: Mapping[str, Any]) -> Checked:
    """Check keyword arguments against the declaration of an operation.

    A value of None counts as not given. Numbers and booleans may be text, as from a prompt; an
    object with an `id` is replaced by its id.

    Args:
        operation: the operation to perform.
        arguments: by ARI's names (``channelId``), Python's (``from_``) or in snake_case.

    Raises:
        InvalidArguments: an argument is missing, unknown, of the wrong type or not allowed; the
            message lists all errors and what would be valid.
    """
    problems: list[str] = []
    given = _by_name(operation, arguments, problems)
    accepted: dict[str, Any] = {}
    for parameter in operation.parameters:
        value = given.get(parameter.name)
        if value is None:
            if parameter.required:
                problems.append(f"{parameter.python_name} is missing")
            elif parameter.default is not None and operation.path in SEND_DEFAULT:
                accepted[parameter.name] = parameter.default
            continue
        try:
            accepted[parameter.name] = _accept(operation, parameter, value)
        except Unfit as unfit:
            problems.append(f"{parameter.python_name} {unfit}")
    for used, dropped in EXCLUSIVE.get(operation.nickname.removesuffix("WithId"), ()):
        if used in accepted and dropped in accepted:
            problems.append(f"give {used} or {dropped}, not both: Asterisk ignores the {dropped}")
    if problems:
        raise InvalidArguments(operation, problems)
    return _lay_out(operation, accepted)


def _by_name(
    operation: Operation, arguments: Mapping[str, Any], problems: list[str]
) -> dict[str, Any]:
    """Return the arguments by ARI's names; report unknown ones and duplicates."""
    given: dict[str, Any] = {}
    for name, value in arguments.items():
        try:
            parameter = operation.parameter(name)
        except KeyError:
            problems.append(_unknown(operation, name))
            continue
        if given.get(parameter.name) is not None and value is not None:
            problems.append(f"{parameter.python_name} is given twice")
        if value is not None:
            given[parameter.name] = value
    return given


def _unknown(operation: Operation, name: str) -> str:
    known = [parameter.python_name for parameter in operation.parameters]
    alias = ALSO_CALLED.get(name.lower().replace("_", ""))
    near = suggest.did_you_mean([alias] if alias in known else suggest.nearest(name, known, 1))
    if near:
        return f"{name!r} is not a parameter{near.replace(';', ',', 1)}"
    problem = f"{name!r} is not a parameter (it takes {', '.join(known) or 'none'})"
    if "variables" in known and name.isupper():
        problem += f"; a dialplan variable goes into variables={{{name!r}: …}}"
    return problem


def _accept(operation: Operation, parameter: Parameter, value: Any) -> Any:
    accepted = accept(parameter, value)
    if parameter.location == "path" and accepted == "":
        raise Unfit("must not be empty")
    names_object = parameter.location == "path" or parameter.name.endswith("Id")
    if names_object and isinstance(accepted, str) and accepted in DOTS:
        raise Unfit(f"must not be {accepted!r}, which HTTP treats as a folder")
    if parameter.name in COUNTED_IN_MILLISECONDS and accepted > MOST_SECONDS:
        raise Unfit(f"must be at most {MOST_SECONDS} seconds, not {accepted}")
    if parameter.name == "variables" and parameter.location == "body":
        if not isinstance(accepted, Mapping):
            raise Unfit(f"takes names and values, like {{'NAME': 'value'}}, not {shown(value)}")
        if operation.path not in ANY_JSON:
            return {name: _variable(name, each) for name, each in accepted.items()}
    if parameter.name == ROWS and isinstance(accepted, Mapping):
        return [{"attribute": name, "value": text(each)} for name, each in accepted.items()]
    return accepted


def _variable(name: str, value: Any) -> Any:
    """Return a dialplan variable's value for Asterisk: text, or an object with `value`."""
    if isinstance(value, Mapping) and "value" in value:
        return {**value, "value": _variable(name, value["value"])}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    raise Unfit(f"has {shown(value)} for {name!r}, but a variable's value is text")


def _lay_out(operation: Operation, accepted: dict[str, Any]) -> Checked:
    path, params, body = operation.path, dict[str, str](), dict[str, Any]()
    whole: Any = None
    queried: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.name not in accepted:
            continue
        value = accepted[parameter.name]
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(text(value), safe=""))
        elif parameter.location == "body":
            if _is_whole_body(operation, parameter):
                whole = value
            else:
                body[parameter.name] = value
        elif _needs_json(value):
            body[parameter.name] = value
        else:
            params[parameter.name] = text(value)
            queried[parameter.name] = _as_json(parameter, value)
    takes_body = operation.method in ("POST", "PUT") and whole is None
    if takes_body and _octets(path, params) > LINE_OCTETS:
        params, body = {}, {**queried, **body}
    return Checked(operation, accepted, path, params, whole if whole is not None else body or None)


def _octets(path: str, params: Mapping[str, str]) -> int:
    """Return the number of octets of path and query on the request line."""
    return len(path) + 1 + len(urlencode(params, quote_via=quote))


def _as_json(parameter: Parameter, value: Any) -> Any:
    """Return a query parameter's value for the JSON body, where commas do not separate values."""
    return value.split(",") if is_list(parameter) and isinstance(value, str) else value


def _is_whole_body(operation: Operation, parameter: Parameter) -> bool:
    return parameter.type == WHOLE_BODY_TYPE or (operation.method, operation.path) in WHOLE_BODY


def _needs_json(value: Any) -> bool:
    """Return whether a list would be misread in the query string, where commas separate values.

    ``tone:350+440,0/200`` is one media URI, and remains one as JSON.
    """
    if not isinstance(value, list):
        return False
    return len(value) > QUERY_VALUES or any("," in text(each) for each in value)


TRUE = frozenset({"true", "yes", "y", "t", "1", "on"})  # Asterisk's spellings of true
FALSE = frozenset({"false", "no", "n", "f", "0", "off"})
SHOWN = 60  # maximum number of characters shown
BITS = {"int": 32, "long": 64}
ROWS = "fields"  # the only body parameter that is a list: [{"attribute": …, "value": …}]


class Unfit(ValueError):
    """A value is invalid; the message follows the parameter's name."""


def accept(parameter: Parameter, value: Any) -> Any:
    """Convert a value to the declared type.

    Several values are given as a list. Text with commas is not changed, because Asterisk splits it;
    except media, because a tone may contain commas.

    Raises:
        Unfit: the value is of another type, or not allowed.
    """
    if is_list(parameter):
        if isinstance(value, list | tuple | set | frozenset):
            each = [_one(parameter, item) for item in value]
            if not each:
                raise Unfit("needs at least one value")
            return each
        if isinstance(value, str) and parameter.allowed:
            return ",".join(_one(parameter, part.strip()) for part in value.split(","))
        if isinstance(value, str) and parameter.name == "media" and "," in value:
            return media.split(value)
    return _one(parameter, value)


def text(value: Any) -> str:
    """Return an accepted value as text for a path or query string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text(each) for each in value)
    return str(value)


def shown(value: Any) -> str:
    """Return a value's repr for a message, truncated if long."""
    whole = repr(value).replace("\n", " ")
    return whole if len(whole) <= SHOWN else f"{whole[:SHOWN]}…"


def is_list(parameter: Parameter) -> bool:
    """Return whether a parameter takes several values."""
    return parameter.multiple or parameter.type.startswith("List[")


def element_type(type_name: str) -> str:
    """Return ``X`` of ``List[X]``, and any other type unchanged."""
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
    near = suggest.did_you_mean(suggest.nearest(str(value), parameter.allowed, 1))
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
    identity = getattr(value, "id", None)  # a live object is replaced by its id
    if isinstance(identity, str):
        return identity
    expected = "text or a list of it" if several else "one text"
    raise Unfit(f"must be {expected}, not {shown(value)}")
