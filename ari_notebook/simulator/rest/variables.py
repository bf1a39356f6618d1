"""Variables in the bodies of requests: ``{"variables": {name: text or {"value": …}}}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ari_notebook.simulator.messages import Refused

__all__ = ["Given", "inside", "names", "parse"]


def names(given: list[str]) -> list[str]:
    """The names that a request asks for.

    Raises:
        Refused: 400, it names none.
    """
    if not given:
        raise Refused(400, "At least one variable name is required")
    found = [name.strip() for name in given]
    if not all(found):
        raise Refused(400, "Variable names are required")
    return found


class Given(NamedTuple):
    """One variable of a request."""

    name: str
    value: str
    report_events: bool


def inside(body: Any, *, required: bool = False) -> list[Given]:
    """The variables in a body's field ``variables``.

    Args:
        body: the JSON body; anything.
        required: whether the field has to be there; making a channel ignores one of another kind.

    Raises:
        Refused: 400, with the reason.
    """
    given = body.get("variables") if isinstance(body, Mapping) else None
    if not isinstance(given, Mapping):
        if required:
            raise Refused(400, "The 'variables' field must be a JSON object")
        return []
    return list(parse(given))


def parse(given: Mapping[str, Any]) -> Iterator[Given]:
    """Each variable of an object of them.

    Raises:
        Refused: 400, with the reason.
    """
    for key, value in given.items():
        name = key.strip()
        if not key:
            continue
        if isinstance(value, str):
            yield Given(name, value, False)
        elif not isinstance(value, Mapping):
            what = "a string or an object with 'value' and optional 'report_events'"
            raise Refused(400, f"Each value in 'variables' must be {what}")
        elif not isinstance(value.get("value"), str):
            raise Refused(400, "Each object value in 'variables' must include string field 'value'")
        elif not isinstance(value.get("report_events", False), bool):
            raise Refused(400, "Field 'report_events' in 'variables' entries must be boolean")
        else:
            yield Given(name, value["value"], value.get("report_events", False))
