"""A capture in several files: a new one after a time or a size, and old ones deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.captures.file_format import Writer, in_use
from ari_notebook.captures.recorder import Capture
from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    from ari_notebook.connection.connection import Connection
    from ari_notebook.store.event_batch import EventBatch

__all__ = ["RotatingCapture"]

log = logging.getLogger(__name__)

_MEBIBYTE = 1 << 20
_TRIES = 100  # names, should other captures have the same ones


class RotatingCapture(Capture):
    """A running capture in several files; made by ``ari.capture(path, every=…, size=…)``.

    Each file begins with the live tables of its first moment, so that it can be opened alone. Their
    names end with the time, ``day-20261129T134502.123456.jsonl.gz``, and so sort in their order.
    Several captures may write to files of one name at once, from several processes: each has its
    own files, and none deletes a file that another is still writing to.

    Args:
        connection: connection to record.
        path: name of the files; compressed if it ends in ``.gz``.
        every: seconds after which a new file begins, with the next event; None: never.
        size: MiB on disk from which on a new file begins; None: never.
        keep: number of finished files to keep; None: all.
        max_age: seconds after which a finished file is deleted; None: never.

    Raises:
        UsageProblem: a file cannot be written, or a number is not positive.
    """

    def __init__(
        self,
        connection: Connection,
        path: str | Path,
        *,
        every: float | None = None,
        size: float | None = None,
        keep: int | None = None,
        max_age: float | None = None,
    ) -> None:
        limits = {"every": every, "size": size, "keep": keep, "max_age": max_age}
        for name, value in limits.items():
            if value is not None and not value > 0:
                raise UsageProblem(f"{name} must be more than 0, not {value!r}", "Or leave it out.")
        self.name = Path(path)
        self._every, self._size = every, None if size is None else size * _MEBIBYTE
        self._keep, self._max_age = keep, max_age
        self._settled = True  # the tables are those of the log's end
        self._begun = time.monotonic()
        self._finished: list[Writer] = []
        super().__init__(connection, path)
        self._tidy()

    def _open(self, path: Path, begin: bytes, *, overwrite: bool) -> Writer:
        del path, overwrite
        stem, dot, suffixes = self.name.name.partition(".")
        for attempt in range(_TRIES):
            now = time.time()
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now)) + f"{now % 1:.6f}"[1:]
            # The fraction would be taken for a suffix by tools that read names.
            name = self.name.with_name(f"{stem}-{stamp.replace('.', '')}{dot}{suffixes}")
            try:
                writer = Writer(name, begin, background=self._connection.background)
            except UsageProblem:
                if not name.exists() or attempt == _TRIES - 1:
                    raise
                continue
            self.path = name
            return writer
        raise UsageProblem(f"no free name for {self.name}", "Choose another name.")

    def took(self, messages: Sequence[bytes], events: EventBatch, received: float) -> None:
        """Record received events, in a new file if it is due."""
        if self._settled and self._is_due():
            self._rotate()
        super().took(messages, events, received)

    def state(self, state: str, reason: str) -> None:
        """Record a change of the connection's state; no file ends until the tables are read."""
        self._settled = self._settled and state == "connected"
        super().state(state, reason)

    def snapshot(self, snapshot: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        """Record a replacement of the tables by a server snapshot."""
        self._settled = True
        super().snapshot(snapshot)

    def _is_due(self) -> bool:
        if self.failure:
            return False
        old = self._every is not None and time.monotonic() - self._begun >= self._every
        return old or (self._size is not None and self._writer.bytes >= self._size)

    def _rotate(self) -> None:
        before = self._writer
        try:
            self._begin()
        except UsageProblem as error:  # the capture continues in the file that it has
            log.warning("the capture stays in %s: %s", before.path, error)
            self._every = self._size = None
            return
        self._begun = time.monotonic()
        before.finish()
        self._finished = [each for each in self._finished if each.running] + [before]
        self._tidy()

    def _tidy(self) -> None:
        """Delete finished files that are too old, or too many."""
        stem, dot, suffixes = self.name.name.partition(".")
        found = sorted(self.name.parent.glob(f"{stem}-*{dot}{suffixes}"))
        found = [each for each in found if each != self.path and not in_use(each)]
        expired = found[: -self._keep] if self._keep is not None else []
        if self._max_age is not None:
            oldest = time.time() - self._max_age
            expired += [each for each in found if _changed(each) < oldest]
        for each in expired:
            each.unlink(missing_ok=True)

    @property
    def files(self) -> list[Path]:
        """The files that there are of this name, in their order."""
        stem, dot, suffixes = self.name.name.partition(".")
        return sorted(self.name.parent.glob(f"{stem}-*{dot}{suffixes}"))

    def stop(self) -> RotatingCapture:
        """Write the queue and close the files."""
        super().stop()
        for writer in self._finished:
            writer.close()
        return self


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")
