"""The journal and the clock of a running simulator, for tests in Python. Thread-safe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ari_notebook.simulator.control import verification
from ari_notebook.simulator.control.host import SimulatorHost
from ari_notebook.simulator.control.persistent_state import LastingState
from ari_notebook.simulator.rest.journal import JournalEntry
from ari_notebook.simulator.rest.request_pattern import RequestPattern
from ari_notebook.simulator.server import clock_control

if TYPE_CHECKING:  # it needs ssl, which a browser does not have
    from ari_notebook.simulator.asterisk import SimulatedAsterisk
    from ari_notebook.simulator.server.server import Server

__all__ = ["RemoteClock", "Requests", "VerificationFailed"]

_IDLE_LIMIT = 3600.0  # simulated seconds
_SHOWN = 20  # lines of the ladder in a failure


class VerificationFailed(AssertionError):
    """The requests differ from the expected ones."""


class Requests:
    """The last 10,000 requests of programs.

    A request is selected by ``"POST /channels/*/play"``, ``"channels.play"``, or "" for all, and by
    parameters: ``media="sound:*"``. ``*`` matches any text, in a path of one segment.

    Args:
        server: the server.
        state: has the journal.
    """

    def __init__(self, server: SimulatorHost, state: LastingState) -> None:
        self._server = server
        self._state = state

    def verify(
        self,
        what: str = "",
        /,
        *,
        times: int | None = None,
        within: float = 0.0,
        channel: str = "",
        **parameters: Any,
    ) -> list[JournalEntry]:
        """Check how often a request was sent.

        Args:
            what: method and path, or operation.
            times: exact number; None: at least one.
            within: real seconds to wait for it; an expected absence takes all of them.
            channel: id or name of the channel that it is about.
            parameters: values by ARI's names.

        Returns:
            The requests.

        Raises:
            VerificationFailed: the number differs.
            ValueError: no request could match.
        """
        pattern = self._pattern(what, channel, parameters)
        journal = self._state.journal
        message, entries = self._server.call_async(
            verification.verify(journal, pattern, times, within)
        )
        if message:
            raise VerificationFailed(f"{message}\n{self.ladder(_SHOWN)}")
        return entries

    def verify_order(self, *what: str, within: float = 0.0) -> None:
        """Check that requests were sent in an order; others may be between them.

        Args:
            what: method and path, or operation, of each.
            within: real seconds to wait for the last one.

        Raises:
            VerificationFailed: one of them was not sent after those before it.
            ValueError: no request could match.
        """
        patterns = [self._pattern(each, "", {}) for each in what]
        journal = self._state.journal
        message, _ = self._server.call_async(verification.verify_order(journal, patterns, within))
        if message:
            raise VerificationFailed(f"{message}\n{self.ladder(_SHOWN)}")

    def matching(
        self, what: str = "", /, *, channel: str = "", **parameters: Any
    ) -> list[JournalEntry]:
        """Return the requests that match, oldest first; arguments as of `verify`."""
        pattern = self._pattern(what, channel, parameters)
        return self._server.call(lambda: self._state.journal.requests(pattern))

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(self._server.call(self._state.journal.requests))

    def __len__(self) -> int:
        return len(self._server.call(self._state.journal.requests))

    def clear(self) -> None:
        """Remove all requests and events."""
        self._server.call(self._state.journal.clear)

    def ladder(self, last: int = 40) -> str:
        """Return the last requests and events as a ladder diagram in text."""
        return self._server.call(lambda: self._state.journal.ladder(last))

    def _pattern(self, what: str, channel: str, parameters: dict[str, Any]) -> RequestPattern:
        method, space, path = what.strip().partition(" ")
        if not space:
            method, path, operation = "", "", method
            if operation.startswith("/"):
                operation, path = "", operation
        else:
            operation = ""
        pattern = RequestPattern(method, path.strip(), operation, parameters, channel)
        pattern.check(self._state.declaration)
        return pattern


class RemoteClock:
    """The simulated time. It passes like real time unless it is paused.

    Args:
        server: the server.
    """

    def __init__(self, server: Server[SimulatedAsterisk]) -> None:
        self._server = server

    @property
    def now(self) -> datetime:
        """Return the simulated time."""
        return datetime.fromtimestamp(self._server.call(self._server.time), UTC)

    @property
    def paused(self) -> bool:
        """Return whether the time is paused."""
        return self._server.time.paused

    def pause(self) -> None:
        """Stop the time; requests are answered, with their immediate effects."""
        self._server.call(self._server.pause)

    def resume(self) -> None:
        """Resume the time."""
        self._server.call(self._server.resume)

    def advance(self, seconds: float, *, quiet: float = clock_control.QUIET_SECONDS) -> None:
        """Move time forward, from one event to the next; connected programs can react to each.

        Args:
            seconds: simulated seconds.
            quiet: real seconds without a message after which programs have reacted.

        Raises:
            ValueError: a negative time.
        """
        if not seconds >= 0:
            raise ValueError(f"time moves forward only, not by {seconds} s")
        self._server.call_async(clock_control.advance(self._server, seconds, quiet))

    def run_until_idle(
        self, limit: float = _IDLE_LIMIT, *, quiet: float = clock_control.QUIET_SECONDS
    ) -> bool:
        """Move time forward until nothing is scheduled.

        Args:
            limit: simulated seconds after which it ends anyway.
            quiet: as of `advance`.

        Returns:
            Whether nothing is scheduled.
        """
        _, idle = self._server.call_async(clock_control.run_until_idle(self._server, limit, quiet))
        return idle
