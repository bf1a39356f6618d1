"""Event order for handlers: the events of one channel in sequence.

An event of a channel is offered to its handlers after they have finished the channel's previous
event, so that a handler of `ChannelDtmfReceived` can rely on the handler of `StasisStart`. Events
of different channels wait for each other only in a handler's queue.

A handler stops delaying its channel's later events as soon as it waits for an event (`wait_for`),
because it may wait for one of those; also after `LONGEST_SECONDS`.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any, Protocol

from ari_notebook.background import THREADS, Background
from ari_notebook.store.plain_text import printable

__all__ = [
    "LONGEST_SECONDS",
    "Copies",
    "EventOrder",
    "finish_turn",
    "release",
    "subject",
    "target",
]

LONGEST_SECONDS = 5.0
_CHECK_SECONDS = 0.5
_RECENT = 512  # number of events in which the original of a copy is searched
_COPIES = 10_000  # number of copies remembered
# Asterisk sends these to one application each: equal events for two applications are distinct.
_ADDRESSED = frozenset(
    {
        "ApplicationMoveFailed",
        "ApplicationRegistered",
        "ApplicationReplaced",
        "ApplicationUnregistered",
        "CallBroadcast",
        "CallClaimed",
        "StasisEnd",
        "StasisStart",
    }
)

logger = logging.getLogger(__name__)


class OrderedHandler(Protocol):
    """A handler that events are offered to."""

    name: str

    def offer(self, event: Any, finished: Callable[[], None]) -> bool:
        """Queue an event, and call ``finished`` after its handling; False: it is dropped."""


class _Turn:
    """One event being handled."""

    __slots__ = ("begun", "event", "handlers", "left")

    def __init__(self, event: Any, handlers: Sequence[OrderedHandler]) -> None:
        self.event = event
        self.handlers = handlers
        self.left = len(handlers)
        self.begun = 0.0


class EventOrder:
    """Offers events to handlers, a channel's events in sequence.

    Args:
        background: runs what ends turns that take too long.
    """

    def __init__(self, background: Background = THREADS) -> None:
        self._background = background
        self._lock = threading.Lock()
        # Channel → its turns; handlers are running the first.
        self._turns: dict[str, deque[_Turn]] = {}
        self._watching = False

    def submit(self, channel: str, event: Any, handlers: Sequence[OrderedHandler]) -> None:
        """Offer an event, at once or after earlier ones of its channel.

        Args:
            channel: channel of the event, see `subject`; "": an event without order.
            event: the event.
            handlers: its handlers, at least one.
        """
        turn = _Turn(event, handlers)
        if channel:
            with self._lock:
                turns = self._turns.setdefault(channel, deque())
                turns.append(turn)
                if len(turns) > 1:
                    self._watch()
                    return
        self._begin(channel, turn)

    def _begin(self, channel: str, turn: _Turn) -> None:
        """Offer a turn's event, and the following ones while no handler accepts them."""
        following: _Turn | None = turn
        while following is not None:
            current = following
            current.begun = self._background.monotonic()
            refused = sum(
                not handler.offer(current.event, _once(partial(self._finish, channel, current)))
                for handler in current.handlers
            )
            following = self._done(channel, current, refused) if refused else None

    def _finish(self, channel: str, turn: _Turn) -> None:
        """Record that one handler has finished a turn."""
        following = self._done(channel, turn, 1)
        if following is not None:
            self._begin(channel, following)

    def _done(self, channel: str, turn: _Turn, handlers: int) -> _Turn | None:
        """Return the next turn if this one has ended."""
        with self._lock:
            turn.left -= handlers
            return None if turn.left else self._end(channel, turn)

    def _end(self, channel: str, turn: _Turn) -> _Turn | None:
        """End a turn, unless already ended; return the next. Called under the lock."""
        turns = self._turns.get(channel)
        if not turns or turns[0] is not turn:
            return None
        turns.popleft()
        if turns:
            return turns[0]
        del self._turns[channel]
        return None

    def _watch(self) -> None:
        """Start to end turns that take too long; called under the lock."""
        if not self._watching:
            self._watching = True
            self._background.start("ari-order", self._end_long_turns)

    def _end_long_turns(self) -> Generator[float | None, None, None]:
        while True:
            yield _CHECK_SECONDS
            oldest = self._background.monotonic() - LONGEST_SECONDS
            with self._lock:
                waited_for = [
                    (key, turns[0]) for key, turns in self._turns.items() if len(turns) > 1
                ]
                self._watching = bool(waited_for)
                if not self._watching:
                    return
            for channel, turn in waited_for:
                if turn.begun and turn.begun < oldest:
                    logger.info(
                        "%s takes more than %g s; later events of channel %s are now handled",
                        printable(" and ".join(handler.name for handler in turn.handlers)),
                        LONGEST_SECONDS,
                        printable(channel),
                    )
                    with self._lock:
                        following = self._end(channel, turn)
                    if following is not None:
                        self._begin(channel, following)


class Copies:
    """Copies of events received for another application of the connection.

    Asterisk publishes an event once for each application that is subscribed to its channel, for
    example after a move between applications. Handlers and waits use the first copy. An event that
    Asterisk sends to a specific application, such as CallBroadcast, is never a copy.
    """

    def __init__(self) -> None:
        self._recent: OrderedDict[tuple[object, ...], list[dict[str, Any]]] = OrderedDict()
        self._originals: OrderedDict[int, dict[str, Any]] = OrderedDict()

    def note(self, events: Iterable[dict[str, Any]], first: int) -> None:
        """Find copies among new events, the first of which has this place in the log."""
        for place, event in enumerate(events, first):
            type = event.get("type")
            key = (type, event.get("timestamp"), subject(event))
            try:
                if type in _ADDRESSED:
                    continue
                known = self._recent.setdefault(key, [])
            except TypeError:  # event with other types than declared
                continue
            original = next((each for each in known if _is_copy(event, each)), None)
            if original is None:
                known.append(event)
            else:
                self._originals[place] = original
                if len(self._originals) > _COPIES:
                    self._originals.popitem(last=False)
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)

    def original(self, place: int) -> dict[str, Any] | None:
        """Return the original of the event at this place, or None if it is not a copy."""
        return self._originals.get(place)


def _is_copy(event: Mapping[str, Any], original: Mapping[str, Any]) -> bool:
    if event.get("application") == original.get("application"):
        return False
    return event.keys() == original.keys() and all(
        name == "application" or value == original[name] for name, value in event.items()
    )


def _once(call: Callable[[], None]) -> Callable[[], None]:
    called = threading.Lock()

    def first_time() -> None:
        if called.acquire(blocking=False):
            call()

    return first_time


# Ends the turn of the event being handled in this thread or task.
finish_turn: ContextVar[Callable[[], None] | None] = ContextVar("finish_turn", default=None)


def release() -> None:
    """Let the channel's later events reach their handlers; does nothing outside a handler."""
    finish = finish_turn.get()
    if finish is not None:
        finish()


def subject(event: Mapping[str, Any]) -> str:
    """Return the id of an event's channel, else of its bridge, else "".

    A playback or recording belongs to its target channel or bridge.
    """
    for field in ("channel", "peer", "transferee"):
        item = event.get(field)
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            return str(item["id"])
    for kind in ("channel", "bridge"):
        if found := target(event, kind):
            return found
    bridge = event.get("bridge")
    return str(bridge.get("id", "")) if isinstance(bridge, dict) else ""


def target(event: Mapping[str, Any], kind: str) -> str:
    """Return the id of the channel or bridge of an event's playback or recording.

    Args:
        event: any event.
        kind: ``channel`` or ``bridge``.
    """
    for field in ("playback", "recording"):
        item = event.get(field)
        if isinstance(item, dict):
            scheme, _, id = str(item.get("target_uri", "")).partition(":")
            if scheme == kind:
                return id
    return ""
