"""Opening the sockets that carry audio: a WebSocket at Asterisk, or ports that Asterisk reaches."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable
from typing import Self
from urllib.parse import quote, urlsplit
from uuid import UUID

from ari_notebook.audio import audiosocket, rtp
from ari_notebook.audio.codecs import Codec
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import NotSent, UsageProblem
from ari_notebook.client.media_transports import (
    AudioSocketTransport,
    ClientMediaWebSocket,
    RtpTransport,
    WebSocketMediaTransport,
)
from ari_notebook.client.sockets import with_deadlines
from ari_notebook.client.tls import ssl_context
from ari_notebook.client.websocket_connection import open_websocket

__all__ = [
    "AudioSocketListener",
    "MediaPorts",
    "MediaSockets",
    "family_of",
    "read_uuid",
    "shown_address",
]

_UUID_SECONDS = 2.0  # so long a peer may take to say who it is


class MediaPorts:
    """Opens ports to which one Asterisk sends audio.

    Args:
        host: returns the address of this machine that Asterisk reaches.
    """

    has_websocket = False

    def __init__(self, host: Callable[[], str]) -> None:
        self._host = host

    def local_host(self) -> str:
        """Return the address of this machine that Asterisk reaches.

        Raises:
            NotSent: Asterisk cannot be reached.
        """
        return self._host()

    def websocket(self, connection_id: str, codec: Codec) -> WebSocketMediaTransport:
        """Refuse to connect to a media WebSocket, which needs Asterisk's HTTP server.

        Raises:
            UsageProblem: always.
        """
        del connection_id
        raise UsageProblem(
            f"the media WebSocket for {codec.name} needs Asterisk's HTTP server, which a session on"
            " a connection that Asterisk opened does not have",
            "Leave out transport and format, or use a session of ari_notebook.connect(URL).",
        )

    def rtp(self, codec: Codec) -> tuple[RtpTransport, str]:
        """Return a transport on a free UDP port, and where Asterisk sends to."""
        rtp.payload_type(codec)  # raises before there is a socket
        host = self.local_host()
        bound = socket.socket(family_of(host), socket.SOCK_DGRAM)
        bound.bind((host, 0))
        return RtpTransport(bound, codec), shown_address(host, bound.getsockname()[1])

    def audiosocket(self) -> AudioSocketListener:
        """Return a listener on a free TCP port, for one connection."""
        return AudioSocketListener(self.local_host())


class MediaSockets(MediaPorts):
    """Opens ports and media WebSockets of an Asterisk whose HTTP server is reached.

    Args:
        address: address of Asterisk.
        credentials: the ARI user.
        verify: verify TLS certificates, or a CA bundle's path.
    """

    has_websocket = True

    def __init__(self, address: Address, credentials: Credentials, verify: bool | str) -> None:
        super().__init__(self._reached_from)
        self._address = address
        self._credentials = credentials
        self._verify = verify

    def websocket(self, connection_id: str, codec: Codec) -> WebSocketMediaTransport:
        """Connect to a media WebSocket that waits for it.

        Args:
            connection_id: the channel's MEDIA_WEBSOCKET_CONNECTION_ID.
            codec: the channel's format.

        Raises:
            AriError: it could not be opened.
        """
        url = f"ws{self._address.base[4:]}/media/{quote(connection_id, safe='')}"
        secure = self._address.secure
        context = with_deadlines(ssl_context(self._verify)) if secure else None
        ws = open_websocket(self._address, url, self._credentials, context, ("media",))
        return WebSocketMediaTransport(ClientMediaWebSocket(ws.sock), codec)

    def _reached_from(self) -> str:
        parts = urlsplit(self._address.base)
        try:
            family, kind, _, _, where = socket.getaddrinfo(
                parts.hostname, parts.port or 8088, type=socket.SOCK_DGRAM
            )[0]
            with socket.socket(family, kind) as way:  # sends nothing
                way.connect(where)
                return str(way.getsockname()[0])
        except OSError as error:
            raise NotSent(f"cannot reach {parts.hostname}: {error.strerror or error}") from None


class AudioSocketListener:
    """A TCP port to which Asterisk connects with AudioSocket.

    Args:
        host: address to listen on.
        port: port to listen on; 0: any free one.
    """

    def __init__(self, host: str, port: int = 0) -> None:
        self._listener = socket.create_server((host, port), family=family_of(host))
        self.address = shown_address(host, self._listener.getsockname()[1])

    def accept(self, uuid: str, codec: Codec, timeout: float = 10.0) -> AudioSocketTransport:
        """Return the connection that begins with a UUID; others are closed.

        Args:
            uuid: the ``data`` of the external media channel.
            codec: format to send.
            timeout: seconds to wait for it.

        Raises:
            NotSent: it did not come.
        """
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self._listener.settimeout(left)
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                break
            reader = audiosocket.MessageReader()
            if read_uuid(connection, reader) == UUID(uuid):
                return AudioSocketTransport(connection, codec, reader)
            connection.close()
        raise NotSent(f"Asterisk did not connect to {self.address} in {timeout:g} s")

    def close(self) -> None:
        """Close the port."""
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def read_uuid(connection: socket.socket, reader: audiosocket.MessageReader) -> UUID | None:
    """Return the UUID with which an AudioSocket connection begins; None if there is none in time.

    Octets behind it stay on the socket.
    """
    deadline = time.monotonic() + _UUID_SECONDS
    greeting = b""
    while len(greeting) < 19 and (left := deadline - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            data = connection.recv(19 - len(greeting))
        except OSError:
            return None
        if not data:
            return None
        greeting += data
    for kind, content in reader.feed(greeting):
        if kind == audiosocket.UUID and len(content) == 16:
            return UUID(bytes=content)
    return None


def family_of(host: str) -> socket.AddressFamily:
    """Return the family of an IP address.

    Raises:
        NotSent: it is none.
    """
    try:
        v6 = ipaddress.ip_address(host.partition("%")[0]).version == 6
    except ValueError:
        raise NotSent(f"{host!r} is no IP address of this machine") from None
    return socket.AF_INET6 if v6 else socket.AF_INET


def shown_address(host: str, port: int) -> str:
    """Return an address and a port as Asterisk takes them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
