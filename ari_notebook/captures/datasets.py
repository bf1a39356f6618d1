"""Captures as one Parquet dataset: for files larger than memory, many servers, many machines.

The dataset has a folder for each server and day (``server=…/date=…/…parquet``). A row is an event
as in ``events.df``, with ``raw``, its JSON as received, beside. Rows of one server are in the order
of the log, in the order of the files' names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.captures.files import Reader
from ari_notebook.captures.progress import shown
from ari_notebook.captures.retelling import Retelling
from ari_notebook.client.errors import UsageProblem
from ari_notebook.live import EventLog, Tables
from ari_notebook.requestlog import RequestLog

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["need", "no_events", "pieces", "to_parquet"]

_PIECE = 100_000
_ORDER_DIGITS = 8


def pieces(path: str | Path, size: int = _PIECE) -> Iterator[pd.DataFrame]:
    """A capture's events in pieces, for one that does not fit into memory.

    Args:
        path: the file.
        size: events a piece.

    Yields:
        What ``open_capture(path).events.df`` holds, a part after the other, with ``raw`` beside.
    """
    reader = Reader(path)
    log, told = _anew(reader)
    for record in shown(reader, f"reading {reader.path.name}"):
        if len(log) >= size:
            told.flush()
            yield _with_raw(log)
            log, told = _anew(reader)
        if record.kind in ("event", "malformed", "row"):
            told.take(record)
    told.flush()
    if len(log):
        yield _with_raw(log)


def _anew(reader: Reader) -> tuple[EventLog, Retelling]:
    log = EventLog()
    return log, Retelling(log, _NoTables(), RequestLog(), reader.header)


class _NoTables(Tables):
    """Nothing lives while a file is only copied."""

    def apply(self, events: Iterable[Any]) -> None:
        """Do nothing."""


def _with_raw(log: EventLog) -> pd.DataFrame:
    table = log.df
    table["raw"] = [log.raw(index).decode("utf-8", "backslashreplace") for index in range(len(log))]
    return table


def to_parquet(
    captures: str | Path | Iterable[str | Path], folder: str | Path, *, size: int = _PIECE
) -> Path:
    """Add captures to a Parquet dataset, which is made if it is not there.

    A file of it appears once it is whole, so that the dataset is valid at any moment. What was
    interrupted is made whole by the same once more, with the same ``size``.

    Args:
        captures: one file or several, of one server or several.
        folder: of the dataset.
        size: events a file, at most.

    Returns:
        The folder.

    Raises:
        UsageProblem: pyarrow is not installed, a file is no capture, two have one name, or the
            dataset has other events under a name: no file of it is replaced by another capture's.
    """
    need("pyarrow")
    folder = Path(folder)
    paths = [captures] if isinstance(captures, str | Path) else list(captures)
    named: dict[str, str | Path] = {}
    for path in paths:
        other = named.setdefault(Path(path).name.split(".")[0], path)
        if other is not path:  # the files of one would replace those of the other
            raise UsageProblem(f"{other} and {path} have one name", "Rename one of them.")
    for path in paths:
        server = ""
        for number, table in enumerate(pieces(path, size)):
            # A row of our own belongs to the server whose events it stands among.
            servers = table["asterisk_id"].astype("str").replace("nan", None)
            servers = servers.ffill().fillna(server or servers.bfill()).fillna("unknown")
            server = str(servers.iloc[-1])
            table["asterisk_id"] = servers
            days = table["received"].dt.strftime("%Y-%m-%d")
            for (at, day), rows in table.groupby([servers, days], sort=False):
                place = folder / f"server={_slug(str(at))}" / f"date={day}"
                place.mkdir(parents=True, exist_ok=True)
                name = f"{Path(path).name.split('.')[0]}-{number:0{_ORDER_DIGITS}}.parquet"
                if (place / name).exists() and not _begins_as(place / name, rows):
                    raise UsageProblem(
                        f"{place / name} holds other events than {path}",
                        "Give the capture another name; if it is the same, the same size as then.",
                    )
                unfinished = place / f".{name}"
                try:
                    _words(rows).to_parquet(
                        unfinished,
                        index=False,
                        compression="zstd",
                        write_page_checksum=True,  # so that damage is seen, not read as other words
                    )
                    unfinished.rename(place / name)
                finally:  # interrupted, nothing is left of it
                    unfinished.unlink(missing_ok=True)
    return folder


def _begins_as(file: Path, rows: pd.DataFrame) -> bool:
    """Whether the first event of a file is the first of these rows."""
    import pyarrow.parquet

    names = ["received", "raw"]
    with pyarrow.parquet.ParquetFile(file) as opened:
        first = next(opened.iter_batches(batch_size=1, columns=names)).to_pandas()
    return bool((first[names].iloc[0] == rows[names].iloc[0]).all())


def _words(rows: pd.DataFrame) -> pd.DataFrame:
    """Categories as plain words: every file of a dataset has the same types then."""
    words = [name for name in rows.columns if name not in ("timestamp", "received")]
    return rows.astype(dict.fromkeys(words, "str"))


def _slug(server: str) -> str:
    return re.sub(r"[^\w.-]", "-", server)


def no_events() -> pd.DataFrame:
    """A dataset's columns, and no row."""
    return _with_raw(EventLog()).astype({"raw": "str"}).pipe(_words)


def need(*modules: str) -> None:
    """Make sure that these are installed.

    Raises:
        UsageProblem: one is not.
    """
    from importlib.util import find_spec

    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise UsageProblem(
            f"this needs {' and '.join(missing)}", "pip install 'ari-notebook[analysis]'"
        )
