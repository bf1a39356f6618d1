"""Ports: protocols that the core of the exchange requires of packages above it.

Channels, bridges and the exchange use these protocols, never the packages that implement them
(``dialplan``, ``media``, ``services``, ``calls``). The types of exchange and channel are
parameters, so that this module is below both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar
from uuid import UUID

from ari_notebook.simulator.clock import Program
from ari_notebook.simulator.config.settings import WebsocketClient
from ari_notebook.simulator.media.playback import MediaItem
from ari_notebook.simulator.media.recording import AudioInput, RunningRecording
from ari_notebook.simulator.topics import Topic

__all__ = [
    "ChannelTechnology",
    "DeviceStatePort",
    "DialplanEngine",
    "DialplanStep",
    "MediaLink",
    "MediaNetworkPort",
    "MediaPort",
    "OnEnd",
]

OnEnd: TypeAlias = Callable[[bool], None]  # given whether a program has left normally

ExchangeT = TypeVar("ExchangeT", contravariant=True)
ChannelT = TypeVar("ChannelT", contravariant=True)
MadeT = TypeVar("MadeT", covariant=True)


@dataclass(frozen=True, slots=True)
class DialplanStep:
    """One priority of an extension.

    Attributes:
        app: the name of the application.
        data: its data, before variables are substituted.
        place: file and line.
    """

    app: str
    data: str
    place: str = ""


class DialplanEngine(Protocol[ExchangeT, ChannelT]):
    """Extensions, and what runs them on channels."""

    @property
    def globals(self) -> Mapping[str, str]:
        """The global variables that extensions.conf sets."""

    @property
    def contexts(self) -> list[str]:
        """The names of the contexts."""

    def extensions(self, context: str) -> list[str]:
        """Return the extensions that a context names itself, patterns included."""

    def replace(self, text: str) -> None:
        """Use another extensions.conf from now on.

        Raises:
            ConfigError: invalid dialplan; the previous one stays in effect.
        """

    def find(self, context: str, exten: str, priority: int) -> DialplanStep | None:
        """Return the application at a priority of an extension, or None."""

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        """Return whether an extension has a priority."""

    def could_grow(self, context: str, typed: str) -> bool:
        """Return whether further digits could form an extension of the context."""

    def label(self, context: str, exten: str, label: str) -> int | None:
        """Return the priority of a label, or None."""

    def hint(self, context: str, exten: str) -> str | None:
        """Return the device of an extension's hint, or None."""

    def run(
        self, channel: ChannelT, application: Program | None = None, *, whole: bool = True
    ) -> Program:
        """Run the dialplan from the channel's location.

        Args:
            channel: the channel.
            application: the application already running at this location.
            whole: whether the dialplan started on this channel.
        """

    def evaluate(
        self,
        exchange: ExchangeT,
        channel: ChannelT | None,
        name: str,
        *,
        from_outside: bool = False,
    ) -> str | None:
        """Return the value of ``NAME`` or ``FUNCTION(arguments)``, or None.

        Args:
            exchange: the exchange.
            channel: whose variable; None for the global ones alone.
            name: what to read.
            from_outside: whether no dialplan asks, for which some functions cannot be read.
        """

    def assign(
        self,
        exchange: ExchangeT,
        channel: ChannelT | None,
        name: str,
        value: str | None,
        *,
        from_outside: bool = False,
    ) -> bool:
        """Set ``NAME`` or ``FUNCTION(arguments)``; return whether it was set.

        Args:
            exchange: the exchange.
            channel: whose variable; None for a global one.
            name: what to set.
            value: new value; None removes a variable.
            from_outside: whether no dialplan asks, for which some functions cannot be set.
        """


class MediaPort(Protocol):
    """Playbacks and recordings, as channels, bridges and the dialplan use them."""

    def press(self, target: Topic, digit: str) -> None:
        """Report a DTMF digit on a channel or a bridge: it may end a recording."""

    def abandon(self, target: Topic) -> None:
        """End the recordings of a channel or a bridge and fail its playbacks."""

    def find(self, uri: str) -> MediaItem:
        """Return the item of a media URI."""

    def is_stored(self, name: str) -> bool:
        """Return whether a stored recording of a name exists."""

    def record_unlisted(self, source: AudioInput, args: Mapping[str, Any]) -> RunningRecording:
        """Create a recording that ARI neither lists nor publishes events of.

        Raises:
            AriRefusal: invalid ``args`` (ARI's parameters of ``record``).
        """


class MediaLink(Protocol[ChannelT]):
    """A socket that carries a channel's audio.

    Attributes:
        local: its address and port.
        active: time of the last audio, of the exchange's clock.
    """

    local: tuple[str, int]
    active: float

    def start(self, channel: ChannelT, codec: Any, on_end: OnEnd | None = None) -> None:
        """Carry the audio of a channel in a codec, until it leaves the exchange.

        Args:
            channel: the channel.
            codec: its format.
            on_end: called when the program has left, with whether that was normal: then the program
                is at the channel's near end. None: it is the far end, and the channel hangs up.
        """

    def close(self) -> None:
        """Close it; idempotent."""

    def digit(self, digit: str) -> None:
        """Report a DTMF digit."""


class MediaNetworkPort(Protocol[ChannelT]):
    """The sockets of channels whose audio goes to another program."""

    def audiosocket(self, host: str, port: int, uuid: UUID) -> MediaLink[ChannelT] | None:
        """Connect to a program; None if nothing accepts."""

    def rtp(self, host: str, port: int) -> MediaLink[ChannelT] | None:
        """Bind a port for RTP with a program; None if none can be bound."""

    def websocket(
        self, client: WebsocketClient, opened: Callable[[], Any], failed: Callable[[], None]
    ) -> None:
        """Connect to a program's media WebSocket.

        Args:
            client: where to.
            opened: returns the media to exchange; None: none is wanted any more.
            failed: called if no connection could be made.
        """


class DeviceStatePort(Protocol):
    """The states of devices."""

    def changed(self, name: str) -> None:
        """Publish the state of a device whose phone or channels changed."""

    def publish_change(self, device: dict[str, str]) -> None:
        """Publish a state as `changed` does; it may have been determined before."""

    def internal_channel_began(self, name: str) -> None:
        """Count one more channel of an internal device, such as ``Announcer/ARI``."""

    def internal_channel_ended(self, name: str, *, late: bool) -> None:
        """Count one channel less and publish the states for its two halves."""

    def get(self, name: str) -> dict[str, str]:
        """Return ARI's object of a device."""


class ChannelTechnology(Protocol[MadeT]):
    """A channel technology: creates channels for addresses such as ``PJSIP/alice``."""

    def request(self, address: str, ids: tuple[str | None, str | None]) -> Sequence[MadeT] | None:
        """Create a channel for an address, without entering it into the exchange.

        Args:
            address: the part after ``TECH/``.
            ids: id of the channel and, for a Local channel, of its other half; None: new ids.

        Returns:
            The channel and, for a Local channel, its other half; None if the address cannot be
            called.
        """

    def device_state(self, name: str) -> str:
        """Return the state of a device of this technology, such as ``NOT_INUSE``.

        Args:
            name: name of the device, such as ``PJSIP/alice``.
        """
