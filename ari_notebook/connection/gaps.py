"""Gaps: times without a connection, and what changed during them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from ari_notebook.store.plain_text import printable
from ari_notebook.store.timestamps import iso

__all__ = ["Gap", "Gaps"]

_REMEMBERED_GAPS = 1000


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without events, and what changed meanwhile.

    ``vanished`` and ``appeared`` map tables to ids; ``lost_subscriptions`` are event sources that
    could not be subscribed to again.
    """

    start: float
    end: float
    reason: str
    vanished: dict[str, list[str]]
    appeared: dict[str, list[str]]
    lost_subscriptions: list[str]

    @property
    def seconds(self) -> float:
        """Its duration in seconds."""
        return self.end - self.start

    def event(self) -> dict[str, Any]:
        """Return the gap as an event, for handlers and the log."""
        return {
            "type": "Gap",
            "timestamp": iso(self.end),
            "from": iso(self.start),
            "to": iso(self.end),
            "reason": self.reason,
            "vanished": self.vanished,
            "appeared": self.appeared,
            "lost_subscriptions": self.lost_subscriptions,
        }

    def __str__(self) -> str:
        def counted(changes: dict[str, list[str]]) -> str:
            return ", ".join(f"{len(ids)} {kind}" for kind, ids in changes.items() if ids) or "none"

        return printable(
            f"{self.seconds:.1f} s without events ({self.reason}); vanished: "
            f"{counted(self.vanished)}; appeared: {counted(self.appeared)}"
        )


class Gaps(deque[Gap]):
    """The newest thousand gaps, and the number of all."""

    def __init__(self) -> None:
        super().__init__(maxlen=_REMEMBERED_GAPS)
        self.total = 0

    def append(self, gap: Gap) -> None:
        """Append a gap."""
        super().append(gap)
        self.total += 1

    def clear(self) -> None:
        """Forget all gaps and reset the count."""
        super().clear()
        self.total = 0
