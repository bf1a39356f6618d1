"""Channels of SIP phones: what chan_pjsip adds to the life of a channel."""

from __future__ import annotations

from functools import partial

from ari_notebook.simulator.channels import TRANSFERRED, Channel
from ari_notebook.simulator.sip_causes import status_of_cause

__all__ = ["SipChannel"]

# A phone sends, and is sent, a packet of audio every 20 ms: 160 samples of a byte each.
PACKET_SECONDS = 0.02
PACKET_BYTES = 160

_ZERO = "000.000000"


def _group(indent: int, what: str) -> str:
    names = [f"{how}{way}" for way in what.split() for how in ("min", "max", "avg", "stdev")]
    return "".join(f"{' ' * indent}{name}={_ZERO};" for name in names)


# The variables that tell of a call's media once it is over: nothing is lost or late here.
_STATISTICS = {
    "RTPAUDIOQOSJITTER": _group(0, "rxjitter txjitter"),
    "RTPAUDIOQOSLOSS": _group(2, "rxlost txlost"),
    "RTPAUDIOQOSRTT": _group(5, "rtt"),
    "RTPAUDIOQOSMES": _group(3, "rxmes txmes"),
}
# What rtp_statistics tells of a perfect line, beyond the counts.
_PERFECT = {"txjitter": 0.0, "rxjitter": 0.0, "txploss": 0, "rxploss": 0, "txmes": 0, "rxmes": 0}
_PERFECT |= {
    f"{end}_{how}{what}": 0.0
    for end in ("local", "remote")
    for what in ("jitter", "rxploss", "mes")
    for how in ("max", "min", "normdev", "stdev")
}
_PERFECT |= {f"{how}rtt": 0.0 for how in ("", "max", "min", "normdev", "stdev")}


class SipChannel(Channel):
    """A channel whose other end is a phone."""

    __slots__ = ("_measured", "_sources", "held")

    def create(self) -> Channel:
        """Enter the exchange. The SIP dialogue, and with it its Call-ID, is known only then."""
        self._measured = self.held = False
        # The SSRCs of both directions' streams (RFC 3550, section 8).
        self._sources = tuple(self.exchange.random.getrandbits(32) for _ in range(2))
        call_id, self.protocol_id = self.protocol_id, ""
        self.exchange.endpoints.entered(self)
        super().create()
        self.protocol_id = call_id or self.exchange.uuid()
        self.on_gone.append(partial(self.exchange.endpoints.left, self))
        if not self.outgoing:
            self.set_variable("SIPDOMAIN", "127.0.0.1")
        return self

    def request_hangup(
        self, cause: int | None = None, *, soft: int | None = None, tell: bool = True
    ) -> None:
        """Ask for the end; the media end with that, but where the phone itself is yet to hang up.

        A phone that gives no cause lets the one stand that the channel has.
        """
        if not self.gone and tell and soft != TRANSFERRED:
            self.measure()
        if soft is None:
            cause = cause or self.cause or None
        super().request_hangup(cause, soft=soft, tell=tell)

    def hang_up_now(self) -> None:
        """The end itself; a phone is told why by a SIP status where there is one."""
        if not self.gone:
            self.measure()
            if self.tech_cause is None:
                self.tech_cause = status_of_cause(self.cause)
        super().hang_up_now()

    def hear_digit(self, digit: str, milliseconds: int) -> None:
        """The phone pressed a key; nobody but the other phone hears it where media pass by."""
        if self.bridge is not None and self.bridge.native and not self.gone:
            self.bridge.pass_digit(self, digit, milliseconds)
        else:
            super().hear_digit(digit, milliseconds)

    def measure(self) -> None:
        """Set the variables that tell of the media, once, where there were any."""
        if self._measured or self.answered_at is None:
            return
        self._measured = True
        for name, value in self._statistics().items():
            self.set_variable(name, value)
            for peer in self._peers():
                peer.set_variable(f"{name}BRIDGED", value)

    def _peers(self) -> list[Channel]:
        """The one who is on the other side of a bridge of two."""
        members = [] if self.bridge is None else [*self.bridge.members]
        return [each for each in members if each is not self] if len(members) == 2 else []

    @property
    def _packets(self) -> int:
        """How many packets went either way since the answer."""
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
        """ARI's RTPstat object; None where there are no media yet: the phone is not yet called."""
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
