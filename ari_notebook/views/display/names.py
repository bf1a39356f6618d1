"""Names for the ids of a session's channels and bridges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.views.display.cards import party
from ari_notebook.views.display.html import clean

if TYPE_CHECKING:
    from ari_notebook.connection.protocols import Invoker

__all__ = ["Names", "short_id"]

_RECENT = 2_000  # number of events searched for names of ended objects


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def short_id(id: object) -> str:
    """Return an id as a label: the beginning of one that Asterisk made for a bridge."""
    text = str(id)
    return text[:8] if _UUID.fullmatch(text) else text


class Names:
    """The names of a session's channels and bridges, including recently ended ones.

    Args:
        connection: connection of the objects; None: without names.
    """

    def __init__(self, connection: Invoker | None) -> None:
        self._channels: dict[str, str] = {}
        self._bridges: dict[str, str] = {}
        if connection is None:
            return
        log = connection.log
        for event in log.since(max(0, log.count - _RECENT)):
            self._add(event.get("channel"), event.get("bridge"))
        for row in list(connection.tables.channels.values()):
            self._add(row, None)
        for row in list(connection.tables.bridges.values()):
            self._add(None, row)

    def _add(self, channel: Any, bridge: Any) -> None:
        if isinstance(channel, Mapping) and isinstance(channel.get("id"), str):
            name = party(channel.get("caller")) or str(channel.get("name") or "")
            if name:
                self._channels[channel["id"]] = name
        if isinstance(bridge, Mapping) and isinstance(bridge.get("id"), str) and bridge.get("name"):
            self._bridges[bridge["id"]] = str(bridge["name"])

    def channel(self, id: object) -> str:
        """Return the caller of a channel, else the channel's name, else its id."""
        return clean(self._channels.get(str(id)) or id, 120)

    def bridge(self, id: object) -> str:
        """Return the name of a bridge, else its id, shortened."""
        return clean(self._bridges.get(str(id)) or short_id(id), 120)

    def target(self, uri: object) -> str:
        """Return the target of a playback or recording, ``channel:…`` or ``bridge:…``, by name."""
        kind, _, id = str(uri or "").partition(":")
        return self.channel(id) if kind == "channel" else self.bridge(id) if id else ""
