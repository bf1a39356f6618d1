"""Outbound WebSockets: Asterisk connects to the application (ari.conf, websocket_client.conf).

A persistent connection belongs to its applications while the exchange runs: they stay registered
while it is down, events are queued, and after a reconnect they are sent, followed by
``ApplicationRegistered`` for each application. A per-call connection is made when a channel enters
Stasis for an unregistered application; the application is then named after the channel, and the
connection is closed some seconds after the channel has left. If it is lost before that, it is made
again; if that fails, the channel continues in the dialplan.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from ari_notebook.simulator.backend import AriBackend
from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.config.settings import Config, WebsocketClient
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.rest.event_socket import EventSocket
from ari_notebook.simulator.server.websocket import WebSocketCarrier, WebSocketHost
from ari_notebook.simulator.server.websocket_client import CannotConnect, WebSocketClient, connect
from ari_notebook.simulator.stasis.control import control_of
from ari_notebook.simulator.wire import websocket_frames

log = logging.getLogger(__name__)

AFTER_THE_CALL = 3.0  # seconds from StasisEnd to the end of a per-call connection


class OutboundHost(WebSocketHost, Protocol):
    """The server that the connections belong to."""

    @property
    def backend(self) -> AriBackend:
        """Return the current backend."""


class Outbound:
    """The outbound connections of one server."""

    def __init__(self, server: OutboundHost, config: Config) -> None:
        self._server = server
        self._config = config
        known = config.has(ReleaseBehaviour.OUTBOUND_WEBSOCKETS)
        self._outbounds = config.ari.outbound_websockets if known else {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: set[WebSocketClient] = set()

    @property
    def carriers(self) -> list[WebSocketCarrier]:
        """Return the carriers of the open connections."""
        carriers = [each.carrier for each in self._clients]
        return [each for each in carriers if isinstance(each, WebSocketCarrier)]

    def start(self, backend: AriBackend) -> None:
        """Register the applications of persistent connections and connect them."""
        for outbound in self._outbounds.values():
            client = self._config.websocket_clients.get(outbound.websocket_client_id)
            if client is None:
                log.warning("%s: no such section in websocket_client.conf", outbound.name)
            elif client.connection_type == "persistent":
                socket = backend.outbound_socket(outbound)
                socket.register(outbound.apps, subscribe_all=outbound.subscribe_all)
                self._run(self._persist(client, socket))

    async def stop(self) -> None:
        """Close all connections."""
        for carrier in self.carriers:
            carrier.drop(websocket_frames.NORMAL)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._server.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _persist(self, client: WebsocketClient, socket: EventSocket) -> None:
        """Keep a persistent connection open."""
        first = True
        while True:
            try:
                end = await self._connect(client, socket)
            except (OSError, CannotConnect) as fault:
                log.warning("websocket to %s failed: %s", client.uri, fault)
                await asyncio.sleep(client.reconnect_interval / 1000)
                continue
            if not first:
                socket.announce_registration()
            first = False
            await end.closed
            self._lost(end, client, socket)

    def connect_per_call_app(
        self, app: str, channel: Channel, then: Callable[[str | None], None]
    ) -> bool:
        """Connect for one call, if the configuration requires that for the application.

        Args:
            app: the unregistered application.
            channel: the channel that enters Stasis.
            then: called with the application's name for this call, or None if the far end could not
                be reached.

        Returns:
            Whether the application has a per-call connection; otherwise ``then`` is not called.
        """
        clients = self._config.websocket_clients
        for outbound in self._outbounds.values():
            client = clients.get(outbound.websocket_client_id)
            named = app in (each.strip() for each in outbound.apps.split(","))
            if named and client is not None and client.connection_type == "per_call_config":
                socket = self._server.backend.outbound_socket(outbound)
                socket.register(f"{app}:{channel.name}", subscribe_all=outbound.subscribe_all)
                self._run(self._attend(client, socket, channel, app, then))
                return True
        return False

    async def _attend(
        self,
        client: WebsocketClient,
        socket: EventSocket,
        channel: Channel,
        app: str,
        then: Callable[[str | None], None],
    ) -> None:
        """Keep a per-call connection open until some time after the call's end."""
        ended = asyncio.Event()
        socket.on_stasis_end(channel.id, ended.set)
        end = await self._try(client, socket)
        with self._server.now():
            then(None if end is None else f"{app}:{channel.name}")
        if channel.id not in channel.exchange.channels:
            ended.set()  # it was hung up before its application connected
        call_ends = asyncio.ensure_future(ended.wait())
        while end is not None:
            await asyncio.wait((call_ends, end.closed), return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                break
            self._lost(end, client, socket)
            end = await self._try(client, socket)
            with self._server.now():
                if end is not None:
                    socket.announce_registration()
                elif (control := control_of(channel)) is not None:
                    control.fail()
        call_ends.cancel()
        if end is not None:
            await asyncio.wait((end.closed,), timeout=AFTER_THE_CALL)
            if end.carrier is not None:
                end.carrier.drop(websocket_frames.NORMAL)
            self._clients.discard(end)
        with self._server.now():
            socket.close()

    def _lost(self, end: WebSocketClient, client: WebsocketClient, socket: EventSocket) -> None:
        """Detach the socket from a lost connection; its messages are queued for the next one."""
        self._clients.discard(end)
        socket.detach()
        log.warning("websocket to %s disconnected, reconnecting", client.uri)

    async def _try(self, client: WebsocketClient, socket: EventSocket) -> WebSocketClient | None:
        """Connect within the configured number of attempts."""
        for attempt in range(max(1, client.reconnect_attempts)):
            if attempt:
                await asyncio.sleep(client.reconnect_interval / 1000)
            try:
                return await self._connect(client, socket)
            except (OSError, CannotConnect) as fault:
                log.warning("websocket to %s failed: %s", client.uri, fault)
        return None

    async def _connect(self, client: WebsocketClient, socket: EventSocket) -> WebSocketClient:
        """Connect once; see `connect`."""
        end = await connect(
            self._server,
            client,
            lambda transport: WebSocketCarrier(self._server, socket, transport, mask=True),
        )
        self._clients.add(end)
        return end
