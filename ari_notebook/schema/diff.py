"""Differences between two servers' declarations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from ari_notebook.schema.model import Declaration

ChangeKind = Literal["operation", "parameter", "value", "event", "model", "field"]


class Change(NamedTuple):
    """A declared item: its kind and name.

    The name of a parameter is ``channels.play(media)``, of an allowed value
    ``channels.hangup(reason=busy)``, of a field ``Channel.tenantid``.
    """

    kind: ChangeKind
    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference between two declarations; true if there is one.

    Attributes:
        added: items only in the second, in its order.
        removed: items only in the first, in its order.
    """

    added: tuple[Change, ...]
    removed: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


def diff(a: Declaration, b: Declaration) -> Difference:
    """Return the items that only one of two declarations has.

    The parts of a missing item are not listed: a missing model includes its fields.
    """
    return Difference(added=_lacking(a, b), removed=_lacking(b, a))


def _lacking(a: Declaration, b: Declaration) -> tuple[Change, ...]:
    """Return the items of `b` that `a` lacks."""
    has = {change for change, _ in _content(a)}
    return tuple(
        change
        for change, whole in _content(b)
        if change not in has and (whole is None or whole in has)
    )


def _content(declaration: Declaration) -> Iterator[tuple[Change, Change | None]]:
    """Yield every declared item, with the item it is part of."""
    for operation in declaration.operations:
        name = operation.qualified_name
        whole = Change("operation", name)
        yield whole, None
        for parameter in operation.parameters:
            part = Change("parameter", f"{name}({parameter.name})")
            yield part, whole
            for allowed in parameter.allowed:
                yield Change("value", f"{name}({parameter.name}={allowed})"), part
    events = set(declaration.events)
    for model in declaration.models.values():
        whole = Change("event" if model.name in events else "model", model.name)
        yield whole, None
        for field in model.fields:
            part = Change("field", f"{model.name}.{field.name}")
            yield part, whole
            for allowed in field.allowed:
                yield Change("value", f"{model.name}.{field.name}={allowed}"), part
