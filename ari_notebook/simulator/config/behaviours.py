"""Behaviour that a release of each branch changed, other than the declaration of ARI."""

from __future__ import annotations

from enum import Enum

__all__ = ["ReleaseBehaviour"]


class ReleaseBehaviour(Enum):
    """A behaviour; its value is the releases that brought it.

    REST_OVER_WEBSOCKET: requests on an event socket are answered; before, they are ignored.
    OUTBOUND_WEBSOCKETS: ``type = outbound_websocket`` in ari.conf.
    MEDIA_WEBSOCKET: the channel technology WebSocket, and ``externalMedia`` with it.
    STASIS_BROADCAST: the dialplan application StasisBroadcast.
    READ_ONLY_ON_WEBSOCKET: a read-only user may not write over an event socket either.
    LIVE_DANGEROUSLY_FOR_ARI: functions that are reserved for the dialplan are closed to ARI, unless
        asterisk.conf sets ``live_dangerously``; before, ARI may always use them.
    """

    REST_OVER_WEBSOCKET = ("20.14", "21.9", "22.4", "23.0")
    OUTBOUND_WEBSOCKETS = ("20.15", "21.10", "22.5", "23.0")
    MEDIA_WEBSOCKET = ("20.16", "21.11", "22.6", "23.0")
    STASIS_BROADCAST = ("20.20", "22.10", "23.4")
    # Two names of one value would be one member.
    READ_ONLY_ON_WEBSOCKET = ("20.20.1", "21.12.3", "22.10.1", "23.4.1")
    LIVE_DANGEROUSLY_FOR_ARI = ("22.10.1", "20.20.1", "21.12.3", "23.4.1")
