"""Channels of SIP phones: what chan_pjsip adds to the life of a channel."""

from __future__ import annotations

from functools import partial

from ari_notebook.simulator.channels import TRANSFERRED, Channel
from ari_notebook.simulator.sip_causes import status_of_cause

__all__ = ["SipChannel"]

# A phone sends, and is sent, a packet of audio every 20 ms.
PACKET_SECONDS = 0.02

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


class SipChannel(Channel):
    """A channel whose other end is a phone."""

    __slots__ = ("_measured", "held")

    def create(self) -> Channel:
        """Enter the exchange. The SIP dialogue, and with it its Call-ID, is known only then."""
        self._measured = self.held = False
        call_id, self.protocol_id = self.protocol_id, ""
        super().create()
        self.protocol_id = call_id or self.exchange.uuid()
        self.exchange.endpoints.entered(self)
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

    def _statistics(self) -> dict[str, str]:
        seconds = self.exchange.now - (self.answered_at or self.exchange.now)
        packets, zero = int(seconds / PACKET_SECONDS), "0.000000"
        ours, theirs = (self.exchange.random.getrandbits(32) for _ in range(2))
        summary = (
            f"ssrc={ours};themssrc={theirs};lp=0;rxjitter={zero};rxcount={packets};"
            f"txjitter={zero};txcount={packets};rlp=0;rtt={zero};rxmes={zero};txmes={zero}"
        )
        return {"RTPAUDIOQOS": summary, **_STATISTICS}
