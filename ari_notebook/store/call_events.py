"""The fields of events that tables of calls are built from.

msgspec decodes these fields and skips the others. A field of another type than declared makes the
event invalid: it is counted and skipped. Fields that are only copied or compared have any type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

__all__ = [
    "NOT_DECODED",
    "NO_PLAN",
    "CallBridgeFields",
    "CallChannelFields",
    "CallEvent",
    "asterisk_refused",
    "converted",
    "decode",
    "decoded",
]


class PartyFields(msgspec.Struct, gc=False, frozen=True):
    """A caller ID."""

    name: str = ""
    number: str = ""


class PlanFields(msgspec.Struct, gc=False, frozen=True):
    """A dialplan location."""

    exten: str = ""
    app_name: Any = ""
    app_data: Any = ""


NO_PLAN = PlanFields()


class CallChannelFields(msgspec.Struct, gc=False, frozen=True):
    """A snapshot of a channel."""

    id: str
    name: str = ""
    state: str = ""
    creationtime: str | None = None
    caller: PartyFields | None = None
    dialplan: PlanFields | None = None


class CallBridgeFields(msgspec.Struct, gc=False, frozen=True):
    """A snapshot of a bridge."""

    id: str
    bridge_type: Any = ""
    bridge_class: Any = ""
    channels: list[str] = []


class CallPlaybackFields(msgspec.Struct, gc=False, frozen=True):
    """A snapshot of a playback."""

    target_uri: str = ""
    media_uri: Any = ""


class RecordingFields(msgspec.Struct, gc=False, frozen=True):
    """A snapshot of a recording."""

    target_uri: str = ""
    name: Any = ""


class CallEvent(msgspec.Struct, gc=False):
    """An event."""

    type: str = ""
    timestamp: str = ""
    asterisk_id: str = ""
    application: Any = ""
    channel: CallChannelFields | None = None
    caller: CallChannelFields | None = None
    peer: CallChannelFields | None = None
    forwarded: CallChannelFields | None = None
    replace_channel: CallChannelFields | None = None
    transferee: CallChannelFields | None = None
    transfer_target: CallChannelFields | None = None
    transferer_first_leg: CallChannelFields | None = None
    transferer_second_leg: CallChannelFields | None = None
    destination_link_first_leg: CallChannelFields | None = None
    destination_link_second_leg: CallChannelFields | None = None
    destination_threeway_channel: CallChannelFields | None = None
    bridge: CallBridgeFields | None = None
    playback: CallPlaybackFields | None = None
    recording: RecordingFields | None = None
    dialstatus: Any = ""
    dialstring: Any = ""
    dialplan_app: Any = ""
    dialplan_app_data: Any = ""
    variable: Any = ""
    value: Any = ""
    digit: Any = ""
    result: Any = ""
    cause: Any = None
    cause_txt: Any = ""
    tech_cause: Any = None
    soft: Any = False


_CANCELLED = 487  # RFC 3261, section 21.4.25

decode = msgspec.json.Decoder(CallEvent).decode
NOT_DECODED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def decoded(frames: Iterable[bytes]) -> Iterator[CallEvent | None]:
    """Yield the fields of events, or None for an invalid one.

    Args:
        frames: their JSON.
    """
    for frame in frames:
        try:
            yield decode(frame)
        except NOT_DECODED:
            yield None


def converted(events: Iterable[Mapping[str, Any]]) -> Iterator[CallEvent | None]:
    """Yield the fields of decoded events, or None for an invalid one."""
    for event in events:
        try:
            yield msgspec.convert(event, CallEvent)
        except NOT_DECODED:
            yield None


def asterisk_refused(state: object, tech_cause: object) -> bool:
    """Return whether a hangup request without ``soft`` is Asterisk's own.

    After Busy, Congestion or a failed Dial it refuses an incoming call with a SIP status. The
    request may precede the channel's state Busy. A caller who gives up sends CANCEL, which is 487.

    Args:
        state: state of the channel.
        tech_cause: SIP status of the request, or None.
    """
    return state == "Busy" or (state == "Ring" and tech_cause not in (None, 0, _CANCELLED))
