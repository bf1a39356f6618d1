"""REST and events of a simulator in the same thread, without sockets."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import orjson

from ari_notebook.background import Background, Job
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import AriError, NotSent, OutcomeUnknown, UsageProblem, error_for
from ari_notebook.client.rest import RestRequest, RestResponse
from ari_notebook.client.stream_state import Batch, State, StateChange
from ari_notebook.client.websocket_frames import BinaryMessage
from ari_notebook.connection.caller import SimulatedCallerFactory
from ari_notebook.connection.link import Link
from ari_notebook.connection.parts import Settings
from ari_notebook.simulator import (
    EventPort,
    InProcessSimulator,
    MediaPort,
    NotListening,
    Request,
    Response,
)

if TYPE_CHECKING:
    from ari_notebook.audio.codecs import Codec
    from ari_notebook.client.media_transports import WebSocketMediaTransport

__all__ = ["InProcessEvents", "InProcessMedia", "InProcessTransport", "in_process_link"]

_BACKOFF_FIRST, _BACKOFF_MOST = 0.25, 15.0


class InProcessTransport:
    """REST by calling the exchange.

    Args:
        simulator: the simulator.
        credentials: the ARI user.
    """

    def __init__(self, simulator: InProcessSimulator, credentials: Credentials) -> None:
        self._simulator = simulator
        self._credentials = credentials

    def send(self, call: RestRequest, timeout: float) -> RestResponse:
        """See `ari_notebook.client.rest.Transport.send`."""
        started = time.perf_counter()
        headers = [("Authorization", self._credentials.header())]
        body = b""
        if call.body is not None:
            body = orjson.dumps(call.body)
            headers.append(("Content-Type", "application/json"))
        request = Request(call.method, "/ari" + call.uri, headers, body)
        try:
            response = self._simulator.send(request, timeout)
        except NotListening as error:
            raise NotSent(str(error), "", request=str(call)) from None
        if response is None:
            raise OutcomeUnknown(
                f"no response from the simulator in {timeout:g} s, or it restarted before it",
                "It may have been carried out: look before sending it again.",
                request=str(call),
            )
        return RestResponse(
            response.status,
            response.reason,
            {name.title(): value for name, value in response.headers},
            response.body if call.most is None else response.body[: call.most],
            (time.perf_counter() - started) * 1000,
        )

    def close(self) -> None:
        """Do nothing: there are no connections."""


class InProcessEvents:
    """The events of the exchange; see `ari_notebook.connection.event_sync.EventSource`.

    Args:
        simulator: the simulator.
        applications: the Stasis applications to register.
        credentials: the ARI user.
        subscribe_all: subscribe to all channels, bridges, endpoints and devices.
        on_batch: called with messages and the time.
        on_state: called on every state change.
        max_read_delay: unused; events are never delayed.
    """

    asleep_from: float | None = None

    def __init__(
        self,
        simulator: InProcessSimulator,
        applications: tuple[str, ...],
        credentials: Credentials,
        *,
        subscribe_all: bool = False,
        on_batch: Callable[[Batch, float], None],
        on_state: Callable[[StateChange], None],
        max_read_delay: Callable[[], float] = lambda: 0.0,
    ) -> None:
        del max_read_delay
        self._simulator = simulator
        self._background: Background = simulator.background
        self._applications = applications
        self._credentials = credentials
        self._subscribe_all = subscribe_all
        self._on_batch = on_batch
        self._on_state = on_state
        self._port: EventPort | None = None
        self._closed = self._replaced = False
        self._reconnecting: Job | None = None

    def start(self) -> None:
        """Connect.

        Raises:
            AriError: the exchange refuses.
        """
        self._connect()
        self._change(State.CONNECTED)

    def send(self, text: bytes) -> None:
        """Send a text message, for REST over WebSocket.

        Raises:
            NotSent: not connected.
        """
        if self._port is not None:
            try:
                self._port.send(text)
                return
            except NotListening:
                pass
        raise NotSent(
            "not connected to Asterisk at the moment",
            "The session is reconnecting; try again in a moment.",
        )

    def wake(self) -> None:
        """Do nothing: events are never delayed."""

    def replaced(self) -> None:
        """Stop without reconnecting, because another program took the application over."""
        self._replaced = True
        port, self._port = self._port, None
        if port is not None:
            port.close()
        self._change(State.REPLACED, "another program connected under the application's name")

    def drop(self) -> None:
        """Break the connection like a network failure; for tests and lessons about gaps."""
        if self._port is not None:
            self._port.drop()

    def close(self) -> None:
        """Disconnect; idempotent."""
        if self._closed:
            return
        self._closed = True
        if self._reconnecting is not None:
            self._reconnecting.stop()
        port, self._port = self._port, None
        if port is not None:
            port.close()
        if not self._replaced:
            self._change(State.CLOSED)

    # Called by the exchange.

    def received(self, messages: Batch) -> None:
        """Pass messages on."""
        self._on_batch(messages, self._background.time())

    def lost(self, code: int | None) -> None:
        """Reconnect."""
        self._port = None
        if self._closed or self._replaced:
            return
        reason = (
            "Asterisk closed the connection"
            if code is None
            else f"Asterisk closed the event socket (code {code})"
        )
        self._change(State.RECONNECTING, reason)
        self._reconnecting = self._background.start("ari-events", lambda: self._reconnect(reason))

    def _reconnect(self, reason: str) -> Generator[float | None, None, None]:
        """Reconnect with growing, randomised pauses, as the stream over a socket does."""
        pause = _BACKOFF_FIRST
        while not self._closed:
            yield pause * (0.5 + random.random() / 2)  # noqa: S311
            try:
                self._connect()
            except AriError:
                pause = min(pause * 2, _BACKOFF_MOST)
            else:
                self._change(State.CONNECTED, reason)
                return

    def _connect(self) -> None:
        try:
            opened = self._simulator.open_events(
                self._applications,
                self._credentials.header(),
                self,
                subscribe_all=self._subscribe_all,
            )
        except NotListening as error:
            raise NotSent(str(error)) from None
        if isinstance(opened, Response):
            raise error_for(opened.status, _message(opened), "GET /events")
        self._port = opened

    def _change(self, state: State, reason: str = "") -> None:
        self._on_state(StateChange(state, reason, self._background.time()))


class InProcessMediaWebSocket:
    """A media WebSocket of the exchange; see `client.media_transports.MediaWebSocket`.

    Args:
        port: the exchange's end.

    Attributes:
        closed_normally: whether the call has ended.
    """

    def __init__(self, port: MediaPort) -> None:
        self.closed_normally = False
        self._port = port

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Call a function when there is something to read."""
        self._port.attach(on_ready)

    def read(self, seconds: float) -> list[bytes] | None:
        """Return the messages that came; see `MediaWebSocket.read`.

        Raises:
            ConnectionError: the call has ended.
        """
        del seconds
        taken = self._port.take()
        if not taken and self._port.closed:
            self.closed_normally = True
            raise ConnectionError("the call has ended")
        return [BinaryMessage(message) if binary else message for binary, message in taken]

    def send(self, text: bytes) -> None:
        """Send a text message."""
        self._port.send(text)

    def send_binary(self, data: bytes) -> None:
        """Send a binary message."""
        self._port.send_binary(data)

    def close(self) -> None:
        """End the call's media channel."""
        self._port.close()

    def release(self) -> None:
        """Do nothing: there is no socket."""


class InProcessMedia:
    """Opens media connections to the exchange; see `connection.call_audio.MediaSource`.

    Args:
        simulator: the simulator.
    """

    has_websocket = True

    def __init__(self, simulator: InProcessSimulator) -> None:
        self._simulator = simulator

    def websocket(self, connection_id: str, codec: Codec) -> WebSocketMediaTransport:
        """Connect to the media WebSocket of a channel.

        Raises:
            AriError: the exchange refuses.
        """
        from ari_notebook.client.media_transports import (  # noqa: PLC0415  numpy: 70 ms
            WebSocketMediaTransport,
        )

        try:
            opened = self._simulator.open_media(connection_id)
        except NotListening as error:
            raise NotSent(str(error)) from None
        if isinstance(opened, Response):
            raise error_for(opened.status, _message(opened), "GET /media")
        return WebSocketMediaTransport(InProcessMediaWebSocket(opened), codec)

    def audiosocket(self) -> NoReturn:
        """Refuse: there are no sockets."""
        raise _no_socket("AudioSocket")

    def rtp(self, codec: Codec) -> NoReturn:
        """Refuse: there are no sockets."""
        del codec
        raise _no_socket("RTP")


def _no_socket(name: str) -> UsageProblem:
    return UsageProblem(
        f"{name} needs a simulator with a port",
        "In this process audio takes the media WebSocket with JSON of Asterisk 22.8 and later;"
        " ari_notebook.connect() without 'simulator:' has every transport.",
    )


def _message(response: Response) -> str:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        body = None
    words = body.get("message") if isinstance(body, dict) else None
    return str(words or "the event socket was refused")


def in_process_link(settings: Settings, credentials: Credentials, *, own: bool) -> Link:
    """Return a link to a simulator in this thread.

    Args:
        settings: settings of the connection.
        credentials: the ARI user.
        own: whether the connection's closing stops it.

    Raises:
        UsageProblem: no simulator with this URL runs.
    """
    simulator = InProcessSimulator.find(settings.address.base)
    if simulator is None:
        raise UsageProblem(
            f"no simulator with the address {settings.address.base} runs in this process",
            "connect('simulator:') starts one.",
        )
    return Link(
        simulator.background,
        InProcessTransport(simulator, credentials),
        partial(
            InProcessEvents,
            simulator,
            settings.applications,
            credentials,
            subscribe_all=settings.subscribe_all,
        ),
        lambda _rest, _notify: SimulatedCallerFactory(simulator, simulator.background),
        simulator if own else None,
        partial(InProcessMedia, simulator),
    )
