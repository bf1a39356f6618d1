"""Following a server: its events into the log, the tables and the handlers, through any gap.

After a lost connection the truth is read anew (`ari_notebook.snapshot`). Events that arrive while
it is being read wait until it is in place, so that tables and handlers see one order: the state
before the gap, the gap, the state after it, the events since.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from ari_notebook import snapshot
from ari_notebook.bar import Bar
from ari_notebook.client.address import Address
from ari_notebook.client.advice import advise_playback
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import ApplicationTaken, AriError, SessionClosed
from ari_notebook.client.rest import Answer, Rest
from ari_notebook.client.stream import Batch, State, StateChange, Stream
from ari_notebook.client.websocket_rest import WebSocketTransport
from ari_notebook.handlers import Handlers
from ari_notebook.live import EventLog, Tables
from ari_notebook.spec import Operation
from ari_notebook.subscriptions import Subscriptions

__all__ = ["Follower", "Gap", "Listener"]

_RETRY_SECONDS = 0.5
_SETTLE_SECONDS = 0.5
_REMEMBERED_GAPS = 1000
_HELD_PART = 1000  # events that waited for the truth, taken in at once
_BUSY = 5000  # events in that time from which on the stream is left alone
_BREATH_SECONDS, _TURN_SECONDS = 0.001, 0.003
# How long events of a dense stream may lie unread while a handler or a wait is there, and while
# nobody is: within half of what Asterisk gives a write (websocket_write_timeout, 100 ms).
_AWAITED_SECONDS, _UNAWAITED_SECONDS = 0.02, 0.05


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without events, and what it changed.

    ``vanished`` and ``appeared`` are kind of table → ids; ``lost_subscriptions`` are event
    sources that could not be subscribed to again.
    """

    start: float
    end: float
    reason: str
    vanished: dict[str, list[str]]
    appeared: dict[str, list[str]]
    lost_subscriptions: list[str]

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return self.end - self.start

    def event(self) -> dict[str, Any]:
        """The gap as an event, for handlers and the log."""
        return {
            "type": "Gap",
            "timestamp": _iso(self.end),
            "from": _iso(self.start),
            "to": _iso(self.end),
            "reason": self.reason,
            "vanished": self.vanished,
            "appeared": self.appeared,
            "lost_subscriptions": self.lost_subscriptions,
        }

    def __str__(self) -> str:
        def counted(changes: dict[str, list[str]]) -> str:
            return ", ".join(f"{len(ids)} {kind}" for kind, ids in changes.items() if ids) or "none"

        return (
            f"{self.seconds:.1f} s without events ({self.reason}); vanished: "
            f"{counted(self.vanished)}; appeared: {counted(self.appeared)}"
        )


class Gaps(deque[Gap]):
    """The latest gaps, and how many there were in all."""

    def __init__(self) -> None:
        super().__init__(maxlen=_REMEMBERED_GAPS)
        self.total = 0

    def append(self, gap: Gap) -> None:
        """Remember one more."""
        super().append(gap)
        self.total += 1

    def clear(self) -> None:
        """As if there had been none."""
        super().clear()
        self.total = 0


class Listener(Protocol):
    """Is told of everything that happens to a follower, in order, in the thread it happens in."""

    def took(
        self, messages: Sequence[bytes], events: Sequence[dict[str, Any]], received: float
    ) -> None:
        """Events came in, as received and decoded."""

    def row(self, origin: str, event: Mapping[str, Any], detail: str, received: float) -> None:
        """A row of our own was added to the log."""

    def applied(self, event: Mapping[str, Any]) -> None:
        """The tables took a change that no event told of."""

    def snapshot(self, truth: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """The tables were replaced by what the server says."""

    def state(self, state: str, reason: str) -> None:
        """The connection went into another state."""

    def stop(self) -> object:
        """The follower leaves."""


class Follower:
    """One stream of events and everything made of it.

    Args:
        address: where Asterisk answers.
        applications: the Stasis applications to register.
        credentials: the ARI user.
        rest: for reading the truth; over HTTP, since it is needed while the socket is not read.
        subscriptions: what to subscribe to again after a restart.
        subscribe_all: whether every event is asked for.
        verify: TLS verification.
        keep: how many events the log holds; None for all.
        tell: called with a line for the user when the connection comes, goes or is taken over.
    """

    def __init__(
        self,
        address: Address,
        applications: tuple[str, ...],
        credentials: Credentials,
        *,
        rest: Rest,
        subscriptions: Subscriptions,
        subscribe_all: bool,
        verify: bool | str,
        keep: int | None,
        tell: Callable[[str], None],
    ) -> None:
        self.log = EventLog(keep=keep)
        self.log.progress = Bar.telling
        self.tables = Tables(subscribe_all=subscribe_all)
        self.handlers = Handlers()
        self.state = State.CLOSED
        self.reason = ""
        self._latest: StateChange | None = None
        self.reconnects = 0
        self.gaps = Gaps()
        self.answers: WebSocketTransport | None = None
        self._waits = 0  # that are going on
        self.listeners: tuple[Listener, ...] = ()
        # Guards the log and the tables against two writers, and wakes whoever waits for events.
        self.arrived = threading.Condition()
        self._applications = applications
        self._taken = ", ".join(applications)  # which of them another program has now
        self._rest = rest
        self._subscriptions = subscriptions
        self._subscribe_all = subscribe_all
        self._tell = tell
        # Places in the log of events that wait for the truth, from and to: a resync may take long.
        self._held: list[tuple[int, int]] | None = None
        self._lost_at = 0.0
        self._last_heard = time.time()
        self._resync: threading.Thread | None = None
        self._left = threading.Event()
        self._settling = threading.Thread(target=self._settle, name="ari-settle", daemon=True)
        self.stream = Stream(
            address,
            applications,
            credentials,
            subscribe_all=subscribe_all,
            verify=verify,
            on_batch=self._on_batch,
            on_state=self._on_state,
            patience=self._patience,
        )

    def start(self) -> None:
        """Connect and read the truth for the first time.

        Raises:
            AriError: either failed; nothing is left running.
        """
        self._held = []
        try:
            self.stream.start()
            first = self._latest
            known = snapshot.applications(self._rest, self._applications)
            truth = self._read(known)
            with self.arrived:
                if self._latest is first:  # else it was lost already, and is being read again
                    self.tables.replace(truth)
                    self._release_held()
            self._settling.start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the server; threads end."""
        self._left.set()
        self.stream.close()
        self.handlers.stop()
        if self._resync is not None and self._resync is not threading.current_thread():
            self._resync.join(timeout=5)
        if self._settling.ident is not None and self._settling is not threading.current_thread():
            self._settling.join(timeout=5)
        with self.arrived:
            self.arrived.notify_all()
        for listener in self.listeners:
            listener.stop()

    def add_row(self, origin: str, event: Mapping[str, Any], detail: str) -> None:
        """Add a row of our own to the log."""
        received = time.time()
        self.log.add_row(origin, event, detail, received)
        for listener in self.listeners:
            listener.row(origin, event, detail, received)

    def carried_out(
        self, operation: Operation, arguments: Mapping[str, Any], answer: Answer
    ) -> None:
        """Learn from a request what no event tells.

        Of a bridge Asterisk tells only those who subscribe to all bridges, or to this one once it
        is there (``res/stasis/app.c``); a session shall know the bridges that it makes. That a
        device of ARI's own is removed it tells nobody.
        """
        if operation.method == "POST" and operation.response == "Bridge":
            event = {"type": "BridgeCreated", "bridge": answer.json()}
        elif operation.method == "DELETE" and operation.path == "/bridges/{bridgeId}":
            bridge = arguments.get("bridgeId", arguments.get("bridge_id"))
            event = {"type": "BridgeDestroyed", "bridge": {"id": getattr(bridge, "id", bridge)}}
        elif operation.method == "DELETE" and operation.path == "/deviceStates/{deviceName}":
            name = arguments.get("deviceName", arguments.get("device_name"))
            event = {"type": "DeviceStateRemoved", "device_state": {"name": name}}
        else:
            return
        with self.arrived:
            self.tables.apply([event])
            for listener in self.listeners:
                listener.applied(event)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Somebody waits for events meanwhile: they shall come soon."""
        with self.arrived:
            self._waits += 1
        self.stream.hurry()
        try:
            yield
        finally:
            with self.arrived:
                self._waits -= 1

    def raise_if_over(self) -> None:
        """Raise what a wait for events has to know.

        Raises:
            SessionClosed: no event will come any more.
            ApplicationTaken: another program gets them now.
        """
        if self.state is State.REPLACED:
            raise ApplicationTaken(
                f"another program connected as {self._taken}: its events go there now",
                "Connect again to take the application back, or under another name with --app.",
            )
        if self._left.is_set():
            raise SessionClosed("the session is closed", "Type: %ari connect")

    # Called by the stream, in its thread.

    def _patience(self) -> float:
        if self.answers is not None and self.answers.awaited:
            return 0.0
        return _AWAITED_SECONDS if self._waits or len(self.handlers) else _UNAWAITED_SECONDS

    def _on_batch(self, messages: Batch, received: float) -> None:
        if self.answers is not None:
            messages = self.answers.take(messages)
            if not messages:
                return
        with self.arrived:
            self._last_heard = received
            first = self.log.count
            events = self.log.append(messages, received)
            for listener in self.listeners:
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
        for listener in self.listeners:
            listener.state(change.state.value, change.reason)
        if change.state is State.CONNECTED:
            if before is State.RECONNECTING:
                self.reconnects += 1
                with self.arrived:
                    # What came before the loss is over, and had not waited for the truth in vain:
                    # it has its place before the gap, and its handlers.
                    self._release_held()
                    self._held = []
                self._resync = threading.Thread(
                    target=self._catch_up, args=(change,), name="ari-resync", daemon=True
                )
                self._resync.start()
            return
        if self.answers is not None:
            self.answers.lost(change.reason)
        if change.state is State.RECONNECTING:
            if not self._lost_at:  # else the gap goes on: the truth was not known in between
                self._lost_at = min(self._last_heard, self.stream.asleep_from or self._last_heard)
            self._tell(f"connection lost: {change.reason}; reconnecting")
        elif change.state is State.REPLACED:
            self._tell(
                f"another program connected as {self._taken}; this session gets no more events"
            )
        with self.arrived:
            self.arrived.notify_all()

    # Events, in order, under the lock.

    def _process(self, first: int, events: list[dict[str, Any]]) -> None:
        self.tables.apply(events)
        for event in events:
            type = event.get("type")
            if type == "PlaybackFinished":
                self._explain_failure(event.get("playback"))
            elif type == "ApplicationReplaced":
                self._taken = str(event.get("application"))
                self.stream.replaced()
        self.handlers.offer(events, first)

    def _explain_failure(self, playback: object) -> None:
        """Asterisk does not say why a playback failed; say what it usually is."""
        if not isinstance(playback, dict) or playback.get("state") != "failed":
            return
        target = str(playback.get("target_uri", "")).removeprefix("channel:")
        recent = self.log.since(max(0, self.log.count - 100))
        if any(
            event.get("type") in ("ChannelHangupRequest", "ChannelDestroyed")
            and _channel_id(event) == target
            for event in recent
        ):
            return  # the channel hung up: that is why
        self._tell(advise_playback(str(playback.get("media_uri", ""))))

    def _release_held(self) -> None:
        held, self._held = self._held or [], None
        for start, stop in held:
            while start < stop:
                events, end = self.log.part(start, min(_HELD_PART, stop - start))
                first = end - len(events)  # later than `start` where the log dropped some
                self._process(first, events[: max(0, stop - first)])
                start = end
        self.arrived.notify_all()

    # What can wait, in a thread of its own.

    def _settle(self) -> None:
        """Let the log compress always, and fill its columns while nobody else needs the time."""
        while not self._left.wait(_SETTLE_SECONDS):
            while self.log.compress() and not self._left.is_set():
                pass
            count = self.log.count
            while self._has_time() and self.log.count - count < _BUSY and self.log.fill():
                pass

    def _has_time(self) -> bool:
        """Whether no other thread computes: Python then gives a thread that wakes its turn at once.

        It would take five milliseconds otherwise (``sys.getswitchinterval``), and a cell that
        computes shall not pay for columns that nobody has asked for yet.
        """
        started = time.perf_counter()
        left = self._left.wait(_BREATH_SECONDS)
        return not left and time.perf_counter() - started < _BREATH_SECONDS + _TURN_SECONDS

    # After a gap, in a thread of its own.

    def _catch_up(self, change: StateChange) -> None:
        while self._latest is change and not self._left.is_set():
            try:
                known = snapshot.applications(self._rest, self._applications)
                lost = self._subscriptions.restore(self._rest, known)
                truth = self._read(snapshot.applications(self._rest, self._applications))
            except AriError:
                self._left.wait(_RETRY_SECONDS)  # still starting, or gone again
                continue
            with self.arrived:
                if self._latest is not change:
                    return  # lost again meanwhile: the next one reads what is true then
                changes = self.tables.replace(truth)
                for listener in self.listeners:
                    listener.snapshot(truth)
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
            self._tell(f"reconnected; {gap}")
            return

    def _record(self, gap: Gap) -> None:
        self.gaps.append(gap)
        first = self.log.count
        event = gap.event()
        self.add_row("gap", event, str(gap))
        now = _iso(time.time())
        for name, changes in (("Vanished", gap.vanished), ("Appeared", gap.appeared)):
            for kind, ids in changes.items():
                # The field and the key under which events carry such an object.
                field, key = kind.removesuffix("s"), "name" if kind == "recordings" else "id"
                for id in ids:
                    row = {"type": name, "timestamp": now, field: {key: id}}
                    self.add_row("resync", row, f"{field} {id}")
        self.handlers.offer([event], first)

    def _read(self, known: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        return snapshot.read(
            self._rest,
            known,
            subscribe_all=self._subscribe_all,
            bridges=list(self.tables.bridges),
            playbacks=list(self.tables.playbacks),
            recordings=list(self.tables.recordings),
            devices=list(self.tables.device_states),
        )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _channel_id(event: Mapping[str, Any]) -> object:
    channel = event.get("channel")
    return channel.get("id") if isinstance(channel, dict) else None
