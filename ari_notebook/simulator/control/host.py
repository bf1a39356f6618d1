"""What the controls of a simulator need of what runs it: a server, or the caller's own thread."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.server.faults import Faults

__all__ = ["SimulatorHost"]

T = TypeVar("T")


class SimulatorHost(Protocol):
    """Runs one exchange at a time."""

    @property
    def backend(self) -> SimulatedAsterisk:
        """Return the current exchange."""

    @property
    def faults(self) -> Faults:
        """Return the controls of its faults."""

    def now(self) -> AbstractContextManager[SimulatedAsterisk]:
        """Advance the exchange to the current time; then schedule its next action."""

    def call(self, do: Callable[[], T]) -> T:
        """Run a function where the exchange runs, and return its result."""

    def call_async(self, doing: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine where the exchange runs, and return its result."""

    async def reset(self) -> None:
        """Start again with a new exchange, in which the connected applications are registered."""
