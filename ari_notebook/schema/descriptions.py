"""A server's declaration with the more detailed descriptions of another declaration.

Asterisk's descriptions are terse: they name no events and do not explain statuses. Only
descriptions are replaced, and only those of names in both declarations: parameters, types, defaults
and allowed values remain the server's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from ari_notebook.schema.model import Declaration, Model, ModelField, Operation, Parameter

__all__ = ["explained"]

Described = TypeVar("Described", Parameter, ModelField)


def explained(declaration: Declaration, by: Declaration) -> Declaration:
    """Return a declaration with another's descriptions, where both declare the same name."""
    operations = {(each.method, each.path): each for each in by.operations}
    return replace(
        declaration,
        operations=tuple(
            _operation(each, operations[each.method, each.path])
            if (each.method, each.path) in operations
            else each
            for each in declaration.operations
        ),
        models={
            name: _model(each, by.models[name]) if name in by.models else each
            for name, each in declaration.models.items()
        },
        about={**declaration.about, **by.about},
    )


def _operation(operation: Operation, other: Operation) -> Operation:
    reasons = {error.code: error.reason for error in other.errors}
    return replace(
        operation,
        summary=other.summary or operation.summary,
        notes=other.notes or operation.notes,
        parameters=_described(operation.parameters, other.parameters),
        errors=tuple(
            replace(error, reason=reasons.get(error.code, error.reason))
            for error in operation.errors
        ),
    )


def _model(model: Model, other: Model) -> Model:
    return replace(
        model,
        description=other.description or model.description,
        fields=_described(model.fields, other.fields),
    )


def _described(ours: Iterable[Described], theirs: Iterable[Described]) -> tuple[Described, ...]:
    words = {each.name: each.description for each in theirs}
    return tuple(
        replace(each, description=words.get(each.name) or each.description) for each in ours
    )
