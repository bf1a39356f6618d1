"""JSON objects with members as attributes: ``event.channel.caller.number``."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from ari_notebook.client.tracebacks import NoAttribute

__all__ = ["JsonObject", "ModelObject"]


class JsonObject(dict[str, Any]):
    """A JSON object whose members can also be read as attributes.

    Every member is an attribute at run time. Subclasses annotate the declared ones for type
    checkers, which report misspelled names; ``event["name"]`` reads any member.
    """

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            try:
                value = self[name]
            except KeyError:
                raise NoAttribute(f"no field {name!r}; there are: {', '.join(self)}") from None
            return JsonObject(value) if isinstance(value, dict) else value

        def __setattr__(self, name: str, value: Any) -> None:
            raise NoAttribute(f"{name} cannot be assigned: received data is read-only")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


class ModelObject(JsonObject):
    """A JSON object of a model that ARI declares.

    Subclasses annotate the declared fields. A field that is a model is an object of its class. A
    field annotated with None may be absent, and is then None. Undeclared fields are available as in
    any `JsonObject`. A ``match`` statement compares fields by name: ``case
    ChannelDtmfReceived(digit="1")``.
    """

    __match_args__ = ()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            field = _fields(type(self)).get(name)
            if field is None:
                return super().__getattr__(name)
            value = self.get(field.key)
            if type(value) is str:  # the most frequent case
                return value
            if value is None and not field.optional and field.key not in self:
                return super().__getattr__(field.key)
            return _typed(value, field.model)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *_fields(type(self))]


@dataclass(frozen=True, slots=True)
class _Field:
    """An annotated field: JSON name, model of its value, and whether it may be absent."""

    key: str
    model: type[JsonObject]
    optional: bool


@functools.cache
def _fields(cls: type[ModelObject]) -> dict[str, _Field]:
    """Return the annotated fields of a model; computed when the first field is read."""
    return {
        name: _Field(
            # ``from`` is a keyword, so the attribute is ``from_``.
            key=name.removesuffix("_"),
            model=next(_models(hint), JsonObject),
            optional=types.NoneType in get_args(hint),
        )
        for name, hint in get_type_hints(cls).items()
    }


def _models(hint: Any) -> Iterator[type[ModelObject]]:
    if isinstance(hint, type) and issubclass(hint, ModelObject):
        yield hint
    for part in get_args(hint):
        yield from _models(part)


def _typed(value: Any, model: type[JsonObject]) -> Any:
    """Return a value as declared; a value of another type is returned unchanged."""
    if isinstance(value, dict):
        return model(value)
    if isinstance(value, list) and model is not JsonObject:
        return [model(each) if isinstance(each, dict) else each for each in value]
    return value
