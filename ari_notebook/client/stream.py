"""The event stream: one thread that reads Asterisk's WebSocket and never gives up by itself.

websocket-client makes the connection (handshake, TLS, proxies) and says goodbye; between the two,
`ari_notebook.client.frames` makes frames and splits what is read in large pieces: the library reads
the two bytes of a frame's head, then its length, then its body, each with a system call, and its
way of sending costs a request as much processor time as everything else that it needs.

A connection can end in many ways; here they all become one: the reason as a sentence, a state
change, and another attempt after a while. What was missed meanwhile is the session's to find out.
"""

from __future__ import annotations

import contextlib
import os
import random
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson
import websocket

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials, unsigned
from ari_notebook.client.errors import (
    AriError,
    AuthenticationFailed,
    NotSent,
    ReadOnly,
    error_for,
)
from ari_notebook.client.frames import PING, PONG, TEXT, ProtocolError, Splitter, frame

__all__ = ["Batch", "State", "StateChange", "Stream"]

# So much is read at once, and so many messages of it are handed on at once: the decoded events of a
# batch die young, for Python's collector starts when 700 objects more are alive than before.
_PIECE, _BATCH = 1 << 17, 64
_PING_SECONDS = 10.0
# So many messages in a read that did not fill its piece: the stream is dense, and this thread keeps
# up with it. Then it reads less often, since each time costs a busy cell a change of threads.
_DENSE = 8
_SILENCE_SECONDS = 20.0
_BACKOFF_FIRST, _BACKOFF_MOST = 0.25, 15.0

Batch = list[bytes]


class State(Enum):
    """Where a stream stands."""

    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    REPLACED = "replaced"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StateChange:
    """A stream went into a state, at a time (seconds since 1970), for a reason."""

    state: State
    reason: str
    at: float


class Stream:
    """Reads a server's events in a thread of its own.

    Args:
        address: where Asterisk answers.
        applications: the Stasis applications to register.
        credentials: the ARI user; sent as a header, never in the URL.
        subscribe_all: ask for every channel's, bridge's, endpoint's and device's events.
        verify: as for `requests`: True, False, or a CA bundle's path.
        on_batch: called in the thread with the messages of one read and their time.
        on_state: called in the thread when the connection comes or goes.
        patience: how many seconds what comes may lie unread where much comes; asked each time.
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
        patience: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._url = address.events(applications, subscribe_all=subscribe_all)
        self._address = address
        self._credentials = credentials
        self._verify = verify
        self._on_batch = on_batch
        self._on_state = on_state
        self._patience = patience
        self._hurried = threading.Event()
        self._socket: websocket.WebSocket | None = None
        self._sending = threading.Lock()  # two threads' frames must not mix
        self._stopping = threading.Event()
        self._replaced = False
        # When this process was suspended, until it is known whether the connection outlived that:
        # what is read first then is what came before.
        self.asleep_from: float | None = None
        # Wakes the thread out of its wait for data, to leave or to look at its orders.
        self._wake_read, self._wake_write = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="ari-events", daemon=True)

    def start(self) -> None:
        """Connect, then read in the background.

        Raises:
            AriError: the first connection failed; nothing is left running.
        """
        try:
            self._socket = self._connect()
        except BaseException:
            self._release()
            raise
        self._on_state(StateChange(State.CONNECTED, "", time.time()))
        self._thread.start()

    def send(self, text: bytes) -> None:
        """Send one text message; for REST over the WebSocket.

        Raises:
            NotSent: there is no connection now.
        """
        failure = "there is no connection to Asterisk at the moment"
        if self._socket is not None:
            self.hurry()
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
                # Also where it was interrupted half a frame may have left: nothing after it could
                # be read as a frame.
                self.drop()
                raise

    def hurry(self) -> None:
        """Read now what has come: somebody began to wait for it."""
        self._hurried.set()

    def replaced(self) -> None:
        """Another program took the application over: stop instead of fighting for it."""
        self._replaced = True

    def drop(self) -> None:
        """Break the connection as a network would; for tests and lessons about gaps."""
        ws = self._socket
        if ws is not None and ws.sock is not None:
            with contextlib.suppress(OSError):  # it is broken already
                ws.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Leave: close the socket and end the thread. May be called twice, and from anywhere."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.hurry()
        with contextlib.suppress(OSError):  # the thread has left by itself and closed it
            self._wake_write.send(b"x")
        if self._thread.ident is None:
            self._release()
        elif self._thread is not threading.current_thread():
            self._thread.join(timeout=10)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    # The thread.

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    reason = self._read()
                except Exception as error:  # noqa: BLE001 - a gap is seen, a dead thread is not
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
        """Try until it works, with pauses that grow and are never the same; False to leave.

        A server that is away comes back by itself; one that answers with a refusal, to a password
        that was changed or an address that is no longer permitted, needs somebody: that is said.
        """
        pause = _BACKOFF_FIRST
        refusal = ""
        while not self._stopping.is_set():
            # Half fixed, half by chance: clients that lost one server do not return as one.
            if self._stopping.wait(pause * (0.5 + random.random() / 2)):  # noqa: S311
                return False
            try:
                self._socket = self._connect()
            except AriError as error:
                pause = min(pause * 2, _BACKOFF_MOST)
                if isinstance(error, AuthenticationFailed | ReadOnly) and str(error) != refusal:
                    refusal = str(error)
                    told = f"{reason}, and now refuses: {refusal}"
                    self._on_state(StateChange(State.RECONNECTING, told, time.time()))
            else:
                return True
        return False

    def _read(self) -> str:
        """Read until the connection ends; the reason."""
        ws = self._socket
        assert ws is not None  # noqa: S101  the thread starts connected
        sock = ws.sock
        if isinstance(sock, ssl.SSLSocket):
            return self._read_from(sock)
        # Sending has a time-out, for which Python asks before each read whether it can be done; on
        # a socket object of its own, that never waits, a read is one system call.
        with sock.dup() as reader:
            reader.setblocking(False)
            return self._read_from(reader)

    def _read_from(self, sock: socket.socket) -> str:
        # Not select(), which takes no socket past the 1,023rd file that a process has open.
        with selectors.DefaultSelector() as selector:
            selector.register(sock, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            return self._read_while(sock, selector)

    def _read_while(self, sock: socket.socket, selector: selectors.BaseSelector) -> str:
        secure = isinstance(sock, ssl.SSLSocket)
        splitter = Splitter()
        heard = asked = woke = time.monotonic()
        wall = time.time()
        self.asleep_from = None
        gathered = False
        while not self._stopping.is_set():
            ready = gathered or (isinstance(sock, ssl.SSLSocket) and sock.pending() > 0)
            if not ready:
                waited = selector.select(_PING_SECONDS / 2)
                ready = any(key.fileobj is sock for key, _ in waited)
            gathered = False
            now = time.monotonic()
            # The machine, or this process alone, was suspended. Nobody was asked anything in that
            # time: the silence counts from now on.
            before, wall = wall, time.time()
            slept = wall - before > _SILENCE_SECONDS
            if slept:
                heard = woke = now
                self.asleep_from = before
            elif not ready or now - woke > _PING_SECONDS:
                self.asleep_from = None  # it is still connected, and all that lay there is read
            if ready:
                try:
                    piece = sock.recv(_PIECE)
                except (ssl.SSLWantReadError, BlockingIOError):
                    continue
                except OSError as error:
                    return f"the connection broke: {error.strerror or error}"
                if not piece:
                    return "Asterisk closed the connection"
                heard = now
                try:
                    messages = splitter.feed(piece)
                except ProtocolError as error:
                    return f"Asterisk sent what is no WebSocket frame: {error}"
                ended = self._hand_on(messages, splitter.take_controls())
                if ended or self._replaced:
                    return ended or "another program connected under the application's name"
                # TLS gives a record at a time, however much is there.
                if len(messages) >= _DENSE and len(piece) < _PIECE and not secure:
                    self._hurried.clear()
                    patience = self._patience()
                    gathered = patience > 0
                    if gathered:
                        self._hurried.wait(patience)
                continue
            if now - heard > _SILENCE_SECONDS:
                return f"Asterisk has been silent for {now - heard:.0f} s and answers no ping"
            if now - asked > _PING_SECONDS or slept:
                asked = now
                try:
                    self._send(PING, b"")
                except OSError as error:
                    return f"the connection broke: {error.strerror or error}"
        return "closed here"

    def _hand_on(self, messages: Batch, controls: list[tuple[int, bytes]]) -> str:
        """Give the messages of one read to the session; a reason if Asterisk said goodbye."""
        for start in range(0, len(messages), _BATCH):
            self._on_batch(messages[start : start + _BATCH], time.time())
        for opcode, payload in controls:
            if opcode == PING:
                with contextlib.suppress(OSError):  # the next read will say it
                    self._send(PONG, payload)
            elif opcode == websocket.ABNF.OPCODE_CLOSE:
                code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
                return f"Asterisk closed the event socket (code {code})"
        return ""

    def _connect(self) -> websocket.WebSocket:
        """Open the WebSocket, or raise what went wrong as one of our errors."""
        options: dict[str, Any] = {}
        if self._address.secure:
            if self._verify is False:
                options = {"cert_reqs": ssl.CERT_NONE, "check_hostname": False}
            elif isinstance(self._verify, str):
                kind = "ca_cert_path" if os.path.isdir(self._verify) else "ca_certs"
                options = {kind: self._verify}
        host = self._address.base.split("//", 1)[1]
        failure: BaseException
        # Raised after the block: no traceback shall hold the frame in which the header lies.
        try:
            ws = websocket.create_connection(
                self._url,
                timeout=10,
                header=["Authorization: " + self._credentials.header()],
                sslopt=options,
                skip_utf8_validation=True,
                sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
                suppress_origin=True,
                redirect_limit=0,  # it would take the password along
            )
        except websocket.WebSocketBadStatusException as error:
            failure = (
                error_for(error.status_code, _refusal(error), "GET /events")
                if (error.status_code or 0) >= 400
                else NotSent(f"what answers at {host} opens no WebSocket")
            )
        except websocket.WebSocketException as error:
            failure = NotSent(f"no WebSocket could be opened at {host}: {error}")
        except ssl.SSLError as error:
            failure = NotSent(f"TLS with {host} failed: {error.reason or error}")
        except OSError as error:
            failure = NotSent(
                f"nothing listens on {host} ({error.strerror or error})",
                "Start Asterisk, with enabled=yes in http.conf, and use its bindaddr and bindport.",
            )
        except Exception as error:  # noqa: BLE001 - what answers may say anything
            failure = NotSent(f"no WebSocket could be opened at {host}: {error}")
        except BaseException as error:  # noqa: BLE001 - an interrupt; it is raised below
            failure = unsigned(error)
        else:
            if ws.getstatus() == 101:
                return ws
            ws.shutdown()
            failure = NotSent(f"{host} opens no WebSocket, but sends elsewhere ({ws.getstatus()})")
        raise failure

    def _disconnect(self) -> None:
        with self._sending:
            ws, self._socket = self._socket, None
        if ws is None:
            return
        try:
            if self._stopping.is_set() or self._replaced:
                ws.close(timeout=1)  # says goodbye first
            else:
                ws.shutdown()
        except (OSError, websocket.WebSocketException):
            ws.shutdown()

    def _release(self) -> None:
        self._disconnect()
        self._wake_read.close()
        self._wake_write.close()


def _refusal(error: websocket.WebSocketBadStatusException) -> str:
    """Asterisk's own words in a refused handshake."""
    try:
        body = orjson.loads(error.resp_body or b"")
    except orjson.JSONDecodeError:
        return "the event socket was refused"
    words = body.get("message") if isinstance(body, dict) else None
    return str(words or "the event socket was refused")
