"""What carries a call's audio between Asterisk and this program: WebSocket, AudioSocket, RTP.

Each transport is one socket. `receive` reads the received data and returns it as audio, keys, marks
and flow control; sending is bounded in time, so that a peer which never reads ends its own stream
and nothing else.
"""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from ari_notebook.audio import audiosocket, rtp, websocket_media
from ari_notebook.audio.codecs import Codec, codec_named
from ari_notebook.audio.errors import AudioError
from ari_notebook.client.websocket_frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    BinaryMessage,
    ProtocolError,
    Splitter,
    frame,
)

__all__ = [
    "AudioSocketTransport",
    "ClientMediaWebSocket",
    "Ended",
    "FlowControl",
    "Key",
    "Mark",
    "MediaTransport",
    "MediaWebSocket",
    "Received",
    "RtpTransport",
    "WebSocketMediaTransport",
]

log = logging.getLogger("ari_notebook")

SEND_SECONDS = 5.0  # so long a peer may read nothing
_LINGER_SECONDS = 1.0  # so long Asterisk may take to close its end
_PIECE = 1 << 16
MOST_OCTETS = 1 << 20  # of a WebSocket message: 10 s at 48 kHz


@dataclass(frozen=True, slots=True)
class Key:
    """A DTMF key."""

    digit: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything that was sent before a mark has been played."""

    name: str


@dataclass(frozen=True, slots=True)
class FlowControl:
    """Whether the far end takes more audio."""

    open: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection has ended; the reason is empty where that is its normal end."""

    reason: str = ""


Received: TypeAlias = "bytes | Key | Mark | FlowControl | Ended"


class MediaTransport(Protocol):
    """A connection that carries audio both ways.

    Attributes:
        codec: format of the audio.
        lead: seconds that audio may be sent early: as the far end has a queue, or none.
        together: seconds of audio that are sent as one message; 0: each frame is a message.
        dropped: number of messages that could not be used.
        marks: whether `mark` is answered.
        idle: seconds without audio after which a frame of silence is sent; None: never.
    """

    codec: Codec
    lead: float
    together: float
    dropped: int
    marks: bool
    idle: float | None

    @property
    def socket(self) -> Any:
        """Return what has a file number, to wait for data; None within this process."""

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Call a function when there is something to receive; used where there is no socket."""

    def receive(self) -> Iterator[Received]:
        """Yield the received items; called when the socket is readable."""

    def send(self, audio: bytes) -> None:
        """Send one frame, or several as `together` says.

        Raises:
            OSError: the peer has gone, or reads nothing.
        """

    def mark(self, name: str) -> None:
        """Ask for a `Mark` after the audio sent so far."""

    def flush(self) -> None:
        """Make the far end drop its unplayed audio, if it has a queue."""

    def close(self) -> None:
        """Close the connection; idempotent."""


class MediaWebSocket(Protocol):
    """An open WebSocket that carries audio: opened here, by Asterisk, or within this process.

    Attributes:
        closed_normally: whether Asterisk ended it as the end of the call.
    """

    closed_normally: bool

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Call a function when there is something to read; used where there is no socket."""

    def read(self, seconds: float) -> list[bytes] | None:
        """Return the complete messages of one read; None if nothing came.

        Binary ones are of the class `BinaryMessage`.

        Args:
            seconds: how long to wait.

        Raises:
            ConnectionError: it has ended; the message says how.
        """

    def send(self, text: bytes) -> None:
        """Send a text message.

        Raises:
            OSError: it is closed, or the peer reads nothing.
        """

    def send_binary(self, data: bytes) -> None:
        """Send a binary message.

        Raises:
            OSError: it is closed, or the peer reads nothing.
        """

    def close(self) -> None:
        """Send a close frame and break the connection."""

    def release(self) -> None:
        """Free the socket, once no thread reads it any more."""


class ClientMediaWebSocket:
    """A media WebSocket that this program has opened.

    Args:
        sock: the socket of the open WebSocket; its timeout bounds sending.

    Attributes:
        closed_normally: whether Asterisk has closed it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self.closed_normally = False
        self._sock = sock
        self._sock.settimeout(SEND_SECONDS)
        self._splitter = Splitter(MOST_OCTETS)

    def fileno(self) -> int:
        """Return the socket's number, to wait for data."""
        return self._sock.fileno()

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Do nothing: there is a socket."""

    def read(self, seconds: float) -> list[bytes] | None:
        """See `MediaWebSocket.read`; called when the socket is readable."""
        del seconds
        messages: list[bytes] = []
        while True:
            data = _read(self._sock)
            if data is None:
                raise ConnectionError("the connection to Asterisk broke")
            try:
                messages += self._splitter.feed(data)
            except ProtocolError as error:
                raise ConnectionError(
                    f"Asterisk sent an invalid WebSocket frame: {error}"
                ) from None
            for opcode, payload in self._splitter.take_controls():
                if opcode == PING:
                    self._put(PONG, payload)
                elif opcode == CLOSE:
                    self.closed_normally = True
            if self.closed_normally and not messages:
                raise ConnectionError("Asterisk closed the connection")
            if not (isinstance(self._sock, ssl.SSLSocket) and self._sock.pending()):
                return messages

    def send(self, text: bytes) -> None:
        """Send a text message."""
        self._put(TEXT, text)

    def send_binary(self, data: bytes) -> None:
        """Send a binary message."""
        self._put(BINARY, data)

    def _put(self, opcode: int, payload: bytes) -> None:
        self._sock.sendall(frame(opcode, payload))

    def close(self) -> None:
        """Send a close frame."""
        try:
            self._sock.settimeout(1)
            self._put(CLOSE, (1000).to_bytes(2, "big"))
        except OSError:
            log.debug("media WebSocket: closed by the peer")

    def release(self) -> None:
        """Close the socket."""
        self._sock.close()


class WebSocketMediaTransport:
    """The protocol of chan_websocket over a media WebSocket.

    Args:
        ws: the open WebSocket.
        codec: the format it was asked for; MEDIA_START may name another.
        plain: whether commands are plain text.
        early: messages that were read already.
    """

    idle: float | None = None

    def __init__(
        self,
        ws: MediaWebSocket,
        codec: Codec,
        *,
        plain: bool = False,
        early: Iterable[bytes] = (),
    ) -> None:
        self.codec = codec
        self.dropped = 0
        # Packets of opus pass through Asterisk without a queue: it refuses marks and flushes.
        self.marks = codec.width > 0
        self.lead, self.together = (0.4, 0.1) if self.marks else (0.0, 0.0)
        self._ws = ws
        self._plain = plain
        self._early = list(early)
        self._closed = False

    @property
    def socket(self) -> Any:
        """Return the WebSocket, which has a file number; None within this process."""
        return self._ws if hasattr(self._ws, "fileno") else None

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Call a function when there is something to receive; within this process."""
        self._ws.attach(on_ready)

    def receive(self) -> Iterator[Received]:
        """Yield audio, keys, marks and flow control."""
        early, self._early = self._early, []
        for message in early:
            yield from self._message(message)
        try:
            messages = self._ws.read(0)
        except ConnectionError as error:
            yield Ended("" if self._ws.closed_normally or self._closed else str(error))
            return
        for message in messages or ():
            yield from self._message(message)

    def _message(self, message: bytes) -> Iterator[Received]:
        if isinstance(message, BinaryMessage):
            yield bytes(message)
            return
        name, fields = websocket_media.event(message)
        if name == "MEDIA_START":  # audio may come before it: it has the format asked for
            self._start(str(fields.get("format", "")))
        elif name == "MEDIA_XOFF":
            yield FlowControl(False)
        elif name == "MEDIA_XON":
            yield FlowControl(True)
        elif name == "MEDIA_MARK_PROCESSED":
            yield Mark(str(fields.get("correlation_id", "")))
        elif name == "DTMF_END":
            yield Key(str(fields.get("digit", "")))
        elif name == "ERROR":
            log.warning("media WebSocket: %s", str(fields.get("error_text", fields))[:200])
        elif name not in ("STATUS", "MEDIA_BUFFERING_COMPLETED", "QUEUE_DRAINED"):
            self.dropped += 1

    def _start(self, format: str) -> None:
        if format == self.codec.name:
            return
        try:
            self.codec = codec_named(format)
        except AudioError:
            if format:
                log.warning("media WebSocket: unknown format %r", format[:40])

    def send(self, audio: bytes) -> None:
        """Send one frame, or several."""
        self._ws.send_binary(audio)

    def mark(self, name: str) -> None:
        """Ask for a `Mark`."""
        self._command("MARK_MEDIA", correlation_id=name)

    def flush(self) -> None:
        """Drop Asterisk's queue, if there is one."""
        if self.marks:
            self._command("FLUSH_MEDIA")

    def _command(self, name: str, **fields: str) -> None:
        self._ws.send(websocket_media.command(name, plain=self._plain, **fields))

    def close(self) -> None:
        """Close it."""
        if not self._closed:
            self._closed = True
            self._ws.close()
            self._ws.release()


class AudioSocketTransport:
    """A connection of Asterisk's AudioSocket.

    Args:
        connection: the accepted connection, behind its UUID.
        codec: the linear format to send; received audio has its own type.
        reader: the reader that has read the UUID.
    """

    lead = 0.02
    together = 0.0
    marks = False
    idle: float | None = 1.0  # after 2 s Asterisk's application ends the call

    def __init__(
        self,
        connection: socket.socket,
        codec: Codec,
        reader: audiosocket.MessageReader | None = None,
    ) -> None:
        self.codec = codec
        self.dropped = 0
        self._kind = audiosocket.kind_of(codec.rate)
        self._sock = connection
        self._sock.settimeout(SEND_SECONDS)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = reader or audiosocket.MessageReader()
        self._closed = False

    @property
    def socket(self) -> Any:
        """Return the socket."""
        return self._sock

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Do nothing: there is a socket."""

    def receive(self) -> Iterator[Received]:
        """Yield audio and keys."""
        data = _read(self._sock)
        if data is None:
            yield Ended()
            return
        for kind, content in self._reader.feed(data):
            if kind == self._kind:
                yield content
            elif kind == audiosocket.DTMF:
                yield Key(content[:1].decode(errors="replace"))
            elif kind in (audiosocket.HANGUP, audiosocket.ERROR):
                yield Ended("Asterisk reports an error" if kind == audiosocket.ERROR else "")
                return
            else:
                self.dropped += 1

    def send(self, audio: bytes) -> None:
        """Send one frame."""
        self._sock.sendall(audiosocket.message(self._kind, audio))

    def mark(self, name: str) -> None:
        """Do nothing: AudioSocket has no marks."""

    def flush(self) -> None:
        """Do nothing: AudioSocket has no queue."""

    def close(self) -> None:
        """Hang up and close it."""
        if not self._closed:
            self._closed = True
            try:
                self._sock.settimeout(1)
                self._sock.sendall(audiosocket.message(audiosocket.HANGUP))
                # Closing with unread audio would reset the connection, and Asterisk would take that
                # for a failure: the call would end in place of the dialplan's next step.
                self._sock.shutdown(socket.SHUT_WR)
                end = time.monotonic() + _LINGER_SECONDS
                while time.monotonic() < end and self._sock.recv(_PIECE):
                    pass
            except OSError:
                log.debug("AudioSocket: closed by the peer")
            self._sock.close()


class RtpTransport:
    """A UDP socket that exchanges RTP with a UnicastRTP channel.

    Args:
        bound: the bound socket.
        codec: the format.
    """

    lead = 0.0
    together = 0.0
    marks = False
    idle: float | None = None

    def __init__(self, bound: socket.socket, codec: Codec) -> None:
        self.codec = codec
        self._sock = bound
        self.dropped = 0
        self._sender = rtp.Sender(codec)
        self._receiver = rtp.Receiver(codec)

    def connect(self, host: str, port: int) -> None:
        """Set where Asterisk receives; packets from elsewhere are dropped."""
        self._sock.connect((host, port))

    @property
    def socket(self) -> Any:
        """Return the socket."""
        return self._sock

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Do nothing: there is a socket."""

    def receive(self) -> Iterator[Received]:
        """Yield audio."""
        self._sock.setblocking(False)
        while True:
            try:
                packet = self._sock.recv(_PIECE)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # Asterisk has closed its port
                yield Ended()
                return
            except OSError as error:
                yield Ended(error.strerror or str(error))
                return
            audio = self._receiver.audio(packet)
            self.dropped += audio is None
            if audio is not None:
                yield audio

    def send(self, audio: bytes) -> None:
        """Send one frame; a full buffer drops it, as a network would."""
        try:
            self._sock.send(self._sender.packet(audio))
        except BlockingIOError:
            self.dropped += 1

    def mark(self, name: str) -> None:
        """Do nothing: RTP has no marks."""

    def flush(self) -> None:
        """Do nothing: RTP has no queue."""

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()


def _read(sock: Any) -> bytes | None:
    """Return the received data; None at the end of the connection."""
    try:
        data: bytes = sock.recv(_PIECE)
    except (TimeoutError, ssl.SSLWantReadError):
        return b""
    except OSError:
        return None
    return data or None
