"""Progress of reading a capture."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from ari_notebook.captures.file_format import Reader, Record, Run
from ari_notebook.store.progress_bar import ProgressBar

__all__ = ["collector_paused", "shown", "shown_runs"]

_OFTEN = 64  # records
_Item = TypeVar("_Item")


def shown(reader: Reader, doing: str) -> Iterator[Record]:
    """Yield a capture's records, with a progress bar of the bytes read."""
    return _shown(reader, reader, doing)


def shown_runs(reader: Reader, doing: str) -> Iterator[Record | Run]:
    """Yield a capture's records, and its events in runs, with a progress bar."""
    return _shown(reader.runs(), reader, doing)


def _shown(items: Iterable[_Item], reader: Reader, doing: str) -> Iterator[_Item]:
    with ProgressBar(doing) as bar:
        count = _OFTEN
        for item in items:
            yield item
            count += len(item.frames) if isinstance(item, Run) else 1
            if count >= _OFTEN:
                count = 0
                bar.update(reader.read_bytes / reader.size if reader.size else 1.0)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's cyclic garbage collector: reading makes millions of objects, but no cycles.

    It would go through all that have been read, again and again.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
