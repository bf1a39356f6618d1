"""Channels of SIP phones: what chan_pjsip adds to the life of a channel."""

from __future__ import annotations

from functools import partial

from ari_notebook.simulator.channels import Channel
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
        """Ask for the end; the media end with that."""
        if not self.gone and tell:
            self._measure()
        super().request_hangup(cause, soft=soft, tell=tell)

    def hang_up_now(self) -> None:
        """The end itself; a phone is told why by a SIP status where there is one."""
        if not self.gone:
            self._measure()
            if self.tech_cause is None:
                self.tech_cause = status_of_cause(self.cause)
        super().hang_up_now()

    def _measure(self) -> None:
        """Set the variables that tell of the media, once, where there were any."""
        if self._measured or self.answered_at is None:
            return
        self._measured = True
        packets = int((self.exchange.now - self.answered_at) / PACKET_SECONDS)
        zero = "0.000000"
        self.set_variable(
            "RTPAUDIOQOS",
            f"ssrc={self.exchange.random.getrandbits(32)};"
            f"themssrc={self.exchange.random.getrandbits(32)};lp=0;rxjitter={zero};"
            f"rxcount={packets};txjitter={zero};txcount={packets};rlp=0;rtt={zero};"
            f"rxmes={zero};txmes={zero}",
        )
        for name, value in _STATISTICS.items():
            self.set_variable(name, value)
