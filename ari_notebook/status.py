"""How a session stands, as one object to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ari_notebook.following import Gap

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["Status", "counted"]


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
    tidy: bool  # whether it takes away what it made when it closes
    problems: tuple[str, ...]  # of views, see `Looking.view_problems`

    @classmethod
    def of(cls, session: Session, drift: int) -> Status:
        """How a session stands now; ``drift`` is what its events differ in so far."""
        follower = session.following
        return cls(
            name=session.name,
            url=session.url,
            user=session.user,
            applications=session.apps,
            state="closed" if session.closed else follower.state.value,
            reason=follower.reason,
            asterisk=session.server,
            since=session.opened,
            read_only=session.read_only,
            subscribe_all=session.subscribe_all,
            transport=session.transport,
            events=follower.log.count,
            dropped=follower.log.dropped,
            malformed=follower.log.malformed,
            drift=drift,
            requests=session.requests.count,
            reconnects=follower.reconnects,
            gaps=tuple(follower.gaps),
            gap_count=follower.gaps.total,
            channels=len(follower.tables.channels),
            bridges=len(follower.tables.bridges),
            handlers=len(follower.handlers),
            tidy=session.sending.belongings is not None,
            problems=tuple(session.view_problems),
        )

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.state} to {self.asterisk} at {self.url}"
            f" as {self.user}{', read-only' if self.read_only else ''}"
            + (f" ({self.reason})" if self.reason and self.state != "connected" else ""),
            f"  application {', '.join(self.applications)}"
            f"{', subscribed to all' if self.subscribe_all else ''};"
            f" REST over {self.transport}{'; leaves nothing behind' if self.tidy else ''}",
            f"  {counted(self.channels, 'channel')}, {counted(self.bridges, 'bridge')},"
            f" {counted(self.handlers, 'handler')}",
            f"  {counted(self.events, 'event')}"
            f" ({self.dropped} dropped, {self.malformed} malformed),"
            f" {counted(self.requests, 'request')}, {counted(self.reconnects, 'reconnect')},"
            f" {counted(self.gap_count, 'gap')}",
        ]
        if self.drift:
            lines.append(
                f"  events differ from the declaration in {self.drift} ways: see ari.drift"
            )
        lines += [f"  gap: {gap}" for gap in self.gaps[-3:]]
        lines += [f"  problem: {problem}" for problem in self.problems[-3:]]
        return "\n".join(lines)

    __repr__ = __str__


def counted(number: int, noun: str) -> str:
    """A number of things in words: ``1 channel``, ``2 channels``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
