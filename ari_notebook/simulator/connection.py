"""One TCP connection of the simulator: HTTP requests, then perhaps a WebSocket."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ari_notebook.simulator import frames
from ari_notebook.simulator.http11 import RequestReader, Unreadable, html_error, render
from ari_notebook.simulator.messages import Request, Response

if TYPE_CHECKING:
    from ari_notebook.simulator.shell import Server
    from ari_notebook.simulator.sockets import Socket

log = logging.getLogger(__name__)

LINGER = 1.0  # seconds for the client to read the last answer and close


class Connection(asyncio.Protocol):
    """Reads requests one after the other and answers them; carries a `Socket` once it is upgraded.

    Nothing is taken from a client that does not read its answers, so what waits here is bounded.
    A WebSocket that cannot be written to for as long as ari.conf's ``websocket_write_timeout`` says
    is closed, as Asterisk closes it: the exchange must not hold its events for ever.

    Args:
        server: what it belongs to.

    Attributes:
        socket: the event socket that it carries, None while it speaks HTTP.
        heard: when something last happened on it, on the loop's clock.
    """

    def __init__(self, server: Server) -> None:
        self.socket: Socket | None = None
        self.heard = server.loop.time()
        self._server = server
        self._transport: asyncio.Transport
        self._requests = RequestReader()
        self._frames = frames.FrameReader()
        self._leaving = False  # the last word is said
        self._busy = False  # an answer is being delayed
        self._full = False  # the client does not read
        self._flushing = False
        self._impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, unless there are too many already."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP gives
        self._transport = transport
        if not self._server.admit(self):
            transport.abort()
            return
        peer = transport.get_extra_info("peername")
        self._requests = RequestReader(peer[0] if peer else "")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Tell the exchange, where it had somebody to tell."""
        self._server.forget(self)
        if self._impatience is not None:
            self._impatience.cancel()
        if self.socket is not None:
            with self._server.now():
                self.socket.close()

    def data_received(self, data: bytes) -> None:
        """Take octets in."""
        self.heard = self._server.loop.time()
        if self._leaving:
            return
        if self.socket is not None:
            self._take_frames(data)
            return
        self._requests.feed(data)
        self._take_requests()

    @property
    def _gone(self) -> bool:
        return self._leaving or self._transport.is_closing()

    # HTTP

    @property
    def idle(self) -> bool:
        """Whether it waits for the beginning of a request."""
        return not self._busy and self._requests.idle

    def _take_requests(self) -> None:
        while self.socket is None and not (self._busy or self._full or self._gone):
            try:
                request = self._requests.next()
            except Unreadable as fault:
                server = self._server.name
                page = html_error(fault.status, fault.reason, fault.text, server=server, close=True)
                self._answer(page)
                return
            if request is None:
                return
            delay = self._server.faults.current_delay
            if delay > 0:
                self._busy = True
                self._server.loop.call_later(delay, self._take_delayed, request)
            else:
                self._serve(request)

    def _take_delayed(self, request: Request) -> None:
        self._busy = False
        if not self._gone:
            self._serve(request)
            self._take_requests()

    def _serve(self, request: Request) -> None:
        answered: Response | Socket
        if self._server.faults.take_failure():
            answered = Response(500, "Internal Server Error")
        else:
            with self._server.now() as exchange:
                answered = exchange.open_socket(request)
        if isinstance(answered, Response):
            self._answer(answered, head=request.method == "HEAD")
        else:
            self._upgrade(answered)

    def _answer(self, response: Response, *, head: bool = False) -> None:
        for each in (response, *response.more):
            now = self._server.time()
            self._transport.write(render(each, server=self._server.name, now=now, head=head))
        if response.close:
            self._leave()

    def _leave(self) -> None:
        """Close, but hear the client out: closing over unread octets would cost it the answer."""
        if self._leaving or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._leaving = True
        self._transport.write_eof()
        self._server.loop.call_later(LINGER, self._transport.abort)

    # WebSocket

    def _upgrade(self, socket: Socket) -> None:
        lines = ["HTTP/1.1 101 Switching Protocols"]
        lines += [f"{name}: {value}" for name, value in socket.accept]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())
        self._transport.set_write_buffer_limits(high=0)
        self.socket = socket
        socket.on_ready = self._ready
        self._ready()
        if rest := self._requests.rest:
            self._take_frames(rest)

    def drop(self, code: int | None = None) -> None:
        """Close it: with a WebSocket's status code, or without a word."""
        if code is None or self.socket is None:
            self._transport.abort()
        else:
            self._transport.write(frames.encode_close(code))
            self._leave()

    def freeze(self, frozen: bool) -> None:
        """Neither read nor write a WebSocket any more; or do so again."""
        if frozen:
            self._transport.pause_reading()
        elif not self._transport.is_closing():
            self._transport.resume_reading()
            self._ready()

    def _ready(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._server.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._full or self._server.faults.frozen or self._gone:
            return
        if self.socket is not None and (messages := self.socket.take()):
            self._transport.write(b"".join(frames.encode(frames.TEXT, each) for each in messages))

    def _take_frames(self, data: bytes) -> None:
        try:
            for message in self._frames.feed(data):
                if self._gone:
                    return
                self._take_message(message)
        except frames.BadFrame as fault:
            log.warning("WebSocket closed: %s", fault)
            self.drop(fault.code)

    def _take_message(self, message: frames.Message) -> None:
        assert self.socket is not None  # noqa: S101 - frames come after the upgrade
        if message.opcode == frames.TEXT:
            with self._server.now():
                self.socket.receive(message.payload)
        elif message.opcode == frames.PING:
            self._transport.write(frames.encode(frames.PONG, message.payload))
        elif message.opcode == frames.CLOSE:
            self.drop(message.close_code)

    # A client that does not read

    def pause_writing(self) -> None:
        """The client does not read: take nothing more from it, and wait only so long."""
        self._full = True
        if self.socket is not None:
            self._transport.pause_reading()
            patience = self._server.write_timeout
            self._impatience = self._server.loop.call_later(patience, self._give_up)

    def resume_writing(self) -> None:
        """The client reads again."""
        self._full = False
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None
        if self.socket is None:
            self._take_requests()
        elif not self._transport.is_closing():
            if not self._server.faults.frozen:
                self._transport.resume_reading()
            self._flush()

    def _give_up(self) -> None:
        log.warning("Problem occurred during websocket write, websocket closed")
        self._transport.abort()
