"""The event stream of connections that Asterisk opens to this machine.

`AcceptedStream` has the interface of `ari_notebook.client.event_stream.Stream`, but cannot connect:
after a loss it waits until Asterisk has connected again.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from ari_notebook.client.accepted_websocket import AcceptedWebSocket
from ari_notebook.client.errors import NotSent
from ari_notebook.client.rest import RestRequest, RestResponse
from ari_notebook.client.stream_state import Batch, State, StateChange

__all__ = ["AcceptedLine", "AcceptedStream", "NoHttp"]

_CHECK_SECONDS = 5.0
_PING_SECONDS = 10.0
_SILENCE_SECONDS = 25.0
_ADVICE = "The session waits for Asterisk to connect; try again in a moment."


class AcceptedLine:
    """The current connection of a session, and the next one after a loss.

    Args:
        first: the first connection.
    """

    def __init__(self, first: AcceptedWebSocket) -> None:
        self.current: AcceptedWebSocket | None = first
        self.next: queue.SimpleQueue[AcceptedWebSocket | None] = queue.SimpleQueue()
        self.next.put(first)

    def offer(self, connection: AcceptedWebSocket) -> None:
        """Continue with another connection: the current one is broken, or will not be used."""
        before = self.current
        self.next.put(connection)
        if before is not None:
            before.drop()

    def local_host(self) -> str:
        """Return the address of this machine that Asterisk reaches.

        Raises:
            NotSent: not connected.
        """
        if (connection := self.current) is None:
            raise NotSent("Asterisk is not connected at the moment", _ADVICE)
        return connection.local_host

    def send(self, text: bytes) -> None:
        """Send one text message.

        Raises:
            NotSent: not connected.
        """
        connection = self.current
        failure = "Asterisk is not connected at the moment"
        if connection is not None:
            try:
                connection.send(text)
                return
            except OSError as error:
                failure = f"the connection from Asterisk broke: {error.strerror or error}"
        raise NotSent(failure, _ADVICE)


class AcceptedStream:
    """Reads the events of one session's connections in its own thread.

    Args:
        line: its connections.
        patience: seconds to wait for the next connection after a loss; None: without limit.
        ended: called in the thread when it ends without `close`.
        on_batch: called in the thread with the messages of one read and the time.
        on_state: called in the thread on every state change.
        max_read_delay: unused: Asterisk's events are read at once.
    """

    def __init__(
        self,
        line: AcceptedLine,
        patience: float | None,
        ended: Callable[[], None],
        *,
        on_batch: Callable[[Batch, float], None],
        on_state: Callable[[StateChange], None],
        max_read_delay: Callable[[], float] = lambda: 0.0,
    ) -> None:
        del max_read_delay
        self.asleep_from: float | None = None
        self._line = line
        self._patience = patience
        self._ended = ended
        self._on_batch = on_batch
        self._on_state = on_state
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ari-events", daemon=True)

    def start(self) -> None:
        """Read the events of the first connection in the background."""
        self._on_state(StateChange(State.CONNECTED, "", time.time()))
        self._thread.start()

    def send(self, text: bytes) -> None:
        """Send one text message; see `AcceptedLine.send`."""
        self._line.send(text)

    def wake(self) -> None:
        """Do nothing: events are read at once."""

    def replaced(self) -> None:
        """Do nothing: no other program can register the applications of an outbound WebSocket."""

    def drop(self) -> None:
        """Break the connection like a network failure; Asterisk then connects again."""
        if self._line.current is not None:
            self._line.current.drop()

    def close(self) -> None:
        """Close the connection and end the thread; idempotent, from any thread."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._line.next.put(None)
        if self._line.current is not None:
            self._line.current.close()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        connection = self._line.next.get()
        while connection is not None and not self._stopping.is_set():
            try:
                reason = self._read(connection)
            except Exception as error:  # noqa: BLE001 - a gap is noticed, a dead thread is not
                reason = f"reading it failed: {type(error).__name__}: {error}"
            self._line.current = None
            connection.drop()
            connection.release()
            finished = self._patience is not None and connection.closed_normally
            if self._stopping.is_set() or finished:
                break
            self._on_state(StateChange(State.RECONNECTING, reason, time.time()))
            with suppress(queue.Empty):
                connection = self._line.next.get(timeout=self._patience)
                if connection is None:
                    break
                self._line.current = connection
                self._on_state(StateChange(State.CONNECTED, reason, time.time()))
                continue
            break
        self._line.current = None
        self._on_state(StateChange(State.CLOSED, "", time.time()))
        if not self._stopping.is_set():
            self._ended()

    def _read(self, connection: AcceptedWebSocket) -> str:
        """Read until the connection ends; return the reason."""
        received = asked = time.monotonic()
        while not self._stopping.is_set():
            try:
                messages = connection.read(_CHECK_SECONDS)
                now = time.monotonic()
                if messages is not None:
                    received = now
                elif now - received > _SILENCE_SECONDS:
                    return f"Asterisk has sent nothing for {now - received:.0f} s and ignores pings"
                elif now - asked > _PING_SECONDS:
                    asked = now
                    connection.ping()
            except OSError as error:
                return str(error)
            if messages:
                self._on_batch(messages, time.time())
        return "closed here"


class NoHttp:
    """Refuses requests that a WebSocket cannot carry, where Asterisk has no HTTP address."""

    def send(self, call: RestRequest, timeout: float) -> RestResponse:
        """Refuse a request."""
        del timeout
        raise NotSent(
            "files and requests above 65,000 bytes do not fit into the WebSocket that Asterisk"
            " opened",
            "Use a session over HTTP for this: ari_notebook.connect(URL).",
            request=str(call),
        )

    def close(self) -> None:
        """Do nothing."""
