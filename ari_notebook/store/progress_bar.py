"""Progress bars on stderr, shown after a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TextIO

from ari_notebook.store.plain_text import printable

__all__ = ["ProgressBar", "rewrites_lines"]

_WIDTH = 30


def rewrites_lines(stream: TextIO) -> bool:
    """Return whether a stream can overwrite a line: a terminal or a notebook."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel")


class ProgressBar:
    """A bar on stderr, shown after a second; as a context manager it is removed at the end.

    Args:
        doing: label of the bar.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._started = self._last = time.monotonic()
        self._widest = 0

    def update(self, part: float, words: str = "") -> None:
        """Show the progress, at most a few times a second.

        Args:
            part: progress from 0 to 1.
            words: text beside the bar.
        """
        now = time.monotonic()
        if now - self._started <= 1 or now - self._last <= 0.2:
            return
        self._last = now
        if not rewrites_lines(sys.stderr):  # a log file would contain every state of the bar
            return
        part = min(1.0, part)
        bar = "█" * round(part * _WIDTH)
        said = printable(f"{self._doing} {bar:░<{_WIDTH}} {part:4.0%} {words}")
        self._widest = max(self._widest, len(said))
        sys.stderr.write(f"\r{said:{self._widest}}")
        sys.stderr.flush()

    @classmethod
    @contextmanager
    def show(cls, doing: str) -> Iterator[Callable[[float], None]]:
        """Provide a bar's `update` for the fraction done."""
        with cls(doing) as bar:
            yield bar.update

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._widest:
            sys.stderr.write("\r" + " " * self._widest + "\r")
            sys.stderr.flush()
