"""The event stream: one thread that reads Asterisk's WebSocket and reconnects indefinitely.

websocket-client opens the connection (handshake, TLS, proxies) and closes it; between the two,
`ari_notebook.client.websocket_frames` encodes frames and splits large reads: the library reads the
two bytes of a frame's header, then its length, then its body, each with a system call, and its
sending takes as much processor time as the rest of a request.

Every end of a connection is handled alike: a reason in one sentence, a state change, and a new
attempt after a pause. The session determines which events were missed.
"""

from __future__ import annotations

import contextlib
import random
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable

import websocket

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import (
    AriError,
    AuthenticationFailed,
    NotSent,
    ReadOnly,
)
from ari_notebook.client.sockets import with_deadlines
from ari_notebook.client.stream_state import Batch, State, StateChange
from ari_notebook.client.tls import ssl_context
from ari_notebook.client.websocket_connection import open_websocket
from ari_notebook.client.websocket_frames import PING, PONG, TEXT, ProtocolError, Splitter, frame

__all__ = ["Stream"]

_PIECE = 1 << 17  # bytes per read: the decoded form of its messages fits into the processor's cache
_PING_SECONDS = 10.0
# Number of messages in a partial read from which the stream counts as dense, with this thread
# keeping up. It then reads less often, because each read costs a busy cell a thread switch.
_DENSE = 8
# Unread bytes at which it reads nevertheless: a sender that fills the socket's buffer has to wait.
_MUCH = 1 << 20
_SILENCE_SECONDS = 20.0
_BACKOFF_FIRST, _BACKOFF_MOST = 0.25, 15.0


class Stream:
    """Reads a server's events in its own thread.

    Args:
        address: address of Asterisk.
        applications: the Stasis applications to register.
        credentials: the ARI user; sent as a header, never in the URL.
        subscribe_all: subscribe to all channels, bridges, endpoints and devices.
        verify: True, False, or the path of a CA bundle.
        on_batch: called in the thread with the messages of one read and the time.
        on_state: called in the thread on every state change.
        max_read_delay: returns the seconds for which a dense stream may stay unread.
    """

    def __init__(
        self,
        address: Address,
        applications: tuple[str, ...],
        credentials: Credentials,
        *,
        subscribe_all: bool = False,
        verify: bool | str = True,
        on_batch: Callable[[Batch, float], None],
        on_state: Callable[[StateChange], None],
        max_read_delay: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._url = address.events(applications, subscribe_all=subscribe_all)
        self._address = address
        self._credentials = credentials
        self._context = with_deadlines(ssl_context(verify)) if address.secure else None
        self._on_batch = on_batch
        self._on_state = on_state
        self._max_read_delay = max_read_delay
        self._gathering = False  # whether pending data is left unread
        self._socket: websocket.WebSocket | None = None
        self._sending = threading.Lock()  # frames of two threads must not mix
        self._stopping = threading.Event()
        self._replaced = False
        # Time at which this process was suspended, until it is known whether the connection
        # survived: the first data read after that was sent before.
        self.asleep_from: float | None = None
        # Wakes the thread from waiting for data, to stop or to read at once.
        self._wake_read, self._wake_write = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="ari-events", daemon=True)

    def start(self) -> None:
        """Connect, then read in the background.

        Raises:
            AriError: the first connection failed; no thread is left running.
        """
        try:
            self._socket = self._connect()
        except BaseException:
            self._release()
            raise
        self._on_state(StateChange(State.CONNECTED, "", time.time()))
        self._thread.start()

    def send(self, text: bytes) -> None:
        """Send one text message, for REST over WebSocket.

        Raises:
            NotSent: not connected.
        """
        failure = "not connected to Asterisk at the moment"
        if self._socket is not None:
            self.wake()
            try:
                self._send(TEXT, text)
                return
            except OSError as error:
                failure = f"the event socket broke: {error.strerror or error}"
        raise NotSent(failure, "The session is reconnecting; try again in a moment.")

    def _send(self, opcode: int, payload: bytes) -> None:
        data = frame(opcode, payload)
        with self._sending:
            ws = self._socket
            if ws is None or ws.sock is None:
                raise ConnectionError("it is closed")
            try:
                ws.sock.sendall(data)
            except BaseException:
                # After an interrupt, too, half a frame may have been sent, so that the next one
                # could not be parsed.
                self.drop()
                raise

    def wake(self) -> None:
        """Read pending data at once, because a wait started."""
        if self._gathering:
            with contextlib.suppress(OSError):  # the thread has ended and closed it
                self._wake_write.send(b"x")

    def replaced(self) -> None:
        """Stop without reconnecting, because another program took the application over."""
        self._replaced = True

    def drop(self) -> None:
        """Break the connection like a network failure; for tests and lessons about gaps."""
        ws = self._socket
        if ws is not None and ws.sock is not None:
            with contextlib.suppress(OSError):  # already broken
                ws.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket and end the thread; idempotent, from any thread."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        with contextlib.suppress(OSError):  # the thread has ended and closed it
            self._wake_write.send(b"x")
        if self._thread.ident is None:
            self._release()
        elif self._thread is not threading.current_thread():
            self._thread.join(timeout=10)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    # Methods of the thread.

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    reason = self._read()
                except Exception as error:  # noqa: BLE001 - a gap is noticed, a dead thread is not
                    reason = f"reading it failed: {type(error).__name__}: {error}"
                self._disconnect()
                if self._replaced:
                    self._on_state(StateChange(State.REPLACED, reason, time.time()))
                    return
                if self._stopping.is_set():
                    return
                self._on_state(StateChange(State.RECONNECTING, reason, time.time()))
                if not self._reconnect(reason):
                    return
                self._on_state(StateChange(State.CONNECTED, reason, time.time()))
        finally:
            self._release()
            if not self._replaced:
                self._on_state(StateChange(State.CLOSED, "", time.time()))

    def _reconnect(self, reason: str) -> bool:
        """Reconnect with growing, randomised pauses; return False to stop.

        A server that is down comes back by itself; a refusal, because of a changed password or a
        disallowed address, needs the user's action and is reported.
        """
        pause = _BACKOFF_FIRST
        refusal = ""
        while not self._stopping.is_set():
            # Half fixed, half random, so that clients of one server do not reconnect at the same
            # time.
            if self._stopping.wait(pause * (0.5 + random.random() / 2)):  # noqa: S311
                return False
            try:
                self._socket = self._connect()
            except AriError as error:
                pause = min(pause * 2, _BACKOFF_MOST)
                if isinstance(error, AuthenticationFailed | ReadOnly) and str(error) != refusal:
                    refusal = str(error)
                    why = f"{reason}, and now refuses: {refusal}"
                    self._on_state(StateChange(State.RECONNECTING, why, time.time()))
            else:
                return True
        return False

    def _read(self) -> str:
        """Read until the connection ends; return the reason."""
        ws = self._socket
        assert ws is not None  # noqa: S101  connected at this point
        sock = ws.sock
        if isinstance(sock, ssl.SSLSocket):
            return self._read_from(sock)
        # Sending has a timeout, which makes Python poll before each read; a separate non-blocking
        # socket object reads with one system call.
        with sock.dup() as reader:
            reader.setblocking(False)
            return self._read_from(reader)

    def _read_from(self, sock: socket.socket) -> str:
        # Not select(), which cannot handle file descriptors above 1,023.
        with selectors.DefaultSelector() as selector, selectors.DefaultSelector() as patient:
            selector.register(sock, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            patient.register(self._wake_read, selectors.EVENT_READ)
            if _set_low_water(sock, 1):
                patient.register(sock, selectors.EVENT_READ)
            return self._read_while(sock, selector, patient)

    def _read_while(
        self,
        sock: socket.socket,
        selector: selectors.BaseSelector,
        patient: selectors.BaseSelector,
    ) -> str:
        secure = isinstance(sock, ssl.SSLSocket)
        splitter = Splitter()
        received_at = asked = woke = time.monotonic()
        wall = time.time()
        self.asleep_from = None
        gathered = False
        while not self._stopping.is_set():
            ready = gathered or (isinstance(sock, ssl.SSLSocket) and sock.pending() > 0)
            if not ready:
                ready = self._wait_for(sock, selector, _PING_SECONDS / 2)
            gathered = False
            now = time.monotonic()
            # The host, or this process alone, was suspended. No ping was sent meanwhile: the
            # silence counts from now on.
            before, wall = wall, time.time()
            slept = wall - before > _SILENCE_SECONDS
            if slept:
                received_at = woke = now
                self.asleep_from = before
            elif not ready or now - woke > _PING_SECONDS:
                self.asleep_from = None  # still connected, and all pending data was read
            if ready:
                try:
                    piece = sock.recv(_PIECE)
                except (ssl.SSLWantReadError, BlockingIOError):
                    continue
                except OSError as error:
                    return f"the connection broke: {error.strerror or error}"
                if not piece:
                    return "Asterisk closed the connection"
                received_at = now
                try:
                    messages = splitter.feed(piece)
                except ProtocolError as error:
                    return f"Asterisk sent an invalid WebSocket frame: {error}"
                ended = self._hand_on(messages, splitter.take_controls())
                if ended or self._replaced:
                    return ended or "another program connected under the application's name"
                # TLS returns one record at a time, however much is pending.
                if len(messages) >= _DENSE and len(piece) < _PIECE and not secure:
                    self._gathering = True  # first: a wait that starts now wakes this thread
                    max_read_delay = self._max_read_delay()
                    gathered = max_read_delay > 0
                    if gathered:
                        _set_low_water(sock, _MUCH)
                        self._wait_for(sock, patient, max_read_delay)
                        _set_low_water(sock, 1)
                    self._gathering = False
                continue
            if now - received_at > _SILENCE_SECONDS:
                return f"Asterisk has sent nothing for {now - received_at:.0f} s and ignores pings"
            if now - asked > _PING_SECONDS or slept:
                asked = now
                try:
                    self._send(PING, b"")
                except OSError as error:
                    return f"the connection broke: {error.strerror or error}"
        return "closed here"

    def _wait_for(
        self, sock: socket.socket, selector: selectors.BaseSelector, timeout: float
    ) -> bool:
        """Wait for data or until woken; return whether there is data."""
        ready = [key.fileobj for key, _ in selector.select(timeout)]
        if self._wake_read in ready:
            self._wake_read.recv(_PIECE)
        return sock in ready

    def _hand_on(self, messages: Batch, controls: list[tuple[int, bytes]]) -> str:
        """Pass the messages of one read to the session; return a reason if Asterisk closed."""
        if messages:
            self._on_batch(messages, time.time())
        for opcode, payload in controls:
            if opcode == PING:
                with contextlib.suppress(OSError):  # the next read reports it
                    self._send(PONG, payload)
            elif opcode == websocket.ABNF.OPCODE_CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                return f"Asterisk closed the event socket (code {code})"
        return ""

    def _connect(self) -> websocket.WebSocket:
        return open_websocket(self._address, self._url, self._credentials, self._context)

    def _disconnect(self) -> None:
        with self._sending:
            ws, self._socket = self._socket, None
        if ws is None:
            return
        try:
            if self._stopping.is_set() or self._replaced:
                ws.close(timeout=1)  # sends a close frame first
            else:
                ws.shutdown()
        except (OSError, websocket.WebSocketException):
            ws.shutdown()

    def _release(self) -> None:
        self._disconnect()
        self._wake_read.close()
        self._wake_write.close()


def _set_low_water(sock: socket.socket, size: int) -> bool:
    """Set the unread bytes from which a selector returns a socket; False if none can be set.

    Windows has no such option; a patient wait then takes its whole time.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
    except OSError:
        return False
    return True
