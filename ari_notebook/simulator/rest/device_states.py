"""What ARI's deviceStates operations answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.messages import Reply

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


def list_states(exchange: Exchange, args: Mapping[str, Any]) -> Reply:  # noqa: ARG001
    """``GET /deviceStates``."""
    return Reply(200, exchange.devices.list())


def get(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``GET /deviceStates/{deviceName}``."""
    return Reply(200, exchange.devices.get(args["deviceName"]))


def update(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``PUT /deviceStates/{deviceName}``."""
    exchange.devices.update(args["deviceName"], args["deviceState"])
    return Reply(204)


def delete(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``DELETE /deviceStates/{deviceName}``."""
    exchange.devices.delete(args["deviceName"])
    return Reply(204)


OPERATIONS = {"list": list_states, "get": get, "update": update, "delete": delete}
