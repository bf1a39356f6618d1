"""Waiting for a condition that another thread or process makes true."""

from __future__ import annotations

import time
from collections.abc import Callable

from ari_notebook import sessions


def until(
    condition: Callable[[], object],
    seconds: float = 90,
    state: Callable[[], object] = lambda: "the condition",
) -> None:
    """Return once the condition is true.

    Args:
        condition: called until it returns a true value.
        seconds: the timeout.
        state: returns the description of the state for the failure.

    Raises:
        AssertionError: the condition was not true within the timeout.
    """
    end = time.monotonic() + seconds
    while not condition():
        for session in sessions.opened():
            session.background.catch_up()
        assert time.monotonic() < end, f"not within {seconds} s: {state()}"
        time.sleep(0.01)
