"""A simulated Asterisk, built from its parts.

The life of a request:

1. `HttpConnection` reads octets; `RequestReader` parses them into a `Request`.
2. `Server.now` advances the clock to the present, then calls `SimulatedAsterisk.request`.
3. `AriPipeline.respond` checks it in Asterisk's order: body, password, ACL, path, method.
4. `routes.find` finds the operation, `parameters.read` its arguments, `HANDLERS` its function.
5. The operation changes channels and bridges through an `AriContext` and returns a `Reply`.
6. Its effects are scheduled by `exchange.soon`, so that the response precedes the first event.
7. `SimulatedAsterisk.request` advances the clock to the present, which runs them.
8. `Channel.publish` creates an event; `EventBus` finds the subscribers of its topic.
9. `EventSocket.deliver` encodes it as JSON for each of them; a `WebSocketCarrier` frames it.
10. `Server` sets its timer to `next_due`, the time of the next scheduled action.

A RESTRequest on an event socket goes through `EventSocket.receive` and the same steps from 3 on.
"""

from __future__ import annotations

import base64
import logging
import random
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.calls.local import LocalTechnology
from ari_notebook.simulator.calls.media_channels import register_media_technologies
from ari_notebook.simulator.clock import Clock
from ari_notebook.simulator.config.settings import Config, OutboundWebsocket
from ari_notebook.simulator.dialplan.engine import DialplanRunner
from ari_notebook.simulator.media.registry import MediaRegistry
from ari_notebook.simulator.media.spool import open_spool
from ari_notebook.simulator.messages import Deferred, Request, Response
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.event_bus import EventBus
from ari_notebook.simulator.pbx.exchange import ConnectPerCallApp, Exchange
from ari_notebook.simulator.pbx.ports import ChannelTechnology, MediaNetworkPort
from ari_notebook.simulator.pbx.races import Races
from ari_notebook.simulator.phones.registry import Phones
from ari_notebook.simulator.rest.context import AriContext
from ari_notebook.simulator.rest.event_socket import EventSocket, handshake
from ari_notebook.simulator.rest.journal import RequestJournal
from ari_notebook.simulator.rest.media_socket import is_media_request, open_media
from ari_notebook.simulator.rest.operation_faults import OperationFaults
from ari_notebook.simulator.rest.pipeline import (
    AriPipeline,
    RequestOverride,
    SocketUpgrade,
    closing,
)
from ari_notebook.simulator.services.device_states import DeviceStateRegistry
from ari_notebook.simulator.services.dynamic_config import read_dynamic_config
from ari_notebook.simulator.services.endpoints import TECHNOLOGY, EndpointRegistry
from ari_notebook.simulator.services.log_channels import LogChannelRegistry
from ari_notebook.simulator.services.mailboxes import MailboxRegistry
from ari_notebook.simulator.services.modules import ModuleRegistry

if TYPE_CHECKING:
    from ari_notebook.simulator.calls.media_session import WebSocketMedia

__all__ = ["SimulatedAsterisk"]

log = logging.getLogger(__name__)


class SimulatedAsterisk:
    """A simulated Asterisk without I/O; implements `backend.AriBackend`.

    Args:
        config: the configuration.
        start: initial time, in seconds since 1970.
        seed: seed of all random choices; None: a different one each time.
        races: whether the seed also varies what Asterisk's threads do in either order.
        request_override: called first for each request; a response from it replaces ARI's.
        journal: takes every request and event; None: nothing does.
        faults: faults of operations; None: there are none.
        connect_per_call_app: connects an application by an outbound WebSocket per call.
        media_network: opens sockets for audio; None: there are none.

    Attributes:
        clock: simulated time.
        exchange: channels, bridges, applications.
        phones: the simulated phones.
        ari: context of ARI's operations.

    Raises:
        ConfigError: extensions.conf, pjsip.conf or sorcery.conf is invalid.
    """

    def __init__(
        self,
        config: Config,
        start: float,
        seed: int | None = None,
        *,
        races: bool = False,
        request_override: RequestOverride | None = None,
        journal: RequestJournal | None = None,
        faults: OperationFaults | None = None,
        connect_per_call_app: ConnectPerCallApp | None = None,
        media_network: MediaNetworkPort[Channel] | None = None,
    ) -> None:
        self.clock = clock = Clock(start)
        chance = random.Random(seed)
        raced = (random.getrandbits(64) if seed is None else seed) if races else None
        asterisk_id = "02:00:00:" + ":".join(f"{chance.randrange(256):02x}" for _ in range(3))
        event_bus = EventBus(asterisk_id, clock)
        dialplan = DialplanRunner(config.extensions, event_bus.known)
        # Recordings are real files. Temporary ones are deleted with this object.
        spool, self._delete_spool = _recordings(self, config.asterisk.spool)
        # Programs of live calls clean up while everything they need is there: Python collects
        # generators that are left at exit after its modules.
        channels: dict[str, Channel] = {}
        self._end_programs = weakref.finalize(self, _end_programs, channels, event_bus)
        media = MediaRegistry(clock, spool, event_bus.publish_on, chance, config.asterisk.sounds)
        technologies: dict[str, ChannelTechnology[Channel]] = {}
        devices = DeviceStateRegistry(event_bus, technologies)
        modules = ModuleRegistry(
            lambda: self.exchange.running_applications(), config.unloaded_modules
        )
        self.exchange = Exchange(
            config,
            clock,
            chance,
            asterisk_id,
            event_bus,
            channels,
            dialplan,
            media,
            devices,
            technologies,
            modules.is_loaded,
            Races(raced),
            connect_per_call_app,
            media_network,
        )
        endpoints = EndpointRegistry(self.exchange)
        self.exchange.register("Local", LocalTechnology(self.exchange))
        self.exchange.register(TECHNOLOGY, endpoints)
        register_media_technologies(self.exchange)
        self.phones = Phones(self.exchange, endpoints)
        self.ari = AriContext(
            exchange=self.exchange,
            media=media,
            endpoints=endpoints,
            devices=devices,
            mailboxes=MailboxRegistry(),
            modules=modules,
            logging=LogChannelRegistry(config.logfiles, config.asterisk.log),
            dynamic_config=read_dynamic_config(config.folder, endpoints.configured),
        )
        self._pipeline = AriPipeline(self.ari, request_override, journal, faults)

    # Implementation of AriBackend, called by the server.

    @property
    def now(self) -> float:
        """Return the simulated time, in seconds since 1970."""
        return self.clock.now

    def advance(self, to: float) -> None:
        """Advance the clock to ``to`` and run everything due by then."""
        self.clock.advance(to)

    def next_due(self) -> float | None:
        """Return the time of the next scheduled action, or None."""
        return self.clock.next_due()

    def busy(self) -> bool:
        """Return whether an action is scheduled that does not repeat forever."""
        return self.clock.busy()

    def request(
        self, request: Request
    ) -> Response | Deferred[Response] | EventSocket | WebSocketMedia:
        """Answer an HTTP request, or return an event or media socket if it opens one.

        A response that waits for the channel is resolved only as time passes.
        """
        self.clock.advance(self.clock.now)
        answer: Response | Deferred[Response] | SocketUpgrade | EventSocket | WebSocketMedia
        if is_media_request(self.exchange, request):
            answer = open_media(self.exchange, request)
        else:
            answer = self._pipeline.respond(request)
        if isinstance(answer, SocketUpgrade):
            answer = handshake(self._pipeline, request, answer.query)
            if isinstance(answer, Response):
                answer = closing(request, answer)
        self.clock.advance(self.clock.now)
        return (answer.value or answer) if isinstance(answer, Deferred) else answer

    def adopt(self, socket: EventSocket) -> None:
        """Register the applications of an open event socket of a previous exchange."""
        socket.move(self._pipeline)

    def outbound_socket(self, outbound: OutboundWebsocket) -> EventSocket:
        """Create an event socket whose requests run as the configured user."""
        user = self.exchange.config.ari.users.get(outbound.local_ari_user)
        token = f"{user.name}:{user.password}" if user else ":"
        headers = [("Authorization", f"Basic {base64.b64encode(token.encode()).decode()}")]
        return EventSocket(self._pipeline, headers, [], outbound=True)

    def close(self) -> None:
        """End the calls' programs and delete the recordings. A second call does nothing."""
        self._end_programs()
        self._delete_spool()

    # Other callers.

    def set_dialplan(self, text: str) -> None:
        """Replace the dialplan; running calls continue in the new one.

        Raises:
            ConfigError: invalid dialplan; the old one stays in effect.
        """
        self.exchange.dialplan.replace(text)
        self.exchange.globals.update(self.exchange.dialplan.globals)

    def deliver(self, app: str, event: Mapping[str, Any]) -> bool:
        """Send an application an event unchanged, bypassing subscriptions and filters.

        Returns:
            Whether the application is connected.
        """
        return self.exchange.event_bus.send_as_is(app, event)


def _recordings(owner: object, spool: Path | None) -> tuple[Path, Callable[[], object]]:
    """Return the folder of the recordings, and a function that deletes a temporary one."""
    if spool is None:
        return open_spool(owner)
    folder = spool / "recording"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("asterisk.conf: recordings fail: astspooldir %s: %s", spool, error.strerror)
    return folder, lambda: None


def _end_programs(channels: dict[str, Channel], event_bus: EventBus) -> None:
    """End the programs of the live channels without an event."""
    event_bus.close()
    for channel in list(channels.values()):
        if channel.task is not None:
            channel.task.abandon()
