"""The WebSocket half of a connection: carries the messages of a `Socket` over a transport."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ari_notebook.simulator import frames

if TYPE_CHECKING:
    from ari_notebook.simulator.shell import Server
    from ari_notebook.simulator.sockets import Socket

log = logging.getLogger(__name__)

LINGER = 1.0  # seconds for the peer to read the last words and close


def leave(transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
    """Close, but hear the peer out: closing over unread octets would cost it the last words."""
    if not transport.can_write_eof():
        transport.close()
        return
    transport.write_eof()
    loop.call_later(LINGER, transport.abort)


class Carrier:
    """Carries one event socket.

    A WebSocket that cannot be written to for as long as ari.conf's ``websocket_write_timeout`` says
    is closed, as Asterisk closes it: the exchange must not hold its events for ever.

    Args:
        server: whose exchange it belongs to.
        socket: what is carried.
        transport: what carries it.
        mask: whether this end is the client, which masks what it sends.
    """

    def __init__(
        self, server: Server, socket: Socket, transport: asyncio.Transport, *, mask: bool = False
    ) -> None:
        self._server = server
        self._socket = socket
        self._transport = transport
        self._mask = mask
        self._frames = frames.FrameReader()
        self._full = False  # the peer does not read
        self._flushing = False
        self._leaving = False
        self._impatience: asyncio.TimerHandle | None = None
        transport.set_write_buffer_limits(high=1, low=0)
        socket.on_ready = self._ready
        self._ready()

    def lost(self) -> None:
        """The connection is gone."""
        if self._impatience is not None:
            self._impatience.cancel()

    def feed(self, data: bytes) -> None:
        """Take octets in."""
        if self._gone:
            return
        try:
            for message in self._frames.feed(data):
                self._take(message)
                if self._gone:
                    return
        except frames.BadFrame as fault:
            log.warning("WebSocket closed: %s", fault)
            self.drop(fault.code)

    def drop(self, code: int | None = None) -> None:
        """Close it, with a status code or without a word."""
        if code is None:
            self._transport.abort()
        elif not self._gone:
            self._transport.write(frames.encode_close(code, mask=self._mask))
            self._leaving = True
            leave(self._transport, self._server.loop)

    def freeze(self, frozen: bool) -> None:
        """Neither read nor write any more; or do so again."""
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
            self._server.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._full or self._gone or self._server.faults.frozen:
            return
        if messages := self._socket.take():
            mask = self._mask
            self._transport.write(
                b"".join(frames.encode(frames.TEXT, each, mask=mask) for each in messages)
            )

    def _take(self, message: frames.Message) -> None:
        if message.opcode == frames.TEXT:
            with self._server.now():
                self._socket.receive(message.payload)
        elif message.opcode == frames.PING:
            self._transport.write(frames.encode(frames.PONG, message.payload, mask=self._mask))
        elif message.opcode == frames.CLOSE:
            self._flush()  # what was asked before is answered before
            self.drop(message.close_code)

    # A peer that does not read

    def pause(self) -> None:
        """The peer does not read: take nothing more from it, and wait only so long."""
        self._full = True
        self._transport.pause_reading()
        self._impatience = self._server.loop.call_later(self._server.write_timeout, self._give_up)

    def resume(self) -> None:
        """The peer reads again."""
        self._full = False
        self.lost()
        if not self._gone and not self._server.faults.frozen:
            self._transport.resume_reading()
        self._flush()

    def _give_up(self) -> None:
        log.warning("WebSocket closed: its peer did not read for %g s", self._server.write_timeout)
        self._transport.abort()
