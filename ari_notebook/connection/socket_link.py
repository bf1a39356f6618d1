"""The link to a server: HTTP, a WebSocket read by a thread, and threads for the rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ari_notebook.background import THREADS
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.event_stream import Stream
from ari_notebook.client.http_transport import HttpTransport
from ari_notebook.connection.caller import SimulatedCallerFactory
from ari_notebook.connection.link import Link
from ari_notebook.connection.local_caller import LocalCallerFactory
from ari_notebook.connection.parts import Settings

if TYPE_CHECKING:
    from ari_notebook.connection.caller import Simulator

__all__ = ["socket_link"]


def socket_link(
    settings: Settings,
    credentials: Credentials,
    verify: bool | str,
    simulator: Simulator | None = None,
) -> Link:
    """Return a link; nothing is connected yet.

    Args:
        settings: settings of the connection.
        credentials: the ARI user.
        verify: verify TLS certificates, or a CA bundle's path.
        simulator: the simulator in this process that it leads to; None: another server.
    """
    return Link(
        THREADS,
        HttpTransport(settings.address, credentials, verify),
        partial(
            Stream,
            settings.address,
            settings.applications,
            credentials,
            subscribe_all=settings.subscribe_all,
            verify=verify,
        ),
        partial(LocalCallerFactory, settings.address, credentials, verify)
        if simulator is None
        else lambda _rest, _notify: SimulatedCallerFactory(simulator, THREADS),
        simulator,
    )
