"""A port to which Asterisk connects with a call's audio: AudioSocket, or its media WebSocket.

Asterisk connects where the dialplan says ``AudioSocket(UUID,host:port)`` or
``Dial(AudioSocket/host:port/UUID/c(slin16))``, and, for a WebSocket, where it dials the name of a
section of websocket_client.conf: ``Dial(WebSocket/NAME/c(slin16)f(json))``. Both arrive at the same
port, distinguished by their first octet. A separate thread reads each greeting, so that a silent
peer does not delay others.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Self

from ari_notebook.audio import audiosocket, websocket_media
from ari_notebook.audio.codecs import codec_named, slin_of
from ari_notebook.audio.errors import AudioError
from ari_notebook.client.errors import NotSent, UsageProblem
from ari_notebook.client.media_sockets import family_of, read_uuid, shown_address
from ari_notebook.client.media_stream import AudioStream
from ari_notebook.client.media_transports import (
    MOST_OCTETS,
    AudioSocketTransport,
    MediaTransport,
    WebSocketMediaTransport,
)
from ari_notebook.client.server_websocket import Refused, ServerWebSocket
from ari_notebook.client.sockets import listening_socket
from ari_notebook.client.websocket_frames import BinaryMessage

__all__ = ["MediaServer"]

log = logging.getLogger("ari_notebook")

OnCall = Callable[[AudioStream], object]

_GREETING_SECONDS = 2.0  # so long a peer may take to say who it is
_MOST_GREETING = 32  # peers that have not said it yet; another one is closed at once
_MOST_WAITING = 64  # streams that nothing has accepted yet


class MediaServer:
    """A port that Asterisk connects to. Use it as a context manager; closing it ends its streams.

    Either `accept` its streams one by one, or give a function for each to `on_call`.

    Args:
        host: address to listen on.
        port: port to listen on; 0: any free one.
        rate: samples per second of AudioSocket connections. The dialplan application has 8,000; a
            dialled channel has that of its format, as ``c(slin16)``. A media WebSocket reports its
            own.
        user: name that a WebSocket has to give, as in websocket_client.conf; None: any.
        password: its password.

    Attributes:
        address: where it listens, as ``127.0.0.1:9092``.
        refused: number of connections that were closed because they were none of Asterisk's media.

    Raises:
        NotSent: the port cannot be bound.
        AudioError: AudioSocket has no audio at this rate.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        rate: int = 8000,
        user: str | None = None,
        password: str = "",
    ) -> None:
        audiosocket.kind_of(rate)
        self.refused = 0
        self._codec = slin_of(rate)
        self._expected = None if user is None else f"{user}:{password}".encode()
        try:
            self._listener = listening_socket(host, port, family_of(host))
        except (OSError, OverflowError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise NotSent(f"port {port} of {host} cannot be opened: {why}") from None
        self.address = shown_address(host, self._listener.getsockname()[1])
        self._waiting: queue.Queue[AudioStream | None] = queue.Queue(_MOST_WAITING)
        self._greeting = threading.Semaphore(_MOST_GREETING)
        self._streams: set[AudioStream] = set()
        self._changing = threading.Lock()
        self._on_call: OnCall | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="ari-media-server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Return its port."""
        return int(self.address.rpartition(":")[2])

    def accept(self, timeout: float | None = None) -> AudioStream:
        """Return the next stream, open; `AudioStream.id` says which call it is.

        Args:
            timeout: seconds to wait for it; None: without limit.

        Raises:
            TimeoutError: none came in time.
            NotSent: the server is closed.
        """
        try:
            stream = None if self._closed.is_set() else self._waiting.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(
                f"Asterisk did not connect to {self.address} in {timeout:g} s"
            ) from None
        if stream is None:
            self._wake()  # others that wait
            raise NotSent(f"the media server at {self.address} is closed")
        return stream

    def __iter__(self) -> Iterator[AudioStream]:
        """Yield each stream, until the server is closed."""
        with contextlib.suppress(NotSent):
            while True:
                yield self.accept()

    def on_call(self, function: OnCall) -> OnCall:
        """Call a function with each stream from now on, in a separate thread.

        The stream is closed when the function returns. An exception is logged.
        """
        if self._on_call is not None:
            raise UsageProblem("a media server has one function for its calls", "Close it first.")
        with self._changing:
            self._on_call = function
            while not self._waiting.empty():
                if (stream := self._waiting.get_nowait()) is not None:
                    threading.Thread(
                        target=self._serve, args=(function, stream), name="ari-media-call"
                    ).start()
        return function

    def close(self) -> None:
        """Close the port and end the streams; idempotent."""
        self._closed.set()
        with contextlib.suppress(OSError):  # not all systems shut a listener down
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)
        with self._changing:
            streams, self._streams = self._streams, set()
        for stream in streams:
            stream.close()
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._wake()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed.is_set() else "open"
        return f"<media server at {self.address}: {state}, {len(self._streams)} streams>"

    def _wake(self) -> None:
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)

    # Threads.

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                connection, peer = self._listener.accept()
            except OSError:
                if self._closed.is_set():
                    return
                time.sleep(0.05)  # no file descriptor is left: others are freed
                continue
            if not self._greeting.acquire(blocking=False):
                self._refuse(connection, "too many connections have not said who they are")
                continue
            threading.Thread(
                target=self._greet, args=(connection, str(peer[0])), name="ari-media-greeting",
                daemon=True,
            ).start()  # fmt: skip

    def _greet(self, connection: socket.socket, peer: str) -> None:
        """Find out who has connected, and start its stream."""
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport, id, name = self._transport(connection, peer)
        except (Refused, OSError) as error:
            self._refuse(connection, f"{peer}: {error}")
            return
        finally:
            self._greeting.release()
        stream = AudioStream(transport, name, lambda: self._forget(stream), id=id)
        with self._changing:
            if self._closed.is_set():
                transport.close()
                return
            stream.start()
            self._streams.add(stream)
            function = self._on_call
            full = False
            if function is None:
                try:
                    self._waiting.put_nowait(stream)
                except queue.Full:
                    full = True
        if function is not None:
            self._serve(function, stream)
        elif full:
            log.warning("media server: nothing accepts the calls: one is closed")
            stream.close()

    def _serve(self, function: OnCall, stream: AudioStream) -> None:
        try:
            with stream:
                function(stream)
        except Exception:
            log.exception("%s failed", getattr(function, "__name__", function))

    def _forget(self, stream: AudioStream) -> None:
        with self._changing:
            self._streams.discard(stream)

    def _refuse(self, connection: socket.socket, why: str) -> None:
        self.refused += 1
        log.warning("media server: a connection is closed: %s", why)
        connection.close()

    # Greetings.

    def _transport(self, connection: socket.socket, peer: str) -> tuple[MediaTransport, str, str]:
        """Return the transport of a connection, the id of its call, and a name."""
        connection.settimeout(_GREETING_SECONDS)
        first = connection.recv(1, socket.MSG_PEEK)
        if first == b"G":
            return self._websocket(connection, peer)
        reader = audiosocket.MessageReader()
        uuid = read_uuid(connection, reader) if first else None
        if uuid is None:
            raise Refused("it began with neither a UUID nor a WebSocket's request")
        return AudioSocketTransport(connection, self._codec, reader), str(uuid), f"call {uuid}"

    def _websocket(self, connection: socket.socket, peer: str) -> tuple[MediaTransport, str, str]:
        deadline = time.monotonic() + _GREETING_SECONDS
        ws = ServerWebSocket(connection, peer, "media", MOST_OCTETS, required=True)
        try:
            early = ws.shake_hands(self._check, deadline)
            at = 0
            while True:
                for message in early[at:]:
                    at += 1
                    if isinstance(message, BinaryMessage):
                        continue  # audio may come before MEDIA_START
                    name, fields = websocket_media.event(message)
                    if name == "MEDIA_START":
                        return _started(ws, message, early, fields)
                if sum(map(len, early)) > MOST_OCTETS:
                    raise Refused("it sent no MEDIA_START")
                early += ws.next_messages(deadline, "it sent no MEDIA_START")
        except BaseException:
            ws.release()
            raise

    def _check(self, user: str, password: str) -> None:
        given = f"{user}:{password}".encode(errors="surrogateescape")
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            raise Refused("wrong user or password", status=401)


def _started(
    ws: ServerWebSocket, start: bytes, early: list[bytes], fields: object
) -> tuple[MediaTransport, str, str]:
    given = dict(fields) if isinstance(fields, dict) else {}
    try:
        codec = codec_named(str(given.get("format", "")))
    except AudioError as error:
        raise Refused(str(error)) from None
    transport = WebSocketMediaTransport(
        ws,
        codec,
        plain=not start.lstrip().startswith(b"{"),
        early=[message for message in early if message is not start],
    )
    id = str(given.get("channel_id", ""))
    return transport, id, str(given.get("channel", id))
