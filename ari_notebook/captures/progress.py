"""How far something long has come, said on stderr once it has taken longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from ari_notebook.captures.files import Reader, Record

__all__ = ["shown"]

_WIDTH = 30


def shown(reader: Reader, doing: str) -> Iterator[Record]:
    """A capture's records, with a bar that shows how much of the file has been read."""
    started = last = time.monotonic()
    drawn = False
    try:
        for number, record in enumerate(reader):
            yield record
            if number % 1000 == 0:
                now = time.monotonic()
                if now - started > 1 and now - last > 0.2:
                    last, drawn = now, True
                    part = min(1.0, reader.read_bytes / reader.size) if reader.size else 1.0
                    bar = "█" * round(part * _WIDTH)
                    sys.stderr.write(f"\r{doing} {bar:░<{_WIDTH}} {part:4.0%}")
                    sys.stderr.flush()
    finally:
        if drawn:
            sys.stderr.write("\r" + " " * (len(doing) + _WIDTH + 8) + "\r")
            sys.stderr.flush()
