"""The WebSocket half of a connection: carries the messages of a socket over a transport.

The socket is an `EventSocket`, or the media WebSocket of a channel.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

from ari_notebook.simulator.backend import AriBackend
from ari_notebook.simulator.rest.event_socket import EventSocket
from ari_notebook.simulator.wire import websocket_frames

log = logging.getLogger(__name__)

LINGER = 1.0  # seconds for the peer to read the last messages and close


class WebSocketHost(Protocol):
    """The server that a carrier belongs to."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return its event loop."""

    @property
    def write_timeout(self) -> float:
        """Return the seconds a WebSocket may be blocked before it is closed."""

    @property
    def frozen(self) -> bool:
        """Return whether WebSockets are frozen by a fault."""

    def count_message(self) -> None:
        """Note that a message passed between a program and the exchange."""

    def flush_soon(self, flush: Callable[[], None]) -> None:
        """Call a function that sends messages, in the next round of the loop."""

    def now(self) -> AbstractContextManager[AriBackend]:
        """Advance the backend to the current time; then set the timer for its next action."""


def leave(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
    """Half-close, then linger: closing with unread data sends RST and loses the last response."""
    if not transport.can_write_eof():
        transport.close()
        return
    transport.write_eof()
    loop.call_later(LINGER, transport.abort)


class CarriedSocket(Protocol):
    """What both kinds of sockets have."""

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Attach a carrier: ``on_ready`` is called when there is something to send."""

    def receive(self, text: bytes) -> None:
        """Handle a text message."""


SocketT = TypeVar("SocketT", bound=CarriedSocket)


class Carrier(ABC, Generic[SocketT]):
    """Carries one socket.

    A WebSocket that stays blocked for ari.conf's ``websocket_write_timeout`` is closed, as in
    Asterisk, so that the exchange does not keep its events forever.

    Args:
        server: the server it belongs to.
        socket: the socket.
        transport: transport of the connection.
        mask: whether this end is the client, which masks its frames.
    """

    def __init__(
        self,
        server: WebSocketHost,
        socket: SocketT,
        transport: asyncio.Transport,
        *,
        mask: bool = False,
    ) -> None:
        self._server = server
        self._socket = socket
        self._transport = transport
        self._mask = mask
        self._frames = websocket_frames.FrameReader()
        self._full = False  # the peer does not read
        self._flushing = False
        self._leaving = False
        self._impatience: asyncio.TimerHandle | None = None
        transport.set_write_buffer_limits(high=1, low=0)
        socket.attach(self._ready)
        self._ready()

    def lost(self) -> None:
        """Clean up after a lost connection."""
        if self._impatience is not None:
            self._impatience.cancel()

    def feed(self, data: bytes) -> None:
        """Parse received octets into frames."""
        if self._gone:
            return
        try:
            for message in self._frames.feed(data):
                self._take(message)
                if self._gone:
                    return
        except websocket_frames.BadFrame as fault:
            log.warning("WebSocket closed: %s", fault)
            self.drop(fault.code)

    def drop(self, code: int | None = None) -> None:
        """Close it with a status code, or abort it without a close frame."""
        if code is None:
            self._transport.abort()
        elif not self._gone:
            self._transport.write(websocket_frames.encode_close(code, mask=self._mask))
            self._leaving = True
            leave(self._transport, self._server.loop)

    def freeze(self, frozen: bool) -> None:
        """Freeze or unfreeze the connection."""
        if self._gone:
            return
        if frozen:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()
            self._ready()

    @property
    def _gone(self) -> bool:
        return self._leaving or self._transport.is_closing()

    def _ready(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._server.flush_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._full or self._gone or self._server.frozen:
            return
        if data := self._outgoing():
            self._transport.write(data)

    @abstractmethod
    def _outgoing(self) -> bytes:
        """Return the messages to send as frames."""

    def _take(self, message: websocket_frames.WebSocketMessage) -> None:
        if message.opcode == websocket_frames.TEXT:
            self._server.count_message()
            with self._server.now():
                self._socket.receive(message.payload)
        elif message.opcode == websocket_frames.BINARY:
            self._take_binary(message.payload)
        elif message.opcode == websocket_frames.PING:
            self._transport.write(
                websocket_frames.encode(websocket_frames.PONG, message.payload, mask=self._mask)
            )
        elif message.opcode == websocket_frames.CLOSE:
            self._flush()  # earlier requests are answered first
            self.drop(message.close_code)

    def _take_binary(self, payload: bytes) -> None:
        """Ignore a binary message."""

    # Peers that do not read

    def pause(self) -> None:
        """Stop reading and start the write timeout, because the peer does not read."""
        self._full = True
        self._transport.pause_reading()
        self._impatience = self._server.loop.call_later(self._server.write_timeout, self._give_up)

    def resume(self) -> None:
        """Resume, because the peer reads again."""
        self._full = False
        self.lost()
        if not self._gone and not self._server.frozen:
            self._transport.resume_reading()
        self._flush()

    def _give_up(self) -> None:
        log.warning("WebSocket closed: its peer did not read for %g s", self._server.write_timeout)
        self._transport.abort()


class WebSocketCarrier(Carrier[EventSocket]):
    """Carries an event socket."""

    def _outgoing(self) -> bytes:
        messages = self._socket.take()
        if messages:
            self._server.count_message()
        text, mask = websocket_frames.TEXT, self._mask
        return b"".join(websocket_frames.encode(text, each, mask=mask) for each in messages)


class MediaSocket(CarriedSocket, Protocol):
    """The media WebSocket of a channel."""

    closed: bool

    def take(self) -> list[tuple[bool, bytes]]:
        """Return and remove the queued messages, each with whether it is binary."""

    def receive_binary(self, data: bytes) -> None:
        """Handle a binary message."""


class MediaCarrier(Carrier[MediaSocket]):
    """Carries the media WebSocket of a channel."""

    def _outgoing(self) -> bytes:
        kinds = (websocket_frames.TEXT, websocket_frames.BINARY)
        data = b"".join(
            websocket_frames.encode(kinds[binary], each, mask=self._mask)
            for binary, each in self._socket.take()
        )
        if self._socket.closed:
            self._server.loop.call_soon(self.drop, websocket_frames.NORMAL)
        return data

    def _take_binary(self, payload: bytes) -> None:
        with self._server.now():
            self._socket.receive_binary(payload)
