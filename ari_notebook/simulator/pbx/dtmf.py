"""DTMF digits sent one after another, as a task in a channel's queue."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ari_notebook.simulator.pbx.channel import Channel

LEAD_IN_MS = 100  # Asterisk's pause before the first digit
DEFAULT_MS = 100
_PAUSES = {"w": 500, "W": 1000}
_KEYS = frozenset("0123456789*#ABCDabcd")


class DtmfSequence:
    """A sequence of DTMF digits to send.

    Args:
        channel: channel to send them on.
        digits: the keys; ``w`` pauses for half a second and ``W`` for one; others are skipped.
        before: pause before the first digit, in ms; negative, as for the others: until hangup.
        between: pause after each digit, in ms; 0: Asterisk's 100.
        duration: length of each digit, in ms; at least Asterisk's 100.
        after: pause after the last digit, in ms.
    """

    def __init__(
        self, channel: Channel, digits: str, *, before: int, between: int, duration: int, after: int
    ) -> None:
        self.on_end: list[Callable[[], None]] = []
        self._channel = channel
        self._digits = digits
        self._before = before
        self._between = between or DEFAULT_MS
        self._duration = max(duration, DEFAULT_MS)
        self._after = after
        self._begun = self._gone = False

    def begin(self) -> None:
        """Start sending."""
        if self._before >= 0:
            self._send_all(self._before)

    def _send_all(self, before: int) -> float:
        """Start sending after a pause in ms; return the seconds that it takes without `after`."""
        self._begun = True
        clock = self._channel.exchange
        at = before + LEAD_IN_MS
        for digit in self._digits:
            if digit in _PAUSES:
                at += _PAUSES[digit]
            elif digit in _KEYS:
                clock.after(at / 1000, partial(self._send, digit))
                at += self._duration + self._between
                if self._between < 0:
                    return at / 1000
        if self._after >= 0:
            clock.after((at + self._after) / 1000, self._end)
        return at / 1000

    def wake(self) -> None:
        """Do nothing: the pauses go on."""

    def hang_up(self) -> float:
        """Stop sending because the channel has left; only the pause before all digits ends first.

        Asterisk notices a hangup once, at the pause or task during which it comes.
        """
        if not self._begun:
            return self._send_all(0)
        self._gone = True
        return 0.0

    def _send(self, digit: str) -> None:
        if not self._gone:
            self._channel.driver.digit(self._channel, digit, self._duration)

    def _end(self) -> None:
        if not self._gone:
            for done in self.on_end:
                done()
