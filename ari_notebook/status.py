"""How a session stands, as one object to look at."""

from __future__ import annotations

from dataclasses import dataclass

from ari_notebook.following import Gap

__all__ = ["Status"]


@dataclass(frozen=True, slots=True)
class Status:
    """How a session stands. Times are seconds since 1970; ``gaps`` are the latest thousand."""

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
    drift: int  # kinds of difference between events and declaration, see `Session.drift`
    requests: int
    reconnects: int
    gaps: tuple[Gap, ...]
    gap_count: int
    channels: int
    bridges: int
    handlers: int

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.state} to {self.asterisk} at {self.url}"
            f" as {self.user}{', read-only' if self.read_only else ''}"
            + (f" ({self.reason})" if self.reason and self.state != "connected" else ""),
            f"  application {', '.join(self.applications)}"
            f"{', subscribed to all' if self.subscribe_all else ''};"
            f" REST over {self.transport}",
            f"  {self.channels} channels, {self.bridges} bridges, {self.handlers} handlers",
            f"  {self.events} events ({self.dropped} dropped, {self.malformed} malformed),"
            f" {self.requests} requests, {self.reconnects} reconnects, {self.gap_count} gaps",
        ]
        if self.drift:
            lines.append(
                f"  events differ from the declaration in {self.drift} ways: see ari.drift"
            )
        lines += [f"  gap: {gap}" for gap in self.gaps[-3:]]
        return "\n".join(lines)

    __repr__ = __str__
