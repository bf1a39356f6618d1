"""A capture as tables, without a server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from ari_notebook.bar import Bar
from ari_notebook.captures.files import Reader
from ari_notebook.captures.progress import shown
from ari_notebook.captures.retelling import Retelling
from ari_notebook.live import EventLog, Tables
from ari_notebook.requestlog import RequestLog

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.calls import Calls
    from ari_notebook.captures.engines import Dataset
    from ari_notebook.captures.pictures import Pictures
    from ari_notebook.captures.server import ServedCapture

__all__ = ["LiveTable", "OpenCapture", "open_capture"]


@overload
def open_capture(path: str | Path, *, keep: int | None = None) -> OpenCapture: ...
@overload
def open_capture(path: str | Path, *, engine: Literal["pandas", "dask"]) -> Dataset: ...
def open_capture(
    path: str | Path, *, keep: int | None = None, engine: Literal["pandas", "dask"] | None = None
) -> OpenCapture | Dataset:
    """Open a recording as tables.

    Args:
        path: what `ari.capture` wrote, whole or cut off; or the folder of a Parquet dataset that
            `to_parquet` made of several.
        keep: how many events and requests to hold at most, the latest; None for all.
        engine: what computes a dataset's tables: ``"pandas"``, or ``"dask"``.

    Returns:
        ``.events``, ``.requests``, ``.calls``, and the live tables as they stood at the end, each
        with ``.df``; ``.problems`` counts what could not be read.

    Raises:
        UsageProblem: there is no such file, or it is no capture.
    """
    if engine is not None or Path(path).is_dir():
        from ari_notebook.captures.engines import Dataset

        return Dataset(path, engine or "pandas")
    return OpenCapture(path, keep=keep)


class LiveTable:
    """One of the live tables, as it stood when the recording ended."""

    def __init__(self, kind: str, tables: Tables) -> None:
        self._kind, self._tables = kind, tables

    @property
    def df(self) -> pd.DataFrame:
        """A DataFrame of it, indexed by id."""
        return self._tables.frame(self._kind)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __getitem__(self, id: str) -> dict[str, Any]:
        return self._rows[id]

    @property
    def _rows(self) -> dict[str, dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = getattr(self._tables, self._kind)
        return rows


class OpenCapture:
    """A recording, read through once; see `open_capture`.

    Args:
        path: the file.
        keep: how many events and requests to hold at most; None for all.
    """

    def __init__(self, path: str | Path, *, keep: int | None = None) -> None:
        reader = Reader(path)
        self.path = reader.path
        self.header: Mapping[str, Any] = reader.header
        self.events = EventLog(keep=keep)
        self.events.progress = Bar.telling
        self.requests = RequestLog(keep=keep)
        self.tables = Tables(subscribe_all=bool(self.header.get("subscribe_all")))
        self.started = self.ended = reader.started
        self.problems: Counter[str] = Counter()
        self._calls: Calls | None = None
        self._read(reader)
        self.channels = LiveTable("channels", self.tables)
        self.bridges = LiveTable("bridges", self.tables)
        self.playbacks = LiveTable("playbacks", self.tables)
        self.recordings = LiveTable("recordings", self.tables)
        self.endpoints = LiveTable("endpoints", self.tables)
        self.device_states = LiveTable("device_states", self.tables)

    @property
    def log(self) -> EventLog:
        """The events, under the name that a session gives them."""
        return self.events

    @property
    def calls(self) -> Calls:
        """The calls in it; ``.calls.df`` has a row each."""
        if self._calls is None:
            from ari_notebook.calls import Calls

            self._calls = Calls(self.events)
        return self._calls

    @property
    def pictures(self) -> Pictures:
        """What can be drawn of it, as matplotlib's figures."""
        from ari_notebook.captures.pictures import Pictures

        return Pictures(self)

    def serve(self, host: str = "127.0.0.1", port: int = 0, **options: Any) -> ServedCapture:
        """Play its server's side, so that a program can be run again against the recorded day.

        Args:
            host: the address to answer on.
            port: the port; 0: a free one.
            options: ``speed``, ``patience``, ``user`` and ``password`` of
                `ari_notebook.captures.server.ServedCapture`.

        Returns:
            What answers, with ``url``, ``credentials``, ``finished``, ``waiting_for``,
            ``problems`` and ``stop()``; also a context manager.

        Raises:
            UsageProblem: the speed is none.
            CannotStart: the port is in use, or the address is not this machine's.
        """
        from ari_notebook.captures.server import ServedCapture

        return ServedCapture(self.path, host, port, **options)

    def _read(self, reader: Reader) -> None:
        told = Retelling(self.events, self.tables, self.requests, self.header)
        for record in shown(reader, f"reading {self.path.name}"):
            told.take(record)
            self.ended = max(self.ended, record.at)
        told.flush()
        told.release()
        self.problems = reader.problems + told.problems

    def __repr__(self) -> str:
        calls = f", {self.ended - self.started:.1f} s of {self.header.get('asterisk', 'unknown')}"
        left_out = ", ".join(f"{count} {reason}" for reason, count in self.problems.items())
        return (
            f"<capture {self.path.name}: {len(self.events)} events, {len(self.requests)} requests"
            f"{calls}{'; left out: ' + left_out if left_out else ''}>"
        )
