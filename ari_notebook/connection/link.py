"""What a connection reaches its Asterisk by: sockets and threads, or calls in the same thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ari_notebook.background import Background
from ari_notebook.client.rest import Rest, Transport
from ari_notebook.connection.caller import CallerFactory
from ari_notebook.connection.event_sync import OpenSource

if TYPE_CHECKING:
    from ari_notebook.connection.call_audio import MediaSource
    from ari_notebook.connection.caller import Simulator

__all__ = ["Link"]


@dataclass(frozen=True, slots=True)
class Link:
    """One way to an Asterisk.

    Attributes:
        background: runs what the connection does beside the caller.
        rest: transport for REST.
        source: creates the event source.
        callers: creates the factory of callers, from a REST client and a function that takes lines
            for the user.
        simulator: the simulator to stop when the connection closes; None: it is not ours.
        media: returns what opens media connections; None: sockets to the address.
    """

    background: Background
    rest: Transport
    source: OpenSource
    callers: Callable[[Rest, Callable[[str, int], None]], CallerFactory]
    simulator: Simulator | None = None
    media: Callable[[], MediaSource] | None = None
