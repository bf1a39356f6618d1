"""The fields of an event that the log's columns and the live tables need, and no others.

Decoding an event into a dict creates about fifty Python objects, most of which are never read. Here
each frequent event type has a class with the few fields that are read; msgspec decodes these and
skips the rest. An event of another type, or with fields of other types than declared, is decoded
completely and summarized as an `OtherHead`, which is slower.

Where `ari_notebook.store.event_scanner` was compiled, it decodes the frequent events instead, and
leaves the unusual ones to this module. Its heads have the same attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import msgspec

from ari_notebook.store.event_summary import detail

__all__ = [
    "MALFORMED",
    "NO_CHANNEL",
    "ChannelFields",
    "ChannelHead",
    "Head",
    "OtherHead",
    "PlaybackFinishedHead",
    "PlaybackHead",
    "StasisStartHead",
    "decode_event",
    "decode_heads",
    "may_never_end",
    "summarize",
]

MALFORMED = "malformed"
# Raised by msgspec: other types than declared, invalid JSON, invalid UTF-8, too many levels.
_NOT_DECODED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
# Field of an event without `channel` that has its main channel.
_OTHER_CHANNELS = ("peer", "replace_channel", "transferee", "transferer_first_leg")
# Media whose end Asterisk does not publish if it cannot play them (res/res_stasis_playback.c).
_MAY_NEVER_END = ("recording:", "number:")
_CHANNEL_URI = "channel:"  # prefix of a target_uri that names a channel
_EMPTY: dict[str, Any] = {}


class ChannelFields(msgspec.Struct, gc=False, frozen=True):
    """The decoded fields of an event's channel."""

    id: str
    name: str = ""
    state: str = ""


class PlaybackFields(msgspec.Struct, gc=False, frozen=True):
    """The decoded fields of an event's playback."""

    id: str
    media_uri: str
    state: str
    target_uri: str = ""


class BridgeFields(msgspec.Struct, gc=False, frozen=True):
    """The decoded fields of an event's bridge."""

    id: str


class NamedBridgeFields(msgspec.Struct, gc=False, frozen=True):
    """The decoded fields of a bridge that is the subject of an event."""

    id: str
    bridge_type: str
    name: str = ""


class DeviceStateFields(msgspec.Struct, gc=False, frozen=True):
    """The decoded fields of a device state."""

    name: str
    state: str


NO_CHANNEL = ChannelFields("")
NO_OBJECTS = ("", "", "")


def _event_type(name: str) -> str:
    """Return the event type of a head's class."""
    return name.removesuffix("Head")


class Head(msgspec.Struct, gc=False, kw_only=True, tag_field="type", tag=_event_type):
    """The decoded fields of an event; missing ones are empty.

    ``objects`` are the ids of its bridge, its playback and its recording. ``kind`` is the type, but
    empty for an `OtherHead`, whose fields are not as declared here.
    """

    timestamp: str = ""
    application: str = ""
    asterisk_id: str = ""

    if TYPE_CHECKING:  # each class has them as fields or as constants

        @property
        def type(self) -> str:
            """The type of event."""

        @property
        def kind(self) -> str:
            """See the class."""

        @property
        def channel(self) -> ChannelFields:
            """The main channel of the event."""

        @property
        def playback(self) -> PlaybackFields | None:
            """The playback of a `PlaybackHead`."""

        @property
        def routine(self) -> bool:
            """Whether it is a channel's playback that has not failed and will end, as most."""

        @property
        def objects(self) -> tuple[str, str, str]:
            """See the class."""

        @property
        def detail(self) -> str:
            """See `event_summary.detail`."""

    else:
        type: ClassVar[str] = ""
        kind: ClassVar[str] = ""
        channel: ClassVar[ChannelFields] = NO_CHANNEL
        playback: ClassVar[None] = None
        routine: ClassVar[bool] = False
        objects: ClassVar[tuple[str, str, str]] = NO_OBJECTS
        detail: ClassVar[str] = ""

    @property
    def channel_id(self) -> str:
        """The id of the main channel."""
        return self.channel.id


class OtherHead(Head, kw_only=True, tag=False):
    """The head of an event of any type and shape."""

    type: str = ""
    channel: ChannelFields = NO_CHANNEL
    objects: tuple[str, str, str] = NO_OBJECTS
    detail: str = ""


class ChannelHead(Head, kw_only=True):
    """The head of an event with a current snapshot of a channel."""

    channel: ChannelFields
    # An event that has one of these nevertheless is an `OtherHead`.
    bridge: None = None
    playback: None = None
    recording: None = None


class ChannelCreatedHead(ChannelHead, kw_only=True, tag="ChannelCreated"):
    """A channel was created."""


class ChannelStateChangeHead(ChannelHead, kw_only=True, tag="ChannelStateChange"):
    """A channel's state changed."""


class ChannelConnectedLineHead(ChannelHead, kw_only=True, tag="ChannelConnectedLine"):
    """A channel's connected line changed."""


class ChannelCallerIdHead(ChannelHead, kw_only=True, tag="ChannelCallerId"):
    """A channel's caller ID changed."""

    caller_presentation_txt: str = ""

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return self.caller_presentation_txt


class ChannelDialplanHead(ChannelHead, kw_only=True, tag="ChannelDialplan"):
    """A channel executes a dialplan application."""

    dialplan_app: str
    dialplan_app_data: str

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return f"{self.dialplan_app}({self.dialplan_app_data})"


class ChannelVarsetHead(ChannelHead, kw_only=True, tag="ChannelVarset"):
    """A channel variable was set."""

    variable: str
    value: str

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return f"{self.variable}={self.value}"


class ChannelDtmfReceivedHead(ChannelHead, kw_only=True, tag="ChannelDtmfReceived"):
    """A DTMF digit ended."""

    digit: str
    duration_ms: int

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return f"{self.digit} ({self.duration_ms} ms)"


class ChannelTalkingStartedHead(ChannelHead, kw_only=True, tag="ChannelTalkingStarted"):
    """Talking began on a channel."""


class ChannelTalkingFinishedHead(ChannelHead, kw_only=True, tag="ChannelTalkingFinished"):
    """Talking ended on a channel."""

    duration: int

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return f"{self.duration} ms"


class ChannelHangupRequestHead(ChannelHead, kw_only=True, tag="ChannelHangupRequest"):
    """A hangup of a channel was requested."""

    cause: int | msgspec.UnsetType = msgspec.UNSET
    cause_txt: str = ""
    soft: bool = False

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        cause = _cause(self.cause, self.cause_txt)
        return f"{cause} soft".lstrip() if self.soft else cause


class ChannelDestroyedHead(ChannelHead, kw_only=True, tag="ChannelDestroyed"):
    """A channel has ended."""

    cause: int | msgspec.UnsetType = msgspec.UNSET
    cause_txt: str = ""

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return _cause(self.cause, self.cause_txt)


class StasisStartHead(ChannelHead, kw_only=True, tag="StasisStart"):
    """A channel entered a Stasis application."""

    args: list[str]
    replace_channel: None = None

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return ",".join(self.args)


class StasisEndHead(ChannelHead, kw_only=True, tag="StasisEnd"):
    """A channel left a Stasis application."""


class ChannelEnteredBridgeHead(ChannelHead, kw_only=True, tag="ChannelEnteredBridge"):
    """A channel entered a bridge."""

    bridge: BridgeFields  # type: ignore[assignment]

    @property
    def objects(self) -> tuple[str, str, str]:
        """See `Head`."""
        return self.bridge.id, "", ""


class ChannelLeftBridgeHead(ChannelEnteredBridgeHead, kw_only=True, tag="ChannelLeftBridge"):
    """A channel left a bridge."""


class PlaybackHead(Head, kw_only=True):
    """The head of an event with a current snapshot of a playback."""

    playback: PlaybackFields
    bridge: None = None
    recording: None = None
    # Events of playbacks have no channel.
    no_channel: None = msgspec.field(default=None, name="channel")
    peer: None = None
    replace_channel: None = None
    transferee: None = None
    transferer_first_leg: None = None

    @property
    def channel(self) -> ChannelFields:
        """The channel of the playback; empty for a bridge's."""
        id = self.playback.target_uri.removeprefix(_CHANNEL_URI)
        return NO_CHANNEL if id == self.playback.target_uri else ChannelFields(id)

    @property
    def routine(self) -> bool:
        """See `Head`."""
        playback = self.playback
        return (
            playback.target_uri.startswith(_CHANNEL_URI)
            and playback.state != "failed"
            and not may_never_end(playback.media_uri)
        )

    @property
    def objects(self) -> tuple[str, str, str]:
        """See `Head`."""
        return "", self.playback.id, ""

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return f"{self.playback.media_uri} {self.playback.state}"


class PlaybackStartedHead(PlaybackHead, kw_only=True, tag="PlaybackStarted"):
    """A playback began."""


class PlaybackContinuingHead(PlaybackHead, kw_only=True, tag="PlaybackContinuing"):
    """A playback continued with its next medium."""


class PlaybackFinishedHead(PlaybackHead, kw_only=True, tag="PlaybackFinished"):
    """A playback ended."""


class DialHead(Head, kw_only=True, tag="Dial"):
    """The head of a dial attempt, whose main channel is the dialled one."""

    peer: ChannelFields
    dialstring: str = ""
    dialstatus: str = ""
    # An event that has one of these is an `OtherHead`.
    no_channel: msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="channel")
    bridge: msgspec.UnsetType = msgspec.UNSET
    no_playback: msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="playback")
    recording: msgspec.UnsetType = msgspec.UNSET

    @property
    def channel(self) -> ChannelFields:
        """See `Head`."""
        return self.peer

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return " ".join(part for part in (self.dialstring, self.dialstatus) if part)


class HeadWithoutChannel(Head, kw_only=True):
    """The head of an event without channels, playbacks and recordings."""

    # An event that has one of these is an `OtherHead`.
    no_channel: msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="channel")
    no_playback: msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="playback")
    recording: msgspec.UnsetType = msgspec.UNSET
    peer: msgspec.UnsetType = msgspec.UNSET
    replace_channel: msgspec.UnsetType = msgspec.UNSET
    transferee: msgspec.UnsetType = msgspec.UNSET
    transferer_first_leg: msgspec.UnsetType = msgspec.UNSET


class DeviceStateChangedHead(HeadWithoutChannel, kw_only=True, tag="DeviceStateChanged"):
    """The state of a device changed."""

    device_state: DeviceStateFields
    bridge: msgspec.UnsetType = msgspec.UNSET

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return f"{self.device_state.name}={self.device_state.state}"


class BridgeCreatedHead(HeadWithoutChannel, kw_only=True, tag="BridgeCreated"):
    """A bridge was created."""

    bridge: NamedBridgeFields

    @property
    def objects(self) -> tuple[str, str, str]:
        """See `Head`."""
        return self.bridge.id, "", ""

    @property
    def detail(self) -> str:
        """See `event_summary.detail`."""
        return f"{self.bridge.bridge_type} {self.bridge.name}".rstrip()


class BridgeDestroyedHead(BridgeCreatedHead, kw_only=True, tag="BridgeDestroyed"):
    """A bridge was destroyed."""


_Frequent = (
    BridgeCreatedHead
    | BridgeDestroyedHead
    | ChannelCallerIdHead
    | ChannelConnectedLineHead
    | ChannelCreatedHead
    | ChannelDestroyedHead
    | ChannelDialplanHead
    | ChannelDtmfReceivedHead
    | ChannelEnteredBridgeHead
    | ChannelHangupRequestHead
    | ChannelLeftBridgeHead
    | ChannelStateChangeHead
    | ChannelTalkingFinishedHead
    | ChannelTalkingStartedHead
    | ChannelVarsetHead
    | DeviceStateChangedHead
    | DialHead
    | PlaybackContinuingHead
    | PlaybackFinishedHead
    | PlaybackStartedHead
    | StasisEndHead
    | StasisStartHead
)
for _class in get_args(_Frequent):
    _class.type = _class.kind = _event_type(_class.__name__)
_decode_frequent = msgspec.json.Decoder(_Frequent).decode
_decode_any = msgspec.json.Decoder().decode


def _cause(cause: int | msgspec.UnsetType, text: str) -> str:
    if cause is msgspec.UNSET:
        return ""
    return f"{cause} {text}" if text else str(cause)


def decode_heads(frames: Sequence[bytes]) -> tuple[list[Head], list[int]]:
    """Decode the heads of events.

    Args:
        frames: their JSON. A frame that is not a JSON object becomes an event of type
            ``malformed``.

    Returns:
        The heads, and the indexes of malformed events.
    """
    heads: list[Head] = []
    malformed: list[int] = []
    decoding = map(_decode_frequent, frames)
    while True:
        try:
            heads.extend(decoding)  # heads decoded before an error are kept
            break
        except _NOT_DECODED:
            event, sound = decode_event(frames[len(heads)])
            if not sound:
                malformed.append(len(heads))
            heads.append(summarize(event))
    if not all(map(bytes.isascii, frames)):  # skipped parts may be invalid UTF-8
        for place, frame in enumerate(frames):
            if not frame.isascii() and not _is_utf8(frame) and place not in malformed:
                malformed.append(place)
                heads[place] = OtherHead(type=MALFORMED)
    return heads, malformed


def decode_event(frame: bytes) -> tuple[dict[str, Any], bool]:
    """Decode a whole event.

    Returns:
        The event and True; if it is not a JSON object, an event of type ``malformed`` and False.
    """
    try:
        event = _decode_any(frame)
    except _NOT_DECODED:
        event = None
    if isinstance(event, dict):
        return event, True
    return {"type": MALFORMED, "text": frame.decode("utf-8", "backslashreplace")}, False


def summarize(event: Mapping[str, Any], own: bool = False) -> OtherHead:
    """Return the head of a decoded event, which may be malformed.

    Args:
        event: the event.
        own: whether it was added by this package, with a field ``detail``.
    """
    get = event.get
    channel = get("channel", _EMPTY)
    if channel is _EMPTY:
        channel = next((event[key] for key in _OTHER_CHANNELS if key in event), _EMPTY)
    if type(channel) is not dict:
        channel = _EMPTY
    if channel is _EMPTY:
        target = _of(get("playback") or get("recording"), "target_uri")
        if type(target) is str and target.startswith(_CHANNEL_URI):
            channel = {"id": target.removeprefix(_CHANNEL_URI)}
    return OtherHead(
        type=_text(get("type")),
        timestamp=_text(get("timestamp")),
        application=_text(get("application")),
        asterisk_id=_text(get("asterisk_id")),
        channel=ChannelFields(
            _text(channel.get("id")), _text(channel.get("name")), _text(channel.get("state"))
        ),
        objects=(
            _text(_of(get("bridge"), "id")),
            _text(_of(get("playback"), "id")),
            _text(_of(get("recording"), "name")),
        ),
        detail=_text(get("detail")) if own else _text(detail(event)),
    )


def may_never_end(media: str) -> bool:
    """Return whether Asterisk may abandon a medium without an event."""
    return media.startswith(_MAY_NEVER_END)


def _is_utf8(frame: bytes) -> bool:
    try:
        frame.decode()
    except UnicodeDecodeError:
        return False
    return True


def _of(item: Any, key: str) -> Any:
    return item.get(key) if type(item) is dict else None


def _text(value: Any) -> str:
    return value if type(value) is str else "" if value is None else str(value)
