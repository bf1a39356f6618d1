"""Channels of SIP phones, with chan_pjsip's additions to a channel."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from ari_notebook.simulator.pbx.channel import TRANSFERRED, Channel
from ari_notebook.simulator.pbx.hangup_causes import status_of_cause

__all__ = ["EndpointChannels", "SipChannel"]

# A phone sends and receives a packet of audio every 20 ms: 160 samples of one byte each.
PACKET_SECONDS = 0.02
PACKET_BYTES = 160

_ZERO = "000.000000"


def _group(indent: int, what: str) -> str:
    names = [f"{how}{way}" for way in what.split() for how in ("min", "max", "avg", "stdev")]
    return "".join(f"{' ' * indent}{name}={_ZERO};" for name in names)


# Variables with RTP statistics after a call, without loss or jitter.
_STATISTICS = {
    "RTPAUDIOQOSJITTER": _group(0, "rxjitter txjitter"),
    "RTPAUDIOQOSLOSS": _group(2, "rxlost txlost"),
    "RTPAUDIOQOSRTT": _group(5, "rtt"),
    "RTPAUDIOQOSMES": _group(3, "rxmes txmes"),
}
# RTP statistics of a lossless line, beside the counts.
_PERFECT = {"txjitter": 0.0, "rxjitter": 0.0, "txploss": 0, "rxploss": 0, "txmes": 0, "rxmes": 0}
_PERFECT |= {
    f"{end}_{how}{what}": 0.0
    for end in ("local", "remote")
    for what in ("jitter", "rxploss", "mes")
    for how in ("max", "min", "normdev", "stdev")
}
_PERFECT |= {f"{how}rtt": 0.0 for how in ("", "max", "min", "normdev", "stdev")}


class EndpointChannels(Protocol):
    """Registry of the channels of each endpoint."""

    def entered(self, channel: Channel) -> None:
        """Register a channel that enters the exchange."""

    def left(self, channel: Channel) -> None:
        """Unregister a channel that left the exchange."""


class SipChannel(Channel):
    """A channel whose other end is a phone.

    Args:
        endpoints: registry to update when the channel enters and leaves the exchange.
        args: arguments of `Channel`.
        fields: fields of `Channel`.
    """

    __slots__ = ("_endpoints", "_has_rtp_variables", "_sources", "held")

    def __init__(self, endpoints: EndpointChannels, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self._endpoints = endpoints

    def create(self) -> Channel:
        """Enter the exchange; the SIP Call-ID is set only after ChannelCreated."""
        self._has_rtp_variables = self.held = False
        # SSRCs of the streams in both directions (RFC 3550, section 8).
        self._sources = tuple(self.exchange.random.getrandbits(32) for _ in range(2))
        call_id, self.protocol_id = self.protocol_id, ""
        self._endpoints.entered(self)
        super().create()
        self.protocol_id = call_id or self.exchange.uuid()
        self.on_gone.append(partial(self._endpoints.left, self))
        if not self.outgoing:
            self.set_variable("SIPDOMAIN", "127.0.0.1")
        return self

    def request_hangup(
        self, cause: int | None = None, *, soft: int | None = None, publish: bool = True
    ) -> None:
        """Request a hangup; the media end with it, unless the phone is to hang up itself.

        Without a cause from the phone, the channel keeps its cause.
        """
        if not self.gone and publish and soft != TRANSFERRED:
            self.set_rtp_variables()
        if soft is None:
            cause = cause or self.cause or None
        super().request_hangup(cause, soft=soft, publish=publish)

    def hang_up_now(self) -> None:
        """Hang up, with the SIP status of the hangup cause if it has one."""
        if not self.gone:
            self.set_rtp_variables()
            if self.tech_cause is None:
                self.tech_cause = status_of_cause(self.cause)
        super().hang_up_now()

    def on_dtmf(self, digit: str, milliseconds: int) -> None:
        """Handle a DTMF digit; with native media only the other phone receives it."""
        if self.bridge is not None and self.bridge.native and not self.gone:
            self.bridge.relay_digit(self, digit, milliseconds)
        else:
            super().on_dtmf(digit, milliseconds)

    def set_rtp_variables(self) -> None:
        """Set the variables of RTP statistics once, if there were media."""
        if self._has_rtp_variables or self.answered_at is None:
            return
        self._has_rtp_variables = True
        for name, value in self._statistics().items():
            self.set_variable(name, value)
            for peer in self._peers():
                peer.set_variable(f"{name}BRIDGED", value)

    def _peers(self) -> list[Channel]:
        """Return the other member of a bridge of two."""
        members = [] if self.bridge is None else [*self.bridge.members]
        return [each for each in members if each is not self] if len(members) == 2 else []

    @property
    def _packets(self) -> int:
        """The number of packets in either direction since the answer."""
        if self.answered_at is None:
            return 0
        return int((self.exchange.now - self.answered_at) / PACKET_SECONDS)

    def _statistics(self) -> dict[str, str]:
        packets, zero = self._packets, "0.000000"
        ours, theirs = self._sources
        summary = (
            f"ssrc={ours};themssrc={theirs};lp=0;rxjitter={zero};rxcount={packets};"
            f"txjitter={zero};txcount={packets};rlp=0;rtt={zero};rxmes={zero};txmes={zero}"
        )
        return {"RTPAUDIOQOS": summary, **_STATISTICS}

    def rtp_statistics(self) -> dict[str, object] | None:
        """Return ARI's RTPstat object, or None before the phone is called."""
        if self.outgoing and self.state == "Down":
            return None
        packets, (ours, theirs) = self._packets, self._sources
        return {
            "txcount": packets,
            "rxcount": packets,
            "local_ssrc": ours,
            "remote_ssrc": theirs,
            "txoctetcount": packets * PACKET_BYTES,
            "rxoctetcount": packets * PACKET_BYTES,
            "channel_uniqueid": self.id,
            **_PERFECT,
        }
