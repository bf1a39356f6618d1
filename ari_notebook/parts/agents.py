"""The agents of a queue: who is logged in, and who is idle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ari_notebook.parts.tables import table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Agent", "Agents"]


@dataclass(eq=False)
class Agent:
    """An agent who is logged in."""

    endpoint: str
    since: float
    state: str = "idle"
    free_at: float = 0.0
    calls: int = 0


class Agents:
    """Agents by their endpoints.

    Args:
        wrap_up: seconds that an agent has after a conversation.
        clock: returns the time in seconds since 1970.
    """

    def __init__(self, wrap_up: float, clock: Callable[[], float]) -> None:
        self._wrap_up, self._clock = wrap_up, clock
        self._lock = threading.Lock()
        self._agents: dict[str, Agent] = {}

    def login(self, endpoint: str) -> None:
        """Log an agent in; idempotent."""
        with self._lock:
            self._agents.setdefault(endpoint, Agent(endpoint, self._clock()))

    def logout(self, endpoint: str) -> None:
        """Log an agent out; idempotent."""
        with self._lock:
            self._agents.pop(endpoint, None)

    def __contains__(self, endpoint: object) -> bool:
        return endpoint in self._agents

    def reserve(self, most: int | None) -> list[Agent]:
        """Return idle agents, the longest idle first, who are busy from now on.

        Args:
            most: how many; None: all.
        """
        with self._lock:
            now = self._clock()
            idle = [a for a in self._agents.values() if a.state == "idle" and a.free_at <= now]
            chosen = sorted(idle, key=lambda agent: agent.since)[:most]
            for agent in chosen:
                agent.state = "ringing"
            return chosen

    def talk(self, agent: Agent) -> None:
        """Note that an agent has answered."""
        agent.state, agent.calls = "talking", agent.calls + 1

    def release(self, agents: Iterable[Agent]) -> None:
        """Note that agents are idle again, after the wrap-up of a conversation."""
        for agent in agents:
            agent.since = self._clock()
            agent.free_at = agent.since + (self._wrap_up if agent.state == "talking" else 0)
            agent.state = "idle"

    @property
    def df(self) -> pd.DataFrame:
        """A new DataFrame: endpoint, state, since when, and how many calls each has taken."""
        with self._lock:
            rows = [vars(agent).copy() for agent in self._agents.values()]
        return table(rows, ("endpoint", "state", "since", "calls"))
