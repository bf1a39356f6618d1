"""One TCP connection of the simulator: HTTP requests, then perhaps a WebSocket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ari_notebook.simulator.carrier import Carrier, leave
from ari_notebook.simulator.http11 import RequestReader, Unreadable, html_error, render
from ari_notebook.simulator.messages import Later, Request, Response

if TYPE_CHECKING:
    from ari_notebook.simulator.shell import Server
    from ari_notebook.simulator.sockets import Socket


class Connection(asyncio.Protocol):
    """Reads requests one after the other and answers them; carries a `Socket` once it is upgraded.

    Nothing is taken from a client that does not read its answers, so what waits here is bounded.

    Args:
        server: what it belongs to.

    Attributes:
        carrier: carries the event socket; None while it speaks HTTP.
        heard: when something last happened on it, on the loop's clock.
    """

    def __init__(self, server: Server) -> None:
        self.carrier: Carrier | None = None
        self.heard = server.loop.time()
        self._server = server
        self._transport: asyncio.Transport
        self._requests = RequestReader()
        self._socket: Socket | None = None
        self._leaving = False  # the last word is said
        self._busy = False  # an answer waits
        self._full = False  # the client does not read

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, unless there are too many already."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what TCP gives
        self._transport = transport
        if not self._server.admit(self):
            transport.abort()
            return
        peer = transport.get_extra_info("peername")
        self._requests = RequestReader(peer[0] if peer else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the exchange, where it had somebody to tell."""
        self._server.forget(self)
        if self.carrier is not None:
            self.carrier.lost()
        if self._socket is not None:
            with self._server.now():
                self._socket.close()

    def data_received(self, data: bytes) -> None:
        """Take octets in."""
        self.heard = self._server.loop.time()
        if self.carrier is not None:
            self.carrier.feed(data)
        elif not self._leaving:
            self._requests.feed(data)
            self._take_requests()

    def pause_writing(self) -> None:
        """The client does not read."""
        self._full = True
        if self.carrier is not None:
            self.carrier.pause()
        else:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._full = False
        if self.carrier is not None:
            self.carrier.resume()
        else:
            if not self._busy:
                self._transport.resume_reading()
            self._take_requests()

    @property
    def idle(self) -> bool:
        """Whether it waits for the beginning of a request."""
        return not self._busy and self._requests.idle

    def drop(self) -> None:
        """Cut it off."""
        self._transport.abort()

    @property
    def _gone(self) -> bool:
        return self._leaving or self._transport.is_closing()

    def _take_requests(self) -> None:
        while self.carrier is None and not (self._busy or self._full or self._gone):
            try:
                request = self._requests.next()
            except Unreadable as fault:
                name = self._server.name
                page = html_error(fault.status, fault.reason, fault.text, server=name, close=True)
                self._answer(page)
                return
            if request is None:
                return
            delay = self._server.faults.current_delay
            if delay > 0:
                self._wait()
                self._server.loop.call_later(delay, self._take_delayed, request)
            else:
                self._serve(request)

    def _take_delayed(self, request: Request) -> None:
        self._go_on()
        if not self._gone:
            self._serve(request)
            self._take_requests()

    def _serve(self, request: Request) -> None:
        answered: Response | Later[Response] | Socket
        if self._server.faults.take_failure():
            answered = Response(500, "Internal Server Error")
        else:
            with self._server.now() as exchange:
                answered = exchange.request(request)
        if isinstance(answered, Response):
            self._answer(answered, head=request.method == "HEAD")
        elif isinstance(answered, Later):
            self._wait()
            # It becomes known while the exchange is at work: the next request is for after that.
            answered.then(lambda known: self._server.loop.call_soon(self._answer_late, known))
        else:
            self._upgrade(answered)

    def _answer_late(self, response: Response) -> None:
        self._go_on()
        if not self._gone:
            self._answer(response)
            self._take_requests()

    def _wait(self) -> None:
        self._busy = True
        self._transport.pause_reading()  # what a client sends meanwhile is not kept here

    def _go_on(self) -> None:
        self._busy = False
        if not self._gone:
            self._transport.resume_reading()

    def _answer(self, response: Response, *, head: bool = False) -> None:
        for each in (response, *response.more):
            now = self._server.time()
            self._transport.write(render(each, server=self._server.name, now=now, head=head))
        if response.close:
            self._leaving = True
            leave(self._transport, self._server.loop)

    def _upgrade(self, socket: Socket) -> None:
        lines = ["HTTP/1.1 101 Switching Protocols"]
        lines += [f"{name}: {value}" for name, value in socket.accept]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())
        self._socket = socket
        self.carrier = Carrier(self._server, socket, self._transport)
        if rest := self._requests.rest:
            self.carrier.feed(rest)
