"""Waits for events, including an event that arrived before the wait started.

A program sends a request and then waits for its effect, whose event has often arrived already. So a
wait searches earlier events. How far back depends on the possible cause of the event:

- actions of the far end (a key, speech) follow no request: back to the program's last call, or to
    the first appearance of its channel;
- if the filter names an object, back to the last request about that object, or else to its first
    appearance: requests about other objects do not count;
- any other event: the latest request.

No event is returned twice, and no event of an object older than the last returned one of its type.
Each thread has its own position, which tasks and threads that copy its context inherit (asyncio's
tasks, `asyncio.to_thread`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote

from ari_notebook.background.context_value import ContextValue
from ari_notebook.client.errors import EventTimeout, UsageProblem
from ari_notebook.client.rest import RestRequest, RestResponse
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.event_order import release, subject
from ari_notebook.connection.event_sync import EventSynchronizer
from ari_notebook.connection.signals import Signal
from ari_notebook.store.request_log import made_by

__all__ = ["EventWaiter"]

# Python on Windows cannot interrupt a lock that waits; a short wait can always be interrupted.
_SLICE_SECONDS = 0.25
_CHECK_SECONDS = 5.0  # at most, until a coroutine that waits looks whether the session is over
_PART = 256  # events searched in one pass, for which the stream waits at most
_MISSING = 404
_MOST_LISTED = 10_000  # maximum number of events listed by a timeout's message
_MOST_OBJECTS = 5_000  # number of objects whose start position a reader stores
_MOST_LOOKS = 1_000  # number of filters and starts whose searched place a reader stores

# Actions of the far end of a channel, which do not depend on requests.
_FAR_END = frozenset({"ChannelDtmfReceived", "ChannelTalkingStarted", "ChannelTalkingFinished"})
# Parameters that name an object which a request concerns or creates.
_NAMING = ("channel", "channelId", "otherChannelId", "snoopId", "playbackId", "bridgeId", "name")


class _Reader:
    """The events returned to one program, and the positions from which its objects count."""

    def __init__(self) -> None:
        self.returned: dict[int, None] = {}  # places in the log, oldest return first
        # Type and object → the place after the event that was returned last.
        self.floors: dict[tuple[str, str], int] = {}
        self.known: dict[str, int] = {}  # object → place of its first appearance
        self.asked: dict[str, int] = {}  # object → place of the latest request about it
        # Filter and start → place before which all matching events were returned, so that a program
        # which only waits does not search everything each time.
        self.looked: dict[tuple[str, int, int], int] = {}

    def note(self, objects: Iterable[str], place: int, *, asked: bool) -> None:
        """Store the place in the log of objects' first appearance, or of a request about them."""
        for id in objects:
            self.known.setdefault(id, place)
            if asked:
                self.asked[id] = place
        for table in (self.known, self.asked, self.floors):
            while len(table) > _MOST_OBJECTS:
                del table[next(iter(table))]  # type: ignore[arg-type]

    def forget_before(self, place: int) -> None:
        """Forget the returned events before a place: the log no longer holds them."""
        while self.returned and (first := next(iter(self.returned))) < place:
            del self.returned[first]


@dataclass(frozen=True, slots=True)
class _Position:
    """The start position of a program's waits: its last request and its last call."""

    reader: _Reader
    sequence: int
    call: int


class PendingWait:
    """One wait, which takes one event."""

    def __init__(self, event_filter: EventFilter, position: _Position) -> None:
        self.event_filter = event_filter
        self.reader = reader = position.reader
        self.sequence = position.sequence
        objects = event_filter.objects
        self._named = bool(objects)
        if objects:
            known = [reader.known.get(id, position.call) for id in objects]
            asked = [reader.asked.get(id, place) for id, place in zip(objects, known, strict=True)]
            self._near = min(*asked, position.sequence)
            self._far = min(*known, self._near)
        else:
            self._near, self._far = position.sequence, position.call
        # Different functions may have one name, so it cannot be a key.
        self._key = ("" if event_filter.asks else str(event_filter), self._near, self._far)

    @property
    def start(self) -> int:
        """Return the place from which it searches."""
        types = self.event_filter.types
        first = self._far if types is not None and types & _FAR_END else self._near
        return max(first, self.reader.looked.get(self._key, 0))

    def looked(self, up_to: int) -> None:
        """Store that all matching events before this place were returned."""
        if self._key[0]:
            looked = self.reader.looked
            looked[self._key] = up_to
            while len(looked) > _MOST_LOOKS:
                del looked[next(iter(looked))]

    def accepts(
        self, place: int, event: Mapping[str, Any], is_alive: Callable[[str], bool]
    ) -> bool:
        """Return whether this event matches and was not returned yet.

        Args:
            place: in the log.
            event: the event there.
            is_alive: returns whether a channel exists: keys of calls that have ended are skipped.
        """
        reader, type = self.reader, str(event.get("type"))
        far = self.event_filter.types is not None and type in _FAR_END
        if place < (self._far if far else self._near) or place in reader.returned:
            return False
        about = subject(event)
        if about and place < reader.floors.get((type, about), 0):
            return False
        if far and not self._named and place < self._near and not is_alive(about):
            return False
        return self.event_filter(event)

    def take(self, place: int, event: Mapping[str, Any]) -> bool:
        """Take the event at a place; return False if another wait took it or this one has ended."""
        reader = self.reader
        if place in reader.returned:
            return False
        key = (str(event.get("type")), subject(event))
        reader.returned[place] = None
        if key[1]:
            reader.floors[key] = place + 1
            reader.note([key[1]], place, asked=False)
        self.looked(place + 1)
        return True


class _Search:
    """The search of one wait through the log, in parts, as events come.

    Args:
        waiter: the waiter.
        wait: the wait.
        timeout: seconds.
    """

    def __init__(self, waiter: EventWaiter, wait: PendingWait, timeout: float) -> None:
        self._waiter, self._wait, self._timeout = waiter, wait, timeout
        self._synchronizer = waiter.synchronizer
        self._log = self._synchronizer.log
        self._background = self._synchronizer.background
        self._started = self._background.monotonic()
        self._gaps = self._synchronizer.gaps.total
        self._sequence, self._there = wait.start, self._log.count

    @property
    def passed(self) -> float:
        """Seconds since its beginning."""
        return self._background.monotonic() - self._started

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self._timeout - self.passed)

    def look(self) -> dict[str, Any] | None:
        """Look through the next part of the log, while neither stream nor handlers wait."""
        events, end = self._log.part(self._sequence, _PART)
        for place, event in enumerate(events, end - len(events)):
            if self._waiter.accepts(self._wait, place, event):
                with self._synchronizer.arrived:
                    if self._wait.take(place, event):
                        return event
        self._sequence = max(self._sequence, end)
        return None

    def is_over(self) -> bool:
        """Return whether time is up, and all that came until then was looked at."""
        return self.passed >= self._timeout and self._sequence >= self._there

    def has_more(self) -> bool:
        """Return whether events have come that were not looked at; otherwise one may wait.

        Raises:
            AriError: none will come any more.
        """
        if self._log.count > self._sequence:
            return True
        self._wait.looked(self._sequence)
        self._synchronizer.raise_if_over()
        release()  # a handler that waits lets its channel's later events pass
        return False

    def timed_out(self) -> EventTimeout:
        """Return the error that lists the events received instead."""
        self._synchronizer.look_at_event_filters()
        gap = self._synchronizer.gaps.total > self._gaps
        return EventTimeout(
            f"no {self._wait.event_filter} in {self._timeout:g} s",
            self._waiter.what_came(self._wait, gap),
        )


def _check(timeout: float) -> None:
    if not isinstance(timeout, int | float) or not timeout >= 0:
        raise UsageProblem(
            f"a timeout must be a number of seconds from 0 on, not {timeout!r}",
            "Use float('inf') to wait without limit.",
        )


class EventWaiter:
    """The waits of a connection.

    Args:
        synchronizer: source of the events.
    """

    def __init__(self, synchronizer: EventSynchronizer) -> None:
        self._synchronizer = self.synchronizer = synchronizer
        self._own = synchronizer.background.local()
        self._in_context: ContextValue[_Position] = ContextValue()
        self._latest = _Position(_Reader(), 0, 0)

    def begin(self, call: RestRequest | None = None) -> None:
        """Store the start position of a request sent now, or, without one, of a call made now.

        Args:
            call: the request.
        """
        place = self._synchronizer.log.count
        before = self._position()
        calls = call is None or (call.method == "POST" and _makes_call(call.path))
        if call is not None:
            concerned = self._concerned(_objects(call))
            asked = {id: before.reader.asked.get(id) for id in concerned}
            self._own.undo = partial(self._undo_begin, before, asked)
            before.reader.note(concerned, place, asked=True)
        self._move(_Position(before.reader, place, place if calls else before.call))

    def begin_at(self, sequence: int, objects: Iterable[str] = ()) -> None:
        """Forget what this thread's waits have returned, and search from a place in the log on.

        Args:
            sequence: the place.
            objects: objects that first appear there.
        """
        reader = _Reader()
        reader.note(objects, sequence, asked=False)
        self._move(_Position(reader, sequence, sequence))

    def on_request_done(self, call: RestRequest, answer: RestResponse | None, status: int) -> None:
        """Store what a request has created; undo the start position of one about a missing object.

        Args:
            call: the request.
            answer: the response's JSON, if the request succeeded.
            status: the HTTP status.
        """
        undo, self._own.undo = getattr(self._own, "undo", None), None
        if status == _MISSING and undo is not None and call.method != "GET":
            undo()
        elif call.method == "POST" and answer is not None and answer.is_json:
            position = self._position()
            made = made_by(call.method, answer.json())
            position.reader.note([made] if made else [], position.sequence, asked=True)

    def _undo_begin(self, before: _Position, asked: Mapping[str, int | None]) -> None:
        """Restore the start position from before the request."""
        for id, place in asked.items():
            if place is None:
                before.reader.asked.pop(id, None)
            else:
                before.reader.asked[id] = place
        self._move(before)

    def _move(self, position: _Position) -> None:
        self._own.position = self._latest = position
        self._in_context.set(position)

    def _position(self) -> _Position:
        """Return the position of this task or thread.

        A thread without one takes the latest of any thread, but an object named by a wait may have
        appeared at any time.
        """
        found = self._in_context.get() or getattr(self._own, "position", None)
        if found is None:
            self._own.position = found = _Position(_Reader(), self._latest.sequence, 0)
        return found

    def wait(
        self,
        event_filter: EventFilter,
        timeout: float,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        """Return the next event that the filter accepts.

        Args:
            event_filter: the events to wait for.
            timeout: seconds.
            progress: called repeatedly with the seconds that have passed.

        Raises:
            EventTimeout: no matching event was received; the message lists those that were.
            ApplicationTaken: another program receives the events now.
            SessionClosed: the session is closed.
            UsageProblem: the timeout is not a number of seconds.
        """
        self._synchronizer.background.catch_up()
        return self._wait(PendingWait(event_filter, self._position()), timeout, progress)

    async def next(self, event_filter: EventFilter, timeout: float) -> dict[str, Any]:
        """Wait as `wait` does, in a coroutine: other tasks run meanwhile."""
        _check(timeout)
        synchronizer = self._synchronizer
        synchronizer.background.catch_up()
        with synchronizer.awaited():
            search = _Search(self, PendingWait(event_filter, self._position()), timeout)
            while True:
                signal = Signal()
                synchronizer.router.wake(signal)  # before it looks: none is missed
                event = search.look()
                if event is not None:
                    return event
                with synchronizer.arrived:
                    if search.is_over():
                        break
                    if search.has_more():
                        continue
                await signal.wait(min(search.left, _CHECK_SECONDS))
        raise search.timed_out()

    def _wait(
        self, wait: PendingWait, timeout: float, progress: Callable[[float], None] | None
    ) -> dict[str, Any]:
        _check(timeout)
        synchronizer = self._synchronizer
        with synchronizer.awaited():
            search = _Search(self, wait, timeout)
            while True:
                event = search.look()
                if event is not None:
                    return event
                with synchronizer.arrived:
                    if search.is_over():
                        break
                    if search.has_more():
                        continue
                    synchronizer.arrived.wait(min(search.left, _SLICE_SECONDS))
                if progress is not None:
                    progress(search.passed)
        raise search.timed_out()

    def _concerned(self, objects: list[str]) -> list[str]:
        """Return the objects of a request, and those that it affects through them.

        A request about a bridge affects its members, one about a playback its channel.
        """
        tables = self._synchronizer.tables
        found = list(objects)
        for id in objects:
            bridge, playback = tables.bridges.get(id), tables.playbacks.get(id)
            if bridge is not None:
                found += [str(channel) for channel in bridge.get("channels") or ()]
            if playback is not None:
                found.append(str(playback.get("target_uri", "")).partition(":")[2])
        return found

    def accepts(self, wait: PendingWait, place: int, event: Mapping[str, Any]) -> bool:
        """Return whether an event is what a wait waits for, and no copy of one before."""
        return wait.accepts(place, event, self._is_alive) and not self._is_copy(place, wait)

    def _is_alive(self, channel: str) -> bool:
        return channel in self._synchronizer.tables.channels

    def _is_copy(self, place: int, wait: PendingWait) -> bool:
        """Return whether the event is a copy of an earlier one for another application."""
        original = self._synchronizer.copies.original(place)
        return original is not None and wait.event_filter.may_fit(original)

    def what_came(self, wait: PendingWait, gap: bool) -> str:
        """Return the end of a timeout's message: events received instead, and an earlier match."""
        if gap:
            return (
                "The connection was lost meanwhile; the event may have been missed: see ari.status."
            )
        filters = "".join(
            f" The event filter of {name} passes {passing}."
            for name, passing in self._synchronizer.event_filters.items()
        )
        return f"{self._what_came_instead(wait)}{filters}"

    def _what_came_instead(self, wait: PendingWait) -> str:
        log, returned = self._synchronizer.log, wait.reader.returned
        seen: Counter[str] = Counter()
        stop = log.count
        sequence = max(wait.sequence, stop - _MOST_LISTED)
        while sequence < stop:
            events, sequence = log.part(sequence, _PART)
            first = sequence - len(events)
            seen.update(
                str(event.get("type"))
                for place, event in enumerate(events, first)
                if place not in returned
            )
        listed = ", ".join(f"{n} {type}" if n > 1 else type for type, n in seen.most_common(6))
        if earlier := self._earlier(wait):
            return f"{earlier}{f' Received since then: {listed}.' if listed else ''}"
        if not seen and returned:
            return "No event was received after those already returned."
        if not seen:
            return "No event was received. Is a channel in Stasis, or subscribed to?"
        return f"Received instead: {listed}."

    def _earlier(self, wait: PendingWait) -> str:
        """Return the time of the last match that was not returned, and why it does not count."""
        log = self._synchronizer.log
        events, end = log.part(max(0, log.count - _MOST_LISTED), _MOST_LISTED)
        first = end - len(events)
        for offset in range(len(events) - 1, -1, -1):
            event = events[offset]
            if first + offset in wait.reader.returned or not wait.event_filter.may_fit(event):
                continue
            clock = str(event.get("timestamp", ""))[11:19]
            return (
                f"The last one came at {clock}, before this program's last request or wait: name"
                " its object, as channel=…, or wait before the request."
            )
        return ""


def _makes_call(path: str) -> bool:
    """Return whether a POST to this path makes a call: originates or creates a channel."""
    parts = path.strip("/").split("/")
    return parts[0] == "channels" and len(parts) <= 2 and parts[-1] != "externalMedia"


def _objects(call: RestRequest) -> list[str]:
    """Return the ids and names of the objects that a request concerns."""
    parts = [unquote(part) for part in call.path.partition("?")[0].strip("/").split("/")]
    found = [*parts[1::2], *parts[2:3]]
    body = call.body if isinstance(call.body, dict) else {}
    for name in _NAMING:
        value = call.params.get(name, body.get(name))
        if isinstance(value, list):
            found += [str(each) for each in value]
        elif isinstance(value, str):
            found += value.split(",")
    return found
