"""What ARI's playbacks operations answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.messages import Refused, Reply
from ari_notebook.simulator.playbacks import OPERATIONS as CONTROLS

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange


def get(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``GET /playbacks/{playbackId}``."""
    return Reply(200, exchange.media.playback(args["playbackId"]).json())


def stop(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``DELETE /playbacks/{playbackId}``."""
    exchange.media.playback(args["playbackId"]).stop()
    return Reply(204)


def control(exchange: Exchange, args: Mapping[str, Any]) -> Reply:
    """``POST /playbacks/{playbackId}/control``; the operation is looked at before the playback."""
    operation = args["operation"]
    if operation is None:
        raise Refused(400, "Missing operation")
    if operation not in CONTROLS:
        raise Refused(400, f"Invalid operation {operation}")
    exchange.media.playback(args["playbackId"]).control(operation)
    return Reply(204)


OPERATIONS = {"get": get, "stop": stop, "control": control}
