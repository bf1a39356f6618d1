"""Faults on demand: failures of networks and exchanges at a chosen moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from ari_notebook.simulator.rest.operation_faults import OperationFault, OperationFaults
from ari_notebook.simulator.rest.request_pattern import RequestPattern

T = TypeVar("T")


class FaultyCarrier(Protocol):
    """An open event socket."""

    def drop(self, code: int | None = None) -> None:
        """Close it with a status code, or abort it without a close frame."""

    def freeze(self, frozen: bool) -> None:
        """Keep it open but silent, or end that."""


class FaultyServer(Protocol):
    """The server that the faults apply to."""

    @property
    def carriers(self) -> Sequence[FaultyCarrier]:
        """Return the carriers of the open event sockets."""

    def call(self, do: Callable[[], T]) -> T:
        """Run a function on the server's thread and return its result."""

    def call_async(self, doing: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's thread and return its result."""

    async def listen(self, listening: bool = True) -> None:
        """Open or close the ports."""

    async def restart(self, downtime: float = 0.0) -> None:
        """Start again with a new exchange."""


class Faults:
    """The faults of one running simulator. Thread-safe.

    Args:
        server: the server they apply to.
        seed: seed of random faults; the same seed repeats them.
        operations: faults of single operations; None: the server has none.

    Attributes:
        frozen: whether WebSockets are frozen.
        current_delay: delay of every response, in seconds.
    """

    def __init__(
        self, server: FaultyServer, seed: int = 0, operations: OperationFaults | None = None
    ) -> None:
        self.frozen = False
        self.current_delay = 0.0
        self._server = server
        self._operations = operations
        self._random = random.Random(seed)
        self._failures = 0
        self._rate = 0.0

    def drop(self, code: int | None = None) -> int:
        """Close every WebSocket.

        Args:
            code: close code (RFC 6455); None aborts the connection without a close frame.

        Returns:
            Number of WebSockets closed.
        """
        return self._server.call(lambda: self.drop_now(code))

    def drop_now(self, code: int | None = None) -> int:
        """Do what `drop` does, on the server's thread."""
        carriers = self._server.carriers
        for carrier in carriers:
            carrier.drop(code)
        return len(carriers)

    def freeze(self, frozen: bool = True) -> None:
        """Keep every WebSocket open but silent, like a dead network; ``False`` ends that."""
        self._server.call(lambda: self.freeze_now(frozen))

    def freeze_now(self, frozen: bool = True) -> None:
        """Do what `freeze` does, on the server's thread."""
        self.frozen = frozen
        for carrier in self._server.carriers:
            carrier.freeze(frozen)

    def delay(self, seconds: float) -> None:
        """Delay every response by a time in seconds; 0 ends that."""
        if seconds < 0:
            raise ValueError(f"delay must not be negative: {seconds} s")
        self.current_delay = seconds

    def fail(self, requests: int = 0, *, rate: float = 0.0) -> None:
        """Answer requests with 500 without performing them.

        Args:
            requests: number of next requests to fail; 0 ends it.
            rate: probability that any other request fails, 0 to 1.
        """
        if requests < 0 or not 0 <= rate <= 1:
            raise ValueError("fail() takes a number of requests and a rate between 0 and 1")
        self._failures, self._rate = requests, rate

    def add(
        self,
        operation: str = "",
        *,
        method: str = "",
        path: str = "",
        channel: str = "",
        parameters: Mapping[str, Any] | None = None,
        status: int | None = None,
        message: str = "",
        delay: float = 0.0,
        probability: float = 1.0,
        times: int | None = None,
    ) -> int:
        """Add a fault of the requests that match everything given.

        Args:
            operation: such as ``channels.play``.
            method: such as ``POST``.
            path: path below ``/ari``; ``*`` matches any text of a segment.
            channel: id or name of the channel that the request is about.
            parameters: values by name; ``*`` matches any text.
            status: status of the answer, from 400; the operation is then not performed.
            message: text of the refusal.
            delay: simulated seconds from the operation to its answer; its events are not delayed.
            probability: above 0 and at most 1.
            times: number of requests it affects; None: all.

        Returns:
            The fault's number, for `remove`.

        Raises:
            ValueError: no request could match, or nothing would happen to it.
        """
        pattern = RequestPattern(method, path, operation, dict(parameters or {}), channel)
        fault = OperationFault(pattern, status, message, delay, probability, times)
        return self._server.call(lambda: self.operations.add(fault))

    def remove(self, number: int) -> bool:
        """Remove a fault of `add`; return whether it was in effect."""
        return self._server.call(lambda: self.operations.remove(number))

    @property
    def operations(self) -> OperationFaults:
        """Return the faults of single operations. They belong to the server's thread.

        Raises:
            ValueError: this server has none.
        """
        if self._operations is None:
            raise ValueError("a replayed capture has no faults of single operations")
        return self._operations

    def take_failure(self) -> bool:
        """Return whether the current request must fail."""
        if self._failures > 0:
            self._failures -= 1
            return True
        return self._rate > 0 and self._random.random() < self._rate

    def refuse(self, refusing: bool = True) -> None:
        """Refuse new connections, like a host without Asterisk; open ones stay."""
        self._server.call_async(self._server.listen(not refusing))

    def restart(self, downtime: float = 0.0) -> None:
        """Restart the exchange: calls, bridges and sockets are lost, connections are cut.

        Args:
            downtime: seconds during which connections are refused.
        """
        self._server.call_async(self._server.restart(downtime))

    def clear(self) -> None:
        """End all faults."""
        self._server.call(self.clear_now)
        self.refuse(False)

    def clear_now(self) -> None:
        """End all faults but refused connections, on the server's thread."""
        self.delay(0)
        self.fail(0)
        if self._operations is not None:
            self._operations.clear()
        self.freeze_now(False)
