"""Reading the truth from a server: what the live tables start from, and return to after a gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ari_notebook.client.errors import NotFound, ServerError
from ari_notebook.client.rest import Call, Rest

__all__ = ["applications", "read"]


def applications(rest: Rest, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What the server says of each application, by name; those it does not know are left out."""
    wanted = set(names)
    listed = _listed(rest, "/applications", "name")
    return {item["name"]: item for item in listed if item["name"] in wanted}


def read(
    rest: Rest,
    known: Mapping[str, Mapping[str, Any]],
    *,
    subscribe_all: bool,
    bridges: Iterable[str],
    playbacks: Iterable[str],
    recordings: Iterable[str],
    devices: Iterable[str],
) -> dict[str, list[dict[str, Any]]]:
    """Read everything that the live tables hold.

    A table holds what the session is told about: everything where it subscribed to all,
    otherwise what its applications are subscribed to, and the bridges that it knew: Asterisk
    subscribes nobody to a bridge that it makes. Playbacks and live recordings cannot be listed in
    ARI, and of devices only those that ARI made, so that those known before are asked for one by
    one.

    Args:
        rest: where to ask.
        known: the session's applications as the server describes them.
        subscribe_all: whether the session is told about everything.
        bridges: ids of bridges that were known.
        playbacks: ids of playbacks that were alive.
        recordings: names of recordings that were alive.
        devices: names of devices whose state was known.

    Returns:
        Kind of table → ARI's objects.
    """

    def listed(path: str, key: str, ids: str, before: Iterable[str] = ()) -> list[dict[str, Any]]:
        everything = _listed(rest, path, *_NAMES.get(key, (key,)))
        if subscribe_all or _all(known, ids):
            return everything
        told = _told(known, ids).union(before)
        return [item for item in everything if _identity(item, key) in told]

    states = listed("/deviceStates", "name", "device_names")
    others = set(devices) - {state["name"] for state in states}
    if not subscribe_all and not _all(known, "device_names"):
        others &= _told(known, "device_names")
    # Of its own devices ARI says all; one of them that is not among those is no more.
    others = {name for name in others if not name.startswith("Stasis:")}
    return {
        "channels": listed("/channels", "id", "channel_ids"),
        "bridges": listed("/bridges", "id", "bridge_ids", bridges),
        "endpoints": listed("/endpoints", "endpoint", "endpoint_ids"),
        "device_states": states + _those_left(rest, "/deviceStates/", sorted(others), "name"),
        "playbacks": _those_left(rest, "/playbacks/", playbacks, "id"),
        "recordings": _those_left(rest, "/recordings/live/", recordings, "name"),
    }


_NAMES = {"endpoint": ("technology", "resource")}


def _listed(rest: Rest, path: str, *names: str) -> list[dict[str, Any]]:
    """A list of objects that have these members, whatever else something on the way may answer."""
    items = rest.send(Call("GET", path)).json()
    if not isinstance(items, list) or not all(_is_named(item, names) for item in items):
        raise ServerError("the answer is no list of what was asked for", request=f"GET {path}")
    return items


def _is_named(item: Any, names: Iterable[str]) -> bool:
    return isinstance(item, dict) and all(isinstance(item.get(name), str) for name in names)


def _all(known: Mapping[str, Mapping[str, Any]], ids: str) -> bool:
    return any("_ALL_TOPIC" in name for item in known.values() for name in item.get(ids, ()))


def _told(known: Mapping[str, Mapping[str, Any]], ids: str) -> set[str]:
    return {name for item in known.values() for name in item.get(ids, ())}


def _identity(item: Mapping[str, Any], key: str) -> str:
    return f"{item['technology']}/{item['resource']}" if key == "endpoint" else item[key]


def _those_left(rest: Rest, path: str, ids: Iterable[str], name: str) -> list[dict[str, Any]]:
    left = []
    for id in ids:
        try:
            item = rest.send(Call("GET", path + quote(id, safe=""))).json()
        except NotFound:
            continue
        if _is_named(item, (name,)):
            left.append(item)
    return left
