"""``%ari resource.operation name=value``: every operation that the connected server declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Given, Verb

if TYPE_CHECKING:
    from ari_notebook.spec import Parameter

__all__ = ["arguments_of", "invoke", "is_operation"]


def is_operation(word: str) -> bool:
    """Whether a line's first word names an operation."""
    resource, dot, name = str(word).partition(".")
    return bool(dot) and resource.isidentifier() and name.isidentifier()


def invoke(name: str) -> Verb:
    """The verb that performs the operation of that name.

    Its run raises UsageProblem where there is none of that name, and InvalidParameter where the
    parameters do not fit the declaration; then nothing was sent.
    """

    def run(context: Context, given: Given) -> Any:
        session = context.session
        operation = session.operation(name)
        return session.invoke(operation, arguments_of(operation.parameters, given))

    return Verb(name, "", run, fields="operation")


def arguments_of(parameters: tuple[Parameter, ...], given: Given) -> dict[str, Any]:
    """The arguments that a line gives; a body's are read as JSON.

    Raises:
        UsageProblem: a body is no JSON.
    """
    bodies = {p.name for p in parameters if p.location == "body"}
    found: dict[str, Any] = {}
    for name, value in given.fields.items():
        found[name] = _json(name, value) if name in bodies and isinstance(value, str) else value
    return found


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise UsageProblem(
            f"{name} takes JSON, not {text!r}", f'As in {name}={{"COLOUR": "red"}}.'
        ) from None
