"""Captures as one Parquet dataset: for files larger than memory, many servers, many machines.

The dataset has a folder for each server and day (``server=…/date=…/…parquet``). A row is an event
as in ``events.df``, with ``raw``, its JSON as received, beside. Rows of one server are in the order
of the log, in the order of the files' names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from ari_notebook.bar import Bar
from ari_notebook.calls import Ledger, frame
from ari_notebook.captures.files import Reader
from ari_notebook.captures.progress import shown
from ari_notebook.captures.retelling import Retelling
from ari_notebook.client.errors import UsageProblem
from ari_notebook.live import EventLog, Tables
from ari_notebook.requestlog import RequestLog

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dataset", "need", "pieces", "to_parquet"]

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
                    _words(rows).to_parquet(unfinished, index=False, compression="zstd")
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


class Dataset:
    """A Parquet dataset of captures; opened by ``open_capture(folder, engine=…)``.

    Args:
        folder: of the dataset.
        engine: ``"pandas"``, or ``"dask"``: then ``events.df`` and ``calls.df`` are Dask's
            DataFrames, which a cluster computes.

    Raises:
        UsageProblem: the engine is none or not installed, or nothing is in the folder.
    """

    def __init__(self, folder: str | Path, engine: Literal["pandas", "dask"] = "pandas") -> None:
        if engine not in ("pandas", "dask"):
            raise UsageProblem(f"no engine is called {engine!r}", "There are: pandas, dask.")
        need("pyarrow", *(["dask"] if engine == "dask" else []))
        self.path = Path(folder)
        self.engine = engine
        self.files = sorted(self.path.glob("server=*/date=*/[!.]*.parquet"))
        from ari_notebook.captures.into import left

        self.left = left(self.path)
        if not self.files and self.left:
            raise UsageProblem(
                f"{self.path} holds {len(self.left)} recording that is not converted",
                "Call ari_notebook.captures.into.convert_left on it.",
            )
        if not self.files:
            raise UsageProblem(
                f"{self.path} holds no captures", "Make one with ari_notebook.to_parquet."
            )
        self.events = _Table(self, _read_events)
        self.calls = _Table(self, _read_calls)

    @property
    def servers(self) -> dict[str, list[Path]]:
        """The files of each server, in the order of their events."""
        found: dict[str, list[Path]] = {}
        for file in sorted(self.files, key=lambda file: (file.parent.name, file.name)):
            found.setdefault(file.parent.parent.name.removeprefix("server="), []).append(file)
        return found

    def __repr__(self) -> str:
        left_out = f"; {len(self.left)} recordings not converted" if self.left else ""
        return (
            f"<captures {self.path.name}: {len(self.files)} files of {len(self.servers)} servers,"
            f" by {self.engine}{left_out}>"
        )


class _Table:
    """One of a dataset's tables."""

    def __init__(self, dataset: Dataset, read: Any) -> None:
        self._dataset, self._read = dataset, read

    @property
    def df(self) -> Any:
        """It as a DataFrame of the dataset's engine."""
        import pandas as pd

        # Events can be read file by file; calls need all of a server's, in their order.
        whole = self._read is _read_calls
        parts = list(self._dataset.servers.values())
        groups = parts if whole else [[file] for files in parts for file in files]
        if self._dataset.engine == "pandas":
            with Bar(f"reading {self._dataset.path.name}") as bar:
                tables, done, count = [], 0, len(self._dataset.files)
                for group in groups:
                    tables.append(self._read(group, bar, done / count, 1 / count))
                    done += len(group)
            return pd.concat(tables, ignore_index=not whole)
        import dask.dataframe as dd

        return dd.from_map(self._read, groups, meta=self._read([]))


def _read_events(
    files: list[Path],
    bar: Bar | None = None,
    done: float = 0,
    each: float = 0,
    columns: list[str] | None = None,  # Dask says which the analysis needs: raw is most of a file
) -> pd.DataFrame:
    import pandas as pd

    if not files:
        return _with_raw(EventLog()).astype({"raw": "str"}).pipe(_words)
    read = [pd.read_parquet(file, columns=columns, partitioning=None) for file in files]
    if bar is not None:
        bar.at(done + each * len(files))
    return pd.concat(read, ignore_index=True)


def _read_calls(
    files: list[Path], bar: Bar | None = None, done: float = 0, each: float = 0
) -> pd.DataFrame:
    import pandas as pd

    ledger = Ledger()
    for number, file in enumerate(files):
        if bar is not None:
            bar.at(done + each * number)
        raw = pd.read_parquet(file, columns=["raw", "origin"], partitioning=None)
        ledger.feed(
            orjson.loads(text)
            for text, origin in zip(raw["raw"], raw["origin"], strict=True)
            if origin != "malformed"
        )
    calls = frame(ledger)
    # Words, not categories: those of different servers are different.
    names = ("disposition", "cause_txt", "hangup_by", "asterisk_id", "caller", "called", "digits")
    return calls.astype(dict.fromkeys(names, "str"))


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
