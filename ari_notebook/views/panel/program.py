"""The actions of a panel as a Python program that repeats them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ari_notebook.views.panel.exported import (
    Action,
    Arrival,
    Variables,
    connect_arguments,
    minute,
)
from ari_notebook.views.panel.flow_text import FlowText
from ari_notebook.views.panel.request_forms import operation_of

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.store.request_log import SentRequest

__all__ = ["ActionLog"]

_KEPT = 1000  # actions
_PAUSE_SECONDS = 0.5  # shorter pauses between actions are omitted
_FAULTS = {"delay": "{value}", "fail": "rate={value}", "refuse": "{on}", "restart": "downtime=2"}
_HEAD = '''"""Written by the panel: what was done with it on {when}."""

import time

import ari_notebook

with ari_notebook.connect({connect}) as ari:
'''


class ActionLog:
    """The successful actions of a panel's buttons.

    Args:
        connection: connection of the panel.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._actions: deque[Action] = deque(maxlen=_KEPT)
        self._arrivals: dict[str, Arrival] = {}
        self._lock = threading.Lock()

    def see(self, ids: Iterable[str]) -> None:
        """Note how calls arrived, before an action that may end them.

        Args:
            ids: ids of channels; others are ignored.
        """
        for id in ids:
            row = self._connection.tables.channels.get(id)
            if row is not None and id not in self._arrivals:
                with self._lock:
                    self._arrivals[id] = Arrival.of(row)
                    while len(self._arrivals) > _KEPT:
                        del self._arrivals[next(iter(self._arrivals))]

    def add(self, done: Action) -> None:
        """Add an action."""
        with self._lock:
            self._actions.append(done)

    def _contents(self) -> tuple[list[Action], dict[str, Arrival]]:
        with self._lock:
            return list(self._actions), dict(self._arrivals)

    def program(self) -> str:
        """Return the program. It waits for incoming calls, because their ids will differ."""
        actions, arrivals = self._contents()
        return _Program(self._connection, arrivals).text(actions)

    def flow(self, length: Callable[[str], float | None]) -> str:
        """Return a program with a call flow that repeats the actions on one call.

        Args:
            length: seconds that a medium lasts, where that is known.

        Raises:
            UsageProblem: the actions do not belong to one incoming call.
        """
        actions, arrivals = self._contents()
        return FlowText(self._connection, arrivals, length).text(actions)


class _Program:
    """A program that repeats actions in their order."""

    def __init__(self, connection: Connection, arrivals: Mapping[str, Arrival]) -> None:
        self._connection = connection
        self._arrivals = arrivals
        self._variables = Variables()
        self._phones: dict[str, str] = {}  # calls of the telephone → their variables
        # The lines of the telephone's calls that no line waits for yet, by the caller's channel.
        self._unawaited: dict[str, list[str]] = {}

    def text(self, actions: list[Action]) -> str:
        blocks: list[list[str]] = []
        before = actions[0].at if actions else 0.0
        for done in actions:
            if done.at - before >= _PAUSE_SECONDS:
                blocks.append([f"time.sleep({done.at - before:.1f})"])
            before = done.at
            blocks.append(self._lines(done))
            if done.dials:
                self._unawaited[done.phone] = blocks[-1]
        lines = [line for block in blocks for line in block]
        body = "\n".join(f"    {line}" for line in lines or ["pass  # nothing was done yet"])
        head = _HEAD.format(when=minute(before), connect=connect_arguments(self._connection))
        return head + body + "\n"

    def _lines(self, done: Action) -> list[str]:
        if done.kind == "phone":
            return self._phone(done)
        if done.kind == "lab":
            value = done.arguments.get("value") or 0
            if done.action == "traffic":
                return [f"ari.simulator.traffic({value}, mean_duration=20)"]
            argument = _FAULTS.get(done.action, "").format(value=value, on=bool(value))
            return [f"ari.simulator.faults.{done.action}({argument})"]
        lines: list[str] = []
        for request in done.requests:
            lines += self._wait_for_callers(request)
            lines.append(self._variables.line(self._connection.declaration, request))
        return lines

    def _wait_for_callers(self, request: SentRequest) -> list[str]:
        """Return waits for the calls that a request names and that have no variable yet.

        A wait for a call of the telephone is added immediately after that call instead: after a
        later request it might miss its event.
        """
        found = operation_of(self._connection.declaration, request)
        if found is None:
            return []
        ids = [found[1].get("channelId", ""), *str(request.params.get("channel", "")).split(",")]
        lines: list[str] = []
        for id in ids:
            if not id or id in self._variables.expressions:
                continue
            name = self._variables.new("call")
            self._variables.expressions[id] = f"{name}.id"
            placed = self._of_the_telephone(id)
            arrival = self._arrivals.get(id)
            wait = f'{name} = ari.wait_for("StasisStart").channel'
            if placed is not None:
                placed.append(wait)
            elif self._connection.simulator is not None and arrival and arrival.extension:
                lines += [f"{self._variables.new('phone')} = ari.call({arrival.arguments})", wait]
            else:
                where = f" to {arrival.extension}" if arrival and arrival.extension else ""
                lines.append(f"print({f'Waiting for a call{where}.'!r})")
                lines.append(f'{name} = ari.wait_for("StasisStart", timeout=3600).channel')
        return lines

    def _of_the_telephone(self, id: str) -> list[str] | None:
        """Return the lines of the telephone's call that arrived as a channel, once."""
        if id in self._unawaited:
            return self._unawaited.pop(id)
        if self._unawaited and self._connection.simulator is None:
            # A Local channel has two ends: the application has the other one.
            return self._unawaited.pop(next(iter(self._unawaited)))
        return None

    def _phone(self, done: Action) -> list[str]:
        if done.dials:
            name = self._phones[done.phone] = self._variables.new("phone")
            return [f"{name} = ari.call({done.arrival.arguments})"]
        name = self._phones.get(done.phone, "")
        if not name:
            return [f"# the telephone: {done.action}"]
        if done.action == "press":
            return [f"{name}.press({str(done.arguments.get('digits') or '')!r})"]
        return [f"{name}.hangup()"] if done.action == "put_down" else []
