"""Interface between the server and a backend: a sans-I/O request handler with a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ari_notebook.simulator.config.settings import OutboundWebsocket
from ari_notebook.simulator.messages import Deferred, Request, Response
from ari_notebook.simulator.rest.event_socket import EventSocket

if TYPE_CHECKING:
    from ari_notebook.simulator.calls.media_session import WebSocketMedia

__all__ = ["AriBackend"]


class AriBackend(Protocol):
    """A simulated Asterisk, or another backend of the same server."""

    @property
    def now(self) -> float:
        """Return the backend's time, in seconds since 1970."""

    def request(
        self, request: Request
    ) -> Response | Deferred[Response] | EventSocket | WebSocketMedia:
        """Answer an HTTP request, or return an event or media socket if it opens one."""

    def advance(self, to: float) -> None:
        """Advance the clock to ``to``, in seconds since 1970."""

    def next_due(self) -> float | None:
        """Return the time of the next scheduled action, or None."""

    def busy(self) -> bool:
        """Return whether an action is scheduled that does not repeat forever."""

    def close(self) -> None:
        """Release resources when the server stops."""

    def adopt(self, socket: EventSocket) -> None:
        """Register the applications of an open event socket of a previous backend."""

    def outbound_socket(self, outbound: OutboundWebsocket) -> EventSocket:
        """Create an event socket for a connection that Asterisk opens."""
