"""Topics: subjects of events that applications subscribe to."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["ALL", "Topic"]

ALL = ""  # as a topic's id: every subject of the kind


class Topic(NamedTuple):
    """One subject of events.

    Attributes:
        kind: ``channel``, ``bridge``, ``endpoint`` or ``deviceState``, as in ARI's event sources.
        id: id of the subject; `ALL`: every subject of the kind.
    """

    kind: str
    id: str

    @property
    def uri(self) -> str:
        """Return the topic as an ARI event source: ``channel:1234.5``."""
        return f"{self.kind}:{self.id}"
