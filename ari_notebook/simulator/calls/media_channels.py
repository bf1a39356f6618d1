"""Channels whose far end is another program: WebSocket, AudioSocket, UnicastRTP, MulticastRTP.

A `MediaSession` carries their audio in the formats that need no library; a channel of another
format has signalling alone, and so has one of MulticastRTP.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from ari_notebook.simulator.calls.snoop import NoFarEnd
from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.numbers import is_natural, natural
from ari_notebook.simulator.pbx.channel import Channel
from ari_notebook.simulator.pbx.channel_state import CallParties
from ari_notebook.simulator.pbx.exchange import Exchange
from ari_notebook.simulator.pbx.ports import MediaLink

if TYPE_CHECKING:
    from ari_notebook.audio.codecs import Codec
    from ari_notebook.simulator.calls.media_session import WebSocketMedia
    from ari_notebook.simulator.config.settings import WebsocketClient

__all__ = ["FORMATS", "INCOMING", "WebSocketFarEnd", "register_media_technologies"]

FORMATS = frozenset(
    [
        "alaw",
        "ulaw",
        "gsm",
        "g722",
        "g726",
        "g726aal2",
        "adpcm",
        "slin",
        "slin12",
        "slin16",
        "slin24",
        "slin32",
        "slin44",
        "slin48",
        "slin96",
        "slin192",
        "lpc10",
        "g729",
        "speex",
        "speex16",
        "speex32",
        "ilbc",
        "g719",
        "g723",
        "siren7",
        "siren14",
        "opus",
        "codec2",
        "silk8",
        "silk12",
        "silk16",
        "silk24",
        "none",
        "testlaw",
    ]
)
FRAME_SIZES = {"slin": 320, "slin16": 640, "slin24": 960, "slin32": 1280, "slin48": 1920, "opus": 0}
INCOMING = "INCOMING"
log = logging.getLogger(__name__)

_OVER_RTP = ("ulaw", "alaw", "slin")  # others have no payload type that both ends know

# Octets of 20 ms of the best format, which a channel without a given one gets.
_BEST_FRAME_SIZE = 7680

_CODEC = re.compile(r"c\(([^)]*)\)")
_JSON = re.compile(r"f\(json\)")
_OPTION = re.compile(r"\w\([^)]*\)")  # an option with a value


class _Answers(NoFarEnd):
    """Driver of a channel whose far end answers at once."""

    def call(self, channel: Channel) -> None:
        """Answer on behalf of the other program."""
        channel.exchange.soon(lambda: channel.control_frame("ANSWER"))


class WebSocketFarEnd(NoFarEnd):
    """Driver of a channel that waits for a media WebSocket, or opens one.

    Args:
        format: name of the channel's format.
        options: options of the dial string.
        client: where to connect; None: wait for the program.
    """

    def __init__(self, format: str, options: str, client: WebsocketClient | None = None) -> None:
        self._format = format
        self._json = _JSON.search(options) is not None
        self._answers = "n" not in _OPTION.sub("", options)
        self._client = client
        self._channel: Channel | None = None
        self._media: WebSocketMedia | None = None

    def call(self, channel: Channel) -> None:
        """Wait for the program, or connect to it."""
        self._channel = channel
        network = channel.exchange.media_network
        if self._client is not None and network is not None:
            network.websocket(
                self._client,
                lambda: None if channel.gone else self.connect([]),
                channel.request_hangup,
            )
        elif self._client is not None:
            channel.exchange.soon(channel.request_hangup)

    def waits_for(self, id: str) -> bool:
        """Return whether the channel waits for the connection of an id."""
        channel = self._channel
        if channel is None or self._client is not None:
            return False
        if channel.gone or self._media is not None or not id:
            return False
        return channel.variable("MEDIA_WEBSOCKET_CONNECTION_ID") == id

    def connect(self, accept: list[tuple[str, str]]) -> WebSocketMedia:
        """Return the media WebSocket of the channel, which it answers without the option n.

        Args:
            accept: headers of the response that opens it.
        """
        from ari_notebook.simulator.calls.media_session import (  # noqa: PLC0415  numpy: 70 ms
            WebSocketMedia,
        )

        channel = self._channel
        assert channel is not None  # noqa: S101  it waits
        codec, mixer = _codec(self._format), channel.exchange.mixer
        media = WebSocketMedia(channel, codec, mixer, accept, json_messages=self._json)
        self._media = media
        if self._answers:
            channel.exchange.soon(lambda: channel.control_frame("ANSWER"))
        return media

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Report a DTMF digit to the program."""
        if self._media is not None:
            self._media.digit(digit, milliseconds)


class NetworkFarEnd(_Answers):
    """Driver of a channel whose audio a socket of the server carries.

    Args:
        link: the socket; None: nothing is carried.
        format: name of the channel's format.
    """

    def __init__(self, link: MediaLink[Channel] | None, format: str) -> None:
        self._link = link
        self._format = format

    def call(self, channel: Channel) -> None:
        """Carry the audio, and answer."""
        if self._link is not None:
            self._link.start(channel, _codec(self._format))
        super().call(channel)

    def digit(self, channel: Channel, digit: str, milliseconds: int) -> None:
        """Report a DTMF digit to the program."""
        if self._link is not None:
            self._link.digit(digit)


def _codec(format: str) -> Codec:
    """Return the codec of a format; linear audio at 8 kHz in place of one that has none here."""
    from ari_notebook.audio.codecs import CODECS, codec_named  # noqa: PLC0415  numpy: 70 ms
    from ari_notebook.audio.errors import AudioError  # noqa: PLC0415  as above

    try:
        return codec_named(format.lower())
    except AudioError as error:
        log.warning("no audio in %s: it is carried as slin: %s", format, error)
        return CODECS["slin"]


class MediaChannel(Channel):
    """A channel that exchanges audio with another program.

    Args:
        own: variables that its technology sets after ChannelCreated.
        args: arguments of `Channel`.
        fields: fields of `Channel`.
    """

    __slots__ = ("_own",)

    def __init__(self, own: Mapping[str, str], *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self._own = own

    def create(self) -> Channel:
        """Enter the exchange and set the technology's variables."""
        super().create()
        for name, value in self._own.items():
            self.set_variable(name, value)
        return self


class _MediaTechnology:
    """What these technologies share.

    Attributes:
        name: name of the technology.
    """

    name: ClassVar[str]

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def device_state(self, name: str) -> str:
        """Return the state of a device, such as ``UnicastRTP/127.0.0.1:6000``."""
        channels = self._exchange.channels.values()
        used = any(each.device == name and each.state == "Up" for each in channels)
        return "INUSE" if used else "UNKNOWN"

    def _channel(
        self,
        address: str,
        far_end: str,
        separator: str,
        id: str | None,
        driver: NoFarEnd,
        own: Mapping[str, str],
    ) -> Channel:
        """Make a channel; as in Asterisk, its name ends in an address in memory."""
        tag = f"0x7f{self._exchange.random.getrandbits(40):010x}"
        name = f"{self.name}/{far_end}{separator}{tag}"
        return MediaChannel(
            own,
            self._exchange,
            id or self._exchange.channel_id(),
            name,
            driver,
            name.rpartition("-")[0] or name,
            parties=CallParties(dialed=address),
            outgoing=True,
        )


class UnicastRtp(_MediaTechnology):
    """The channel technology ``UnicastRTP``: ``address:port`` and options."""

    name = "UnicastRTP"

    def request(self, address: str, ids: tuple[str | None, str | None]) -> Sequence[Channel] | None:
        """Make a channel; see `ChannelTechnology.request`."""
        far_end, _, options = address.partition("/")
        if not _is_address(far_end):
            return None
        format, network = _format(options), self._exchange.media_network
        carried = network is not None and format in _OVER_RTP
        link = network.rtp(*_host_and_port(far_end)) if network is not None and carried else None
        own = {
            "UNICASTRTP_LOCAL_ADDRESS": "::1" if far_end.startswith("[") else "127.0.0.1",
            "UNICASTRTP_LOCAL_PORT": str(self._exchange.random.randrange(10000, 20000, 2)),
        }
        if link is not None:
            own = {
                "UNICASTRTP_LOCAL_ADDRESS": link.local[0],
                "UNICASTRTP_LOCAL_PORT": str(link.local[1]),
            }
        driver = NetworkFarEnd(link, format)
        return [self._channel(address, far_end, "-", ids[0], driver, own)]


class AudioSocketTechnology(_MediaTechnology):
    """The channel technology ``AudioSocket``: ``address:port/UUID``, to which it connects."""

    name = "AudioSocket"

    def request(self, address: str, ids: tuple[str | None, str | None]) -> Sequence[Channel] | None:
        """Make a channel; see `ChannelTechnology.request`."""
        far_end, _, rest = address.partition("/")
        text, _, options = rest.partition("/")
        network = self._exchange.media_network
        try:
            uuid = UUID(text)
        except ValueError:
            return None
        if network is None or not _is_address(far_end):
            return None
        link = network.audiosocket(*_host_and_port(far_end), uuid)
        if link is None:
            return None
        own = {"AUDIOSOCKET_SERVICE": far_end, "AUDIOSOCKET_UUID": text}
        format = _format(options)
        driver = NetworkFarEnd(link, format if format.startswith("slin") else "slin")
        channel = self._channel(address, far_end, "-", ids[0], driver, own)
        channel.name = f"{self.name}/{far_end}-{text}"
        return [channel]


class MulticastRtp(_MediaTechnology):
    """The channel technology ``MulticastRTP``: ``type/address:port`` and a control address."""

    name = "MulticastRTP"

    def request(self, address: str, ids: tuple[str | None, str | None]) -> Sequence[Channel] | None:
        """Make a channel; see `ChannelTechnology.request`."""
        kind, _, rest = address.partition("/")
        far_end, _, control = rest.partition("/")
        if not _is_address(far_end):
            return None
        if kind != "basic" and (kind != "linksys" or not _is_address(control.partition("/")[0])):
            return None
        return [self._channel(address, far_end, "-", ids[0], _Answers(), {})]


class MediaWebSocket(_MediaTechnology):
    """The channel technology ``WebSocket``: ``INCOMING`` or a client of websocket_client.conf."""

    name = "WebSocket"

    def request(self, address: str, ids: tuple[str | None, str | None]) -> Sequence[Channel] | None:
        """Make a channel; see `ChannelTechnology.request`."""
        far_end, _, options = address.partition("/")
        clients = self._exchange.config.websocket_clients
        if far_end != INCOMING and far_end not in clients:
            return None
        codec = _CODEC.search(options)
        if codec is not None and codec[1].lower() not in FORMATS:
            return None
        size = FRAME_SIZES.get(codec[1].lower(), 160) if codec is not None else _BEST_FRAME_SIZE
        own = {
            "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": str(size),
            "MEDIA_WEBSOCKET_CONNECTION_ID": self._exchange.uuid(),
        }
        format = codec[1] if codec is not None else "slin192"
        driver = WebSocketFarEnd(format, options, clients.get(far_end))
        return [self._channel(address, far_end, "/", ids[0], driver, own)]


def register_media_technologies(exchange: Exchange) -> None:
    """Register the technologies with an exchange."""
    for technology in (UnicastRtp, MulticastRtp, MediaWebSocket, AudioSocketTechnology):
        if technology is MediaWebSocket and not exchange.config.has(
            ReleaseBehaviour.MEDIA_WEBSOCKET
        ):
            continue
        exchange.register(technology.name, technology(exchange))


def _format(options: str) -> str:
    """Return the format in the options of a dial string; 8 kHz linear if there is none."""
    found = _CODEC.search(options)
    return found[1].lower() if found else "slin"


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), natural(port) % 2**16  # as the C library stores it


def _is_address(address: str) -> bool:
    """Return whether a text is an IP address, or this machine's name, and a port.

    Asterisk looks up other names, too.
    """
    host, _, port = address.rpartition(":")
    try:
        ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        return False
    return is_natural(port)
