"""The client side of a WebSocket, for the connections of websocket_client.conf."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ari_notebook.simulator.config.settings import WebsocketClient
from ari_notebook.simulator.server.websocket import Carrier, WebSocketHost
from ari_notebook.simulator.wire import websocket_frames

__all__ = ["CannotConnect", "WebSocketClient", "connect"]

Carry: TypeAlias = Callable[[asyncio.Transport], Carrier[Any]]
MAX_ANSWER = 16384  # octets of the handshake's response


class CannotConnect(Exception):
    """The far end does not answer, or not as a WebSocket server."""


class WebSocketClient(asyncio.Protocol):
    """The client side: handshake, then frames.

    Args:
        loop: the event loop.
        client: where to, and as who.
        carry: returns the carrier of the opened connection.

    Attributes:
        opened: done when it is open.
        closed: done when it has ended.
        carrier: the carrier; None before it is open.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, client: WebsocketClient, carry: Carry
    ) -> None:
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.carrier: Carrier[Any] | None = None
        self._carry = carry
        self._client = client
        self._transport: asyncio.Transport
        self._answer = bytearray()
        self._key = base64.b64encode(os.urandom(16)).decode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request of the handshake."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - guaranteed by TCP
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
        """Parse the response, then frames."""
        if self.carrier is not None:
            self.carrier.feed(data)
            return
        self._answer += data
        head, end, rest = bytes(self._answer).partition(b"\r\n\r\n")
        if end:
            self._judge(head.decode("latin-1"), rest)
        elif len(self._answer) > MAX_ANSWER:
            self._refuse("its response to the handshake does not end")

    def _judge(self, head: str, rest: bytes) -> None:
        first, *lines = head.split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        if not first.startswith("HTTP/1.1 101 "):
            self._refuse(f"it answered {first!r}")
        elif headers.get("sec-websocket-accept") != websocket_frames.accept_key(self._key):
            self._refuse("its Sec-WebSocket-Accept does not match our key")
        elif not self.opened.done():
            self.carrier = self._carry(self._transport)
            self.opened.set_result(None)
            if rest:
                self.carrier.feed(rest)

    def _refuse(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(CannotConnect(why))
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end of the connection."""
        if self.carrier is not None:
            self.carrier.lost()
        if not self.opened.done():
            self.opened.set_exception(CannotConnect(str(exc or "it closed the connection")))
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Stop reading, because the far end does not read."""
        if self.carrier is not None:
            self.carrier.pause()

    def resume_writing(self) -> None:
        """Resume reading, because the far end reads again."""
        if self.carrier is not None:
            self.carrier.resume()


async def connect(host: WebSocketHost, client: WebsocketClient, carry: Carry) -> WebSocketClient:
    """Connect once.

    Args:
        host: the server that the connection belongs to.
        client: where to, and as who.
        carry: returns the carrier of the opened connection.

    Raises:
        OSError: the far end cannot be reached in time.
        CannotConnect: the far end is not a WebSocket server.
    """
    uri = urlsplit(client.uri)
    secure = uri.scheme == "wss" or client.tls_enabled
    end = WebSocketClient(host.loop, client, carry)
    async with asyncio.timeout(client.connection_timeout / 1000):
        await host.loop.create_connection(
            lambda: end,
            uri.hostname or "",
            uri.port or (443 if secure else 80),
            ssl=_tls(client) if secure else None,
        )
        await end.opened
    return end


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
