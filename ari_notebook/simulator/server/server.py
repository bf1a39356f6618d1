"""The HTTP and WebSocket server around a backend: sockets and the real clock.

It uses asyncio only. Measured on two cores with one connection, a typical client's request and a
response of 92 octets; processor time of the server per request:

    tornado 6.5 (HTTPServer)   283 us        h11 0.16          279 us
    aiohttp 3 (web)            255 us        httptools 0.7     135 us
    `http11` in this package   148 us

and WebSocket messages per second, encoding and decoding only (events of 530 octets out, requests of
200 in):

    wsproto      188,000 out    41,000 in
    websockets   512,000 out   159,000 in
    `frames`     640,000 out   209,000 in

The full servers take twice the time and cannot send Asterisk's responses: they refuse a bare LF or
an unknown method before it can be answered 404 or 405, they omit the body of a failing HEAD, and
they use their own error pages. Only httptools is faster, by a tenth of a request's total time
including the exchange's work, at the price of a dependency and the same refusals.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, Protocol, TypeVar

from ari_notebook.simulator.backend import AriBackend
from ari_notebook.simulator.config.settings import Config
from ari_notebook.simulator.messages import Deferred, Request, Response
from ari_notebook.simulator.pbx.exchange import ConnectPerCallApp
from ari_notebook.simulator.rest.operation_faults import OperationFaults
from ari_notebook.simulator.server import origin
from ari_notebook.simulator.server.connection import HttpConnection
from ari_notebook.simulator.server.faults import Faults
from ari_notebook.simulator.server.media_network import MediaNetwork
from ari_notebook.simulator.server.outbound import Outbound
from ari_notebook.simulator.server.pace import PacedTime
from ari_notebook.simulator.server.websocket import WebSocketCarrier

log = logging.getLogger(__name__)

T = TypeVar("T")
BackendT = TypeVar("BackendT", bound=AriBackend)


class ControlPort(Protocol):
    """Answers the requests that control the simulator."""

    def controls(self, request: Request) -> bool:
        """Return whether a request is one of the control API."""

    def respond(self, request: Request) -> Deferred[Response]:
        """Answer a request of the control API."""

    def close(self) -> None:
        """Cancel waiting requests."""


SWEEP = 1.0  # seconds between two checks for idle connections

# Rounds of the loop from an accepted connection to its connection_made.
_ACCEPT_ROUNDS = 5


class Server(Generic[BackendT]):
    """Serves one backend on one event loop.

    Args:
        config: configuration of the backend, also after a restart.
        host: address to bind.
        port: port to bind; 0: any free port, which is kept from then on.
        make: creates the backend, given the function that connects per-call applications; called at
            the start and at every restart.
        seed: seed of the random faults.
        check_origin: refuse requests of foreign web pages.
        time: clock of the backend, in seconds since 1970; None: real time.
        operation_faults: faults of the backend's operations; None: it has none.
        control: creates what answers requests below ``/_simulator``; None: nothing does.

    Attributes:
        traffic: grows with every message from or to a program.
        backend: the current backend.
        time: returns the backend's time, in seconds since 1970.
        faults: controls of its faults.
        loop: the event loop it runs on.
    """

    def __init__(
        self,
        config: Config,
        host: str,
        port: int,
        make: Callable[[ConnectPerCallApp, MediaNetwork], BackendT],
        seed: int = 0,
        check_origin: bool = True,
        time: PacedTime | None = None,
        operation_faults: OperationFaults | None = None,
        control: Callable[[Server[BackendT]], ControlPort] | None = None,
    ) -> None:
        self.time = time or PacedTime()
        self.loop = asyncio.get_running_loop()
        self._outbound = Outbound(self, config)
        self._media = MediaNetwork(self)
        self.backend = make(self._outbound.connect_per_call_app, self._media)
        self.faults = Faults(self, seed, operation_faults)
        self._config = config
        self._host = host
        self._port = port
        self._check_origin = check_origin
        self._make = make
        self._listeners: list[asyncio.Server] = []
        self._connections: set[HttpConnection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = float("inf")
        self._sweeper = self.loop.call_later(SWEEP, self._sweep)
        self.traffic = 0
        self._flushes: list[Callable[[], None]] = []
        self._control = None if control is None else control(self)

    # Interface for connections

    @property
    def name(self) -> str:
        """Return the value of the ``Server`` header."""
        return self._config.server_name

    @property
    def write_timeout(self) -> float:
        """Return the seconds a WebSocket may be blocked before it is closed."""
        return self._config.ari.websocket_write_timeout

    @property
    def frozen(self) -> bool:
        """Return whether WebSockets are frozen."""
        return self.faults.frozen

    @property
    def carriers(self) -> list[WebSocketCarrier]:
        """Return the carriers of the open event sockets."""
        found = [each.carrier for each in self._connections]
        inbound = [each for each in found if isinstance(each, WebSocketCarrier)]
        return inbound + self._outbound.carriers

    def admit(self, connection: HttpConnection) -> bool:
        """Register a connection, unless http.conf's ``sessionlimit`` is reached."""
        if len(self._connections) >= self._config.http.session_limit:
            log.warning("HTTP session count exceeded %d sessions", self._config.http.session_limit)
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: HttpConnection) -> None:
        """Unregister a closed connection."""
        self._connections.discard(connection)

    def control(self, request: Request) -> Deferred[Response]:
        """Answer a request of the control API."""
        assert self._control is not None  # noqa: S101 - `controls` is true
        return self._control.respond(request)

    @property
    def connected(self) -> bool:
        """Return whether a program has an event socket."""
        return bool(self.carriers)

    def controls(self, request: Request) -> bool:
        """Return whether a request is one of the control API."""
        return self._control is not None and self._control.controls(request)

    def count_message(self) -> None:
        """Note that a message passed between a program and the exchange."""
        self.traffic += 1

    def flush_soon(self, flush: Callable[[], None]) -> None:
        """Call a function that sends messages, in the next round of the loop.

        One handle of the loop for all: each frame of each media stream needs one.
        """
        if not self._flushes:
            self.loop.call_soon(self._flush)
        self._flushes.append(flush)

    def _flush(self) -> None:
        flushes, self._flushes = self._flushes, []
        for flush in flushes:
            flush()

    def refusal(self, request: Request) -> Response | None:
        """Return the refusal for a foreign web page; None for every other request."""
        if not self._check_origin:
            return None
        origins = self._config.ari.allowed_origins
        reason = origin.refusal(request.headers, origins, local=origin.is_local(self._host))
        return None if reason is None else origin.forbidden(reason)

    @contextmanager
    def now(self) -> Iterator[BackendT]:
        """Advance the backend to the current time; then set the timer for its next action."""
        backend = self.backend
        backend.advance(self.time())
        try:
            yield backend
        finally:
            backend.advance(backend.now)  # immediate consequences
            self._schedule()

    def _schedule(self) -> None:
        due = self.backend.next_due()
        due = float("inf") if due is None else due
        if due == self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = due
        delay = self.time.delay(due) if due != float("inf") else None
        if delay is not None:
            self._timer = self.loop.call_later(delay, self._tick)

    def _tick(self) -> None:
        self._timer, self._due = None, float("inf")
        with self.now():
            pass

    def _sweep(self) -> None:
        """Close connections that were idle longer than http.conf allows."""
        self._sweeper = self.loop.call_later(SWEEP, self._sweep)
        http, now = self._config.http, self.loop.time()
        for each in list(self._connections):
            if each.carrier is None:
                patience = http.session_keep_alive if each.idle else http.session_inactivity
                if now - each.last_activity > patience:
                    each.drop()

    def pause(self) -> None:
        """Stop the backend's time."""
        with self.now():
            self.time.pause()
        self._reschedule()

    def resume(self) -> None:
        """Resume the backend's time."""
        self.time.resume()
        self._reschedule()

    def _reschedule(self) -> None:
        self._due = float("nan")
        self._schedule()

    # From other threads

    def call(self, do: Callable[[], T]) -> T:
        """Run a function on the loop's thread and return its result; thread-safe."""

        async def doing() -> T:
            return do()

        return self.call_async(doing())

    def call_async(self, doing: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result; safe from any other thread."""
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result()

    # Life

    @property
    def port(self) -> int:
        """Return its port."""
        return self._port

    async def listen(self, listening: bool = True) -> None:
        """Open or close the ports; open connections stay.

        Raises:
            OSError: a port cannot be bound.
        """
        if not listening:
            await self._stop_accepting()
            for each in self._listeners:
                each.close()
            self._listeners.clear()
        elif not self._listeners:
            http = self._config.http
            if http.enabled:
                self._listeners.append(await self._bind(self._host, self._port))
                self._port = self._listeners[0].sockets[0].getsockname()[1]
            if http.tls_enabled:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(http.tls_certificate, http.tls_private_key or None)
                self._listeners.append(await self._bind(http.tls_address, http.tls_port, context))

    async def _stop_accepting(self) -> None:
        """Stop accepting, and wait for accepted connections.

        asyncio leaves a socket open that is accepted in the moment its server is closed.
        """
        for each in self._listeners:
            for listener in each.sockets:
                with suppress(NotImplementedError):  # Windows' loop accepts without readers
                    self.loop.remove_reader(listener.fileno())
        for _ in range(_ACCEPT_ROUNDS):
            await asyncio.sleep(0)

    async def _bind(
        self, host: str, port: int, context: ssl.SSLContext | None = None
    ) -> asyncio.Server:
        return await self.loop.create_server(
            lambda: HttpConnection(self), host, port, ssl=context, backlog=1024
        )

    async def restart(self, downtime: float = 0.0) -> None:
        """Cut every connection and start again with a new exchange."""
        await self._end()
        await asyncio.sleep(downtime)
        self.backend.close()
        self.backend = self._make(self._outbound.connect_per_call_app, self._media)
        self._schedule()
        await self.open()

    async def reset(self) -> None:
        """Start again with a new exchange, in which the connected applications are registered.

        Outbound connections are opened again; waiting requests are cut off.
        """
        sockets = [each.event_socket for each in self._connections if each.event_socket is not None]
        for each in list(self._connections):
            if each.busy:
                each.drop()
        self._media.close()
        await self._outbound.stop()
        before, self.backend = (
            self.backend,
            self._make(self._outbound.connect_per_call_app, self._media),
        )
        for socket in sockets:
            self.backend.adopt(socket)
        before.close()
        with self.now() as backend:
            self._outbound.start(backend)

    async def close(self) -> None:
        """Close the ports and every connection."""
        self._sweeper.cancel()
        if self._control is not None:
            self._control.close()
        await self._end()
        if self._timer is not None:
            self._timer.cancel()
        self.backend.close()

    async def open(self) -> None:
        """Open the ports and the configured outbound connections.

        Raises:
            OSError: a port cannot be bound.
        """
        await self.listen()
        with self.now() as backend:
            self._outbound.start(backend)

    async def _end(self) -> None:
        await self.listen(False)
        for each in list(self._connections):
            each.drop()
        self._media.close()
        await self._outbound.stop()
        await asyncio.sleep(0)  # so that connection_lost is called
