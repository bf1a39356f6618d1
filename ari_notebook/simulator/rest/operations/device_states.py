"""ARI's operations on deviceStates."""

from __future__ import annotations

from ari_notebook.simulator.messages import Reply
from ari_notebook.simulator.rest.context import Arguments, AriContext


def list_states(ari: AriContext, args: Arguments) -> Reply:  # noqa: ARG001
    """List the device states that ARI controls: ``GET /deviceStates``."""
    return Reply(200, ari.devices.list())


def get(ari: AriContext, args: Arguments) -> Reply:
    """Return one device state: ``GET /deviceStates/{deviceName}``."""
    return Reply(200, ari.devices.get(args["deviceName"]))


def update(ari: AriContext, args: Arguments) -> Reply:
    """Set a device state: ``PUT /deviceStates/{deviceName}``."""
    ari.devices.update(args["deviceName"], args["deviceState"])
    return Reply(204)


def delete(ari: AriContext, args: Arguments) -> Reply:
    """Delete a device state: ``DELETE /deviceStates/{deviceName}``."""
    ari.devices.delete(args["deviceName"])
    return Reply(204)


OPERATIONS = {"list": list_states, "get": get, "update": update, "delete": delete}
