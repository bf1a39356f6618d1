"""Variables in the bodies of requests: ``{"variables": {name: text or {"value": …}}}``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ari_notebook.simulator.messages import AriRefusal

__all__ = ["GivenVariable", "inside", "names", "parse"]


def names(given: list[str]) -> list[str]:
    """Return the variable names of a request.

    Raises:
        AriRefusal: 400, no name is given.
    """
    if not given:
        raise AriRefusal(400, "At least one variable name is required")
    found = [name.strip() for name in given]
    if not all(found):
        raise AriRefusal(400, "Variable names are required")
    return found


class GivenVariable(NamedTuple):
    """One variable of a request."""

    name: str
    value: str
    report_events: bool


def inside(body: Any, *, required: bool = False) -> list[GivenVariable]:
    """Return the variables in a body's field ``variables``.

    Args:
        body: JSON body of any type.
        required: whether the field is required; creating a channel ignores a field of another type.

    Raises:
        AriRefusal: 400, with the reason.
    """
    given = body.get("variables") if isinstance(body, Mapping) else None
    if not isinstance(given, Mapping):
        if required:
            raise AriRefusal(400, "The 'variables' field must be a JSON object")
        return []
    return list(parse(given))


def parse(given: Mapping[str, Any]) -> Iterator[GivenVariable]:
    """Yield each variable of an object of variables.

    Raises:
        AriRefusal: 400, with the reason.
    """
    for key, value in given.items():
        name = key.strip()
        if not key:
            continue
        if isinstance(value, str):
            yield GivenVariable(name, value, False)
        elif not isinstance(value, Mapping):
            what = "a string or an object with 'value' and optional 'report_events'"
            raise AriRefusal(400, f"Each value in 'variables' must be {what}")
        elif not isinstance(value.get("value"), str):
            raise AriRefusal(
                400, "Each object value in 'variables' must include string field 'value'"
            )
        elif not isinstance(value.get("report_events", False), bool):
            raise AriRefusal(400, "Field 'report_events' in 'variables' entries must be boolean")
        else:
            yield GivenVariable(name, value["value"], value.get("report_events", False))
