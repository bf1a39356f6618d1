"""How far something long has come, said on stderr once it has taken longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

__all__ = ["Bar"]

_WIDTH = 30


class Bar:
    """A bar on stderr, from the second second on; as a context manager it is gone at the end.

    Args:
        doing: what takes so long.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._started = self._last = time.monotonic()
        self._widest = 0

    def at(self, part: float, words: str = "") -> None:
        """Show how far it is; a few times a second, however often it is called.

        Args:
            part: from 0 to 1.
            words: said beside.
        """
        now = time.monotonic()
        if now - self._started <= 1 or now - self._last <= 0.2:
            return
        self._last = now
        part = min(1.0, part)
        bar = "█" * round(part * _WIDTH)
        said = f"{self._doing} {bar:░<{_WIDTH}} {part:4.0%} {words}"
        self._widest = max(self._widest, len(said))
        sys.stderr.write(f"\r{said:{self._widest}}")
        sys.stderr.flush()

    @classmethod
    @contextmanager
    def telling(cls, doing: str) -> Iterator[Callable[[float], None]]:
        """The bar as what is told how far it is, for those who know no bars."""
        with cls(doing) as bar:
            yield bar.at

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
