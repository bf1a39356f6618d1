"""Event programs: functions that run when an event comes.

Each handler has a queue and a thread of its own, made when its first event comes: a slow handler
makes nobody wait, and sees its events in order. A coroutine function has an asyncio loop of its own
there: it sees one event at a time, and tasks that it leaves behind go on while it runs.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any

from ari_notebook.matching import Pattern

__all__ = ["Handler", "Handlers", "Sighting"]

_LONGEST_QUEUE = 10_000


@dataclass(frozen=True, slots=True)
class Sighting:
    """An event and its place in the log."""

    event: dict[str, Any]
    sequence: int


class Handler:
    """One function and the events it runs for.

    Args:
        function: called with what it asks for by parameter name.
        pattern: the events.
        arguments: makes the arguments that may be asked for, from an event.
        failed: told of an exception, with its traceback as text.
        before: called in the handler's thread before each event, with its place in the log.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        pattern: Pattern,
        arguments: Callable[[dict[str, Any]], Mapping[str, Callable[[], Any]]],
        failed: Callable[[Handler, Sighting, str], None],
        before: Callable[[Sighting], None],
    ) -> None:
        self.function = function
        self.name = getattr(function, "__name__", repr(function))
        self.pattern = pattern
        self.runs = 0
        self.failures = 0
        self.dropped = 0
        self.seconds = 0.0
        # Where what the handler prints goes; the notebook gives it a place of its own.
        self.output: Callable[[], AbstractContextManager[Any]] = nullcontext
        self._arguments = arguments
        self._failed = failed
        self._before = before
        parameters = inspect.signature(function).parameters
        self.wants = tuple(parameters)
        self._queue: deque[Sighting] = deque()
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._busy = False

    def offer(self, sighting: Sighting) -> None:
        """Take an event to run for; called by the stream, returns at once."""
        with self._ready:
            if self._stopped:
                return
            if len(self._queue) >= _LONGEST_QUEUE:
                self._queue.popleft()
                self.dropped += 1
            self._queue.append(sighting)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name=f"ari-handler-{self.name}", daemon=True
                )
                self._thread.start()
            self._ready.notify()

    def stop(self) -> None:
        """Run for no further event; the one at work is left to finish."""
        with self._ready:
            self._stopped = True
            self._queue.clear()
            self._ready.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=1)

    @property
    def waiting(self) -> int:
        """Events that wait for the handler, the one at work included."""
        with self._ready:
            return len(self._queue) + self._busy

    def _work(self) -> None:
        runner = asyncio.Runner()  # which makes its loop when it is first used
        try:
            while True:
                with self._ready:
                    self._busy = False
                    while not self._queue and not self._stopped:
                        self._ready.wait()
                    if self._stopped:
                        return
                    sighting = self._queue.popleft()
                    self._busy = True
                self._run(sighting, runner)
        finally:
            runner.close()  # with the tasks that are still under way

    def _run(self, sighting: Sighting, runner: asyncio.Runner) -> None:
        started = time.perf_counter()
        self._before(sighting)
        try:
            if not self.pattern(sighting.event):  # functions in it are asked here, not before
                return
            self.runs += 1
            with self.output():
                made = self._arguments(sighting.event)
                result = self.function(*[made[name]() for name in self.wants])
                if inspect.iscoroutine(result):
                    runner.run(result, context=copy_context())  # what it prints has its place there
        except BaseException:  # noqa: BLE001  reported; nothing a handler does stops the stream
            # Said first and counted then: whoever sees the count finds it in the log.
            self._failed(self, sighting, traceback.format_exc(limit=-6))
            self.failures += 1
        finally:
            self.seconds += time.perf_counter() - started

    def __repr__(self) -> str:
        text = f"<handler {self.name} on {self.pattern}: ran {self.runs} times"
        if self.failures:
            text += f", failed {self.failures}"
        if self.dropped:
            text += f", dropped {self.dropped}"
        return text + ">"


class Handlers:
    """The handlers of a session, by name.

    Running a cell again replaces its handler: there is one handler of a name.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()  # handlers, too, add and remove handlers
        self._handlers: dict[str, Handler] = {}
        # type → handlers, for the stream: made anew on every change, read without a lock.
        self._by_type: dict[str, tuple[Handler, ...]] = {}
        self._for_all: tuple[Handler, ...] = ()

    def add(self, handler: Handler) -> None:
        """Put a handler in the place of one with the same name."""
        with self._changing:
            old = self._handlers.get(handler.name)
            self._handlers[handler.name] = handler
            self._index()
        if old is not None:
            old.stop()

    def remove(self, name: str) -> None:
        """Take a handler away.

        Raises:
            KeyError: there is none of that name.
        """
        with self._changing:
            handler = self._handlers.pop(name)
            self._index()
        handler.stop()

    def stop(self) -> None:
        """Stop them all."""
        with self._changing:
            handlers, self._handlers = self._handlers, {}
            self._index()
        for handler in handlers.values():
            handler.stop()

    def _index(self) -> None:
        by_type: dict[str, tuple[Handler, ...]] = {}
        for handler in self._handlers.values():
            for type in handler.pattern.types or ():
                by_type[type] = (*by_type.get(type, ()), handler)
        self._by_type = by_type
        self._for_all = tuple(h for h in self._handlers.values() if h.pattern.types is None)

    def offer(self, events: Iterable[dict[str, Any]], first: int) -> None:
        """Hand a batch of events to whom they concern; called by the stream.

        Args:
            events: in order.
            first: the place of the first of them in the log.
        """
        by_type, for_all = self._by_type, self._for_all
        if not by_type and not for_all:
            return
        for sequence, event in enumerate(events, first):
            type = event.get("type")
            for handler in (*(by_type.get(type, ()) if isinstance(type, str) else ()), *for_all):
                if handler.pattern.may_fit(event):
                    handler.offer(Sighting(event, sequence))

    def __getitem__(self, name: str) -> Handler:
        return self._handlers[name]

    def __contains__(self, name: object) -> bool:
        return name in self._handlers

    def __iter__(self) -> Any:
        return iter(list(self._handlers))

    def __len__(self) -> int:
        return len(self._handlers)

    def __repr__(self) -> str:
        if not self._handlers:
            return "no handlers; make one with @ari.on(EVENT) or %%ari on EVENT"
        return "\n".join(repr(handler) for handler in self._handlers.values())
