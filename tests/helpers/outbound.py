"""An Asterisk that connects to a program, simulated or real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ari_notebook
from ari_notebook import Session
from ari_notebook.connection.outbound_config import OutboundConfig

__all__ = ["DIALPLAN", "Exchange"]

DIALPLAN = """
[default]
exten => 1,1,Stasis(flows,one)
exten => answers,1,Answer()
 same => n,Wait(60)
"""


class Exchange:
    """An Asterisk that is set up to connect to a server, and the callers that it has."""

    config: OutboundConfig
    callers: Session

    def __init__(
        self, make: Callable[[OutboundConfig], Any], restart: Callable[[], object]
    ) -> None:
        self._make = make
        self.restart = restart

    def connect_to(self, config: OutboundConfig) -> None:
        """Configure the outbound WebSocket, and start."""
        self.config = config
        server = self._make(config)
        self.callers = ari_notebook.connect(
            server.url, "of-callers", server.user, server.password, name="callers"
        )

    def call(self) -> Any:
        return self.callers.call("1")
