"""Server snapshots over REST, for live tables at the start and after a gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from ari_notebook.client.errors import NotFound, ServerError
from ari_notebook.client.rest import Rest, RestRequest

__all__ = ["applications", "read"]


def applications(rest: Rest, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the server's description of each application by name, without unknown ones."""
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
    """Read the content of the live tables from the server.

    A table holds the objects that the session is subscribed to: all of them with subscribe_all,
    otherwise those of its applications' subscriptions, and the bridges known before, because
    creating a bridge does not subscribe to it. ARI cannot list playbacks and live recordings, and
    lists only ``Stasis:`` devices, so those known before are requested individually.

    Args:
        rest: REST client of the server.
        known: the session's applications as the server describes them.
        subscribe_all: whether the session is subscribed to everything.
        bridges: ids of bridges known before.
        playbacks: ids of playbacks that had not ended.
        recordings: names of recordings that had not ended.
        devices: names of devices with a known state.

    Returns:
        Table → ARI's objects.
    """

    def listed(path: str, key: str, ids: str, before: Iterable[str] = ()) -> list[dict[str, Any]]:
        everything = _listed(rest, path, *_NAMES.get(key, (key,)))
        if subscribe_all or _all(known, ids):
            return everything
        subscribed = _subscribed(known, ids).union(before)
        return [item for item in everything if _identity(item, key) in subscribed]

    states = listed("/deviceStates", "name", "device_names")
    others = set(devices) - {state["name"] for state in states}
    if not subscribe_all and not _all(known, "device_names"):
        others &= _subscribed(known, "device_names")
    # ARI lists all Stasis: devices; one that is not listed no longer exists.
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
    """Return a list of objects with these members; raise ServerError for any other response."""
    items = rest.send(RestRequest("GET", path)).json()
    if not isinstance(items, list) or not all(_is_named(item, names) for item in items):
        raise ServerError(
            "the response is not a list of the requested objects", request=f"GET {path}"
        )
    return items


def _is_named(item: Any, names: Iterable[str]) -> bool:
    return isinstance(item, dict) and all(isinstance(item.get(name), str) for name in names)


def _all(known: Mapping[str, Mapping[str, Any]], ids: str) -> bool:
    return any("_ALL_TOPIC" in name for item in known.values() for name in item.get(ids, ()))


def _subscribed(known: Mapping[str, Mapping[str, Any]], ids: str) -> set[str]:
    return {name for item in known.values() for name in item.get(ids, ())}


def _identity(item: Mapping[str, Any], key: str) -> str:
    return f"{item['technology']}/{item['resource']}" if key == "endpoint" else item[key]


def _those_left(rest: Rest, path: str, ids: Iterable[str], name: str) -> list[dict[str, Any]]:
    left = []
    for id in ids:
        try:
            item = rest.send(RestRequest("GET", path + quote(id, safe=""))).json()
        except NotFound:
            continue
        if _is_named(item, (name,)):
            left.append(item)
    return left
