"""Waiting for an event without missing the one that came before the wait began.

A program sends a request and then waits for what it causes; the event is often there first. So a
wait looks back to the last request that its thread sent, and never returns an event twice.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from ari_notebook.client.errors import EventTimeout
from ari_notebook.following import Follower
from ari_notebook.live import EventLog
from ari_notebook.matching import Pattern

__all__ = ["Mark", "Waits"]

# Python on Windows cannot interrupt a lock that waits; a short wait can always be interrupted.
_SLICE_SECONDS = 0.25
_PART = 256  # events looked at in one go: the stream waits for no more than that
_MOST_TOLD = 10_000  # events of which a time-out says what they were


class Mark:
    """From where a thread's waits look, and what they returned already."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.returned: set[int] = set()
        # Pattern → up to where all that fits it was returned: a program that only waits does not
        # look through everything each time.
        self.looked: dict[str, int] = {}


class _Wish:
    """One wait: it may take one event, until it is given up."""

    def __init__(self, pattern: Pattern, mark: Mark) -> None:
        self.pattern = pattern
        self.mark = mark
        self.given_up = False
        self._key = "" if pattern.asks else str(pattern)  # a function's name says too little
        self._taken: int | None = None

    @property
    def start(self) -> int:
        """From where it looks."""
        return self.mark.looked.get(self._key, self.mark.sequence)

    def looked(self, up_to: int) -> None:
        """All that fits was returned before this place."""
        if self._key:
            self.mark.looked[self._key] = up_to

    def take(self, place: int) -> bool:
        """Take the event at a place; False where another wait was faster, or this one is over."""
        if self.given_up or place in self.mark.returned:
            return False
        self.mark.returned.add(place)
        self._taken = place
        self.looked(place + 1)
        return True

    def give_up(self) -> None:
        """Nobody asks any more: what it took, or would, is for the next one."""
        self.given_up = True
        if self._taken is not None:
            self.mark.returned.discard(self._taken)
            self.mark.looked.clear()


class Waits:
    """The waits of a session.

    Args:
        follower: whose events are waited for.
    """

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._own = threading.local()
        self._latest = Mark(0)

    def begin(self, sequence: int | None = None) -> None:
        """A request leaves now: this thread's waits look back to here, or to ``sequence``."""
        mark = Mark(self._follower.log.count if sequence is None else sequence)
        self._own.mark = self._latest = mark

    @property
    def mark(self) -> Mark:
        """This thread's mark; in a thread that sent nothing, the latest of any thread."""
        return getattr(self._own, "mark", self._latest)

    def wait(
        self,
        pattern: Pattern,
        timeout: float,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        """The next event that the pattern fits.

        Args:
            pattern: what to wait for.
            timeout: seconds.
            progress: called now and then with the seconds that have passed.

        Raises:
            EventTimeout: it did not come; the message says what did.
            ApplicationTaken: it will not come here.
            SessionClosed: likewise.
        """
        return self._wait(_Wish(pattern, self.mark), timeout, progress)

    async def next(self, pattern: Pattern, timeout: float) -> dict[str, Any]:
        """`wait` for coroutines; one that is cancelled takes no event from those after it."""
        wish = _Wish(pattern, self.mark)
        try:
            return await asyncio.to_thread(self._wait, wish, timeout, None)
        except asyncio.CancelledError:
            with self._follower.arrived:
                wish.give_up()
                self._follower.arrived.notify_all()
            raise

    def _wait(
        self, wish: _Wish, timeout: float, progress: Callable[[float], None] | None
    ) -> dict[str, Any]:
        with self._follower.awaited():
            return self._look(wish, timeout, progress)

    def _look(
        self, wish: _Wish, timeout: float, progress: Callable[[float], None] | None
    ) -> dict[str, Any]:
        follower, log = self._follower, self._follower.log
        started = time.monotonic()
        gaps = follower.gaps.total
        sequence, there = wish.start, log.count
        while True:
            # Neither the stream nor a handler waits while a long log is looked through.
            events, end = log.part(sequence, _PART)
            for place, event in enumerate(events, end - len(events)):
                if place not in wish.mark.returned and wish.pattern(event):
                    with follower.arrived:
                        if wish.take(place):
                            return event
            sequence = max(sequence, end)
            passed = time.monotonic() - started
            with follower.arrived:
                if wish.given_up or (passed >= timeout and sequence >= there):
                    break
                if log.count > sequence:
                    continue
                wish.looked(sequence)
                follower.raise_if_over()
                follower.arrived.wait(min(timeout - passed, _SLICE_SECONDS))
            if progress is not None:
                progress(time.monotonic() - started)
        raise EventTimeout(
            f"no {wish.pattern} in {timeout:g} s",
            _what_came(log, wish.mark, follower.gaps.total > gaps),
        )


def _what_came(log: EventLog, mark: Mark, gap: bool) -> str:
    if gap:
        return "The connection was lost meanwhile, so that it may have been missed: see ari.status."
    seen: Counter[str] = Counter()
    stop = log.count
    sequence = max(mark.sequence, stop - _MOST_TOLD)
    while sequence < stop:
        events, sequence = log.part(sequence, _PART)
        first = sequence - len(events)
        seen.update(
            str(event.get("type"))
            for place, event in enumerate(events, first)
            if place not in mark.returned
        )
    if not seen and mark.returned:
        return "Nothing came beside what was waited for before."
    if not seen:
        return "Nothing came at all. Is anything in Stasis, or subscribed to?"
    listed = ", ".join(f"{n} {type}" if n > 1 else type for type, n in seen.most_common(6))
    return f"What came instead: {listed}."
