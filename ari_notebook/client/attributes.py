"""The error for an attribute that an object does not have, with the name that was meant."""

from __future__ import annotations

from ari_notebook.client.tracebacks import NoAttribute
from ari_notebook.schema.suggest import nearest

__all__ = ["unknown_attribute"]


def unknown_attribute(thing: object, what: str, name: str) -> NoAttribute:
    """Return the error for an attribute that an object does not have.

    Args:
        thing: the object, whose public names are searched for a similar one.
        what: its kind, with article, such as "a phone".
        name: of the attribute.
    """
    near = nearest(name, [each for each in dir(thing) if not each.startswith("_")], 1)
    return NoAttribute(f"{what} has no {name!r}" + (f". Did you mean {near[0]}?" if near else ""))
