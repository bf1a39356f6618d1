"""Captures as one Parquet dataset: for files larger than memory, many servers, many machines.

The dataset has a folder for each server and day (``server=…/date=…/…parquet``). A row is an event
as in ``events.df``, plus ``raw``, its JSON as received. The rows of one server are in the order of
the log, if files are read in the order of their names.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ari_notebook.captures.file_format import Reader, Run, make_folder
from ari_notebook.captures.progress import shown_runs
from ari_notebook.captures.recorder import Capture
from ari_notebook.captures.replay.applier import RecordApplier
from ari_notebook.client.errors import UsageProblem
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.request_log import RequestLog
from ari_notebook.store.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.connection.connection import Connection

__all__ = [
    "FOLDER",
    "CaptureInto",
    "convert_left",
    "left",
    "need",
    "no_events",
    "pieces",
    "to_parquet",
]

_PIECE = 100_000
_ORDER_DIGITS = 8
_LONGEST_NAME = 100  # bytes; file systems take 255
_HASH_DIGITS = 16
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.I)


def pieces(path: str | Path, size: int = _PIECE) -> Iterator[pd.DataFrame]:
    """Yield a capture's events in parts, for one that does not fit into memory.

    Args:
        path: the file.
        size: events per part.

    Yields:
        Consecutive parts of ``open_capture(path).events.df``, with the column ``raw``.
    """
    reader = Reader(path)
    log, records = _new_log(reader)
    for item in shown_runs(reader, f"reading {reader.path.name}"):
        if isinstance(item, Run):
            frames = item.frames
            while len(log) + len(frames) >= size:
                free = size - len(log)
                records.take_run(Run(item.at, frames[:free]))
                frames = frames[free:]
                records.flush()
                yield _with_raw(log)
                log, records = _new_log(reader)
            records.take_run(Run(item.at, frames))
            records.flush()
            continue
        if len(log) >= size:
            yield _with_raw(log)
            log, records = _new_log(reader)
        if item.kind in ("event", "malformed", "row"):
            records.take(item)
            records.flush()
    records.flush()
    if len(log):
        yield _with_raw(log)


def _new_log(reader: Reader) -> tuple[EventLog, RecordApplier]:
    log = EventLog()
    return log, RecordApplier(log, _NoTables(), RequestLog(), reader.header)


class _NoTables(Tables):
    """Empty tables: none are needed to copy a file."""

    def apply(self, events: Iterable[Any]) -> None:
        """Do nothing."""


def _with_raw(log: EventLog) -> pd.DataFrame:
    table = log.df
    table["raw"] = [log.raw(index).decode("utf-8", "backslashreplace") for index in range(len(log))]
    return table


def to_parquet(
    captures: str | Path | Iterable[str | Path], folder: str | Path, *, size: int = _PIECE
) -> Path:
    """Add captures to a Parquet dataset, which is created if necessary.

    Each file appears only when complete, so that the dataset is valid at any time. Repeat an
    interrupted call with the same ``size`` to complete it.

    Args:
        captures: one or several files, from one or several servers.
        folder: folder of the dataset.
        size: maximum number of events per file.

    Returns:
        The folder.

    Raises:
        UsageProblem: pyarrow is not installed, a file is not a capture, two files have the same
            name, or the dataset has different events under a name; files of other captures are
            never replaced.
    """
    need("pyarrow")
    folder = Path(folder)
    paths = [captures] if isinstance(captures, str | Path) else list(captures)
    named: dict[str, str | Path] = {}
    for path in paths:
        other = named.setdefault(Path(path).name.split(".")[0], path)
        if other is not path:  # files of one would replace those of the other
            raise UsageProblem(f"{other} and {path} have the same name", "Rename one of them.")
    for path in paths:
        server = ""
        for number, table in enumerate(pieces(path, size)):
            # A row added by this package belongs to the server of its neighbouring events.
            servers = table["asterisk_id"].astype("str").replace("nan", None)
            servers = servers.ffill().fillna(server or servers.bfill()).fillna("unknown")
            server = str(servers.iloc[-1])
            table["asterisk_id"] = servers
            days = table["received"].dt.strftime("%Y-%m-%d")
            for (at, day), rows in table.groupby([servers, days], sort=False):
                place = folder / f"server={_slug(str(at))}" / f"date={day}"
                make_folder(place)
                name = f"{Path(path).name.split('.')[0]}-{number:0{_ORDER_DIGITS}}.parquet"
                if (place / name).exists() and not _begins_as(place / name, rows):
                    raise UsageProblem(
                        f"{place / name} has different events than {path}",
                        "Rename the capture; to complete an earlier conversion, use the same size.",
                    )
                unfinished = place / f".{name}"
                try:
                    _words(rows).to_parquet(
                        unfinished,
                        index=False,
                        compression="zstd",
                        write_page_checksum=True,  # so that damage is detected
                    )
                    unfinished.rename(place / name)
                finally:  # after an interrupt no partial file is left
                    unfinished.unlink(missing_ok=True)
    return folder


def _begins_as(file: Path, rows: pd.DataFrame) -> bool:
    """Return whether the first event of a file equals the first of these rows."""
    import pyarrow.parquet  # noqa: PLC0415  optional

    names = ["received", "raw"]
    with pyarrow.parquet.ParquetFile(file) as opened:
        first = next(opened.iter_batches(batch_size=1, columns=names)).to_pandas()
    return bool((first[names].iloc[0] == rows[names].iloc[0]).all())


def _words(rows: pd.DataFrame) -> pd.DataFrame:
    """Convert categories to strings, so that every file has the same types."""
    words = [name for name in rows.columns if name not in ("timestamp", "received")]
    return rows.astype(dict.fromkeys(words, "str"))


def _slug(server: str) -> str:
    """Return the folder name of a server; shortened or changed names end with a hash."""
    name = re.sub(r"[^\w.-]", "-", server)
    unchanged = name == server or _MAC.fullmatch(server)  # Asterisk's default id, with colons
    if unchanged and len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(server.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    short = name.encode()[: _LONGEST_NAME - _HASH_DIGITS - 1].decode(errors="ignore")
    return f"{short}-{digest}"


def no_events() -> pd.DataFrame:
    """Return an empty DataFrame with a dataset's columns."""
    return _with_raw(EventLog()).astype({"raw": "str"}).pipe(_words)


def need(*modules: str) -> None:
    """Raise unless these packages are installed.

    Raises:
        UsageProblem: one is missing.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise UsageProblem(
            f"this needs {' and '.join(missing)}", f"pip install {' '.join(missing)}"
        )


FOLDER = "_captures"


class CaptureInto(Capture):
    """A capture that is converted into a dataset when it stops.

    Args:
        connection: connection to record.
        folder: folder of the dataset, created if necessary.

    Raises:
        UsageProblem: pyarrow is not installed, or the folder is not writable.
    """

    def __init__(self, connection: Connection, folder: str | Path) -> None:
        need("pyarrow")
        self.folder = Path(folder)
        try:
            make_folder(self.folder / FOLDER)
        except OSError as error:
            raise UsageProblem(f"cannot write {self.folder}: {error.strerror}") from None
        # Names sort by time: a server's calls are joined over consecutive files.
        now = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now)) + f"{now % 1:.6f}"[2:]
        name = re.sub(r"[^\w-]", "-", connection.name)
        super().__init__(connection, self.folder / FOLDER / f"{stamp}-{name}.jsonl.gz")

    def stop(self) -> CaptureInto:
        """Write the queue, close the file, and convert it."""
        stopped = not self._running
        super().stop()
        if not stopped:
            to_parquet(self.path, self.folder)
        return self


def left(folder: str | Path) -> list[Path]:
    """Return the captures in a dataset that are not converted: running, killed, or empty."""
    folder = Path(folder)
    converted = {file.name.rpartition("-")[0] for file in folder.glob("server=*/date=*/*.parquet")}
    there = sorted((folder / FOLDER).glob("*.jsonl.gz"))
    return [path for path in there if path.name.split(".")[0] not in converted]


def convert_left(folder: str | Path) -> list[Path]:
    """Convert captures in a dataset that were killed before conversion.

    A running capture is converted up to now, and again when it stops.

    Returns:
        The converted captures.
    """
    found = []
    for path in left(folder):
        if path.stat().st_size:
            to_parquet(path, folder)
            found.append(path)
    return found
