"""Outbound WebSockets: Asterisk calls the application (ari.conf, websocket_client.conf).

A persistent one belongs to its applications for as long as the exchange runs: they stay registered
while the connection is down, events wait, and after a reconnect they are sent, then an
``ApplicationRegistered`` for each application. A per-call one is made when a channel enters Stasis
for an application that nobody has registered; the application is then named after the channel, and
the connection is closed some seconds after the channel has left. Lost before that, it is made anew;
where that fails, the channel goes on in the dialplan.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import ssl
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ari_notebook.simulator import frames
from ari_notebook.simulator.carrier import Carrier
from ari_notebook.simulator.sockets import Socket

if TYPE_CHECKING:
    from ari_notebook.simulator.channels import Channel
    from ari_notebook.simulator.config import OutboundWebsocket, WebsocketClient
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.shell import Server

log = logging.getLogger(__name__)

AFTER_THE_CALL = 3.0  # seconds from StasisEnd to the end of a per-call connection
MAX_ANSWER = 16384  # octets of the handshake's answer


class CannotConnect(Exception):
    """The other side does not answer, or not as a WebSocket server."""


class _Client(asyncio.Protocol):
    """The client's end: the handshake, then frames."""

    def __init__(self, server: Server, socket: Socket, client: WebsocketClient) -> None:
        self.opened: asyncio.Future[None] = server.loop.create_future()
        self.closed: asyncio.Future[None] = server.loop.create_future()
        self.carrier: Carrier | None = None
        self._server = server
        self._socket = socket
        self._client = client
        self._transport: asyncio.Transport
        self._answer = bytearray()
        self._key = base64.b64encode(os.urandom(16)).decode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP gives
        self._transport = transport
        uri = urlsplit(self._client.uri)
        path = (uri.path or "/") + (f"?{uri.query}" if uri.query else "")
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {uri.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {self._key}",
        ]
        if self._client.protocols:
            lines.append(f"Sec-WebSocket-Protocol: {self._client.protocols}")
        if self._client.username:
            token = f"{self._client.username}:{self._client.password}".encode()
            lines.append(f"Authorization: Basic {base64.b64encode(token).decode()}")
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        if self.carrier is not None:
            self.carrier.feed(data)
            return
        self._answer += data
        head, end, rest = bytes(self._answer).partition(b"\r\n\r\n")
        if end:
            self._judge(head.decode("latin-1"), rest)
        elif len(self._answer) > MAX_ANSWER:
            self._refuse("its answer to the handshake does not end")

    def _judge(self, head: str, rest: bytes) -> None:
        first, *lines = head.split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if not first.startswith("HTTP/1.1 101 "):
            self._refuse(f"it answered {first!r}")
        elif headers.get("sec-websocket-accept") != frames.accept_key(self._key):
            self._refuse("its Sec-WebSocket-Accept is not the answer to our key")
        elif not self.opened.done():
            self.carrier = Carrier(self._server, self._socket, self._transport, mask=True)
            self.opened.set_result(None)
            if rest:
                self.carrier.feed(rest)

    def _refuse(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(CannotConnect(why))
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.carrier is not None:
            self.carrier.lost()
        if not self.opened.done():
            self.opened.set_exception(CannotConnect(str(exc or "it closed the connection")))
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        if self.carrier is not None:
            self.carrier.pause()

    def resume_writing(self) -> None:
        if self.carrier is not None:
            self.carrier.resume()


class Outbound:
    """The outbound connections of one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: set[_Client] = set()

    @property
    def carriers(self) -> list[Carrier]:
        """What carries the connections that are open."""
        return [each.carrier for each in self._clients if each.carrier is not None]

    def start(self, exchange: Exchange) -> None:
        """Register the applications of the persistent ones and connect them."""
        exchange.per_call = lambda app, channel, then: self._per_call(exchange, app, channel, then)
        for outbound in exchange.config.ari.outbound_websockets.values():
            client = exchange.config.websocket_clients.get(outbound.websocket_client_id)
            if client is None:
                log.warning("%s: no websocket_client of that name", outbound.name)
            elif client.connection_type == "persistent":
                socket = _socket(exchange, outbound)
                socket.register(outbound.apps, subscribe_all=outbound.subscribe_all)
                self._run(self._persist(client, socket))

    async def stop(self) -> None:
        """Close them all."""
        for carrier in self.carriers:
            carrier.drop(frames.NORMAL)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._server.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _persist(self, client: WebsocketClient, socket: Socket) -> None:
        """Keep one connected, for ever."""
        first = True
        while True:
            try:
                end = await self._connect(client, socket)
            except (OSError, CannotConnect) as fault:
                log.warning("websocket to %s failed: %s", client.uri, fault)
                await asyncio.sleep(client.reconnect_interval / 1000)
                continue
            if not first:
                socket.announce()
            first = False
            await end.closed
            self._lost(end, client, socket)

    def _per_call(
        self, exchange: Exchange, app: str, channel: Channel, then: Callable[[str | None], None]
    ) -> bool:
        """Connect for one call, where the configuration says so for the application.

        Args:
            exchange: whose channel it is.
            app: the application, which nobody has registered.
            channel: the channel that enters Stasis.
            then: called with the name that the application has for this call, or None where the
                other side could not be reached.

        Returns:
            whether the application has a per-call connection; if not ``then`` is not called.
        """
        clients = exchange.config.websocket_clients
        for outbound in exchange.config.ari.outbound_websockets.values():
            client = clients.get(outbound.websocket_client_id)
            named = app in (each.strip() for each in outbound.apps.split(","))
            if named and client is not None and client.connection_type == "per_call_config":
                socket = _socket(exchange, outbound)
                socket.register(f"{app}:{channel.name}", subscribe_all=outbound.subscribe_all)
                self._run(self._attend(client, socket, channel, app, then))
                return True
        return False

    async def _attend(
        self,
        client: WebsocketClient,
        socket: Socket,
        channel: Channel,
        app: str,
        then: Callable[[str | None], None],
    ) -> None:
        """Carry one call from its beginning until a while after its end."""
        ended = asyncio.Event()
        socket.watch(channel.id, ended.set)
        end = await self._try(client, socket)
        with self._server.now():
            then(None if end is None else f"{app}:{channel.name}")
        if channel.id not in channel.exchange.channels:
            ended.set()  # it was hung up before its application was there
        call_ends = asyncio.ensure_future(ended.wait())
        while end is not None:
            await asyncio.wait((call_ends, end.closed), return_when=asyncio.FIRST_COMPLETED)
            if ended.is_set():
                break
            self._lost(end, client, socket)
            end = await self._try(client, socket)
            with self._server.now():
                if end is not None:
                    socket.announce()
                elif channel.control is not None:
                    channel.control.fail()
        call_ends.cancel()
        if end is not None:
            await asyncio.wait((end.closed,), timeout=AFTER_THE_CALL)
            if end.carrier is not None:
                end.carrier.drop(frames.NORMAL)
            self._clients.discard(end)
        with self._server.now():
            socket.close()

    def _lost(self, end: _Client, client: WebsocketClient, socket: Socket) -> None:
        """A connection is down: until there is another, messages wait."""
        self._clients.discard(end)
        socket.on_ready = _nobody_takes
        log.warning("websocket to %s disconnected, reconnecting", client.uri)

    async def _try(self, client: WebsocketClient, socket: Socket) -> _Client | None:
        """Connect within the number of attempts that the configuration allows."""
        for attempt in range(max(1, client.reconnect_attempts)):
            if attempt:
                await asyncio.sleep(client.reconnect_interval / 1000)
            try:
                return await self._connect(client, socket)
            except (OSError, CannotConnect) as fault:
                log.warning("websocket to %s failed: %s", client.uri, fault)
        return None

    async def _connect(self, client: WebsocketClient, socket: Socket) -> _Client:
        """Connect once.

        Raises:
            OSError: the other side cannot be reached, or not in time.
            CannotConnect: it is not a WebSocket server.
        """
        uri = urlsplit(client.uri)
        secure = uri.scheme == "wss" or client.tls_enabled
        end = _Client(self._server, socket, client)
        async with asyncio.timeout(client.connection_timeout / 1000):
            await self._server.loop.create_connection(
                lambda: end,
                uri.hostname or "",
                uri.port or (443 if secure else 80),
                ssl=_tls(client) if secure else None,
            )
            await end.opened
        self._clients.add(end)
        return end


def _socket(exchange: Exchange, outbound: OutboundWebsocket) -> Socket:
    """A socket whose requests are made in the name of the configured local user."""
    user = exchange.config.ari.users.get(outbound.local_ari_user)
    token = f"{user.name}:{user.password}" if user else ":"
    headers = [("Authorization", f"Basic {base64.b64encode(token.encode()).decode()}")]
    return Socket(exchange, headers, [], outbound=True)


def _tls(client: WebsocketClient) -> ssl.SSLContext:
    context = ssl.create_default_context(
        cafile=client.ca_list_file or None, capath=client.ca_list_path or None
    )
    if client.cert_file:
        context.load_cert_chain(client.cert_file, client.priv_key_file or None)
    context.check_hostname = client.verify_server_hostname and client.verify_server_cert
    if not client.verify_server_cert:
        context.verify_mode = ssl.CERT_NONE
    return context


def _nobody_takes() -> None:
    """What a socket calls while its connection is down: its messages wait."""
