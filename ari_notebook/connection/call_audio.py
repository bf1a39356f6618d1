"""The audio of a channel: the channels and the bridge that it takes, made and removed again.

A channel that is alone in this connection's Stasis application joins a new mixing bridge with an
external media channel. Every other one, as in a bridge or in the dialplan, is snooped upon: the
snoop channel joins the bridge in its place, and the call goes on as before.

The order matters. The media channel has an id of ours, so that its StasisStart can be awaited; it
is bridged after that, because a channel outside Stasis cannot be.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ari_notebook.client.errors import AriError, NotSent, UsageProblem
from ari_notebook.connection.resource_types import MEDIA_PREFIX

if TYPE_CHECKING:
    from ari_notebook.audio.codecs import Codec
    from ari_notebook.audio.journal import Journal
    from ari_notebook.background import Background
    from ari_notebook.client.media_stream import AudioStream
    from ari_notebook.client.media_transports import MediaTransport, RtpTransport
    from ari_notebook.client.rest import RestResponse

__all__ = ["AudioOptions", "CallAudio", "MediaConnection"]

log = logging.getLogger("ari_notebook")

_SECONDS = 10.0  # for each step of opening
TRANSPORTS = ("websocket", "audiosocket", "rtp")
DIRECTIONS = ("in", "out", "both")
# The first releases whose media WebSocket speaks JSON; later major releases do.
_JSON_FROM = {20: 18, 22: 8, 23: 2}
_VERSION = re.compile(r"(\d+)\.(\d+)")


class AudioSocketPort(AbstractContextManager["AudioSocketPort"], Protocol):
    """A port to which Asterisk connects with AudioSocket.

    Attributes:
        address: host and port.
    """

    address: str

    def accept(self, uuid: str, codec: Codec, timeout: float = 10.0) -> MediaTransport:
        """Return the connection that begins with a UUID."""


class MediaSource(Protocol):
    """What opens media connections: `client.media_sockets`, or a simulator in this process.

    Attributes:
        has_websocket: whether it connects to media WebSockets.
    """

    has_websocket: bool

    def websocket(self, connection_id: str, codec: Codec) -> MediaTransport:
        """Connect to the media WebSocket of a channel."""

    def audiosocket(self) -> AudioSocketPort:
        """Return a port for AudioSocket."""

    def rtp(self, codec: Codec) -> tuple[RtpTransport, str]:
        """Return a UDP port for RTP, and where Asterisk sends to."""


class MediaConnection(Protocol):
    """What opening a channel's audio needs of the connection."""

    server: str
    apps: tuple[str, ...]

    @property
    def tables(self) -> Any:
        """The live tables."""

    @property
    def audio_uses(self) -> Journal:
        """The sounds that were played and recorded."""

    def request(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> RestResponse:
        """Send a request."""

    def wait_for_start(self, channel: str, timeout: float) -> None:
        """Wait until a channel is in this connection's application."""

    @property
    def background(self) -> Background:
        """What has the time, and what waits."""

    def media_source(self) -> MediaSource:
        """Return what opens media connections."""

    def on_channel_event(
        self, type: str, channel: str, function: Callable[[Any], None]
    ) -> Callable[[], None]:
        """Call a function with each event of a type about a channel; return what ends that."""


@dataclass(frozen=True, slots=True)
class AudioOptions:
    """How a channel's audio is opened; see `Channel.audio`."""

    rate: int | None = None
    format: str | None = None
    transport: str | None = None
    hear: str = "in"
    speak: bool = True
    snoop: bool | None = None

    def __post_init__(self) -> None:
        if self.transport is not None and self.transport not in TRANSPORTS:
            raise UsageProblem(
                f"unknown transport: {self.transport!r}", f"Use one of {', '.join(TRANSPORTS)}."
            )
        if self.hear not in DIRECTIONS:
            raise UsageProblem(
                f"invalid hear: {self.hear!r}",
                "in: audio from the channel's far end; out: audio to it; or both.",
            )
        if self.hear != "in" and self.snoop is False:
            raise UsageProblem(
                f"hear={self.hear!r} needs a snoop channel", "Leave out snoop=False."
            )


class CallAudio:
    """The audio of one channel, to be opened by ``with`` or ``async with``.

    Args:
        connection: the connection of the channel.
        channel: id of the channel.
        options: how.
    """

    def __init__(self, connection: MediaConnection, channel: str, options: AudioOptions) -> None:
        self._connection = connection
        self._channel = channel
        self._options = options
        self._stream: AudioStream | None = None

    def open(self) -> AudioStream:
        """Open it; `AudioStream.close` removes the objects created for it.

        Raises:
            AriError: the channel has no audio here, or a step failed; nothing is left.
        """
        self._stream = _open(self._connection, self._channel, self._options)
        return self._stream

    def close(self) -> None:
        """Close it; idempotent."""
        if self._stream is not None:
            self._stream.close()

    def __enter__(self) -> AudioStream:
        return self.open()

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> AudioStream:
        if self._connection.background.loop is not None:  # in this thread, which is the only one
            return self.open()
        return await asyncio.to_thread(self.open)

    async def __aexit__(self, *exception: object) -> None:
        if self._connection.background.loop is not None:
            self.close()
        else:
            await asyncio.to_thread(self.close)

    def __repr__(self) -> str:
        shown = "not opened: use `with channel.audio() as audio`"
        return f"<audio of {self._channel}: {shown if self._stream is None else self._stream}>"


def _open(connection: MediaConnection, channel: str, options: AudioOptions) -> AudioStream:
    from ari_notebook.audio.codecs import codec_named, slin_of  # noqa: PLC0415  numpy: 70 ms
    from ari_notebook.client.media_stream import AudioStream  # noqa: PLC0415  as above

    codec = codec_named(options.format) if options.format else slin_of(options.rate or 16000)
    if options.rate not in (None, codec.rate):
        raise UsageProblem(
            f"{codec.name} has {codec.rate} samples a second, not {options.rate}",
            "Give either rate or format.",
        )
    row = connection.tables.channels.get(channel)
    seen = row or connection.request("GET", f"/channels/{channel}").json()
    ours = row is not None and row.get("in_stasis") and row.get("app_name") in connection.apps
    alone = bool(ours and not row.get("bridge"))
    snooped = options.snoop if options.snoop is not None else not alone or options.hear != "in"
    if not snooped and not alone:
        raise UsageProblem(
            f"{seen.get('name', channel)} is in a bridge, or not in this application",
            "Leave out snoop=False: a snoop channel receives its audio and speaks to it.",
        )
    app = str(row["app_name"]) if ours else connection.apps[0]
    with ExitStack() as made:
        leg = channel
        if snooped:
            leg = _snoop(connection, made, channel, app, options)
        transport = _transport(connection, made, app, codec, options)
        media = transport[1]
        bridge = connection.request("POST", "/bridges", {"type": "mixing"}).json()["id"]
        made.callback(_remove, connection, f"/bridges/{bridge}")
        connection.request("POST", f"/bridges/{bridge}/addChannel", {"channel": f"{leg},{media}"})
        if not snooped:
            made.callback(_leave, connection, bridge, channel)
        removed = ExitStack()
        # Keys are taken from ARI's events: the media channel gets them in a bridge alone.
        name = str(seen.get("name", channel))
        stream = AudioStream(
            transport[0],
            name,
            removed.close,
            keys=False,
            id=channel,
            on_use=connection.audio_uses.append,
            background=connection.background,
        )
        made.callback(
            connection.on_channel_event(
                "ChannelDtmfReceived", channel, lambda event: stream.key(str(event["digit"]))
            )
        )
        made.callback(connection.on_channel_event("StasisEnd", leg, lambda _: stream.end()))
        removed.push(made.pop_all())
        return stream.start()


def _snoop(
    connection: MediaConnection, made: ExitStack, channel: str, app: str, options: AudioOptions
) -> str:
    """Make a snoop channel and return its id."""
    id = f"{MEDIA_PREFIX}{uuid.uuid4()}"
    whisper = {"whisper": "out"} if options.speak else {}
    made.callback(_remove, connection, f"/channels/{id}")
    connection.request(
        "POST",
        f"/channels/{channel}/snoop",
        {"app": app, "spy": options.hear, "snoopId": id, **whisper},
    )
    connection.wait_for_start(id, _SECONDS)
    return id


def _transport(
    connection: MediaConnection, made: ExitStack, app: str, codec: Codec, options: AudioOptions
) -> tuple[MediaTransport, str]:
    """Make an external media channel, connect it, and return the connection and the id."""
    id = f"{MEDIA_PREFIX}{uuid.uuid4()}"
    sockets = connection.media_source()
    name = options.transport or _best(connection, codec, sockets)
    if codec.name == "opus" and name != "websocket":
        raise UsageProblem(
            "opus is carried by Asterisk's media WebSocket alone", "Leave out transport, or format."
        )
    params = {"app": app, "channelId": id, "format": codec.name}
    made.callback(_remove, connection, f"/channels/{id}")
    transport: MediaTransport
    if name == "websocket":
        params |= {
            "external_host": "INCOMING",
            "encapsulation": "none",
            "transport": "websocket",
            "connection_type": "server",
            "transport_data": "f(json)",
        }
        answer = connection.request("POST", "/channels/externalMedia", params).json()
        waiting = answer.get("channelvars", {}).get("MEDIA_WEBSOCKET_CONNECTION_ID")
        if not waiting:
            raise NotSent("Asterisk gave no MEDIA_WEBSOCKET_CONNECTION_ID")
        transport = sockets.websocket(waiting, codec)
        made.callback(transport.close)
    elif name == "audiosocket":
        key = str(uuid.uuid4())
        with sockets.audiosocket() as listener:
            params |= {
                "external_host": listener.address,
                "encapsulation": "audiosocket",
                "transport": "tcp",
                "data": key,
            }
            connection.request("POST", "/channels/externalMedia", params)
            transport = listener.accept(key, codec, _SECONDS)
        made.callback(transport.close)
    else:
        rtp, host = sockets.rtp(codec)
        made.callback(rtp.close)
        params["external_host"] = host
        answer = connection.request("POST", "/channels/externalMedia", params).json()
        given = answer.get("channelvars", {})
        rtp.connect(
            given["UNICASTRTP_LOCAL_ADDRESS"].strip("[]"), int(given["UNICASTRTP_LOCAL_PORT"])
        )
        transport = rtp
    connection.wait_for_start(id, _SECONDS)
    return transport, id


def _best(connection: MediaConnection, codec: Codec, sockets: MediaSource) -> str:
    """Return the best transport that the server and the connection have."""
    if (
        sockets.has_websocket
        and _has_json(connection.server)
        and _has_module(connection, "chan_websocket.so")
    ):
        return "websocket"
    if codec.name == "opus":
        return "websocket"
    if codec.width == 2 and _has_module(connection, "chan_audiosocket.so"):
        return "audiosocket"
    return "rtp"


def _has_json(server: str) -> bool:
    found = _VERSION.search(server)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return minor >= _JSON_FROM[major] if major in _JSON_FROM else major > max(_JSON_FROM)


def _has_module(connection: MediaConnection, name: str) -> bool:
    try:
        module = connection.request("GET", f"/asterisk/modules/{name}").json()
    except AriError:
        return False
    return str(module.get("status")) == "Running"


def _leave(connection: MediaConnection, bridge: str, channel: str) -> None:
    """Remove a channel from a bridge before that is destroyed.

    The answer follows when the channel has left, the one to the destruction before: Asterisk drops
    a sound that is played meanwhile, without an event.
    """
    if connection.tables.channels.get(channel) is None:
        return
    try:
        connection.request("POST", f"/bridges/{bridge}/removeChannel", {"channel": channel})
    except AriError as error:
        log.debug("%s has left %s: %s", channel, bridge, error)


def _remove(connection: MediaConnection, path: str) -> None:
    """Remove the created objects, some of which may have ended."""
    try:
        connection.request("DELETE", path)
    except AriError as error:
        log.debug("%s: %s", path, error)
