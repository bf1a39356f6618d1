"""Followed events: every event about some objects, in order, from the moment they exist.

A wait (`ari_notebook.connection.waits`) returns one event and searches for it. Here each event that
concerns a followed object is queued as it comes, so that a program sees all of them, once and in
order, however slow it is. `EventRouter` finds the queues of an event by its objects' ids.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

from ari_notebook.background import THREADS, Background
from ari_notebook.client.errors import AriError, EventTimeout, UsageProblem
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.event_order import Copies, release
from ari_notebook.connection.event_types import typed_event
from ari_notebook.connection.generated.events import Event
from ari_notebook.connection.signals import Signal
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_log import EventLog

__all__ = ["EventRouter", "FollowedEvents", "earlier_events", "objects_of"]

MOST_EVENTS = 10_000
_PART = 256  # events looked at in one go
_MOST_SEARCHED = 100_000  # events in which the beginning of an object is searched
# The first event about an object, and the field and key of its id.
_FIRST = {
    "ChannelCreated": ("channel", "id"),
    "BridgeCreated": ("bridge", "id"),
    "PlaybackStarted": ("playback", "id"),
    "RecordingStarted": ("recording", "name"),
}
_CHANNELS = (
    "channel",
    "peer",
    "caller",
    "forwarded",
    "replace_channel",
    "transferee",
    "transfer_target",
    "transferer",
    "transferer_first_leg",
    "transferer_second_leg",
)
# The events after which nothing more is published about the object that they show.
_LAST = {
    "ChannelDestroyed": ("channel", "id"),
    "BridgeDestroyed": ("bridge", "id"),
    "PlaybackFinished": ("playback", "id"),
    "RecordingFinished": ("recording", "name"),
    "RecordingFailed": ("recording", "name"),
}


def objects_of(event: Mapping[str, Any]) -> set[str]:
    """Return the ids (of recordings the names) of all objects that an event is about.

    A playback or recording belongs to its channel or bridge as well.
    """
    found = set()
    for field in (*_CHANNELS, "bridge", "playback", "recording"):
        item = event.get(field)
        if isinstance(item, dict):
            found.add(str(item.get("name" if field == "recording" else "id", "")))
            found.add(str(item.get("target_uri", "")).partition(":")[2])
    found.discard("")
    return found


def _objects_at(events: Sequence[dict[str, Any]], place: int) -> set[str]:
    """Return the objects of one event of a batch; frequent events are not decoded for it."""
    if isinstance(events, EventBatch):
        head = events.heads[place]
        if head.kind:
            return {head.channel.id, *head.objects}
    return objects_of(events[place])


def earlier_events(
    log: EventLog, objects: set[str], stop: int, since: int | None, created: str = ""
) -> list[dict[str, Any]]:
    """Return the events about objects before a place in the log.

    Args:
        log: the event log.
        objects: their ids.
        stop: the place.
        since: the place from which the objects exist; None: searched, back to their first events.
        created: Asterisk's time of their creation, where it is known: the search ends there.
    """
    found: list[dict[str, Any]] = []
    end, begun = stop, set[str]()
    first = max(log.first, stop - _MOST_SEARCHED if since is None else since)
    while end > first:
        start = max(first, end - _PART)
        events, after = log.part(start, end - start)
        begin = after - len(events)
        for place in range(min(len(events), end - begin) - 1, -1, -1):
            if objects.isdisjoint(_objects_at(events, place)):
                continue
            found.append(events[place])
            field, key = _FIRST.get(events.types[place], ("", ""))
            begun.add(str(found[-1].get(field, {}).get(key)) if field else "")
        over = created and events and events.heads[0].timestamp[:23] < created[:23]
        if since is None and (over or begun >= objects):
            break
        end = start
    return found[::-1]


class FollowedEvents:
    """The events about some objects, in order; made by ``ari.follow(...)``.

    Iteration yields them and ends when the objects are over; leaving the ``with`` block or `close`
    ends it as well. Both ``for`` and ``async for`` work, also over `until`. A lost connection is an
    event of the type ``Gap``: events in between are missing.

    Args:
        router: passes the events.
        objects: ids of the objects; empty: whatever the filter accepts.
        event_filter: which of their events; None: all.
        most: how many events to hold; older ones are dropped then, and counted in ``lost``.
        until_destroyed: whether a channel's events go on after it left Stasis.
        endless: whether it goes on when all its objects are over, since others may be added.

    Attributes:
        lost: number of events that were dropped, since they were not read in time.
    """

    def __init__(
        self,
        router: EventRouter,
        objects: Iterable[str] = (),
        event_filter: EventFilter | None = None,
        *,
        most: int = MOST_EVENTS,
        until_destroyed: bool = False,
        endless: bool = False,
    ) -> None:
        if most < 1:
            raise UsageProblem(f"at least one event must be held, not {most}")
        self.objects = set(objects)
        self.lost = 0
        self._router = router
        self._filter = event_filter
        self._until_destroyed = until_destroyed
        self.indexed = bool(self.objects)  # whether it is found by its objects
        self._ending = self.indexed and not endless
        self._living = set(self.objects)
        self._events: deque[dict[str, Any]] = deque(maxlen=most)
        self._background = router.background
        self._changed = router.background.condition()
        self._signals: list[Signal] = []
        self._error: AriError | None = None
        self._over = False

    @property
    def background(self) -> Background:
        """What waits for events wait with."""
        return self._background

    # What a program uses.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event]:
        return self.until()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self.until().__aiter__()

    def until(self, timeout: float | None = None) -> EventsUntil:
        """Return an iterator that ends after a number of seconds, or with the objects.

        Args:
            timeout: seconds from now on; None: without limit.
        """
        return EventsUntil(self, timeout)

    def wait(self, timeout: float | None = None) -> Event:
        """Return the next event.

        Args:
            timeout: seconds; None: without limit.

        Raises:
            EventTimeout: none came, or none will since the objects are over.
            SessionClosed: the session is closed.
            ApplicationTaken: another program receives the events now.
        """
        event = self.take(timeout)
        if event is None:
            raise self._nothing(timeout)
        return typed_event(event)

    async def next_event(self, timeout: float | None = None) -> Event:
        """Wait as `wait` does, for coroutines: other tasks run meanwhile."""
        event = await self.take_soon(timeout)
        if event is None:
            raise self._nothing(timeout)
        return typed_event(event)

    def add(self, id: str) -> None:
        """Follow another object, from now on."""
        with self._changed:
            self._living.add(id)
            self.objects.add(id)
        self._router.add(self, (id,))

    def discard(self, id: str) -> None:
        """Follow an object no longer."""
        with self._changed:
            self._living.discard(id)
            self.objects.discard(id)
        self._router.remove(self, (id,))

    def close(self) -> None:
        """Follow nothing any more; idempotent."""
        self._router.remove(self, self.objects)
        self._finish(None)

    def __len__(self) -> int:
        """Return the number of events that are waiting to be read."""
        return len(self._events)

    def __repr__(self) -> str:
        lost = f", {self.lost} lost" if self.lost else ""
        return f"<events of {', '.join(sorted(self.objects)) or self._filter}: {len(self)}{lost}>"

    # What flows use: an event as received, without an error for none.

    def take(self, timeout: float | None = None) -> dict[str, Any] | None:
        """Return the next event as received; None if none came in time, or none will come."""
        end = None if timeout is None else self._background.monotonic() + timeout
        with self._changed:
            while not self._events:
                if self._error is not None:
                    raise self._error
                left = None if end is None else end - self._background.monotonic()
                if self._over or (left is not None and left <= 0):
                    return None
                release()  # a handler that waits lets its channel's later events pass
                self._changed.wait(left)
            return self._events.popleft()

    async def take_soon(self, timeout: float | None = None) -> dict[str, Any] | None:
        """Return what `take` does, for coroutines."""
        end = None if timeout is None else self._background.monotonic() + timeout
        while True:
            with self._changed:
                if self._events:
                    return self._events.popleft()
                if self._error is not None:
                    raise self._error
                left = None if end is None else end - self._background.monotonic()
                if self._over or (left is not None and left <= 0):
                    return None
                signal = Signal()
                self._signals.append(signal)
            try:
                await signal.wait(left)
            finally:
                with self._changed:
                    if signal in self._signals:
                        self._signals.remove(signal)

    # What the router calls.

    def put(self, event: dict[str, Any]) -> None:
        """Queue an event, if the filter accepts it."""
        if event.get("type") != "Gap" and self._filter is not None and not self._filter(event):
            self._note_end(event)
            return
        with self._changed:
            self.lost += len(self._events) == self._events.maxlen
            self._events.append(event)
            self._wake()
        self._note_end(event)

    def put_earlier(self, events: Iterable[dict[str, Any]]) -> None:
        """Put events before those that came meanwhile."""
        chosen = [each for each in events if self._filter is None or self._filter(each)]
        with self._changed:
            room = (self._events.maxlen or 0) - len(self._events)
            self.lost += max(0, len(chosen) - room)
            self._events.extendleft(reversed(chosen[max(0, len(chosen) - room) :]))
        for event in events:
            self._note_end(event)

    def fail(self, error: AriError) -> None:
        """Raise an error in every wait, after the events so far."""
        self._finish(error)

    def _note_end(self, event: Mapping[str, Any]) -> None:
        """Note whether an event is the last one of an object, and end after the last object."""
        if not self._ending:
            return
        type = event.get("type")
        if type == "Gap":
            gone = {id for ids in event.get("vanished", {}).values() for id in ids}
        elif type == "StasisEnd" and not self._until_destroyed:
            gone = {str(event.get("channel", {}).get("id"))}
        elif type in _LAST:
            field, key = _LAST[type]
            gone = {str(event.get(field, {}).get(key))}
        else:
            return
        with self._changed:
            self._living -= gone
            if self._living:
                return
        self._finish(None)

    def _finish(self, error: AriError | None) -> None:
        with self._changed:
            self._over = True
            self._error = self._error or error
            self._wake()

    def _wake(self) -> None:
        self._changed.notify_all()
        for signal in self._signals:
            signal.set()
        self._signals.clear()

    def _nothing(self, timeout: float | None) -> EventTimeout:
        what = ", ".join(sorted(self.objects)) or str(self._filter)
        if self._over:
            return EventTimeout(f"no more events of {what}", "It is over.")
        return EventTimeout(f"no event of {what} in {timeout:g} s")


class EventsUntil(Iterator[Event], AsyncIterator[Event]):
    """Iterates over followed events up to a moment."""

    def __init__(self, events: FollowedEvents, timeout: float | None) -> None:
        self._events = events
        self._background = events.background
        self._end = None if timeout is None else self._background.monotonic() + timeout

    def _left(self) -> float | None:
        if self._end is None:
            return None
        return max(0.0, self._end - self._background.monotonic())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = self._events.take(self._left())
        if event is None:
            raise StopIteration
        return typed_event(event)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = await self._events.take_soon(self._left())
        if event is None:
            raise StopAsyncIteration
        return typed_event(event)


class EventRouter:
    """Passes each event to those who follow its objects, in the stream's thread.

    Args:
        background: what followers wait with.
    """

    def __init__(self, background: Background = THREADS) -> None:
        self.background = background
        self._changing = threading.Lock()
        # Read without a lock by the stream.
        self._by_object: dict[str, tuple[FollowedEvents, ...]] = {}
        self._by_filter: tuple[FollowedEvents, ...] = ()
        self._arrivals: tuple[Callable[[dict[str, Any]], object], ...] = ()
        self._signals: list[Signal] = []  # to be set by the next events
        self._error: AriError | None = None

    def wake(self, signal: Signal) -> None:
        """Set a signal when the next events have come, or none will come any more."""
        with self._changing:
            self._signals.append(signal)

    def _set_signals(self) -> None:
        with self._changing:
            signals, self._signals = self._signals, []
        for signal in signals:
            signal.set()

    def __len__(self) -> int:
        """Return the number of followed objects and filters."""
        return len(self._by_object) + len(self._by_filter) + len(self._arrivals)

    def add(self, events: FollowedEvents, objects: Iterable[str]) -> None:
        """Pass events about objects from now on; without objects, all."""
        with self._changing:
            error = self._error
            if events.indexed:
                for id in objects:
                    self._by_object[id] = (*self._by_object.get(id, ()), events)
            else:
                self._by_filter += (events,)
        if error is not None:
            events.fail(error)

    def remove(self, events: FollowedEvents, objects: Iterable[str]) -> None:
        """Pass no more events about objects."""
        with self._changing:
            self._by_filter = tuple(each for each in self._by_filter if each is not events)
            for id in list(objects):
                left = tuple(each for each in self._by_object.get(id, ()) if each is not events)
                if left:
                    self._by_object[id] = left
                else:
                    self._by_object.pop(id, None)

    def add_arrivals(self, function: Callable[[dict[str, Any]], object]) -> None:
        """Call a function with each StasisStart, before any later event is passed on."""
        with self._changing:
            self._arrivals += (function,)

    def offer(
        self, events: Sequence[dict[str, Any]], first: int, copies: Copies | None = None
    ) -> None:
        """Pass a batch of events on.

        Args:
            events: in order.
            first: place of the first of them in the log.
            copies: which of them came before, for another application; they are left out.
        """
        if self._signals:
            self._set_signals()
        if not len(self):
            return
        types = (
            events.types
            if isinstance(events, EventBatch)
            else [str(each.get("type")) for each in events]
        )
        for place, type in enumerate(types):
            if copies is not None and copies.original(first + place) is not None:
                continue
            event: dict[str, Any] | None = None
            if type == "StasisStart" and self._arrivals:
                event = events[place]
                for arrival in self._arrivals:
                    arrival(event)
            followers = list(self._by_filter)
            if type == "Gap":
                followers += self._all()
            elif self._by_object:
                for id in _objects_at(events, place):
                    followers += [
                        each for each in self._by_object.get(id, ()) if each not in followers
                    ]
            if followers:
                event = event or events[place]
                for follower in followers:
                    follower.put(event)

    def fail(self, error: AriError) -> None:
        """Raise an error in every wait, now and later."""
        with self._changing:
            self._error = error
        self._set_signals()
        for events in (*self._by_filter, *self._all()):
            events.fail(error)

    def _all(self) -> set[FollowedEvents]:
        return {each for followers in list(self._by_object.values()) for each in followers}
