"""Verification of the journal, which may wait for further requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ari_notebook.simulator.rest.journal import (
    JournalEntry,
    RequestJournal,
    matching_order,
    shortfall,
)
from ari_notebook.simulator.rest.request_pattern import RequestPattern

__all__ = ["verify", "verify_order"]


async def verify(
    journal: RequestJournal, pattern: RequestPattern, times: int | None, within: float
) -> tuple[str, list[JournalEntry]]:
    """Check the number of answered requests that match a pattern.

    Args:
        journal: the journal.
        pattern: the requests.
        times: the expected number; None: at least one.
        within: real seconds to wait for them; an expected absence takes all of them.

    Returns:
        Why the number is not the expected one, or ""; and the requests.
    """

    def found() -> list[JournalEntry]:
        return [each for each in journal.requests(pattern) if each.status is not None]

    def over() -> bool:
        count = len(found())
        return bool(times != 0 and not shortfall(pattern, count, times)) or (
            times is not None and count > times
        )

    await _wait(journal, over, within)
    entries = found()
    return shortfall(pattern, len(entries), times), entries


async def verify_order(
    journal: RequestJournal, patterns: Sequence[RequestPattern], within: float
) -> tuple[str, int]:
    """Check that requests matched patterns one after the other.

    Returns:
        Which pattern was not matched, or ""; and the number of those that were.
    """

    def count() -> int:
        return matching_order(
            [each for each in journal.requests() if each.status is not None], patterns
        )

    await _wait(journal, lambda: count() == len(patterns), within)
    done = count()
    if done == len(patterns):
        return "", done
    before = f" after {patterns[done - 1]}" if done else ""
    return f"expected {patterns[done]}{before}, found none", done


async def _wait(journal: RequestJournal, over: Callable[[], bool], within: float) -> None:
    """Wait until a condition holds or the time has passed."""
    changed = asyncio.Event()
    stop = journal.watch(changed.set)
    try:
        async with asyncio.timeout(within):
            while not over():
                await changed.wait()
                changed.clear()
    except TimeoutError:
        pass
    finally:
        stop()
