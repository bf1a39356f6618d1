"""A WebSocket that a peer opens to this machine: handshake and messages.

Asterisk is the client here (``res/res_websocket_client.c``), so its frames are masked and ours are
not. The protocol is the library websockets', without its I/O, so that each way in which a peer can
fail is a `Refused` with a reason. Events and calls' audio arrive by the same class.
"""

from __future__ import annotations

import base64
import binascii
import logging
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from websockets.exceptions import NegotiationError
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from ari_notebook.client.websocket_frames import BinaryMessage

__all__ = ["Refused", "ServerWebSocket"]

log = logging.getLogger(__name__)

_PIECE = 1 << 16
_ADVICE = "The peer may not be an Asterisk, or something between delays it."
_CARRIED = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class Refused(Exception):
    """A connection is not accepted.

    Attributes:
        reason: why.
        advice: what to change.
        status: status of the response, where it is not 400.
    """

    def __init__(self, reason: str, advice: str = "", status: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.advice, self.status = reason, advice, status


class ServerWebSocket:
    """A WebSocket that a peer opens.

    Args:
        sock: the connected socket.
        peer: address of the peer.
        subprotocol: the subprotocol that is spoken here.
        largest: maximum size of a message, in bytes.
        required: whether a peer that offers other subprotocols only is refused.

    Attributes:
        user: the user it gave.
        closed_normally: whether the peer ended it with the close code 1000.
    """

    def __init__(
        self,
        sock: socket.socket,
        peer: str,
        subprotocol: str,
        largest: int,
        *,
        required: bool = False,
    ) -> None:
        self.peer = peer
        self.user = ""
        self.closed_normally = False
        self._sock = sock
        self._subprotocol = subprotocol
        self._required = required
        self._protocol = ServerProtocol(
            # websockets binds what it is given as a method of its own.
            select_subprotocol=lambda _, offered: self._select(offered),
            max_size=largest,
            logger=log,
        )
        self._using = threading.Lock()  # the protocol, and the order of what it sends
        self._parts: list[bytes] = []  # of a fragmented message
        self._binary = False  # whether that message is binary
        self._selector = selectors.DefaultSelector()
        self._selector.register(sock, selectors.EVENT_READ)

    def _select(self, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        if self._subprotocol in offered:
            return Subprotocol(self._subprotocol)
        if offered and self._required:
            raise NegotiationError(
                "it has other protocols: websocket_client.conf needs "
                f"protocols = {self._subprotocol}"
            )
        return None

    def fileno(self) -> int:
        """Return the socket's number, to wait for data."""
        return self._sock.fileno()

    def shake_hands(self, check: Callable[[str, str], None], deadline: float) -> list[bytes]:
        """Accept the request for a WebSocket.

        Args:
            check: called with user and password; raises `Refused`.
            deadline: time of ``time.monotonic()``.

        Returns:
            The messages that came together with the request.

        Raises:
            Refused: the request is for something else, or comes too late.
        """
        events: list[Any] = []
        while not events:
            events = self._receive(deadline, "it sends no request for a WebSocket")
        request, *others = events
        if not isinstance(request, Request):
            raise Refused("it does not speak HTTP", "Is it an Asterisk?")
        response = self._protocol.accept(request)
        failure: Refused | None = None
        if response.status_code != 101:
            cause = self._protocol.handshake_exc
            failure = Refused(
                str(cause)
                if isinstance(cause, NegotiationError)
                else f"{request.path} is no request for a WebSocket",
                "Only WebSockets that Asterisk opens are served here.",
            )
        else:
            try:
                self.user, password = _credentials(request.headers.get("Authorization", ""))
                check(self.user, password)
            except Refused as refused:
                failure = refused
                response = self._protocol.reject(refused.status or 400, f"{refused.reason}\n")
                if refused.status == 401:
                    response.headers["WWW-Authenticate"] = 'Basic realm="ari-notebook"'
        with self._using:
            self._protocol.send_response(response)
            self._flush()
        if failure is not None:
            raise failure
        with self._using:
            others += self._protocol.events_received()  # those behind the request
        return self._assemble(others)

    def next_messages(self, deadline: float, otherwise: str) -> list[bytes]:
        """Return the next complete messages of a connection without an assigned session.

        Args:
            deadline: time of ``time.monotonic()``.
            otherwise: error message for a connection without messages.

        Raises:
            Refused: none comes in time, or the connection has ended.
        """
        messages = self._assemble(self._receive(deadline, otherwise))
        if self._protocol.state is not State.OPEN:
            raise Refused("it closed the connection", "See Asterisk's log.")
        return messages

    def _receive(self, deadline: float, otherwise: str) -> list[Any]:
        data = self._read(max(0.0, deadline - time.monotonic()))
        if time.monotonic() >= deadline:
            raise Refused(f"{otherwise} in time", _ADVICE)
        if data == b"":
            raise Refused(f"{otherwise}, and closed the connection", _ADVICE)
        with self._using:
            self._protocol.receive_data(data or b"")
            self._flush()
            events = self._protocol.events_received()
            if (error := self._protocol.handshake_exc) is not None:
                raise Refused(f"it does not ask for a WebSocket: {error}", _ADVICE)
        return events

    # Messages.

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Do nothing: there is a socket to wait for."""

    def read(self, seconds: float) -> list[bytes] | None:
        """Return the complete messages of one read; None if nothing came.

        Binary ones are of the class `BinaryMessage`.

        Args:
            seconds: how long to wait.

        Raises:
            ConnectionError: it has ended; the message says how.
        """
        data = self._read(seconds)
        if data is None:
            return None
        with self._using:
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            events = self._protocol.events_received()
            self._flush()  # a PONG for each PING; Asterisk gets no other
        messages = self._assemble(events)
        if not messages and self._protocol.state is not State.OPEN:
            # The library has its close_code only after the TCP connection has ended as well.
            received = self._protocol.close_rcvd
            code = received.code if received is not None else "none"
            self.closed_normally = code == 1000
            raise ConnectionError(f"Asterisk closed the connection (code {code})")
        return messages

    def send(self, text: bytes) -> None:
        """Send a text message.

        Raises:
            OSError: it is closed.
        """
        with self._using:
            self._check_open()
            self._protocol.send_text(text)
            self._flush()

    def send_binary(self, data: bytes) -> None:
        """Send a binary message.

        Raises:
            OSError: it is closed.
        """
        with self._using:
            self._check_open()
            self._protocol.send_binary(data)
            self._flush()

    def ping(self) -> None:
        """Send a PING.

        Raises:
            OSError: it is closed.
        """
        with self._using:
            self._check_open()
            self._protocol.send_ping(b"")
            self._flush()

    def _check_open(self) -> None:
        if self._protocol.state is not State.OPEN:
            raise ConnectionError("it is closed")

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and break the connection; from any thread, idempotent."""
        with self._using:
            try:
                if self._protocol.state is State.OPEN:
                    self._protocol.send_close(code, reason[:120])
                    self._flush()
            except OSError:  # it is broken already
                pass
            self.drop()

    def drop(self) -> None:
        """Break the connection like a network failure; a read then ends."""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is broken already
            return

    def release(self) -> None:
        """Free the socket, once no thread reads it any more."""
        self._selector.close()
        self._sock.close()

    def _assemble(self, events: list[Any]) -> list[bytes]:
        messages: list[bytes] = []
        for event in events:
            if not isinstance(event, Frame) or event.opcode not in _CARRIED:
                continue
            if event.opcode is not Opcode.CONT:
                self._binary = event.opcode is Opcode.BINARY
            self._parts.append(bytes(event.data))
            if event.fin:
                whole = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
                messages.append(BinaryMessage(whole) if self._binary else whole)
                self._parts.clear()
        return messages

    def _read(self, seconds: float) -> bytes | None:
        sock = self._sock
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        if not pending and not self._selector.select(seconds):
            return None
        try:
            return sock.recv(_PIECE)
        except (ssl.SSLWantReadError, TimeoutError):  # part of a TLS record
            return None
        except OSError as error:
            raise ConnectionError(f"the connection broke: {error.strerror or error}") from error

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._sock.sendall(data)


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(value, validate=True).decode(errors="surrogateescape")
    except (binascii.Error, ValueError):
        return "", ""
    user, _, password = text.partition(":")
    return user, password
