"""Dialplan applications, registered by name."""

from ari_notebook.simulator.dialplan.applications import (
    bridge,
    bridge_wait,
    calls,
    conditions,
    dial,
    flow,
    loops,
    media,
    origination,
    playback,
    stasis,
    statuses,
)
from ari_notebook.simulator.dialplan.applications.registry import APPLICATIONS

__all__ = [
    "APPLICATIONS",
    "bridge",
    "bridge_wait",
    "calls",
    "conditions",
    "dial",
    "flow",
    "loops",
    "media",
    "origination",
    "playback",
    "stasis",
    "statuses",
]
