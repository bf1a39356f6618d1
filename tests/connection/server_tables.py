"""Comparison of a session's live tables with its server, object by object."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from ari_notebook.client.errors import AriError, NotFound
from ari_notebook.client.rest import RestRequest
from ari_notebook.sessions.session import Session

# What a channel's events are sure to report. Language, account code and the place in the dialplan
# change without one.
CHANNEL_FIELDS = ("name", "state", "caller", "connected", "creationtime")
# Nor does an event report that a bridge of two phones became native (``technology``).
BRIDGE_FIELDS = ("name", "bridge_class", "bridge_type", "creator")


def differences(ari: Session) -> list[str]:
    """Return differences between the tables of a session subscribed to all and the server."""
    found: list[str] = []
    tables = ari.tables

    def compare(kind: str, mine: dict[str, Any], server: dict[str, Any]) -> None:
        found.extend(f"{kind}: {id} is only in the table" for id in mine.keys() - server.keys())
        found.extend(f"{kind}: {id} is only on the server" for id in server.keys() - mine.keys())
        found.extend(
            f"{kind}: {id} is {mine[id]}, on the server {server[id]}"
            for id in mine.keys() & server.keys()
            if mine[id] != server[id]
        )

    def fields(item: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        return {name: item.get(name) for name in names}

    bridges = ari.listed("bridges")
    of_channel = {channel: bridge["id"] for bridge in bridges for channel in bridge["channels"]}
    compare(
        "channels",
        {
            id: fields(row, CHANNEL_FIELDS) | {"bridge": row["bridge"]}
            for id, row in tables.channels.copy().items()
        },
        {
            item["id"]: fields(item, CHANNEL_FIELDS) | {"bridge": of_channel.get(item["id"], "")}
            for item in ari.listed("channels")
        },
    )
    compare(
        "bridges",
        {
            id: fields(row, BRIDGE_FIELDS) | {"channels": set(row["channels"])}
            for id, row in tables.bridges.copy().items()
        },
        {
            item["id"]: fields(item, BRIDGE_FIELDS) | {"channels": set(item["channels"])}
            for item in bridges
        },
    )
    compare(
        "endpoints",
        {
            id: (row.get("state"), set(row["channel_ids"]))
            for id, row in tables.endpoints.copy().items()
        },
        {
            f"{item['technology']}/{item['resource']}": (
                item.get("state"),
                set(item["channel_ids"]),
            )
            for item in ari.listed("endpoints")
        },
    )
    # These cannot be listed, or not all of them: each is asked for.
    found.extend(
        f"device_states: {item['name']} is only on the server"
        for item in ari.listed("device_states")
        if item["name"] not in tables.device_states
    )
    for kind, path in (
        ("playbacks", "/playbacks/"),
        ("recordings", "/recordings/live/"),
        ("device_states", "/deviceStates/"),
    ):
        mine = getattr(tables, kind).copy()
        compare(
            kind,
            {id: row["state"] for id, row in mine.items()},
            {
                id: there["state"]
                for id in mine
                if (there := _asked(ari, path + quote(id, safe=""))) is not None
            },
        )
    return found


def _asked(ari: Session, path: str) -> dict[str, Any] | None:
    try:
        item: dict[str, Any] = ari._parts.rest.send(RestRequest("GET", path)).json()
    except NotFound:
        return None
    return item


def assert_tables_match_server(ari: Session, seconds: float = 5) -> None:
    """Wait until the tables equal the server's state; pending events need a moment."""
    end = time.monotonic() + seconds
    found = ["the server was never asked"]
    while found:
        try:
            found = differences(ari)
        except AriError as error:
            found = [str(error)]
        if found and time.monotonic() > end:
            pytest.fail("\n".join([*found, str(ari.status)]))
        time.sleep(0.01)
