"""DTMF digits sent one after another, in the queue of what a channel has to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ari_notebook.simulator.channels import Channel

LEAD_IN_MS = 100  # that Asterisk waits before the first digit
DEFAULT_MS = 100
_PAUSES = {"w": 500, "W": 1000}
_KEYS = frozenset("0123456789*#ABCDabcd")


class Digits:
    """Digits to send.

    Args:
        channel: whose far end hears them.
        digits: the keys, ``w`` for half a second's pause and ``W`` for a second's; what is
            neither is left out.
        before: pause before the first, in ms.
        between: pause after each, in ms; 0 for Asterisk's 100.
        duration: of each, in ms; at least Asterisk's 100.
        after: pause after the last, in ms.
    """

    def __init__(
        self, channel: Channel, digits: str, *, before: int, between: int, duration: int, after: int
    ) -> None:
        self.on_end: list[Callable[[], None]] = []
        self._channel = channel
        self._digits = digits
        self._before = max(0, before)
        self._between = max(0, between) or DEFAULT_MS
        self._duration = max(duration, DEFAULT_MS)
        self._after = max(0, after)
        self._gone = False

    def begin(self) -> None:
        """Its turn has come."""
        clock = self._channel.exchange
        at = self._before + LEAD_IN_MS
        for digit in self._digits:
            if digit in _PAUSES:
                at += _PAUSES[digit]
            elif digit in _KEYS:
                clock.after(at / 1000, partial(self._send, digit))
                at += self._duration + self._between
        clock.after((at + self._after) / 1000, self._end)

    def hang_up(self) -> None:
        """The channel is gone; no more digits."""
        self._gone = True

    def _send(self, digit: str) -> None:
        if not self._gone:
            self._channel.driver.digit(self._channel, digit, self._duration)

    def _end(self) -> None:
        if not self._gone:
            for done in self.on_end:
                done()
