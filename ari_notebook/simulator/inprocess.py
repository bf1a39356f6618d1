"""A simulator in the caller's thread: called directly, without sockets and without threads.

Simulated time passes while the program waits, in the steps of the exchange; see
`ari_notebook.background.pump`. What would have happened during a computation happens at the next
use, each step at its own time.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import quote, urlencode
from weakref import WeakValueDictionary

from ari_notebook.background.pump import Pump
from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.calls.media_session import WebSocketMedia
from ari_notebook.simulator.config.settings import Config
from ari_notebook.simulator.control.persistent_state import LastingState
from ari_notebook.simulator.handle import SimulatorHandle
from ari_notebook.simulator.messages import Deferred, Request, Response
from ari_notebook.simulator.rest.event_socket import EventSocket
from ari_notebook.simulator.server.faults import Faults
from ari_notebook.simulator.server.pace import PacedTime
from ari_notebook.simulator.users import ConfiguredUsers

__all__ = ["EventPort", "InProcessSimulator", "MediaPort"]

T = TypeVar("T")

_IDLE_LIMIT = 3600.0  # simulated seconds
_REFUSED = "the in-process simulator refuses connections"
_numbers = itertools.count(1)
_running: WeakValueDictionary[str, InProcessSimulator] = WeakValueDictionary()


class NotListening(ConnectionError):
    """The simulator is stopped, or refuses connections."""


class _Subscriber(Protocol):
    """The program's end of an event socket."""

    def received(self, messages: list[bytes]) -> None:
        """Take messages."""

    def lost(self, code: int | None) -> None:
        """Note that the exchange ended the connection."""


class EventPort:
    """An open event socket of a program in this process.

    Args:
        host: the simulator.
        socket: the exchange's end.
        subscriber: the program's end.
    """

    def __init__(self, host: _Host, socket: EventSocket, subscriber: _Subscriber) -> None:
        self.socket = socket
        self._host = host
        self._subscriber = subscriber
        self._flushing = self._closed = False
        socket.attach(self._ready)
        self._ready()

    def send(self, text: bytes) -> None:
        """Send a message of the program.

        Raises:
            NotListening: the connection has ended.
        """
        if self._closed:
            raise NotListening("the event socket is closed")
        if not self._host.faults.frozen:
            self._host.count_message()
            with self._host.now():
                self.socket.receive(text)

    def close(self) -> None:
        """End the connection from the program's side; idempotent."""
        if not self._closed:
            self._closed = True
            self._host.ports.remove(self)
            with self._host.now():
                self.socket.close()

    # As a carrier of `server.faults`.

    def drop(self, code: int | None = None) -> None:
        """End the connection, as the exchange."""
        if not self._closed:
            self.close()
            self._host.pump.soon(lambda: self._subscriber.lost(code))

    def freeze(self, frozen: bool) -> None:
        """Deliver nothing for now, or again."""
        if not frozen:
            self._ready()

    def _ready(self) -> None:
        if not self._flushing and not self._host.faults.frozen:
            self._flushing = True
            self._host.pump.soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        if self._closed or self._host.faults.frozen:
            return
        if messages := self.socket.take():
            self._host.count_message()
            self._subscriber.received(messages)


class MediaPort:
    """An open media WebSocket of a program in this process.

    Args:
        host: the simulator.
        media: the exchange's end.
    """

    def __init__(self, host: _Host, media: WebSocketMedia) -> None:
        self._host = host
        self._media = media
        self._open = True

    @property
    def closed(self) -> bool:
        """Return whether the connection has ended."""
        return not self._open or self._media.closed

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Call a function when there is something to take, and at the end."""
        self._media.attach(on_ready)

    def take(self) -> list[tuple[bool, bytes]]:
        """Return and remove the messages that came, each with whether it is binary."""
        return [] if self._host.faults.frozen else self._media.take()

    def send(self, text: bytes) -> None:
        """Send a text message of the program.

        Raises:
            NotListening: the connection has ended.
        """
        self._check_open()
        self._host.count_message()
        with self._host.now():
            self._media.receive(text)

    def send_binary(self, data: bytes) -> None:
        """Send audio of the program.

        Raises:
            NotListening: the connection has ended.
        """
        self._check_open()
        with self._host.now():
            self._media.receive_binary(data)

    def close(self) -> None:
        """End the connection, which ends the channel; idempotent."""
        if self._open:
            self._open = False
            self._host.media_ports.discard(self)
            with self._host.now():
                self._media.close()

    def _check_open(self) -> None:
        if self.closed:
            raise NotListening("the media WebSocket is closed")


class _Host:
    """Runs one exchange at a time in the caller's thread; see `control.host.SimulatorHost`."""

    def __init__(self, state: LastingState, time: PacedTime, seed: int) -> None:
        self.time = time
        self.backend: SimulatedAsterisk = state.make()
        self.faults = Faults(self, seed, state.faults)
        self.ports: list[EventPort] = []
        self.media_ports: set[MediaPort] = set()
        self.listening = True
        self.traffic = 0
        self._state = state
        self.pump = Pump(self)

    # As a pump's source.

    @property
    def present(self) -> float:
        """Return the exchange's time, in seconds since 1970."""
        return self.backend.now

    def limit(self) -> float:
        """See `ari_notebook.background.pump.TimeSource.limit`."""
        return self.time()

    def real_delay(self, until: float) -> float | None:
        """See `background.pump.TimeSource.real_delay`: a paused clock is moved by waits."""
        return None if self.time.paused else self.time.delay(until)

    def next_due(self) -> float | None:
        """Return the time of the exchange's next action."""
        return self.backend.next_due()

    def advance(self, to: float) -> None:
        """Move the exchange to a time."""
        if self.time.paused:
            self.time.forward(to)
        self.backend.advance(to)

    # As a host.

    @contextmanager
    def now(self) -> Iterator[SimulatedAsterisk]:
        """Advance the exchange to the current time; then carry out what follows at once."""
        self.pump.catch_up()
        try:
            yield self.backend
        finally:
            self.backend.advance(self.backend.now)
            self.pump.source_changed()

    def call(self, do: Callable[[], T]) -> T:
        """Call a function."""
        self.pump.catch_up()
        return do()

    def call_async(self, doing: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine beside the exchange."""
        return self.pump.run(doing)

    @property
    def carriers(self) -> list[EventPort]:
        """Return the open event sockets."""
        return list(self.ports)

    def count_message(self) -> None:
        """Note that a message passed."""
        self.traffic += 1

    async def listen(self, listening: bool = True) -> None:
        """Accept connections, or refuse them."""
        self.listening = listening

    async def restart(self, downtime: float = 0.0) -> None:
        """Cut every connection and start again with a new exchange."""
        self.listening = False
        self._cut()
        before = self.backend
        self.backend = self._state.make()
        before.close()
        if downtime:
            self.pump.later(downtime, self._listen_again)
        else:
            self.listening = True

    def _listen_again(self) -> None:
        self.listening = True

    async def reset(self) -> None:
        """Start again with a new exchange, in which the connected applications are registered."""
        before, self.backend = self.backend, self._state.make()
        for port in self.ports:
            self.backend.adopt(port.socket)
        before.close()

    def close(self) -> None:
        """Cut every connection, and end the exchange."""
        self.listening = False
        self._cut()
        self.backend.close()

    def _cut(self) -> None:
        for port in list(self.ports):
            port.drop()
        for media in tuple(self.media_ports):
            media.close()


class InProcessClock:
    """The simulated time. Paused, it moves only while a program waits, as far as that needs.

    Args:
        host: what runs the exchange.
    """

    def __init__(self, host: _Host) -> None:
        self._host = host

    @property
    def now(self) -> datetime:
        """Return the simulated time."""
        self._host.pump.catch_up()
        return datetime.fromtimestamp(self._host.backend.now, UTC)

    @property
    def paused(self) -> bool:
        """Return whether it is paused between waits."""
        return self._host.time.paused

    def pause(self) -> None:
        """Stop the time."""
        self._host.pump.catch_up()
        self._host.time.pause()

    def resume(self) -> None:
        """Resume the time."""
        self._host.time.resume()
        self._host.pump.catch_up()

    def advance(self, seconds: float) -> None:
        """Move time forward, from one event to the next; the program reacts to each.

        Args:
            seconds: simulated seconds.

        Raises:
            ValueError: a negative time.
        """
        if not seconds >= 0:
            raise ValueError(f"time moves forward only, not by {seconds} s")
        pump = self._host.pump
        pump.catch_up()
        if not self.paused:
            self._host.time.forward(self._host.backend.now + seconds)
            pump.catch_up()
        else:
            pump.sleep(seconds)

    def run_until_idle(self, limit: float = _IDLE_LIMIT) -> bool:
        """Move time forward until nothing is scheduled.

        Args:
            limit: simulated seconds after which it ends anyway.

        Returns:
            Whether nothing is scheduled.
        """
        self._host.pump.catch_up()
        end = self._host.backend.now + limit
        backend = self._host.backend
        while backend.busy() and (due := self._host.next_due()) is not None and due <= end:
            self.advance(max(0.0, due - backend.now))
        return not backend.busy()


class InProcessSimulator(ConfiguredUsers, SimulatorHandle):
    """A simulated Asterisk in the caller's thread. It has no port: `url` is for `connect` only.

    Made by `ari_notebook.simulator.in_process`. As a context manager it stops at the block's end.

    Args:
        config: the configuration.
        seed: seed of all random choices.
        races: vary by the seed what Asterisk's threads do in either order.
        speed: factor by which simulated time is faster than real time.
        virtual: whether time passes only while a program waits, at full processor speed.

    Attributes:
        url: its address, for `ari_notebook.connect`.
        has_ari: whether ari.conf enables ARI.

    Raises:
        ConfigError: invalid configuration, with file, line and reason.
    """

    def __init__(
        self,
        config: Config,
        *,
        seed: int = 0,
        races: bool = False,
        speed: float = 1,
        virtual: bool = False,
    ) -> None:
        super().__init__(config)
        time = PacedTime(speed, paused=virtual)
        self._state = LastingState(config, time, seed, races)
        self._inner = _Host(self._state, time, seed)
        self.url = f"simulator://{next(_numbers)}"
        self.has_ari = config.ari.enabled
        self._name = config.server_name
        self._stopped = False
        _running[self.url] = self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<simulated Asterisk in this process{' (stopped)' if self._stopped else ''}>"

    @staticmethod
    def find(url: str) -> InProcessSimulator | None:
        """Return the running one with a URL, or None."""
        return _running.get(url)

    @property
    def _runs_in(self) -> _Host:
        return self._inner

    @property
    def _lasting(self) -> LastingState:
        return self._state

    @property
    def background(self) -> Pump:
        """Return what runs the exchange, and everything else of its sessions."""
        return self._inner.pump

    @property
    def exposure(self) -> str:
        """Return "": no other program can reach it."""
        return ""

    @property
    def faults(self) -> Faults:
        """Return the controls of its faults."""
        return self._inner.faults

    @property
    def clock(self) -> InProcessClock:
        """Return the controls of the simulated time."""
        return InProcessClock(self._inner)

    def run(self, do: Callable[[SimulatedAsterisk], T]) -> T:
        """Call a function with the exchange, advanced to the current time; return its result."""
        with self._inner.now() as asterisk:
            return do(asterisk)

    def restart(self, downtime: float = 0.0) -> None:
        """Restart the exchange: calls, bridges and sockets are lost, connections are cut.

        Args:
            downtime: seconds during which connections are refused.
        """
        self.faults.restart(downtime)

    def stop(self) -> None:
        """End the exchange; idempotent."""
        if not self._stopped:
            self._stopped = True
            self._inner.close()
            self._inner.pump.close()
            _running.pop(self.url, None)

    # For the transports of a session.

    def send(self, request: Request, timeout: float) -> Response | None:
        """Answer a request.

        Args:
            request: the request.
            timeout: seconds to wait for a response that the exchange gives later.

        Returns:
            The response, with the ``Server`` header; None if there was none in time, or the
            exchange restarted before it.

        Raises:
            NotListening: connections are refused.
        """
        host = self._inner
        host.pump.catch_up()  # what ends a restart may be due
        if delay := self.faults.current_delay:
            if not host.listening:
                raise NotListening(_REFUSED)
            before = host.backend
            self.background.sleep(delay)
            if host.backend is not before:
                return None
        answered = self._perform(request)
        if isinstance(answered, EventSocket | WebSocketMedia):
            answered.close()
            return None
        if isinstance(answered, Deferred):
            deferred = answered
            self.background.run_until(lambda: deferred.value is not None, timeout)
            if deferred.value is None:
                return None
            answered = deferred.value
        return self._named(answered)

    def open_events(
        self,
        applications: tuple[str, ...],
        authorization: str,
        subscriber: _Subscriber,
        *,
        subscribe_all: bool,
    ) -> EventPort | Response:
        """Open an event socket, or return the refusal.

        Args:
            applications: the Stasis applications to register.
            authorization: value of the header of that name.
            subscriber: receives the events, in the pump's turns.
            subscribe_all: subscribe to everything.

        Raises:
            NotListening: connections are refused.
        """
        query = {"app": ",".join(applications)}
        if subscribe_all:
            query["subscribeAll"] = "true"
        headers = [
            ("Authorization", authorization),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", base64.b64encode(bytes(16)).decode()),
        ]
        target = f"/ari/events?{urlencode(query, quote_via=quote, safe=',')}"
        answered = self._perform(Request("GET", target, headers))
        if isinstance(answered, EventSocket):
            port = EventPort(self._inner, answered, subscriber)
            self._inner.ports.append(port)
            return port
        if isinstance(answered, Response):
            return self._named(answered)
        return Response(500, "Internal Server Error")

    def open_media(self, connection_id: str) -> MediaPort | Response:
        """Open the media WebSocket of a channel, or return the refusal.

        Args:
            connection_id: the channel's MEDIA_WEBSOCKET_CONNECTION_ID.

        Raises:
            NotListening: connections are refused.
        """
        headers = [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", base64.b64encode(bytes(16)).decode()),
            ("Sec-WebSocket-Protocol", "media"),
        ]
        answered = self._perform(Request("GET", f"/media/{quote(connection_id, safe='')}", headers))
        if isinstance(answered, WebSocketMedia):
            port = MediaPort(self._inner, answered)
            self._inner.media_ports.add(port)
            return port
        if isinstance(answered, Response):
            return self._named(answered)
        return Response(500, "Internal Server Error")

    def _perform(
        self, request: Request
    ) -> Response | Deferred[Response] | EventSocket | WebSocketMedia:
        host = self._inner
        if not host.listening:
            raise NotListening(_REFUSED)
        if host.faults.take_failure():
            return Response(500, "Internal Server Error")
        host.count_message()
        with host.now() as asterisk:
            return asterisk.request(request)

    def _named(self, response: Response) -> Response:
        return Response(
            response.status,
            response.reason,
            [("Server", self._name), *response.headers],
            response.body,
        )
