"""Waiting for an event without missing the one that came before the wait began.

A program sends a request and then waits for what it causes; the event is often there first. So a
wait looks back to the last request that its thread sent, and never returns an event twice.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from ari_notebook.client.errors import EventTimeout
from ari_notebook.following import Follower
from ari_notebook.matching import Pattern

__all__ = ["Mark", "Waits"]

# Python on Windows cannot interrupt a lock that waits; a short wait can always be interrupted.
_SLICE_SECONDS = 0.25


class Mark:
    """From where a thread's waits look, and what they returned already."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.returned: set[int] = set()


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
        mark: Mark | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> dict[str, Any]:
        """The next event that the pattern fits.

        Args:
            pattern: what to wait for.
            timeout: seconds.
            mark: from where to look; this thread's if None.
            progress: called now and then with the seconds that have passed.

        Raises:
            EventTimeout: it did not come; the message says what did.
            ApplicationTaken: it will not come here.
            SessionClosed: likewise.
        """
        with self._follower.awaited():
            return self._wait(pattern, timeout, mark or self.mark, progress)

    def _wait(
        self,
        pattern: Pattern,
        timeout: float,
        mark: Mark,
        progress: Callable[[float], None] | None,
    ) -> dict[str, Any]:
        follower = self._follower
        started = time.monotonic()
        gaps = follower.gaps.total
        seen: Counter[str] = Counter()
        sequence = mark.sequence
        while True:
            with follower.arrived:
                events = follower.log.since(sequence)
                # since() starts later where the log has dropped what came before.
                at = follower.log.count - len(events)
                for place, event in enumerate(events, at):
                    if place in mark.returned:
                        continue
                    if pattern(event):
                        mark.returned.add(place)
                        return event
                    seen[str(event.get("type"))] += 1
                sequence = follower.log.count
                follower.raise_if_over()
                passed = time.monotonic() - started
                if passed >= timeout:
                    break
                follower.arrived.wait(min(timeout - passed, _SLICE_SECONDS))
            if progress is not None:
                progress(time.monotonic() - started)
        raise EventTimeout(
            f"no {pattern} in {timeout:g} s",
            _what_came(seen, bool(mark.returned), follower.gaps.total > gaps),
        )


def _what_came(seen: Counter[str], returned: bool, gap: bool) -> str:
    if gap:
        return "The connection was lost meanwhile, so that it may have been missed: see ari.status."
    if not seen and returned:
        return "Nothing came beside what was waited for before."
    if not seen:
        return "Nothing came at all. Is anything in Stasis, or subscribed to?"
    listed = ", ".join(f"{n} {type}" if n > 1 else type for type, n in seen.most_common(6))
    return f"What came instead: {listed}."
