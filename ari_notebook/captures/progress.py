"""How far something long has come, said on stderr once it has taken longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from ari_notebook.captures.files import Reader, Record

__all__ = ["Bar", "shown"]

_WIDTH = 30


class Bar:
    """A bar on stderr, from the second second on; as a context manager it is gone at the end.

    Args:
        doing: what takes so long.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._started = self._last = time.monotonic()
        self._drawn = False

    def at(self, part: float) -> None:
        """Show how far it is, from 0 to 1; a few times a second, however often it is called."""
        now = time.monotonic()
        if now - self._started <= 1 or now - self._last <= 0.2:
            return
        self._last, self._drawn = now, True
        part = min(1.0, part)
        bar = "█" * round(part * _WIDTH)
        sys.stderr.write(f"\r{self._doing} {bar:░<{_WIDTH}} {part:4.0%}")
        sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r" + " " * (len(self._doing) + _WIDTH + 8) + "\r")
            sys.stderr.flush()


def shown(reader: Reader, doing: str) -> Iterator[Record]:
    """A capture's records, with a bar that shows how much of the file has been read."""
    with Bar(doing) as bar:
        for number, record in enumerate(reader):
            yield record
            if number % 1000 == 0:
                bar.at(reader.read_bytes / reader.size if reader.size else 1.0)
