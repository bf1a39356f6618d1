"""Event handlers: functions that run on matching events.

Each handler has a queue and work of its own (`ari_notebook.background`; usually a thread), started
with its first event: a slow handler delays no other channel and receives its events in order; the
events of one channel reach all handlers in order (`ari_notebook.connection.event_order`). Of a
coroutine function each event is a task of the connection's loop, and tasks for different channels
run concurrently.
"""

from __future__ import annotations

import inspect
import threading
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import copy_context
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ari_notebook.background import THREADS, Background, Job
from ari_notebook.client.errors import UsageProblem
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.event_order import (
    Copies,
    EventOrder,
    finish_turn,
    subject,
    target,
)
from ari_notebook.connection.event_types import typed_event
from ari_notebook.connection.resource_types import ARGUMENT_OBJECTS, MEDIA_PREFIX, RESOURCE_TYPES
from ari_notebook.connection.spawner import LoopThread, Spawner
from ari_notebook.store.event_batch import EventBatch

if TYPE_CHECKING:
    from ari_notebook.connection.protocols import Invoker

__all__ = ["PARAMETERS", "Handler", "Handlers", "LoggedEvent", "event_program", "live_object"]

_LONGEST_QUEUE = 10_000


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event and its place in the log."""

    event: dict[str, Any]
    sequence: int


class Handler:
    """One function and the events it runs for.

    Args:
        function: called with the arguments that its parameter names select.
        event_filter: the events.
        arguments: returns the available arguments for an event.
        failed: called with an exception's traceback as text.
        before: called in the handler's thread before each event, with its place in the log.
        output: the context in which the function runs, so that its output appears there.
        spawner: starts the tasks of a coroutine function; if None, in a separate loop.
        background: runs a plain function.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        event_filter: EventFilter,
        arguments: Callable[[dict[str, Any]], Mapping[str, Callable[[], Any]]],
        failed: Callable[[Handler, LoggedEvent, str], None],
        before: Callable[[LoggedEvent], None],
        output: Callable[[], AbstractContextManager[Any]] = nullcontext,
        spawner: Spawner | None = None,
        background: Background = THREADS,
    ) -> None:
        self._background = background
        self.function = function
        self.name = getattr(function, "__name__", repr(function))
        self.event_filter = event_filter
        self.runs = 0
        self.failures = 0
        self.dropped = 0
        self.seconds = 0.0
        self._output = output
        self._arguments = arguments
        self._failed = failed
        self._before = before
        parameters = inspect.signature(function).parameters
        self.wants = tuple(parameters)
        self._queue: deque[tuple[LoggedEvent, Callable[[], None]]] = deque()
        self._announced = 0  # events to be offered after others of their channel
        self._ready = background.condition()
        self._job: Job | None = None
        self._stopped = False
        self._busy = 0  # events being handled
        self.is_async = inspect.iscoroutinefunction(function)
        self._own_loop = LoopThread() if self.is_async and spawner is None else None
        self._spawner = spawner or self._own_loop

    def announce(self) -> bool:
        """Reserve a place for an event; return False if it is dropped instead."""
        oldest = None
        with self._ready:
            if self._announced + len(self._queue) + self._busy >= _LONGEST_QUEUE:
                self.dropped += 1
                if not self._queue:
                    return False
                oldest = self._queue.popleft()
            self._announced += 1
        if oldest is not None:
            oldest[1]()
        return True

    def offer(self, event: LoggedEvent, finished: Callable[[], None]) -> bool:
        """Queue an announced event; returns at once.

        Args:
            event: the event.
            finished: called after the handler has run.

        Returns:
            False if the handler is stopped.
        """
        with self._ready:
            self._announced -= 1
            if self._stopped:
                return False
            if self.is_async and self._spawner is not None:
                self._busy += 1
                self._spawner.spawn(lambda: self._handle(event, finished), copy_context())
                return True
            self._queue.append((event, finished))
            if self._job is None or not self._job.alive:  # an interrupt ends it
                self._job = self._background.start(f"ari-handler-{self.name}", self._work)
            else:
                self._job.wake()
        return True

    def stop(self) -> None:
        """Handle no further event; the current one is completed."""
        with self._ready:
            self._stopped = True
            unhandled = list(self._queue)
            self._queue.clear()
        for _, finished in unhandled:
            finished()
        if self._job is not None:
            self._job.stop()
            self._job.join(timeout=1)
        if self._own_loop is not None:
            self._own_loop.close()

    @property
    def waiting(self) -> int:
        """Number of events waiting, including the current one."""
        with self._ready:
            return self._announced + len(self._queue) + self._busy

    def _work(self) -> Generator[float | None, None, None]:
        while True:
            with self._ready:
                self._busy = 0
                if self._stopped:
                    return
                queued = self._queue.popleft() if self._queue else None
                self._busy = int(queued is not None)
            if queued is None:
                yield None
                continue
            logged, finished = queued
            finish_turn.set(finished)
            try:
                self._run(logged)
            finally:
                finished()

    def _run(self, logged: LoggedEvent) -> None:
        started = self._background.monotonic()
        self._before(logged)
        try:
            if not self.event_filter(logged.event):  # its functions are called here, not before
                return
            self.runs += 1
            with self._output():
                made = self._arguments(logged.event)
                self.function(*[made[name]() for name in self.wants])
        except BaseException as error:
            self._record_failure(logged)
            if (
                isinstance(error, KeyboardInterrupt)
                and threading.current_thread() is threading.main_thread()
            ):
                raise  # meant for the cell that waits meanwhile
        finally:
            self.seconds += self._background.monotonic() - started

    async def _handle(self, logged: LoggedEvent, finished: Callable[[], None]) -> None:
        """Run a coroutine function for an event, as a task."""
        started = self._background.monotonic()
        finish_turn.set(finished)
        try:
            self._before(logged)
            if self._stopped or not self.event_filter(logged.event):
                return
            self.runs += 1
            with self._output():
                made = self._arguments(logged.event)
                await self.function(*[made[name]() for name in self.wants])
        except Exception:  # noqa: BLE001  reported; a cancellation is none
            self._record_failure(logged)
        finally:
            self.seconds += self._background.monotonic() - started
            with self._ready:
                self._busy -= 1
            finished()

    def _record_failure(self, logged: LoggedEvent) -> None:
        # Logged before it is counted, so that a reader of the count finds it in the log.
        self._failed(self, logged, traceback.format_exc(limit=-6))
        self.failures += 1

    def __repr__(self) -> str:
        runs = f", ran {self.runs} time{'' if self.runs == 1 else 's'}" if self.runs else ""
        text = f"<handler {self.name} on {self.event_filter}{runs}"
        if self.failures:
            text += f", failed {self.failures}"
        if self.dropped:
            text += f", dropped {self.dropped}"
        return text + ">"


def _of_media(event: Mapping[str, Any]) -> bool:
    """Return whether an event is about a channel that carries a call's audio to this program."""
    channel = event.get("channel")
    id = channel.get("id") if isinstance(channel, dict) else None
    return isinstance(id, str) and id.startswith(MEDIA_PREFIX)


class Handlers:
    """The handlers of a session, by name.

    Running a cell again replaces its handler, because names are unique.

    Args:
        background: runs what keeps a channel's events in order.
    """

    def __init__(self, background: Background = THREADS) -> None:
        self.background = background
        self._changing = threading.Lock()  # handlers may add and remove handlers
        self._handlers: dict[str, Handler] = {}
        # type → handlers, for the stream: rebuilt on every change, read without a lock.
        self._by_type: dict[str, tuple[Handler, ...]] = {}
        self._for_all: tuple[Handler, ...] = ()
        self._order = EventOrder(background)

    def add(self, handler: Handler) -> None:
        """Add a handler, replacing one of the same name."""
        with self._changing:
            old = self._handlers.get(handler.name)
            self._handlers[handler.name] = handler
            self._index()
        if old is not None:
            old.stop()

    def remove(self, name: str) -> None:
        """Remove a handler.

        Raises:
            KeyError: unknown name.
        """
        with self._changing:
            handler = self._handlers.pop(name)
            self._index()
        handler.stop()

    @property
    def failures(self) -> int:
        """The exceptions that the handlers raised."""
        return sum(handler.failures for handler in list(self._handlers.values()))

    def stop(self) -> None:
        """Stop all handlers."""
        with self._changing:
            handlers, self._handlers = self._handlers, {}
            self._index()
        for handler in handlers.values():
            handler.stop()

    def _index(self) -> None:
        by_type: dict[str, tuple[Handler, ...]] = {}
        for handler in self._handlers.values():
            for type in handler.event_filter.types or ():
                by_type[type] = (*by_type.get(type, ()), handler)
        self._by_type = by_type
        self._for_all = tuple(h for h in self._handlers.values() if h.event_filter.types is None)

    def offer(
        self, events: Sequence[dict[str, Any]], first: int, copies: Copies | None = None
    ) -> None:
        """Offer a batch of events to the handlers whose filters match; called by the stream.

        Args:
            events: events in order; of an `EventBatch` only those that a handler may match are
                decoded.
            first: the place of the first of them in the log.
            copies: which of them are copies of others; None: none.
        """
        by_type, for_all = self._by_type, self._for_all
        if not by_type and not for_all:
            return
        places: Iterable[int] = range(len(events))
        if isinstance(events, EventBatch) and not for_all:
            places = events.places(by_type)
            if not places:
                return
        # A single handler's queue keeps the order; tasks have none.
        alone = len(self._handlers) == 1 and not any(
            each.is_async for each in self._handlers.values()
        )
        for place in places:
            event, sequence = events[place], first + place
            type = event.get("type")
            candidates = (*(by_type.get(type, ()) if isinstance(type, str) else ()), *for_all)
            if candidates and _of_media(event):
                candidates = tuple(c for c in candidates if "channel" in c.event_filter.where)
            if not candidates:
                continue
            original = copies.original(sequence) if copies is not None else None
            chosen = [
                handler
                for handler in candidates
                if handler.event_filter.may_fit(event)
                and not (original is not None and handler.event_filter.may_fit(original))
                and handler.announce()
            ]
            if chosen:
                channel = "" if alone else subject(event)
                self._order.submit(channel, LoggedEvent(event, sequence), chosen)

    def __getitem__(self, name: str) -> Handler:
        return self._handlers[name]

    def __contains__(self, name: object) -> bool:
        return name in self._handlers

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._handlers))

    def __len__(self) -> int:
        return len(self._handlers)

    def __repr__(self) -> str:
        if not self._handlers:
            return "no handlers; add one with @ari.on(EVENT) or %%ari on EVENT"
        return "\n".join(repr(handler) for handler in self._handlers.values())


PARAMETERS = ("event", *ARGUMENT_OBJECTS, "ari")


def event_program(
    connection: Invoker,
    function: Callable[..., Any],
    event_filter: EventFilter,
    *,
    failed: Callable[[Handler, LoggedEvent, str], None],
    before: Callable[[LoggedEvent], None],
    output: Callable[[], AbstractContextManager[Any]] = nullcontext,
    spawner: Spawner | None = None,
    background: Background = THREADS,
    wrap: Callable[[Any], Any] = lambda argument: argument,
) -> Handler:
    """Return a handler of a function.

    Args:
        connection: connection of the events.
        function: its parameter names must be among `PARAMETERS`.
        event_filter: the events it runs for.
        failed: as of `Handler`.
        before: as of `Handler`.
        output: as of `Handler`.
        spawner: as of `Handler`.
        background: as of `Handler`.
        wrap: changes each argument.

    Raises:
        UsageProblem: unknown parameter name.
    """
    handler = Handler(
        function,
        event_filter,
        arguments=lambda event: _arguments(connection, event, wrap),
        failed=failed,
        before=before,
        output=output,
        spawner=spawner,
        background=background,
    )
    for name in handler.wants:
        if name not in PARAMETERS:
            raise UsageProblem(
                f"handler {handler.name} has an unknown parameter {name!r}",
                f"Use only: {', '.join(PARAMETERS)}.",
            )
    return handler


def _arguments(
    connection: Invoker, event: dict[str, Any], wrap: Callable[[Any], Any]
) -> dict[str, Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {
        "event": lambda: typed_event(event),
        "ari": lambda: wrap(connection),
    }
    for name in ARGUMENT_OBJECTS:
        made[name] = lambda name=name: wrap(live_object(connection, event, name))  # type: ignore[misc]
    return made


def live_object(connection: Invoker, event: dict[str, Any], name: str) -> Any:
    """Return the channel, bridge, playback or recording of an event, or None.

    Args:
        connection: connection of the live object.
        event: the event.
        name: ``channel``, ``bridge``, ``playback`` or ``recording``.
    """
    model, keys = ARGUMENT_OBJECTS[name]
    for key in keys:
        item = event.get(key)
        if isinstance(item, dict):
            with suppress(KeyError):
                return connection.objects[model](
                    connection, RESOURCE_TYPES[model].id_of(item), item
                )
    if id := target(event, name):  # of a playback or a recording
        return connection.objects[model](connection, id)
    return None
