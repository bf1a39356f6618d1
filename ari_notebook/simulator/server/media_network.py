"""Sockets that carry the audio of channels: AudioSocket to a program, RTP with one."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from ari_notebook.simulator.config.settings import WebsocketClient
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.ports import OnEnd
from ari_notebook.simulator.server.websocket import MediaCarrier, WebSocketHost
from ari_notebook.simulator.server.websocket_client import CannotConnect, connect

if TYPE_CHECKING:
    from ari_notebook.audio.codecs import Codec
    from ari_notebook.simulator.calls.media_session import MediaSession, WebSocketMedia

__all__ = ["MediaNetwork"]

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 1.0  # as in Asterisk, the request waits for it
_CUSHION = 3  # frames that wait, so that a program's uneven pace leaves no gaps
_MOST_WAITING = 1 << 16  # octets for a program that does not read; more is dropped


class _Link:
    """One socket.

    Args:
        host: the server.
        sock: the socket, connected.
        links: the links that are open.

    Attributes:
        local: its address and port.
        active: time of the last audio, of the exchange's clock.
    """

    def __init__(self, host: WebSocketHost, sock: socket.socket, links: set[_Link]) -> None:
        self.local: tuple[str, int] = sock.getsockname()[:2]
        self._host = host
        self._sock = sock
        self._links = links
        self.active = 0.0
        self._channel: Channel | None = None
        self._session: MediaSession | None = None
        self._on_end: OnEnd | None = None
        links.add(self)

    def start(self, channel: Channel, codec: Codec, on_end: OnEnd | None = None) -> None:
        """Carry the audio of a channel; see `pbx.ports.MediaLink`."""
        from ari_notebook.simulator.calls.media_session import (  # noqa: PLC0415  numpy: 70 ms
            MediaSession,
        )

        self._channel = channel
        self._on_end = on_end
        self.active = channel.exchange.now
        self._session = MediaSession(
            channel,
            codec,
            channel.exchange.mixer,
            self._send,
            cushion=_CUSHION,
            near=on_end is not None,
        )
        self._greet()
        self._host.loop.add_reader(self._sock, self._read)
        channel.on_gone.append(self.close)

    def _greet(self) -> None:
        """Say who calls, where the protocol has that."""

    def _send(self, frame: bytes) -> None:
        """Send a frame."""
        raise NotImplementedError

    def _take(self, data: bytes) -> None:
        """Process the received data."""
        raise NotImplementedError

    def _write(self, data: bytes) -> bool:
        """Write at once or not at all; return whether it was written."""
        try:
            return self._sock.send(data) == len(data)
        except BlockingIOError:
            return True  # the program does not read: dropped, as a network would
        except OSError:
            return False

    def _read(self) -> None:
        try:
            data = self._sock.recv(_MOST_WAITING)
        except BlockingIOError:
            return
        except ConnectionRefusedError:  # of a datagram: no socket listens yet, or any more
            return
        except OSError:
            data = b""
        with self._host.now():
            self._take(data)

    def digit(self, digit: str) -> None:
        """Report a DTMF digit, where the protocol has that."""

    def close(self) -> None:
        """Close the socket; idempotent."""
        if self in self._links:
            self._links.discard(self)
            self._host.loop.remove_reader(self._sock)
            self._sock.close()
            if self._session is not None:
                self._session.close()


class _AudioSocketLink(_Link):
    def __init__(
        self, host: WebSocketHost, sock: socket.socket, uuid: UUID, links: set[_Link]
    ) -> None:
        super().__init__(host, sock, links)
        self._uuid = uuid

    def _greet(self) -> None:
        from ari_notebook.audio import audiosocket  # noqa: PLC0415  numpy: 70 ms
        from ari_notebook.audio.sound import Sound  # noqa: PLC0415  as above

        assert self._session is not None  # noqa: S101  it starts
        self._protocol, self._sound = audiosocket, Sound
        self._kind = audiosocket.kind_of(self._session.codec.rate)
        self._reader = audiosocket.MessageReader()
        self._write(audiosocket.message(audiosocket.UUID, self._uuid.bytes))

    def _send(self, frame: bytes) -> None:
        assert self._channel is not None  # noqa: S101  it has started
        self.active = self._channel.exchange.now
        if not self._write(self._protocol.message(self._kind, frame)):
            self._end()

    def _take(self, data: bytes) -> None:
        if not data:
            self._end()
            return
        assert self._session is not None  # noqa: S101  it has started
        assert self._channel is not None  # noqa: S101  as above
        self.active = self._channel.exchange.now
        for kind, content in self._reader.feed(data):
            codec = self._protocol.codec_of(kind)
            if codec is not None:
                if codec is not self._session.codec:  # Asterisk converts as well
                    samples = self._sound(codec.decode(content), codec.rate)
                    content = self._session.codec.encode(
                        samples.resample(self._session.codec.rate).int16
                    )
                self._session.feed(content)
            elif kind == self._protocol.HANGUP:
                self._end()
                return
            else:
                log.warning("AudioSocket: a message of type 0x%02x ends the call", kind)
                self._end(normal=False)
                return

    def _end(self, *, normal: bool = True) -> None:
        """End the call, or what the dialplan runs, after the program has left."""
        self._host.loop.remove_reader(self._sock)
        if self._on_end is not None:
            on_end, self._on_end = self._on_end, lambda normal: None
            on_end(normal)
        elif self._channel is not None:
            self._channel.request_hangup()

    def digit(self, digit: str) -> None:
        self._write(self._protocol.message(self._protocol.DTMF, digit.encode()))

    def close(self) -> None:
        if self in self._links and self._channel is not None:
            self._write(self._protocol.message(self._protocol.HANGUP))
        super().close()


class _RtpLink(_Link):
    def _greet(self) -> None:
        from ari_notebook.audio import rtp  # noqa: PLC0415  numpy: 70 ms

        assert self._session is not None  # noqa: S101  it starts
        self._sender = rtp.Sender(self._session.codec)
        self._receiver = rtp.Receiver(self._session.codec)

    def _send(self, frame: bytes) -> None:
        self._write(self._sender.packet(frame))

    def _take(self, data: bytes) -> None:
        audio = self._receiver.audio(data)
        if audio is not None and self._session is not None:
            self._session.feed(audio)


class MediaNetwork:
    """Opens the sockets of media channels; implements `pbx.ports.MediaNetworkPort`.

    Args:
        host: the server.
    """

    def __init__(self, host: WebSocketHost) -> None:
        self._host = host
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def audiosocket(self, host: str, port: int, uuid: UUID) -> _AudioSocketLink | None:
        """Connect to a program; None if nothing accepts."""
        try:
            connected = socket.create_connection((host, port), timeout=_CONNECT_SECONDS)
        except OSError as error:
            log.warning("AudioSocket to %s port %d: %s", host, port, error)
            return None
        connected.setblocking(False)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _AudioSocketLink(self._host, connected, uuid, self._links)

    def rtp(self, host: str, port: int) -> _RtpLink | None:
        """Bind a port for RTP with a program; None if none can be bound."""
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            bound = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            log.warning("RTP with %s port %d: %s", host, port, error)
            return None
        try:
            bound.setblocking(False)
            bound.connect((host, port))  # chooses the local address, and drops what is foreign
        except OSError as error:
            log.warning("RTP with %s port %d: %s", host, port, error)
            bound.close()
            return None
        return _RtpLink(self._host, bound, self._links)

    def websocket(
        self,
        client: WebsocketClient,
        opened: Callable[[], WebSocketMedia | None],
        failed: Callable[[], None],
    ) -> None:
        """Connect to a program's media WebSocket.

        Args:
            client: where to.
            opened: returns the media to exchange; None: none is wanted any more.
            failed: called if no connection could be made.
        """
        task = self._host.loop.create_task(self._connect(client, opened, failed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(
        self,
        client: WebsocketClient,
        opened: Callable[[], WebSocketMedia | None],
        failed: Callable[[], None],
    ) -> None:
        media: WebSocketMedia | None = None

        def carry(transport: asyncio.Transport) -> MediaCarrier:
            nonlocal media
            with self._host.now():
                media = opened()
            if media is None:
                raise CannotConnect("the call has ended")
            return MediaCarrier(self._host, media, transport, mask=True)

        for attempt in range(max(1, client.reconnect_attempts)):
            if attempt:
                await asyncio.sleep(client.reconnect_interval / 1000)
            try:
                end = await connect(self._host, client, carry)
                break
            except (OSError, CannotConnect) as fault:
                log.warning("media WebSocket to %s failed: %s", client.uri, fault)
        else:
            with self._host.now():
                failed()
            return
        try:
            await end.closed
        finally:
            if media is not None:
                with self._host.now():
                    media.close()

    def close(self) -> None:
        """Close all sockets."""
        for link in tuple(self._links):
            link.close()
        for task in tuple(self._tasks):
            task.cancel()
