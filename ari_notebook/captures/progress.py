"""How much of a capture has been read."""

from __future__ import annotations

from collections.abc import Iterator

from ari_notebook.bar import Bar
from ari_notebook.captures.files import Reader, Record

__all__ = ["shown"]


def shown(reader: Reader, doing: str) -> Iterator[Record]:
    """A capture's records, with a bar that shows how much of the file has been read."""
    with Bar(doing) as bar:
        for number, record in enumerate(reader):
            yield record
            if number % 1000 == 0:
                bar.at(reader.read_bytes / reader.size if reader.size else 1.0)
