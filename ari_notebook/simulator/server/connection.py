"""One TCP connection of the simulator: HTTP requests, then perhaps a WebSocket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from ari_notebook.simulator.messages import Deferred, Request, Response
from ari_notebook.simulator.rest.event_socket import EventSocket
from ari_notebook.simulator.server.faults import Faults
from ari_notebook.simulator.server.websocket import (
    MediaCarrier,
    WebSocketCarrier,
    WebSocketHost,
    leave,
)
from ari_notebook.simulator.wire.http11 import RequestReader, Unreadable, html_error, render

if TYPE_CHECKING:
    from ari_notebook.simulator.calls.media_session import WebSocketMedia


class HttpHost(WebSocketHost, Protocol):
    """The server that a connection belongs to."""

    @property
    def name(self) -> str:
        """Return the value of the ``Server`` header."""

    @property
    def faults(self) -> Faults:
        """Return the controls of its faults."""

    def time(self) -> float:
        """Return the real time, in seconds since 1970."""

    def admit(self, connection: HttpConnection) -> bool:
        """Register a connection, unless there are too many."""

    def forget(self, connection: HttpConnection) -> None:
        """Unregister a closed connection."""

    def controls(self, request: Request) -> bool:
        """Return whether a request is one of the control API."""

    def control(self, request: Request) -> Deferred[Response]:
        """Answer a request of the control API."""

    def count_message(self) -> None:
        """Note that a message passed between a program and the exchange."""

    def refusal(self, request: Request) -> Response | None:
        """Return the refusal for a foreign web page; None for every other request."""


class HttpConnection(asyncio.Protocol):
    """Reads requests and answers them in order; carries an `EventSocket` after an upgrade.

    Nothing is read from a client that does not read its responses, so that memory is bounded.

    Args:
        server: the server it belongs to.

    Attributes:
        carrier: carrier of the event socket; None before an upgrade.
        last_activity: time of the last activity, on the loop's clock.
    """

    def __init__(self, server: HttpHost) -> None:
        self.carrier: WebSocketCarrier | MediaCarrier | None = None
        self.last_activity = server.loop.time()
        self._server = server
        self._transport: asyncio.Transport
        self._requests = RequestReader()
        self._socket: EventSocket | WebSocketMedia | None = None
        self._leaving = False  # the last response has been sent
        self._busy = False  # a response is pending
        self._controlled = False  # the pending response is the control API's
        self._full = False  # the client does not read

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start, unless the session limit is reached."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - guaranteed by TCP
        self._transport = transport
        if not self._server.admit(self):
            transport.abort()
            return
        peer = transport.get_extra_info("peername")
        self._requests = RequestReader(peer[0] if peer else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the event socket, if any."""
        self._server.forget(self)
        if self.carrier is not None:
            self.carrier.lost()
        if self._socket is not None:
            with self._server.now():
                self._socket.close()

    def data_received(self, data: bytes) -> None:
        """Parse received octets into requests or frames."""
        self.last_activity = self._server.loop.time()
        if self.carrier is not None:
            self.carrier.feed(data)
        elif not self._leaving:
            self._requests.feed(data)
            self._take_requests()

    def pause_writing(self) -> None:
        """Stop reading, because the client does not read."""
        self._full = True
        if self.carrier is not None:
            self.carrier.pause()
        else:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading, because the client reads again."""
        self._full = False
        if self.carrier is not None:
            self.carrier.resume()
        else:
            if not self._busy:
                self._transport.resume_reading()
            self._take_requests()

    @property
    def event_socket(self) -> EventSocket | None:
        """Return the event socket it carries, or None."""
        return self._socket if isinstance(self._socket, EventSocket) else None

    @property
    def busy(self) -> bool:
        """Return whether a request waits for its answer from the exchange."""
        return self._busy and not self._controlled

    @property
    def idle(self) -> bool:
        """Return whether it waits for the beginning of a request."""
        return not self._busy and self._requests.idle

    def drop(self) -> None:
        """Abort the connection."""
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
            if delay > 0 and not self._server.controls(request):
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
        answered: Response | Deferred[Response] | EventSocket | WebSocketMedia
        controlled = self._server.controls(request)
        if (refused := self._server.refusal(request)) is not None:
            answered = refused
        elif controlled:
            answered = self._server.control(request)
        elif self._server.faults.take_failure():
            answered = Response(500, "Internal Server Error")
        else:
            self._server.count_message()
            with self._server.now() as backend:
                answered = backend.request(request)
        if isinstance(answered, Response):
            self._answer(answered, head=request.method == "HEAD")
        elif isinstance(answered, Deferred):
            self._controlled = controlled
            self._wait()
            # It resolves while the exchange runs: the next request is read after that.
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
        self._transport.pause_reading()  # data that a client sends meanwhile stays in the kernel

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

    def _upgrade(self, socket: EventSocket | WebSocketMedia) -> None:
        lines = ["HTTP/1.1 101 Switching Protocols"]
        lines += [f"{name}: {value}" for name, value in socket.accept]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())
        self._socket = socket
        if isinstance(socket, EventSocket):
            self.carrier = WebSocketCarrier(self._server, socket, self._transport)
        else:
            self.carrier = MediaCarrier(self._server, socket, self._transport)
        if rest := self._requests.rest:
            self.carrier.feed(rest)
