"""A Parquet dataset of captures as tables, by pandas in this process or by Dask on a cluster.

Damaged files and files not written by `to_parquet` are skipped with a warning where they are read
and, with Dask, also in the client; `Dataset` counts those that pandas skipped.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ari_notebook.captures.parquet import left, need, no_events
from ari_notebook.client.errors import UsageProblem
from ari_notebook.store.calls import CallRecord, Ledger, frame, legs_frame, live_frame, problems_of
from ari_notebook.store.event_batch import EventBatch
from ari_notebook.store.event_head import decode_event
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.ledger import COLUMNS
from ari_notebook.store.progress_bar import ProgressBar
from ari_notebook.store.request_log import SentRequest
from ari_notebook.store.server_clock import Times
from ari_notebook.store.tables import KINDS, Tables
from ari_notebook.store.timestamps import NO_TIME

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

__all__ = ["Dataset"]

_LEDGER_COLUMNS = [*COLUMNS, "timestamp", "received", "origin", "raw"]
_NEAR = 50  # calls to the same extension, with which one is compared
_MOST_ROWS, _MOST_OCTETS = 10_000_000, 4 << 30  # of one file, uncompressed
LeaveOut = Callable[[Path, str, int], None]  # file, reason and count


def _warn(file: Path, what: str, count: int) -> None:
    """Warn where the file is read; on a cluster also in the client."""
    try:
        from distributed import warn  # noqa: PLC0415  optional
    except ImportError:
        warn = warnings.warn
    warn(f"{file}: {count} {what} skipped", stacklevel=2)


class Dataset:
    """A Parquet dataset of captures; opened by ``open_capture(folder, engine=…)``.

    Args:
        folder: folder of the dataset.
        engine: ``"pandas"``, or ``"dask"``, which makes ``events.df`` and ``calls.df`` Dask
            DataFrames, computed by a cluster.

    Raises:
        UsageProblem: the engine is unknown or not installed, or the folder is empty.
    """

    def __init__(self, folder: str | Path, engine: Literal["pandas", "dask"] = "pandas") -> None:
        if engine not in ("pandas", "dask"):
            raise UsageProblem(f"unknown engine: {engine!r}", "Use pandas or dask.")
        need("pyarrow", *(["dask"] if engine == "dask" else []))
        self.path = Path(folder)
        self.engine = engine
        if self.path.is_file():
            raise UsageProblem(
                f"{self.path} is a file, but an engine reads the folder of a dataset",
                "Make one with ari_notebook.to_parquet.",
            )
        # Regular files only: opening a pipe would wait for a writer.
        found = self.path.glob("server=*/date=*/[!.]*.parquet")
        self.files = sorted(each for each in found if each.is_file())
        self.left = left(self.path)
        if not self.files and self.left:
            raise UsageProblem(
                f"{self.path} holds {len(self.left)} recording that is not converted",
                "Call ari_notebook.captures.parquet.convert_left on it.",
            )
        if not self.files:
            raise UsageProblem(
                f"{self.path} holds no captures", "Make one with ari_notebook.to_parquet."
            )
        self._left_out: dict[tuple[Path, str], int] = {}
        self.events = _Table(self, _events)
        self.calls = _CallTable(self, _calls)
        self.legs = _Table(self, _legs)

    @property
    def servers(self) -> dict[str, list[Path]]:
        """The files of each server, in the order of their events."""
        found: dict[str, list[Path]] = {}
        for file in sorted(self.files, key=lambda file: (file.parent.name, file.name)):
            found.setdefault(file.parent.parent.name.removeprefix("server="), []).append(file)
        return found

    @property
    def problems(self) -> Counter[str]:
        """Return what pandas has skipped so far, counted by reason."""
        problems: Counter[str] = Counter()
        for (_, what), count in self._left_out.items():
            problems[what] += count
        return problems

    def part(self, channel: str) -> Part:
        """Return the events of a channel's call, and of calls near it to the same extension.

        Args:
            channel: id of a channel.
        """
        files = next(
            (files for files in self.servers.values() if _has(files, channel)),
            [],
        )
        ledger = _ledger(files, self.leave_out)
        calls = list(ledger)
        chosen = next((each for each in calls if channel in {leg.id for leg in each.legs}), None)
        if chosen is None:
            return Part(EventLog(), [])
        same = [each for each in calls if each.first.exten == chosen.first.exten]
        same.sort(key=lambda each: abs(each.first.begin - chosen.first.begin))
        near = same[:_NEAR]
        ids = {leg.id for call in near for leg in call.legs} | {
            bridge for call in near for bridge in call.bridges
        }
        log = EventLog()
        for _, table in _tables(files, ["channel", "bridge", "raw", "received"], self.leave_out):
            import pyarrow  # noqa: PLC0415  optional
            import pyarrow.compute as pc  # noqa: PLC0415  optional

            wanted = pyarrow.array(sorted(ids))
            chosen_rows = table.filter(
                pc.or_(
                    pc.is_in(table["channel"], value_set=wanted),
                    pc.is_in(table["bridge"], value_set=wanted),
                )
            )
            for raw, at in zip(
                chosen_rows["raw"].to_pylist(), chosen_rows["received"].to_pylist(), strict=True
            ):
                log.append([(raw or "").encode()], at.timestamp())
        return Part(log, near)

    def ends(self) -> Iterator[ServerEnd]:
        """Yield the calls and live tables at the end of each server's files.

        Objects without an event are not among them.
        """
        for name, files in self.servers.items():
            ledger, tables, at = Ledger(), Tables(subscribe_all=True), 0.0
            for file, table in _tables(files, _LEDGER_COLUMNS, self.leave_out):
                _feed_file(ledger, file, table, self.leave_out)
                _apply(tables, table)
                if len(table):
                    at = max(at, float(_times(table["received"]).max()) / 1e6)
            calls = list(ledger)
            yield ServerEnd(calls[0].asterisk_id if calls else name, tables, calls, at)

    def leave_out(self, file: Path, what: str, count: int) -> None:
        """Count what was skipped, once per file, and warn."""
        self._left_out[file, what] = count
        _warn(file, what, count)

    def __repr__(self) -> str:
        more = f"; {len(self.left)} recordings not converted" if self.left else ""
        if self.problems:
            said = ", ".join(f"{count} {reason}" for reason, count in self.problems.items())
            more += f"; skipped: {said}"
        return (
            f"<captures {self.path.name}: {len(self.files)} files of {len(self.servers)} servers,"
            f" by {self.engine}{more}>"
        )


@dataclass(frozen=True, slots=True)
class ServerEnd:
    """What was there at the end of a server's files.

    Attributes:
        asterisk_id: id of the server.
        tables: live tables.
        calls: all calls.
        at: time of receipt of the last event, in seconds since 1970.
    """

    asterisk_id: str
    tables: Tables
    calls: list[CallRecord]
    at: float


@dataclass(frozen=True, slots=True)
class Part:
    """Events of a few calls of a dataset."""

    log: EventLog
    calls: list[CallRecord]
    requests: tuple[SentRequest, ...] = ()


def _has(files: Iterable[Path], channel: str) -> bool:
    """Return whether a channel occurs in files, of which only what is needed is read."""
    from pyarrow import dataset  # noqa: PLC0415  optional

    found = dataset.dataset([str(file) for file in files], format="parquet")
    return bool(found.count_rows(filter=dataset.field("channel") == channel))


class _Table:
    """One of a dataset's tables."""

    def __init__(self, dataset: Dataset, read: Callable[..., pd.DataFrame]) -> None:
        self._dataset, self._read = dataset, read

    @property
    def df(self) -> Any:
        """Return it as a DataFrame of the dataset's engine."""
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        # Events can be read file by file; calls need all events of a server, in order.
        dataset, whole = self._dataset, self._read is not _events
        parts = list(dataset.servers.values())
        groups = parts if whole else [[file] for files in parts for file in files]
        if dataset.engine == "dask":
            import dask.dataframe as dd  # noqa: PLC0415  optional

            return dd.from_map(self._read, groups, meta=self._read([]))
        with ProgressBar(f"reading {dataset.path.name}") as bar:
            done = iter(range(len(dataset.files)))

            def shown(files: list[Path]) -> Iterator[Path]:
                for file in files:
                    bar.update(next(done) / len(dataset.files))
                    yield file

            tables = [self._read(shown(group), leave_out=dataset.leave_out) for group in groups]
        return pd.concat(tables, ignore_index=not whole)


class _CallTable(_Table):
    """The calls of a dataset."""

    @property
    def live(self) -> pd.DataFrame:
        """Return the calls that go on at the end of each server's files; see `Calls.live`."""
        return live_frame(call for end in self._dataset.ends() for call in end.calls)

    @property
    def problems(self) -> Counter[str]:
        """What makes rows uncertain, counted; see `Calls.problems`."""
        found: Counter[str] = Counter()
        for files in self._dataset.servers.values():
            found += problems_of(_ledger(files, self._dataset.leave_out))
        return found


def _events(
    files: Iterable[Path],
    # Dask names the columns that the analysis needs: raw is most of a file
    columns: list[str] | None = None,
    leave_out: LeaveOut = _warn,
) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    empty = no_events()
    names = list(empty.columns) if columns is None else columns
    read = [table.to_pandas() for _, table in _tables(files, names, leave_out)]
    return pd.concat(read, ignore_index=True) if read else empty[names]


def _calls(files: Iterable[Path], leave_out: LeaveOut = _warn) -> pd.DataFrame:
    return _texts(frame(_ledger(files, leave_out)))


def _legs(files: Iterable[Path], leave_out: LeaveOut = _warn) -> pd.DataFrame:
    return _texts(legs_frame(_ledger(files, leave_out)))


def _ledger(files: Iterable[Path], leave_out: LeaveOut) -> Ledger:
    ledger = Ledger()
    for file, table in _tables(files, _LEDGER_COLUMNS, leave_out):
        _feed_file(ledger, file, table, leave_out)
    return ledger


def _feed_file(ledger: Ledger, file: Path, table: pyarrow.Table, leave_out: LeaveOut) -> None:
    before = ledger.unreadable
    _feed(ledger, table)
    if ledger.unreadable > before:
        leave_out(file, "invalid event", ledger.unreadable - before)


def _apply(tables: Tables, table: pyarrow.Table) -> None:
    """Apply the rows of a file to live tables; what vanished in a gap is removed."""
    frames: list[bytes] = []
    for raw, origin in zip(table["raw"].to_pylist(), table["origin"].to_pylist(), strict=True):
        if origin == "asterisk":
            frames.append((raw or "").encode())
        elif origin == "gap":
            tables.apply(EventBatch(frames))
            frames = []
            for kind, id in _vanished(decode_event((raw or "").encode())[0]):
                tables.remove(kind, id)
    tables.apply(EventBatch(frames))


def _vanished(gap: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what vanished in a gap, as pairs of a kind of table and an id."""
    vanished = gap.get("vanished")
    for kind, ids in vanished.items() if isinstance(vanished, dict) else ():
        for id in ids if kind in KINDS and isinstance(ids, list) else ():
            yield kind, str(id)


def _texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with strings instead of categories, which differ between servers."""
    words = table.select_dtypes(["category", "str"]).columns
    return table.astype(dict.fromkeys(words, "str"))


def _feed(ledger: Ledger, table: pyarrow.Table) -> None:
    """Feed a ledger the rows of a file, without those that were malformed already on receipt."""
    import pyarrow.compute as pc  # noqa: PLC0415  optional

    origins = pc.fill_null(table["origin"], "")
    table = table.filter(pc.not_equal(origins, "malformed"))
    columns = [table[name].to_pylist() for name in COLUMNS]
    # The dataset has added a server to the rows that the server did not send.
    columns[1] = [
        server if origin == "asterisk" else ""
        for server, origin in zip(columns[1], table["origin"].to_pylist(), strict=True)
    ]
    frames = [(raw or "").encode() for raw in table["raw"].to_pylist()]
    ledger.feed_rows(frames, _times(table["timestamp"]), _times(table["received"]), columns)


def _times(column: pyarrow.ChunkedArray) -> Times:
    """Return times in microseconds since 1970, or NaT."""
    import pyarrow  # noqa: PLC0415  optional
    import pyarrow.compute as pc  # noqa: PLC0415  optional

    numbers = column.cast(pyarrow.timestamp("us", "UTC"), safe=False).cast("int64")
    times: Times = pc.fill_null(numbers, NO_TIME).to_numpy()
    return times


def _is_bomb(metadata: pyarrow.parquet.FileMetaData) -> bool:
    """Return whether a file would take far more memory than any that `to_parquet` writes."""
    sizes = (metadata.row_group(each).total_byte_size for each in range(metadata.num_row_groups))
    return bool(metadata.num_rows > _MOST_ROWS or sum(sizes) > _MOST_OCTETS)


def _tables(
    files: Iterable[Path], columns: list[str], leave_out: LeaveOut
) -> Iterator[tuple[Path, pyarrow.Table]]:
    """Yield the given columns of each file that has them."""
    import pyarrow  # noqa: PLC0415  optional
    from pyarrow import parquet  # noqa: PLC0415  optional

    for file in files:
        try:
            with parquet.ParquetFile(file, page_checksum_verification=True) as opened:
                if _is_bomb(opened.metadata):
                    leave_out(file, "file with too many rows or octets", 1)
                    continue
                ours = set(columns) <= set(opened.schema_arrow.names)
                table = opened.read(columns) if ours else None
        except (OSError, pyarrow.ArrowException):
            leave_out(file, "damaged file", 1)
            continue
        if table is None:
            leave_out(file, "file of another format", 1)
        else:
            yield file, table
