"""A watch on what is stuck: warns when there is more of it than a threshold."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from ari_notebook.background import Background
from ari_notebook.client.errors import AriError, UsageProblem

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LeakWatch"]

log = logging.getLogger(__name__)


class LeakWatch:
    """Looks for stuck objects regularly, until `stop` or the end of its session.

    It logs a warning when their number exceeds the threshold, again when there are more of them
    than at the last warning, and when their number is below the threshold again.

    Args:
        search: returns the table of stuck objects.
        more_than: the threshold.
        every: seconds between two searches.
        is_over: returns whether the session is closed.
        background: runs the searches.

    Attributes:
        found: the table of the latest search.
        exceeded: whether the threshold is exceeded.

    Raises:
        UsageProblem: the interval is not positive, or the threshold is negative.
    """

    def __init__(
        self,
        search: Callable[[], pd.DataFrame],
        more_than: int,
        every: float,
        is_over: Callable[[], bool],
        background: Background,
    ) -> None:
        if not every > 0:
            raise UsageProblem(f"every must be more than 0 seconds, not {every!r}", "Give 60.")
        if more_than < 0:
            raise UsageProblem(f"more_than must be at least 0, not {more_than!r}", "Give 0.")
        self._search, self._threshold, self._every = search, more_than, every
        self._is_over = is_over
        self._warned = 0
        self.found = search()
        self._judge()
        self._job = background.start("ari-leaks", self._run)

    @property
    def exceeded(self) -> bool:
        """Whether there are more stuck objects than the threshold."""
        return len(self.found) > self._threshold

    def stop(self) -> None:
        """Search no more; idempotent."""
        self._job.stop()

    def _run(self) -> Generator[float | None, None, None]:
        while not self._is_over():
            yield self._every
            if self._is_over():
                return
            try:
                self.found = self._search()
            except AriError as error:  # the connection is lost, or the server restarts
                log.info("stuck objects were not searched for: %s", error)
                continue
            self._judge()

    def _judge(self) -> None:
        count = len(self.found)
        if self.exceeded and count > self._warned:
            kinds = self.found["reason"].astype("str").value_counts().head(3)
            said = ", ".join(f"{number} {reason}" for reason, number in kinds.items())
            log.warning("%d objects are stuck (threshold %d): %s", count, self._threshold, said)
            self._warned = count
        elif not self.exceeded and self._warned:
            log.warning("%d objects are stuck, no more than %d", count, self._threshold)
            self._warned = 0

    def __repr__(self) -> str:
        state = "above" if self.exceeded else "within"
        return f"<watch of leaks: {len(self.found)} stuck, {state} the threshold {self._threshold}>"
