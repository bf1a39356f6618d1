"""Check the arguments of an operation before anything is sent, and lay them out as a request.

Where Asterisk 22.10 departs from its own declaration, this module does what the server does; each
such place is named at the top, so that a declaration stays plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ari_notebook.spec import nearness, values

if TYPE_CHECKING:
    from ari_notebook.spec.declaration import Operation, Parameter

# A body parameter travels under its own name ({"variables": {...}}), except that
# - one of type `object` is the whole body (the event filter), and
# - POST /bridges takes the whole body for the variables, unlike POST /bridges/{bridgeId}.
WHOLE_BODY_TYPE = "object"
WHOLE_BODY = frozenset({("POST", "/bridges")})

# Declared defaults that the server does not apply: without them it answers 400.
SEND_DEFAULT = frozenset({"/channels/{channelId}/mute"})

# Dialplan variables are text; only a user event carries any JSON.
ANY_JSON = frozenset({"/events/user/{eventName}"})

# The query string holds at most this many values of one parameter; the JSON body any number.
QUERY_VALUES = 127


class InvalidArguments(ValueError):
    """The arguments do not fit the declaration; nothing was sent.

    Attributes:
        operation: the operation that was to be performed.
        problems: what is wrong, one sentence each; the message joins them on one line.
    """

    def __init__(self, operation: Operation, problems: Iterable[str]) -> None:
        self.operation = operation
        self.problems = tuple(problems)
        super().__init__(f"{operation.qualified_name}: {'; '.join(self.problems)}")

    def __reduce__(self) -> tuple[type[InvalidArguments], tuple[Operation, tuple[str, ...]]]:
        return type(self), (self.operation, self.problems)  # pickles despite the joined message


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that fits the declaration, ready to be sent.

    Attributes:
        operation: what it performs.
        arguments: the normalised values by ARI's names, those that were given.
        path: the path with its arguments filled in and percent-encoded (``/channels/1.2/play``).
        params: the query string's parameters as text, lists joined by commas.
        body: what is sent as JSON, None if there is no body.
    """

    operation: Operation = field(repr=False)
    arguments: Mapping[str, Any]
    path: str
    params: Mapping[str, str]
    body: Any = None


def check(operation: Operation, arguments: Mapping[str, Any]) -> Checked:
    """Check keyword arguments against the declaration of an operation.

    A value of None counts as not given. Numbers and truth values may come as text, as they do from
    a prompt; an object with an `id` may stand for its id.

    Args:
        operation: what is to be performed.
        arguments: by ARI's names (``channelId``), Python's (``from_``) or in snake_case.

    Raises:
        InvalidArguments: something is missing, unknown, of the wrong type or not allowed; the
            message says everything that is wrong and what would be right.
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
        except values.Unfit as unfit:
            problems.append(f"{parameter.python_name} {unfit}")
    if problems:
        raise InvalidArguments(operation, problems)
    return _lay_out(operation, accepted)


def _by_name(
    operation: Operation, arguments: Mapping[str, Any], problems: list[str]
) -> dict[str, Any]:
    """Give the arguments by ARI's names; note the unknown ones and those given twice."""
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
    near = nearness.did_you_mean(nearness.nearest(name, known, 1))
    if near:
        return f"{name!r} is not a parameter{near.replace(';', ',', 1)}"
    return f"{name!r} is not a parameter (it takes {', '.join(known) or 'none'})"


def _accept(operation: Operation, parameter: Parameter, value: Any) -> Any:
    accepted = values.accept(parameter, value)
    if parameter.location == "path" and accepted == "":
        raise values.Unfit("must not be empty")
    if parameter.name == "variables" and parameter.location == "body":
        if not isinstance(accepted, Mapping):
            raise values.Unfit(
                f"takes names and values, like {{'NAME': 'value'}}, not {values.shown(value)}"
            )
        if operation.path not in ANY_JSON:
            return {name: _variable(name, each) for name, each in accepted.items()}
    if parameter.name == values.ROWS and isinstance(accepted, Mapping):
        return [{"attribute": name, "value": values.text(each)} for name, each in accepted.items()]
    return accepted


def _variable(name: str, value: Any) -> Any:
    """Give a dialplan variable's value as Asterisk takes it: text, or an object with `value`."""
    if isinstance(value, Mapping) and "value" in value:
        return {**value, "value": _variable(name, value["value"])}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    raise values.Unfit(f"holds {values.shown(value)} for {name!r}, but a variable's value is text")


def _lay_out(operation: Operation, accepted: dict[str, Any]) -> Checked:
    path, params, body = operation.path, dict[str, str](), dict[str, Any]()
    whole: Any = None
    for parameter in operation.parameters:
        if parameter.name not in accepted:
            continue
        value = accepted[parameter.name]
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(values.text(value), safe=""))
        elif parameter.location == "body":
            if _is_whole_body(operation, parameter):
                whole = value
            else:
                body[parameter.name] = value
        elif _needs_json(value):
            body[parameter.name] = value
        else:
            params[parameter.name] = values.text(value)
    return Checked(operation, accepted, path, params, whole if whole is not None else body or None)


def _is_whole_body(operation: Operation, parameter: Parameter) -> bool:
    return parameter.type == WHOLE_BODY_TYPE or (operation.method, operation.path) in WHOLE_BODY


def _needs_json(value: Any) -> bool:
    """Whether a list would be misread in the query string, where a comma parts the values.

    ``tone:350+440,0/200`` is one media URI; as JSON it stays one.
    """
    if not isinstance(value, list):
        return False
    return len(value) > QUERY_VALUES or any("," in values.text(each) for each in value)
