"""A queue of callers and the agents who answer them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from ari_notebook.client.errors import HungUp, UsageProblem
from ari_notebook.flows.call import Call
from ari_notebook.parts.agents import Agent, Agents
from ari_notebook.parts.tables import table
from ari_notebook.store.ledger import QUEUE_VARIABLE

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Queue"]

_LOOK_SECONDS = 0.2
_TIMES = ("begin", "answered", "end", "wait", "talk")
_CALLS = (*_TIMES, "disposition", "abandoned", "caller", "agent", "channel")


class Queue:
    """Callers wait with music until an agent answers; the longest waiting is first.

    Args:
        agents: endpoints that are logged in from the beginning.
        name: its name, which is set on waiting callers as the channel variable ARI_QUEUE: by it,
            ``ari.calls.df`` knows since when they wait.
        strategy: ``"longest idle"`` rings one agent at a time, ``"ring all"`` all idle ones.
        ring: seconds that an agent rings.
        wrap_up: seconds that an agent has after a conversation.
        announce: seconds between announcements of the position; 0: none.
        music: the class of music on hold.
        most: seconds that a caller waits; None: without limit.
        clock: returns the time in seconds since 1970; `VirtualFlows.time` for simulated time.

    Raises:
        UsageProblem: no such strategy, ``ring`` is not positive, or a time is negative.

    In a flow: ``queue.serve(call)``.
    """

    def __init__(
        self,
        *agents: str,
        name: str = "queue",
        strategy: Literal["longest idle", "ring all"] = "longest idle",
        ring: float = 15,
        wrap_up: float = 0,
        announce: float = 30,
        music: str = "default",
        most: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if strategy not in ("longest idle", "ring all"):
            raise UsageProblem(
                f"unknown strategy: {strategy!r}", 'Use "longest idle" or "ring all".'
            )
        if ring <= 0 or min(wrap_up, announce, most or 0) < 0:
            raise UsageProblem("ring must be positive; wrap_up, announce and most not negative")
        self.name = name
        self.strategy, self.ring = strategy, ring
        self.announce, self.music, self.most = announce, music, most
        self._clock = clock
        self._lock = threading.Lock()
        self._agents = Agents(wrap_up, clock)
        self._waiting: list[dict[str, Any]] = []
        self._calls: list[dict[str, Any]] = []
        for endpoint in agents:
            self.login(endpoint)

    def login(self, endpoint: str) -> None:
        """Log an agent in, to receive calls."""
        self._agents.login(endpoint)

    def logout(self, endpoint: str) -> None:
        """Log an agent out: no more calls."""
        self._agents.logout(endpoint)

    def switch(self, call: Call, endpoint: str) -> bool:
        """Log the calling agent in or out, announce it, and return whether they are in."""
        call.answer()
        inside = endpoint in self._agents
        self.logout(endpoint) if inside else self.login(endpoint)
        call.say("agent-loggedoff" if inside else "agent-loginok")
        return not inside

    def serve(self, call: Call) -> str:
        """Queue a caller, and connect it to an agent.

        Returns:
            ``"ANSWERED"`` after the conversation, ``"NO ANSWER"`` if the caller waited too long.

        Raises:
            HungUp: the caller has left, while waiting (then it counts as abandoned) or talking.
        """
        row: dict[str, Any] = dict.fromkeys(_CALLS) | {"disposition": "", "abandoned": False}
        row |= {"begin": self._clock(), "caller": call.caller, "channel": call.id}
        call.answer()
        with self._lock:
            self._waiting.append(row)
            self._calls.append(row)
        try:
            call.set(QUEUE_VARIABLE, self.name)
            self._wait(call, row)
        except HungUp:
            row["abandoned"] = row["answered"] is None
            raise
        finally:
            self._leave(row)
            row["disposition"] = "ANSWERED" if row["answered"] else "NO ANSWER"
            row["end"] = self._clock()
            row["wait"] = (row["answered"] or row["end"]) - row["begin"]
            row["talk"] = row["end"] - row["answered"] if row["answered"] else None
        return str(row["disposition"])

    def _wait(self, call: Call, row: dict[str, Any]) -> None:
        end = None if self.most is None else row["begin"] + self.most
        next_announcement = self._clock()
        call.hold(self.music)
        while end is None or self._clock() < end:
            agents = self._reserve(row)
            if agents:
                if self._try(call, row, agents):
                    return
                call.hold(self.music)
            elif self.announce and self._clock() >= next_announcement:
                next_announcement = self._clock() + self.announce
                call.unhold()
                if ahead := self._waiting.index(row):
                    call.say("queue-thereare", ahead + 1, "queue-callswaiting")
                else:
                    call.say("queue-youarenext")
                call.hold(self.music)
            call.sleep(_LOOK_SECONDS)
        call.unhold()
        call.set(QUEUE_VARIABLE, "")

    def _reserve(self, row: dict[str, Any]) -> list[Agent]:
        """Return the agents to ring for the first caller, who are then busy."""
        with self._lock:
            if self._waiting[0] is not row:
                return []
        return self._agents.reserve(None if self.strategy == "ring all" else 1)

    def _try(self, call: Call, row: dict[str, Any], agents: list[Agent]) -> bool:
        """Ring agents; return whether one talked to the caller."""
        busy = agents
        try:
            leg = call.dial(*(a.endpoint for a in agents), timeout=self.ring, music=self.music)
            if not leg:
                return False
            busy = [agent for agent in agents if agent.endpoint == leg.endpoint]
            self._agents.release(agent for agent in agents if agent not in busy)
            self._leave(row)
            row["answered"], row["agent"] = self._clock(), leg.endpoint
            self._agents.talk(busy[0])
            call.connect(leg)
            return True
        finally:
            self._agents.release(busy)

    def _leave(self, row: dict[str, Any]) -> None:
        with self._lock, suppress(ValueError):  # it has left before
            self._waiting.remove(row)

    @property
    def agents(self) -> pd.DataFrame:
        """The agents: endpoint, state, since when, and how many calls each has taken."""
        return self._agents.df

    @property
    def waiting(self) -> pd.DataFrame:
        """The callers who wait, the first one first."""
        return table(list(self._waiting), _CALLS)

    @property
    def calls(self) -> pd.DataFrame:
        """All calls, with columns of ``ari.calls.df``, the agent, and whether it was abandoned."""
        return table(list(self._calls), _CALLS)
