"""The parts of a connection, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.rest import Rest
from ari_notebook.client.rest_over_websocket import PendingRequests, WebSocketTransport
from ari_notebook.connection.caller import CallerFactory
from ari_notebook.connection.cleanup import CreatedResources
from ari_notebook.connection.destinations import DestinationCheck
from ari_notebook.connection.event_sync import EventSynchronizer
from ari_notebook.connection.handlers import (
    Handlers,
)
from ari_notebook.connection.link import Link
from ari_notebook.connection.notices import Notices
from ari_notebook.connection.request_sender import RequestSender
from ari_notebook.connection.spawner import LoopThread, RunningLoop, Spawner
from ari_notebook.connection.subscriptions import Subscriptions
from ari_notebook.connection.waits import EventWaiter
from ari_notebook.schema import Declaration
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.schema_drift import Drift
from ari_notebook.store.tables import Tables

if TYPE_CHECKING:
    from ari_notebook.background import Background
    from ari_notebook.connection.call_audio import MediaSource
    from ari_notebook.connection.caller import Simulator

__all__ = ["Parts", "Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a connection was opened.

    Attributes:
        address: address of Asterisk.
        applications: the Stasis applications that are registered.
        user: the ARI user.
        subscribe_all: whether events of all channels, bridges, endpoints and devices are received.
        read_only: whether requests that could change something are refused.
        transport: transport of REST: ``http`` or ``websocket``.
        tidy: whether closing deletes what the connection created; None: only if used in ``with``.
    """

    address: Address
    applications: tuple[str, ...]
    user: str
    subscribe_all: bool = False
    read_only: bool = False
    transport: Literal["http", "websocket"] = "http"
    tidy: bool | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a connection.

    Attributes:
        background: runs what the connection does beside the caller.
        rest: REST client for internal requests, which are not logged, unlike the user's.
        synchronizer: follows the server's events.
        sender: sends the user's requests.
        waiter: waits for events.
        created: records objects created by the user's requests.
        callers: creates callers.
        drift: compares events with the declaration.
        notices: publishes messages for the user.
        spawner: starts the tasks of coroutine handlers and flows.
        credentials: the ARI user, for sockets of media; None where there is no HTTP.
        verify: verify TLS certificates, or a CA bundle's path.
        local_host: returns the address of this machine that Asterisk reaches, where there is no
            HTTP to it; None: there is, or it has no address.
        simulator: the simulator to stop when the connection closes.
        media: returns what opens media connections; None: sockets to the address.
    """

    background: Background
    rest: Rest
    synchronizer: EventSynchronizer
    sender: RequestSender
    waiter: EventWaiter
    created: CreatedResources
    callers: CallerFactory
    drift: Drift
    notices: Notices
    spawner: Spawner
    credentials: Credentials | None
    verify: bool | str = True
    local_host: Callable[[], str] | None = None
    simulator: Simulator | None = None
    media: Callable[[], MediaSource] | None = None

    @classmethod
    def build(
        cls,
        settings: Settings,
        declaration: Declaration,
        *,
        link: Link,
        credentials: Credentials | None,
        pending: PendingRequests | None = None,
        verify: bool | str = True,
        local_host: Callable[[], str] | None = None,
        keep: int | None = None,
        timeout: float = 10.0,
        tables: Tables | None = None,
        synchronizer: Callable[..., EventSynchronizer] = EventSynchronizer,
        spawner: Spawner | None = None,
    ) -> Self:
        """Build the parts; nothing is connected yet.

        Args:
            settings: settings of the connection.
            declaration: the server's.
            link: the way to the server.
            credentials: the ARI user; None: no HTTP.
            pending: receives the responses to requests of the link from the event source; None:
                they do not come by it.
            verify: verify TLS certificates, or a CA bundle's path.
            local_host: returns the address of this machine that Asterisk reaches; None: it is that
                of HTTP requests.
            keep: maximum number of events to keep; None: all.
            timeout: seconds to wait for a response.
            tables: the live tables; new ones if None.
            synchronizer: the class of the synchronizer.
            spawner: starts tasks; if None, in a loop that runs beside the caller.
        """
        background = link.background
        rest = Rest(link.rest)
        notices = Notices()
        drift = Drift(declaration)
        subscriptions = Subscriptions()
        created = CreatedResources(rest, tracking=bool(settings.tidy))
        own = (
            PendingRequests(background)
            if pending is None and settings.transport == "websocket"
            else None
        )
        followed = synchronizer(
            link.source,
            settings.applications,
            log=EventLog(keep, look=drift),
            tables=Tables(subscribe_all=settings.subscribe_all) if tables is None else tables,
            handlers=Handlers(background),
            rest=rest,
            subscriptions=subscriptions,
            subscribe_all=settings.subscribe_all,
            pending=pending if own is None else own,
            notify=notices.publish,
            background=background,
        )
        waiter = EventWaiter(followed)
        destinations = DestinationCheck(
            rest, settings.applications, followed.tables, notices.publish
        )
        sender = RequestSender(
            settings.address,
            settings.user,
            link.rest if own is None else WebSocketTransport(followed.stream.send, own, link.rest),
            timeout=timeout,
            questions=rest,
            subscriptions=subscriptions,
            created=created,
            read_only=settings.read_only,
            background=background,
            before=(destinations.before, waiter.begin),
            done=(
                followed.on_request_done,
                waiter.on_request_done,
                destinations.on_request_done,
            ),
        )
        if spawner is None:
            loop = background.loop
            spawner = LoopThread() if loop is None else RunningLoop(loop)
        return cls(
            background,
            rest,
            followed,
            sender,
            waiter,
            created,
            link.callers(rest, notices.publish),
            drift,
            notices,
            spawner,
            credentials,
            verify,
            local_host,
            link.simulator,
            link.media,
        )
