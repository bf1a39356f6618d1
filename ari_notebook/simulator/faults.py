"""Faults on demand: what networks and exchanges do to programs, at a moment of your choosing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ari_notebook.simulator.shell import Server


class Faults:
    """The faults of one running simulator. Safe to call from any thread.

    Args:
        server: the server that has them.
        seed: makes the random ones come in the same order again.

    Attributes:
        frozen: whether WebSockets are frozen.
        current_delay: seconds by which every answer to a request is late.
    """

    def __init__(self, server: Server, seed: int = 0) -> None:
        self.frozen = False
        self.current_delay = 0.0
        self._server = server
        self._random = random.Random(seed)
        self._failures = 0
        self._rate = 0.0

    def drop(self, code: int | None = None) -> int:
        """Close every WebSocket.

        Args:
            code: the status code to close with (RFC 6455); None cuts the connection without a word.

        Returns:
            how many there were.
        """
        return self._server.call(lambda: self._drop(code))

    def _drop(self, code: int | None) -> int:
        carriers = self._server.carriers
        for carrier in carriers:
            carrier.drop(code)
        return len(carriers)

    def freeze(self, frozen: bool = True) -> None:
        """Leave every WebSocket open but silent, as a dead network does; ``False`` thaws them."""
        self._server.call(lambda: self._freeze(frozen))

    def _freeze(self, frozen: bool) -> None:
        self.frozen = frozen
        for carrier in self._server.carriers:
            carrier.freeze(frozen)

    def delay(self, seconds: float) -> None:
        """Answer every request this much later; 0 ends it."""
        if seconds < 0:
            raise ValueError(f"a delay of {seconds} s: it must not be negative")
        self.current_delay = seconds

    def fail(self, requests: int = 0, *, rate: float = 0.0) -> None:
        """Answer requests with 500, and do nothing of what they ask.

        Args:
            requests: so many of the next ones; 0 ends it.
            rate: and any other with this probability, 0 to 1.
        """
        if requests < 0 or not 0 <= rate <= 1:
            raise ValueError("fail() takes a number of requests and a rate between 0 and 1")
        self._failures, self._rate = requests, rate

    def take_failure(self) -> bool:
        """Whether the request at hand is one of those that fail."""
        if self._failures > 0:
            self._failures -= 1
            return True
        return self._rate > 0 and self._random.random() < self._rate

    def refuse(self, refusing: bool = True) -> None:
        """Refuse new connections, as a machine without Asterisk does; those that are open stay."""
        self._server.call_async(self._server.listen(not refusing))

    def restart(self, downtime: float = 0.0) -> None:
        """Restart the exchange: calls, bridges and sockets are gone, connections are cut.

        Args:
            downtime: seconds during which connections are refused.
        """
        self._server.call_async(self._server.restart(downtime))

    def clear(self) -> None:
        """End every fault that lasts."""
        self.delay(0)
        self.fail(0)
        self.freeze(False)
        self.refuse(False)
