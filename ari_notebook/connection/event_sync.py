"""Event synchronization: events into log, tables and handlers, across lost connections.

After a lost connection a server snapshot is read (`ari_notebook.connection.rest_snapshot`). Events
that arrive meanwhile are held and processed after it, so that tables and handlers see one order:
the state before the gap, the gap, the state after it, the events since.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol
from urllib.parse import quote, unquote

from ari_notebook.background import THREADS, Background, Job
from ari_notebook.client.errors import ApplicationTaken, AriError, RequestFailed, SessionClosed
from ari_notebook.client.rest import Rest, RestRequest, RestResponse
from ari_notebook.client.rest_over_websocket import PendingRequests
from ari_notebook.client.stream_state import Batch, State, StateChange
from ari_notebook.connection import rest_snapshot
from ari_notebook.connection.event_order import Copies
from ari_notebook.connection.failures import CAUSE_SECONDS, explain_event, playback_failure
from ari_notebook.connection.followed_events import EventRouter
from ari_notebook.connection.gaps import Gap, Gaps
from ari_notebook.connection.handlers import Handlers
from ari_notebook.connection.subscriptions import Subscriptions, missing_for_all
from ari_notebook.connection.unpublished_ends import UnpublishedEnds
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.tables import Tables
from ari_notebook.store.timestamps import iso

__all__ = ["EventSource", "EventSynchronizer", "Listener", "OpenSource"]

_RETRY_SECONDS = 0.5
_SETTLE_SECONDS = 0.5
_LOOK_SECONDS = 2.0  # interval of queries for bridges without members and for event filters
_RECENT = 1000  # number of events searched for the reason of a failure
# A channel, bridge, playback or device state in a path; the third group is the rest of the path.
_ONE_OBJECT = re.compile(r"/(channels|bridges|playbacks|deviceStates)/([^/]+)(/.*)?$")
_EVENT_FILTER = re.compile(r"/applications/[^/]+/eventFilter$")
# What removes it from the tables.
_GONE: dict[str, Callable[[str], dict[str, Any]]] = {
    "channels": lambda id: {"type": "ChannelDestroyed", "channel": {"id": id}},
    "bridges": lambda id: {"type": "BridgeDestroyed", "bridge": {"id": id}},
    "playbacks": lambda id: {"type": "PlaybackFinished", "playback": {"id": id}},
    "deviceStates": lambda name: {"type": "DeviceStateRemoved", "device_state": {"name": name}},
}
# Events handled by the synchronizer itself.
_ACTED_ON = frozenset(
    {
        "ApplicationMoveFailed",
        "ApplicationReplaced",
        "PlaybackFinished",
        "PlaybackStarted",
        "RecordingFailed",
        "RecordingStarted",
    }
)
_HELD_PART = 1000  # held events that are processed at once
_BUSY = 5000  # number of events in that time from which the stream is not interrupted
_BREATH_SECONDS, _TURN_SECONDS = 0.001, 0.003
# Under load, events are read in batches: 50 a second while a handler or a wait is active, else 20,
# to reduce GIL switches. Asterisk allows a write twice as long (websocket_write_timeout, 100 ms).
_AWAITED_SECONDS, _UNAWAITED_SECONDS = 0.02, 0.05
_CLOSED = ("the session is closed", "Type: %ari connect")


class Listener(Protocol):
    """Listener to a synchronizer, called in order, in the thread of the change."""

    def took(self, messages: Sequence[bytes], events: EventBatch, received: float) -> None:
        """Handle received events, raw and decoded."""

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """Handle a row that this package added to the log."""

    def applied(self, event: Mapping[str, Any]) -> None:
        """Handle a change of the tables without an event."""

    def snapshot(self, snapshot: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Handle a replacement of the tables by a server snapshot."""

    def state(self, state: str, reason: str) -> None:
        """Handle a state change of the connection."""

    def stop(self) -> object:
        """Handle the end of the synchronizer."""


class EventSource(Protocol):
    """A source of events: `ari_notebook.client.event_stream.Stream`, or a capture."""

    asleep_from: float | None

    def start(self) -> None:
        """Connect, and deliver events from now on."""

    def close(self) -> None:
        """Disconnect, and deliver no more."""

    def send(self, text: bytes) -> None:
        """Send one text message."""

    def wake(self) -> None:
        """Deliver pending events at once."""

    def replaced(self) -> None:
        """Stop without reconnecting, because another program took the application over."""

    def drop(self) -> None:
        """Break the connection."""


class OpenSource(Protocol):
    """Creates an event source without starting it."""

    def __call__(
        self,
        *,
        on_batch: Callable[[Batch, float], None],
        on_state: Callable[[StateChange], None],
        max_read_delay: Callable[[], float],
    ) -> EventSource:
        """Create it; the arguments are those of `ari_notebook.client.event_stream.Stream`."""


class EventSynchronizer:
    """Applies one stream of events to log, tables and handlers.

    Args:
        source: creates the stream; called once, at construction.
        applications: the Stasis applications that it registers.
        log: event log to append to.
        tables: the live tables.
        handlers: handlers to offer events to.
        rest: REST client for snapshots; over HTTP, because it is needed while the socket is not
            read.
        subscriptions: subscriptions to restore after a restart.
        subscribe_all: whether it is subscribed to all events.
        pending: receives the responses to requests over the event socket; None: HTTP only.
        notify: called with a line for the user, and the level of `logging`, when the connection
            is lost, restored or taken over, and when a playback or recording failed.
        background: runs what is not urgent, and what catches up after a lost connection.
    """

    def __init__(
        self,
        source: OpenSource,
        applications: tuple[str, ...],
        *,
        log: EventLog,
        tables: Tables,
        handlers: Handlers,
        rest: Rest,
        subscriptions: Subscriptions,
        subscribe_all: bool,
        pending: PendingRequests | None,
        notify: Callable[[str, int], None],
        background: Background = THREADS,
    ) -> None:
        self.background = background
        self.log = log
        self.tables = tables
        self.handlers = handlers
        self.state = State.CLOSED
        self.reason = ""
        self._latest: StateChange | None = None
        # The channels and bridges that existed when it connected.
        self.first_snapshot: Mapping[str, Sequence[Mapping[str, Any]]] = {}
        # Application → the events its filter passes; tables may be stale while it has one.
        self.event_filters: dict[str, str] = {}
        self._next_filter_look = 0.0
        self.reconnects = 0
        self.gaps = Gaps()
        self.copies = Copies()
        self.router = EventRouter(background)
        # Failed playbacks, with time and place of the event: their cause is still to be found.
        self._failed_playbacks: deque[tuple[float, int, Mapping[str, Any]]] = deque(maxlen=1000)
        self._explained_playbacks: deque[str] = deque(maxlen=100)
        # Queried outside the stream's thread.
        self._unpublished = UnpublishedEnds(rest, tables, background)
        self._active_waits = 0  # ids of those in progress
        self._listeners: tuple[Listener, ...] = ()
        # Guards the log and the tables against two writers, and wakes threads that wait for events.
        self.arrived = background.condition()
        self._applications = applications
        self._taken = ", ".join(applications)  # those registered by another program now
        self._rest = rest
        self._subscriptions = subscriptions
        self._subscribe_all = subscribe_all
        self._pending = pending
        self._notify = notify
        # Places in the log, from and to, of events that wait for the server snapshot.
        self._held: list[tuple[int, int]] | None = None
        self._lost_at = 0.0
        self._last_received = background.time()
        self._resync: Job | None = None
        self._left = False
        self._settling: Job | None = None
        self.stream = source(
            on_batch=self._on_batch, on_state=self._on_state, max_read_delay=self._max_read_delay
        )

    def add_listener(self, listener: Listener) -> None:
        """Add a listener."""
        self._listeners += (listener,)

    def remove_listener(self, listener: Listener) -> None:
        """Remove a listener; idempotent."""
        self._listeners = tuple(each for each in self._listeners if each is not listener)

    def start(self) -> None:
        """Connect and read the snapshot for the first time.

        Raises:
            AriError: either failed; nothing is left running.
        """
        self._held = []
        try:
            self.stream.start()
            first = self._latest
            known = self._subscribed(rest_snapshot.applications(self._rest, self._applications))
            self._note_event_filters(known)
            snapshot = self._read(known)
            self.first_snapshot = {kind: snapshot[kind] for kind in ("channels", "bridges")}
            with self.arrived:
                if self._latest is first:  # otherwise another snapshot is read
                    self.tables.replace(snapshot)
                    self._release_held()
            self._settling = self.background.start("ari-settle", self._settle)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnect and end the threads."""
        self._left = True
        self.router.fail(SessionClosed(*_CLOSED))
        self.stream.close()
        self.handlers.stop()
        for job in (self._resync, self._settling):
            if job is not None:
                job.stop()
                job.join(timeout=5)
        with self.arrived:
            self.arrived.notify_all()
        for listener in self._listeners:
            listener.stop()

    def add_row(self, origin: str, event: Mapping[str, Any], detail: str) -> None:
        """Add a row to the log."""
        received = self.background.time()
        self.log.add_row(origin, event, detail, received)
        for listener in self._listeners:
            listener.row(origin, event, detail, received)

    def add_event(self, origin: str, event: Mapping[str, Any], detail: str) -> None:
        """Add an event to the log, and pass it to tables, handlers and waits."""
        stamped = {"type": event["type"], "timestamp": iso(self.background.time()), **event}
        with self.arrived:
            first = self.log.count
            self.add_row(origin, stamped, detail)
            self._process(first, self.log.part(first)[0])
            self.arrived.notify_all()

    def on_request_done(self, call: RestRequest, answer: RestResponse | None, status: int) -> None:
        """Apply to the tables what a request changed and no event publishes.

        Asterisk publishes a bridge's events only to applications subscribed to all bridges or to
        this one (``res/stasis/app.c``), and no event for the removal of a ``Stasis:`` device state.
        An object whose request is answered with 404 no longer exists.

        Args:
            call: the request.
            answer: the response's JSON, if the request succeeded.
            status: the HTTP status.
        """
        path = call.path.partition("?")[0]
        if answer is not None and call.method == "PUT" and _EVENT_FILTER.match(path):
            self._on_event_filter(answer.json())
            return
        found = _ONE_OBJECT.match(path)
        kind, id = (found[1], unquote(found[2])) if found else ("", "")
        event: dict[str, Any] | None = None
        if answer is None:
            if status == 404 and found and not found[3]:
                event = _GONE[kind](id)
        elif (
            call.method == "POST" and not (found and found[3]) and call.path.startswith("/bridges")
        ):
            event = {"type": "BridgeCreated", "bridge": answer.json()}
        elif call.method == "DELETE" and found and not found[3]:
            event = _GONE[kind](id) if kind in ("bridges", "deviceStates") else None
        if event is not None:
            self._apply(event)

    def _on_event_filter(self, application: Mapping[str, Any]) -> None:
        """Store a changed filter, and refresh the tables if the previous one blocked events."""
        name = application["name"]
        if name in self._applications:
            self._note_event_filters({name: application})

    def look_at_event_filters(self) -> None:
        """Query the event filters that other programs have set or removed.

        Asterisk publishes no event for it, so the server is queried, at most every two seconds.
        """
        if (
            self.state is not State.CONNECTED
            or self.background.monotonic() < self._next_filter_look
        ):
            return
        self._next_filter_look = self.background.monotonic() + _LOOK_SECONDS
        with suppress(AriError):
            self._note_event_filters(rest_snapshot.applications(self._rest, self._applications))

    def _note_event_filters(self, known: Mapping[str, Mapping[str, Any]]) -> None:
        """Store the filters in the server's descriptions of applications, and report changes.

        If a filter that blocked events has changed, the tables are refreshed.
        """
        stale = False
        for name, application in known.items():
            before, now = self.event_filters.get(name, ""), _passing(application)
            if now == before:
                continue
            stale = stale or bool(before)
            if now:
                self.event_filters[name] = now
                self._notify(
                    f"the event filter of {name} passes {now}: tables may be stale",
                    logging.WARNING,
                )
            else:
                del self.event_filters[name]
                self._notify(f"the event filter of {name} was removed", logging.INFO)
        if stale:
            self._refresh()

    def _refresh(self) -> None:
        """Replace the tables by a server snapshot; apply events received meanwhile after it."""
        with self.arrived:
            latest = self._latest
            if self._held is not None or self.state is not State.CONNECTED:
                return  # a snapshot is being read already
            self._held = []
        snapshot = None
        try:
            snapshot = self._read(rest_snapshot.applications(self._rest, self._applications))
        except AriError as error:
            self._notify(f"the tables could not be refreshed: {error}", logging.WARNING)
        finally:
            with self.arrived:
                if self._latest is latest:  # otherwise another snapshot is read
                    if snapshot is not None:
                        self.tables.replace(snapshot)
                        for listener in self._listeners:
                            listener.snapshot(snapshot)
                    self._release_held()

    def refresh_bridges(self) -> None:
        """Remove from the table the bridges that another program has deleted.

        Asterisk publishes a bridge's end only to its subscribers; creating a bridge does not
        subscribe a session, unless one of its channels is in it (``res/stasis/app.c``).
        """
        known = list(self.tables.bridges)
        if self._subscribe_all or not known:
            return
        with suppress(AriError):
            listed = self._rest.send(RestRequest("GET", "/bridges")).json()
            there = {bridge["id"] for bridge in listed}
            for id in known:
                if id not in there:
                    self._apply(_GONE["bridges"](id))

    def _apply(self, event: dict[str, Any]) -> None:
        """Apply to the tables a change that no event publishes."""
        with self.arrived:
            self.tables.apply([event])
            for listener in self._listeners:
                listener.applied(event)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Return a context in which events are read without delay, for a wait."""
        with self.arrived:
            self._active_waits += 1
        self.stream.wake()
        try:
            yield
        finally:
            with self.arrived:
                self._active_waits -= 1

    def raise_if_over(self) -> None:
        """Raise if no wait for events can succeed any more.

        Raises:
            SessionClosed: the session is closed.
            ApplicationTaken: another program receives the events now.
        """
        if self.state is State.REPLACED:
            raise self._application_taken()
        if self._left:
            raise SessionClosed(*_CLOSED)

    def _application_taken(self) -> ApplicationTaken:
        return ApplicationTaken(
            f"another program connected as {self._taken} and receives its events now",
            "Connect again to take the application back, or under another name with --app.",
        )

    # Called by the stream, in its thread.

    def _max_read_delay(self) -> float:
        if self._pending:
            return 0.0
        awaited = self._active_waits or len(self.handlers) or len(self.router)
        return _AWAITED_SECONDS if awaited else _UNAWAITED_SECONDS

    def _on_batch(self, messages: Batch, received: float) -> None:
        if self._pending is not None:
            messages = self._pending.take(messages)
            if not messages:
                return
        with self.arrived:
            self._last_received = received
            first = self.log.count
            events = self.log.append(messages, received)
            for listener in self._listeners:
                listener.took(messages, events, received)
            if self._held is None:
                self._process(first, events)
            elif self._held and self._held[-1][1] == first:
                self._held[-1] = (self._held[-1][0], first + len(events))
            else:
                self._held.append((first, first + len(events)))
            self.arrived.notify_all()

    def _on_state(self, change: StateChange) -> None:
        with self.arrived:
            before, self.state, self.reason = self.state, change.state, change.reason
            self._latest = change
        for listener in self._listeners:
            listener.state(change.state.value, change.reason)
        if change.state is State.CONNECTED:
            if before is State.RECONNECTING:
                self.reconnects += 1
                with self.arrived:
                    # Flush events buffered before the disconnect: they precede the Gap row and
                    # still reach handlers.
                    self._release_held()
                    self._held = []
                self._resync = self.background.start("ari-resync", lambda: self._catch_up(change))
            return
        if self._pending is not None:
            self._pending.fail(change.reason)
        if change.state is State.RECONNECTING:
            if not self._lost_at:  # otherwise the gap continues: no snapshot was read in between
                self._lost_at = min(
                    self._last_received, self.stream.asleep_from or self._last_received
                )
            self._notify(f"connection lost: {change.reason}; reconnecting", logging.WARNING)
        elif change.state is State.REPLACED:
            self._notify(
                f"another program connected as {self._taken}; this session receives no more events",
                logging.WARNING,
            )
            self.router.fail(self._application_taken())
        with self.arrived:
            self.arrived.notify_all()

    # Events, in order, under the lock.

    def _process(self, first: int, events: EventBatch) -> None:
        self.tables.apply(events)
        if len(self._applications) > 1:
            self.copies.note(events, first)
        heads = events.heads
        for place in events.places(_ACTED_ON):
            if not heads[place].routine:
                self._act_on(heads[place].type, events, place, first)
        self.handlers.offer(events, first, self.copies)
        self.router.offer(events, first, self.copies)

    def _act_on(self, type: str, events: EventBatch, place: int, first: int) -> None:
        if type in ("PlaybackStarted", "PlaybackFinished"):
            self._check_playback(events[place], first + place)
        elif type == "RecordingStarted":
            recording = events[place].get("recording")
            if isinstance(recording, dict):
                self._unpublished.note_recording(recording)
        elif type == "ApplicationReplaced":
            self._taken = str(events[place].get("application"))
            self.stream.replaced()
        else:
            self._notify(explain_event(events[place]), logging.WARNING)

    def _check_playback(self, event: Mapping[str, Any], number: int) -> None:
        """Store a playback that failed, or whose end Asterisk may not publish."""
        playback = event.get("playback")
        if not isinstance(playback, dict):
            return
        if playback.get("state") == "failed":
            self._failed_playbacks.append((self.background.monotonic(), number, event))
        elif event.get("type") == "PlaybackStarted":
            self._unpublished.note_playback(playback, str(event.get("timestamp", "")))

    def _release_held(self) -> None:
        held, self._held = self._held or [], None
        for start, stop in held:
            while start < stop:
                events, end = self.log.part(start, min(_HELD_PART, stop - start))
                first = end - len(events)  # later than `start` if the log dropped some
                self._process(first, events[: max(0, stop - first)])
                start = end
        self.arrived.notify_all()

    # Work without urgency, in a separate thread.

    def _settle(self) -> Generator[float | None, None, None]:
        """Compress the log, and inspect its events if the processor is idle."""
        looked = self.background.monotonic()
        count = self.log.count
        while True:
            yield _SETTLE_SECONDS
            # Compressing needs the GIL and a processor, which a burst of events needs more.
            burst = self.log.count - count >= _BUSY
            while self.log.compress(burst=burst) and not self._left:
                pass
            count = self.log.count
            while True:
                # If another thread uses the processor, waking this one costs it up to five
                # milliseconds of the GIL (``sys.getswitchinterval``), for data that may not be
                # needed.
                began = time.perf_counter()
                yield _BREATH_SECONDS
                busy = time.perf_counter() - began >= _BREATH_SECONDS + _TURN_SECONDS
                if busy or self.log.count - count >= _BUSY or not self.log.inspect_next():
                    break
            self._report_failed_playbacks()
            for event, what in self._unpublished.ask():
                self.add_event("resync", event, what)
            if self.background.monotonic() - looked > _LOOK_SECONDS:
                looked = self.background.monotonic()
                if any(not bridge.get("channels") for bridge in list(self.tables.bridges.values())):
                    self.refresh_bridges()

    def leave_explanation(self, playback: str) -> None:
        """Do not report why a playback failed, because its caller raises it as an error."""
        self._explained_playbacks.append(playback)

    def _report_failed_playbacks(self) -> None:
        """Report failed playbacks, after the time in which an event of the cause may arrive."""
        ended = self.background.monotonic() - CAUSE_SECONDS
        while self._failed_playbacks and self._failed_playbacks[0][0] < ended:
            _, number, event = self._failed_playbacks.popleft()
            around, _ = self.log.part(max(0, number - _RECENT), 2 * _RECENT)
            moment = str(event.get("timestamp", ""))
            if event["playback"].get("id") in self._explained_playbacks:
                continue
            if reason := playback_failure(event["playback"], around, moment):
                self._notify(reason, logging.WARNING)

    # After a gap, in a separate thread.

    def _catch_up(self, change: StateChange) -> Generator[float | None, None, None]:
        while self._latest is change and not self._left:
            try:
                known = rest_snapshot.applications(self._rest, self._applications)
                lost = self._subscriptions.restore(self._rest, known)
                known = self._subscribed(rest_snapshot.applications(self._rest, self._applications))
                snapshot = self._read(known)
            except AriError:
                yield _RETRY_SECONDS  # still starting, or lost again
                continue
            with self.arrived:
                if self._latest is not change:
                    return  # lost again meanwhile: a new snapshot is read after the next reconnect
                changes = self.tables.replace(snapshot)
                for listener in self._listeners:
                    listener.snapshot(snapshot)
                gap = Gap(
                    self._lost_at,
                    change.at,
                    change.reason,
                    changes.vanished,
                    changes.appeared,
                    lost,
                )
                self._record(gap)
                self._lost_at = 0.0
                self._release_held()
            self._notify(f"reconnected; {gap}", logging.WARNING)
            self._note_event_filters(known)
            return

    def _subscribed(self, known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Subscribe to all events where Asterisk ignored ``subscribeAll``.

        Args:
            known: the session's applications as the server describes them.

        Returns:
            The descriptions after subscribing.
        """
        if not self._subscribe_all:
            return known
        for name, application in known.items():
            if sources := missing_for_all(application):
                path = f"/applications/{quote(name, safe='')}/subscription"
                call = RestRequest("POST", path, {"eventSource": ",".join(sources)})
                try:
                    known = {**known, name: self._rest.send(call).json()}
                except RequestFailed as error:
                    self._notify(
                        f"{name} was registered before without all events, and cannot subscribe:"
                        f" {error.message}",
                        logging.WARNING,
                    )
        return known

    def _record(self, gap: Gap) -> None:
        self.gaps.append(gap)
        first = self.log.count
        event = gap.event()
        self.add_row("gap", event, str(gap))
        now = iso(self.background.time())
        for name, changes in (("Vanished", gap.vanished), ("Appeared", gap.appeared)):
            for kind, ids in changes.items():
                # The field and the key under which events carry such an object.
                field, key = kind.removesuffix("s"), "name" if kind == "recordings" else "id"
                for id in ids:
                    row = {"type": name, "timestamp": now, field: {key: id}}
                    self.add_row("resync", row, f"{field} {id}")
        self.handlers.offer([event], first)
        self.router.offer([event], first)

    def _read(self, known: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        return rest_snapshot.read(
            self._rest,
            known,
            subscribe_all=self._subscribe_all,
            bridges=list(self.tables.bridges),
            playbacks=list(self.tables.playbacks),
            recordings=list(self.tables.recordings),
            devices=list(self.tables.device_states),
        )


def _passing(application: Mapping[str, Any]) -> str:
    """Return the types of events an application's filter passes; empty for all."""
    allowed, disallowed = (
        ", ".join(str(each.get("type")) for each in application.get(key, ()))
        for key in ("events_allowed", "events_disallowed")
    )
    if not allowed:
        return f"no {disallowed}" if disallowed else ""
    return f"only {allowed}" + (f", and no {disallowed}" if disallowed else "")
