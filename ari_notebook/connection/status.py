"""The status of a session as one object."""

from __future__ import annotations

from dataclasses import dataclass

from ari_notebook.connection.gaps import Gap
from ari_notebook.store.plain_text import printable

__all__ = ["Status", "counted"]


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a session. Times are seconds since 1970; ``gaps`` are the newest thousand."""

    name: str
    url: str
    user: str
    applications: tuple[str, ...]
    state: str
    reason: str
    asterisk: str
    since: float
    read_only: bool
    subscribe_all: bool
    transport: str
    events: int
    dropped: int
    malformed: int
    drift: int  # number of kinds of differences between events and declaration, see `Session.drift`
    requests: int
    reconnects: int
    gaps: tuple[Gap, ...]
    gap_count: int
    channels: int
    bridges: int
    handlers: int
    handler_failures: int  # exceptions that handlers raised
    tidy: bool  # whether it deletes what it created when it closes
    event_filters: tuple[tuple[str, str], ...]  # application, and the events its filter passes
    problems: tuple[str, ...]  # of views, see `Connection.view_problems`

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.state} to {self.asterisk} at {self.url}"
            f" as {self.user}{', read-only' if self.read_only else ''}"
            + (f" ({self.reason})" if self.reason and self.state != "connected" else ""),
            f"  application {', '.join(self.applications)}"
            f"{', subscribed to all' if self.subscribe_all else ''};"
            f" REST over {self.transport}{'; leaves nothing behind' if self.tidy else ''}",
            f"  {counted(self.channels, 'channel')}, {counted(self.bridges, 'bridge')},"
            f" {counted(self.handlers, 'handler')}"
            + (f", failed {_times(self.handler_failures)}" if self.handler_failures else ""),
            f"  {counted(self.events, 'event')}"
            f" ({self.dropped} dropped, {self.malformed} malformed),"
            f" {counted(self.requests, 'request')}, {counted(self.reconnects, 'reconnect')},"
            f" {counted(self.gap_count, 'gap')}",
        ]
        if self.drift:
            lines.append(
                f"  events differ from the declaration in {self.drift} ways: see ari.drift"
            )
        lines += [
            f"  event filter of {name}: {passing}; tables may be stale"
            for name, passing in self.event_filters
        ]
        lines += [f"  gap: {gap}" for gap in self.gaps[-3:]]
        lines += [f"  problem: {problem}" for problem in self.problems[-3:]]
        return printable("\n".join(lines))

    __repr__ = __str__


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def counted(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 channel``, ``2 channels``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
