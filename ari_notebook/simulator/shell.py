"""The HTTP and WebSocket server around an exchange: sockets and the real clock, and nothing else.

It stands on asyncio alone. Measured on two cores, one connection, a request of a typical client
answered with 92 octets; processor time of the server for each request:

    tornado 6.5 (HTTPServer)   283 us        h11 0.16          279 us
    aiohttp 3 (web)            255 us        httptools 0.7     135 us
    `http11` in this package   148 us

and WebSocket messages a second, coding only (events of 530 octets out, requests of 200 in):

    wsproto      188,000 out    41,000 in
    websockets   512,000 out   159,000 in
    `frames`     640,000 out   209,000 in

The full servers cost twice as much and cannot give Asterisk's answers: they refuse a bare LF or an
unknown method before it can be answered 404 or 405, they leave the body off a HEAD that fails, they
answer errors with pages of their own. httptools is the one of them that is faster, by a tenth of
what a request costs with the exchange's work in it, for a dependency more and the same refusals.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ari_notebook.simulator.carrier import Carrier
from ari_notebook.simulator.config import Config
from ari_notebook.simulator.connection import Connection
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.faults import Faults
from ari_notebook.simulator.outbound import Outbound

log = logging.getLogger(__name__)

T = TypeVar("T")

SWEEP = 1.0  # seconds between two looks for connections that have been idle too long


class Server:
    """Serves one exchange on one event loop.

    Args:
        config: of the exchange; a restart begins with it again.
        host: the address to bind.
        port: the port to bind; 0 takes a free one, which is kept from then on.
        make: makes the exchange; called at the start and at every restart.
        seed: of the random faults.

    Attributes:
        exchange: the one that is served now.
        faults: what goes wrong on demand.
        loop: the event loop it runs on.
    """

    def __init__(
        self,
        config: Config,
        host: str,
        port: int,
        make: Callable[[], Exchange],
        seed: int = 0,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.exchange = make()
        self.faults = Faults(self, seed)
        self._config = config
        self._host = host
        self._port = port
        self._make = make
        self._listeners: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._due = float("inf")
        self._sweeper = self.loop.call_later(SWEEP, self._sweep)
        self._outbound = Outbound(self)

    # What connections ask of it

    @property
    def name(self) -> str:
        """What the ``Server`` header says."""
        return self._config.http.server_name

    @property
    def write_timeout(self) -> float:
        """Seconds that a WebSocket may be blocked before it is closed."""
        return self._config.ari.websocket_write_timeout

    @property
    def carriers(self) -> list[Carrier]:
        """What carries the event sockets that are open."""
        inbound = [each.carrier for each in self._connections if each.carrier is not None]
        return inbound + self._outbound.carriers

    @staticmethod
    def time() -> float:
        """The real time, epoch seconds."""
        return time.time()

    def admit(self, connection: Connection) -> bool:
        """Take a connection, unless http.conf's ``sessionlimit`` is reached."""
        if len(self._connections) >= self._config.http.session_limit:
            log.warning("HTTP session count exceeded %d sessions", self._config.http.session_limit)
            return False
        self._connections.add(connection)
        return True

    def forget(self, connection: Connection) -> None:
        """Let go of a connection that is gone."""
        self._connections.discard(connection)

    @contextmanager
    def now(self) -> Iterator[Exchange]:
        """The exchange, brought up to the present; afterwards it is woken when it wants to be."""
        exchange = self.exchange
        exchange.advance(self.time())
        try:
            yield exchange
        finally:
            exchange.advance(exchange.now)  # what follows from it at once
            self._schedule()

    def _schedule(self) -> None:
        due = self.exchange.next_due()
        due = float("inf") if due is None else due
        if due == self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = due
        if due != float("inf"):
            self._timer = self.loop.call_later(max(0.0, due - self.time()), self._tick)

    def _tick(self) -> None:
        self._timer, self._due = None, float("inf")
        with self.now():
            pass

    def _sweep(self) -> None:
        """Close the connections that have been silent for longer than http.conf lets them be."""
        self._sweeper = self.loop.call_later(SWEEP, self._sweep)
        http, now = self._config.http, self.loop.time()
        for each in list(self._connections):
            if each.carrier is None:
                patience = http.session_keep_alive if each.idle else http.session_inactivity
                if now - each.heard > patience:
                    each.drop()

    # From other threads

    def call(self, do: Callable[[], T]) -> T:
        """Do something on the loop's thread and give its result; safe from any thread."""

        async def doing() -> T:
            return do()

        return self.call_async(doing())

    def call_async(self, doing: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine to run on the loop; safe from any other thread."""
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result()

    # Life

    @property
    def port(self) -> int:
        """The port it answers on."""
        return self._port

    async def listen(self, listening: bool = True) -> None:
        """Open the ports, or close them; connections that are open stay.

        Raises:
            OSError: a port cannot be bound.
        """
        if not listening:
            for each in self._listeners:
                each.close()
            self._listeners.clear()
        elif not self._listeners:
            self._listeners.append(await self._bind(self._host, self._port))
            self._port = self._listeners[0].sockets[0].getsockname()[1]
            http = self._config.http
            if http.tls_enabled:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(http.tls_certificate, http.tls_private_key or None)
                self._listeners.append(await self._bind(http.tls_address, http.tls_port, context))

    async def _bind(
        self, host: str, port: int, context: ssl.SSLContext | None = None
    ) -> asyncio.Server:
        return await self.loop.create_server(
            lambda: Connection(self), host, port, ssl=context, backlog=1024
        )

    async def restart(self, downtime: float = 0.0) -> None:
        """Cut every connection and begin again with a new exchange."""
        await self._end()
        await asyncio.sleep(downtime)
        self.exchange = self._make()
        self._schedule()
        await self.open()

    async def close(self) -> None:
        """Close the ports and every connection."""
        self._sweeper.cancel()
        await self._end()
        if self._timer is not None:
            self._timer.cancel()

    async def open(self) -> None:
        """Open the ports, and the connections that are configured.

        Raises:
            OSError: a port cannot be bound.
        """
        await self.listen()
        with self.now() as exchange:
            self._outbound.start(exchange)

    async def _end(self) -> None:
        await self.listen(False)
        for each in list(self._connections):
            each.drop()
        await self._outbound.stop()
        await asyncio.sleep(0)  # lets the connections hear that they are lost
