"""A journal of the requests that programs sent, and of the events they received."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ari_notebook.schema import Operation
from ari_notebook.simulator.rest.request_pattern import RequestPattern

__all__ = ["JournalEntry", "RequestJournal", "matching_order", "shortfall"]

REQUESTS_KEPT = 10_000
EVENTS_KEPT = 1_000


@dataclass(slots=True, eq=False)
class JournalEntry:
    """One request.

    Attributes:
        number: counts the requests from 1.
        time: simulated time it arrived, in seconds since 1970.
        method: in upper case.
        path: decoded path below ``/ari``, with a leading slash.
        parameters: values by name, of the query, the form and the JSON body, without ``api_key``.
        user: name of the user, or "" where none was named.
        transport: ``http`` or ``websocket``.
        operation: ``channels.play``, or "" for a path without an operation.
        status: status of the answer; None before it is sent.
        message: what Asterisk says of a refusal.
    """

    number: int
    time: float
    method: str
    path: str
    parameters: dict[str, Any]
    user: str
    transport: str
    operation: str = ""
    status: int | None = None
    message: str = ""
    channels: tuple[str, ...] = ()
    declared: Operation | None = field(default=None, repr=False)

    def json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        shown = {name: getattr(self, name) for name in _SHOWN}
        return {**shown, "parameters": dict(self.parameters)}

    def __str__(self) -> str:
        given = " ".join(f"{name}={_short(value)}" for name, value in self.parameters.items())
        status = "no answer yet" if self.status is None else f"{self.status} {self.message}".strip()
        words = (self.method, self.path, given, "->", status)
        return _plain(" ".join(each for each in words if each))


_SHOWN = (
    "number", "time", "method", "path", "user", "transport", "operation", "status", "message",
)  # fmt: skip


class RequestJournal:
    """The last requests and events. It outlives the exchange, which a restart replaces."""

    def __init__(self) -> None:
        self._requests: deque[JournalEntry] = deque(maxlen=REQUESTS_KEPT)
        self._events: deque[tuple[float, str, Mapping[str, Any]]] = deque(maxlen=EVENTS_KEPT)
        self._numbers = itertools.count(1)
        self._watchers: dict[int, Callable[[], object]] = {}

    def add(
        self,
        time: float,
        method: str,
        path: str,
        parameters: dict[str, Any],
        user: str,
        transport: str,
    ) -> JournalEntry:
        """Add a request; see `JournalEntry`."""
        number = next(self._numbers)
        entry = JournalEntry(number, time, method, path, parameters, user, transport)
        self._requests.append(entry)
        return entry

    def answered(self, entry: JournalEntry, status: int, message: str) -> None:
        """Complete a request with its answer."""
        entry.status, entry.message = status, message
        for watcher in list(self._watchers.values()):
            watcher()

    def add_event(self, time: float, app: str, event: Mapping[str, Any]) -> None:
        """Add an event that an application received."""
        self._events.append((time, app, event))

    def requests(self, pattern: RequestPattern | None = None) -> list[JournalEntry]:
        """Return the requests that match, oldest first, of the last 10,000."""
        if pattern is None:
            return list(self._requests)
        return [each for each in self._requests if _matches(pattern, each)]

    def clear(self) -> None:
        """Forget all requests and events."""
        self._requests.clear()
        self._events.clear()

    def watch(self, watcher: Callable[[], object]) -> Callable[[], None]:
        """Call a function after every answered request, until the returned one is called."""
        number = id(watcher)
        self._watchers[number] = watcher
        return lambda: self._watchers.pop(number, None) and None

    def ladder(self, last: int = 40) -> str:
        """Return the last requests and events as a ladder diagram in text.

        Args:
            last: number of lines.
        """
        lines = [(each.time, each.number, f"──> {each}") for each in self._requests]
        received: dict[int, tuple[float, list[str], Mapping[str, Any]]] = {}
        for time, app, event in self._events:
            received.setdefault(id(event), (time, [], event))[1].append(app)
        for time, apps, event in received.values():
            lines.append((time, _LAST, f"<── {_event_line(event)}  [{', '.join(apps)}]"))
        lines.sort(key=lambda line: line[:2])
        shown = lines[-last:]
        if not shown:
            return "no requests and no events"
        start = shown[0][0]
        return "\n".join(f"{time - start:9.3f} s  {text}" for time, _, text in shown)


_LAST = 2**62  # events follow requests of the same time


def shortfall(pattern: RequestPattern, count: int, times: int | None) -> str:
    """Return why a number of requests is not the expected one, or "".

    Args:
        pattern: the pattern.
        count: number of requests that match it.
        times: the expected number; None: at least one.
    """
    if (count >= 1) if times is None else (count == times):
        return ""
    wanted = "at least 1 request" if times is None else f"exactly {times} request"
    wanted += "" if times in (None, 1) else "s"
    return f"expected {wanted} {pattern}, found {count}"


def matching_order(entries: Iterable[JournalEntry], patterns: Iterable[RequestPattern]) -> int:
    """Return how many of the patterns are matched one after the other."""
    wanted = list(patterns)
    done = 0
    for entry in entries:
        if done < len(wanted) and _matches(wanted[done], entry):
            done += 1
    return done


def _matches(pattern: RequestPattern, entry: JournalEntry) -> bool:
    return pattern.matches(
        entry.declared, entry.method, entry.path, entry.parameters, entry.channels
    )


def _event_line(event: Mapping[str, Any]) -> str:
    words = [str(event.get("type"))]
    for kind in ("channel", "bridge", "playback", "recording", "peer", "endpoint"):
        about = event.get(kind)
        if isinstance(about, dict):
            words.append(str(about.get("id") or about.get("name") or about.get("resource")))
    shown = ("digit", "variable", "value", "dialstatus", "cause_txt", "args")
    words += [f"{name}={_short(event[name])}" for name in shown if name in event]
    return " ".join(words)


def _plain(text: str) -> str:
    """Return a text without characters that change how the text around them is shown."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _short(value: object) -> str:
    text = _plain(value if isinstance(value, str) else repr(value))
    return text if len(text) <= 60 else f"{text[:59]}…"
