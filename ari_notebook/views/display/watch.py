"""A live view of one's own: a table or figure that is made again and again below its cell."""

from __future__ import annotations

import secrets
import traceback
from collections.abc import Callable, Generator
from typing import Any

from IPython import get_ipython
from IPython.display import publish_display_data

from ari_notebook.background import Background
from ari_notebook.client.errors import UsageProblem

__all__ = ["Watch"]

_LEAST_SECONDS = 0.1  # Jupyter drops messages of a flood


class Watch:
    """Shows what a function returns, until `stop` or the end of its session.

    Args:
        function: returns a DataFrame, a figure, or anything that a cell shows.
        every: seconds between two calls; at least 0.1.
        is_over: returns whether the session is closed.
        background: runs the updates.

    Raises:
        UsageProblem: there is no notebook, or the interval is not positive.
    """

    def __init__(
        self,
        function: Callable[[], Any],
        every: float,
        is_over: Callable[[], bool],
        background: Background,
    ) -> None:
        shell = get_ipython()
        if shell is None:
            raise UsageProblem("ari.watch shows in a notebook", "Print the table in your program.")
        if not every > 0:
            raise UsageProblem(f"seconds between two updates must be positive, not {every!r}")
        self._function = function
        self._every = max(every, _LEAST_SECONDS)
        self._is_over = is_over
        self._formatter = shell.display_formatter
        self._display = {"display_id": f"ari-watch-{secrets.token_hex(4)}"}
        self._shown: Any = None
        self._publish(update=False)
        self._job = background.start("ari-watch", self._run)

    def stop(self) -> None:
        """Update it no more; idempotent."""
        self._job.stop()

    @property
    def running(self) -> bool:
        """Whether it is still updated."""
        return self._job.alive

    def _run(self) -> Generator[float | None, None, None]:
        while not self._is_over():
            yield self._every
            self._publish(update=True)

    def _publish(self, *, update: bool) -> None:
        """Show it, if it has changed."""
        try:
            made = self._formatter.format(self._function())
        except Exception:  # noqa: BLE001  shown; the next try may succeed
            made = {"text/plain": traceback.format_exc(limit=-1)}, {}
        if made != self._shown:
            self._shown = made
            data, metadata = made
            publish_display_data(data, metadata, transient=self._display, update=update)

    def __repr__(self) -> str:
        return f"<watch: {'running' if self.running else 'stopped'}>"

    def _ipython_display_(self) -> None:
        """Show nothing as the result of its cell, where the view is already."""
