"""Every operation's handler, by resource and nickname."""

from __future__ import annotations

from collections.abc import Mapping

from ari_notebook.simulator.rest.context import OperationHandler
from ari_notebook.simulator.rest.operations import (
    applications,
    asterisk,
    bridges,
    channels,
    device_states,
    endpoints,
    events,
    mailboxes,
    playbacks,
    recordings,
    sounds,
)

__all__ = ["HANDLERS"]

# By resource, then the operation's nickname.
HANDLERS: Mapping[str, Mapping[str, OperationHandler]] = {
    "applications": applications.OPERATIONS,
    "asterisk": asterisk.OPERATIONS,
    "bridges": bridges.OPERATIONS,
    "channels": channels.OPERATIONS,
    "deviceStates": device_states.OPERATIONS,
    "endpoints": endpoints.OPERATIONS,
    "events": events.OPERATIONS,
    "mailboxes": mailboxes.OPERATIONS,
    "playbacks": playbacks.OPERATIONS,
    "recordings": recordings.OPERATIONS,
    "sounds": sounds.OPERATIONS,
}
