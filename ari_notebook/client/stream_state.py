"""State of an event stream, and what it delivers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Batch", "State", "StateChange"]

Batch = list[bytes]


class State(Enum):
    """State of a stream."""

    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    REPLACED = "replaced"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state change of a stream, with time (seconds since 1970) and reason."""

    state: State
    reason: str
    at: float
