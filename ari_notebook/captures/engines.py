"""A Parquet dataset of captures as tables, by pandas in this process or by Dask on a cluster.

Files that are damaged, or that `to_parquet` did not write, are left out: each is warned of where
it is read and, with Dask, where the analysis was asked for; pandas' are counted in `Dataset`, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import orjson

from ari_notebook.bar import Bar
from ari_notebook.calls import Ledger, frame
from ari_notebook.captures.datasets import need, no_events
from ari_notebook.captures.into import left
from ari_notebook.client.errors import UsageProblem

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

__all__ = ["Dataset"]

# What tells whether an event says anything new of a call, in the order that `Ledger.knows` takes.
_TELLING = ("type", "asterisk_id", "channel", "channel_name", "state")
LeaveOut = Callable[[Path, str, int], None]  # from which file, what, and how many of it


def _warn(file: Path, what: str, count: int) -> None:
    """Warn where it is read; on a cluster also where the analysis was asked for."""
    try:
        from distributed import warn
    except ImportError:
        from warnings import warn
    warn(f"{file}: {count} {what} left out", stacklevel=2)


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
        if self.path.is_file():
            raise UsageProblem(
                f"{self.path} is a file, and an engine reads the folder of a dataset",
                "Make one with ari_notebook.to_parquet.",
            )
        self.files = sorted(self.path.glob("server=*/date=*/[!.]*.parquet"))
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
        self._left_out: dict[tuple[Path, str], int] = {}
        self.events = _Table(self, _events)
        self.calls = _Table(self, _calls)

    @property
    def servers(self) -> dict[str, list[Path]]:
        """The files of each server, in the order of their events."""
        found: dict[str, list[Path]] = {}
        for file in sorted(self.files, key=lambda file: (file.parent.name, file.name)):
            found.setdefault(file.parent.parent.name.removeprefix("server="), []).append(file)
        return found

    @property
    def problems(self) -> Counter[str]:
        """What pandas left out of what has been read so far, counted by reason."""
        problems: Counter[str] = Counter()
        for (_, what), count in self._left_out.items():
            problems[what] += count
        return problems

    def leave_out(self, file: Path, what: str, count: int) -> None:
        """Count what is left out of a file, once however often it is read, and warn of it."""
        self._left_out[file, what] = count
        _warn(file, what, count)

    def __repr__(self) -> str:
        more = f"; {len(self.left)} recordings not converted" if self.left else ""
        if self.problems:
            said = ", ".join(f"{count} {reason}" for reason, count in self.problems.items())
            more += f"; left out: {said}"
        return (
            f"<captures {self.path.name}: {len(self.files)} files of {len(self.servers)} servers,"
            f" by {self.engine}{more}>"
        )


class _Table:
    """One of a dataset's tables."""

    def __init__(self, dataset: Dataset, read: Callable[..., pd.DataFrame]) -> None:
        self._dataset, self._read = dataset, read

    @property
    def df(self) -> Any:
        """It as a DataFrame of the dataset's engine."""
        import pandas as pd

        # Events can be read file by file; calls need all of a server's, in their order.
        dataset, whole = self._dataset, self._read is _calls
        parts = list(dataset.servers.values())
        groups = parts if whole else [[file] for files in parts for file in files]
        if dataset.engine == "dask":
            import dask.dataframe as dd

            return dd.from_map(self._read, groups, meta=self._read([]))
        with Bar(f"reading {dataset.path.name}") as bar:
            done = iter(range(len(dataset.files)))

            def shown(files: list[Path]) -> Iterator[Path]:
                for file in files:
                    bar.at(next(done) / len(dataset.files))
                    yield file

            tables = [self._read(shown(group), leave_out=dataset.leave_out) for group in groups]
        return pd.concat(tables, ignore_index=not whole)


def _events(
    files: Iterable[Path],
    columns: list[str] | None = None,  # Dask says which the analysis needs: raw is most of a file
    leave_out: LeaveOut = _warn,
) -> pd.DataFrame:
    import pandas as pd

    empty = no_events()
    names = list(empty.columns) if columns is None else columns
    read = [table.to_pandas() for _, table in _tables(files, names, leave_out)]
    return pd.concat(read, ignore_index=True) if read else empty[names]


def _calls(files: Iterable[Path], leave_out: LeaveOut = _warn) -> pd.DataFrame:
    ledger = Ledger()
    for file, table in _tables(files, [*_TELLING, "origin", "raw"], leave_out):
        before = ledger.unreadable
        ledger.feed(_news(table, ledger))
        if ledger.unreadable > before:
            leave_out(file, "event that is not as it should be", ledger.unreadable - before)
    calls = frame(ledger)
    # Words, not categories: those of different servers are different.
    words = ("disposition", "cause_txt", "hangup_by", "asterisk_id", "caller", "called", "digits")
    return calls.astype(dict.fromkeys(words, "str"))


def _news(table: pyarrow.Table, ledger: Ledger) -> Iterator[dict[str, Any]]:
    """The events that say something new of calls; decoding is most of the work."""
    columns = [table[name].to_pylist() for name in (*_TELLING, "origin", "raw")]
    for *telling, origin, raw in zip(*columns, strict=True):
        if origin != "malformed" and not ledger.knows(*telling):
            try:
                yield orjson.loads(raw)
            except ValueError:
                yield {}  # which the ledger counts


def _tables(
    files: Iterable[Path], columns: list[str], leave_out: LeaveOut
) -> Iterator[tuple[Path, pyarrow.Table]]:
    """These columns of each file that has them."""
    import pyarrow
    from pyarrow import parquet

    for file in files:
        try:
            with parquet.ParquetFile(file, page_checksum_verification=True) as opened:
                ours = set(columns) <= set(opened.schema_arrow.names)
                table = opened.read(columns) if ours else None
        except (OSError, pyarrow.ArrowException):
            leave_out(file, "damaged file", 1)
            continue
        if table is None:
            leave_out(file, "file of another kind", 1)
        else:
            yield file, table
