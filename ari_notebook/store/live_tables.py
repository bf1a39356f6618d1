"""The live tables by name, each with its DataFrame, for sources without a server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ari_notebook.store.arrow_stream import ArrowStream
from ari_notebook.store.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LiveTable", "LiveTables"]


class LiveTable(ArrowStream):
    """One of the live tables.

    Args:
        kind: its name in `Tables`, as ``channels``.
        tables: what it is one of.
    """

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


class LiveTables:
    """Base class of objects with live tables as attributes.

    Args:
        tables: the tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @property
    def tables(self) -> Tables:
        """The live tables."""
        return self._tables

    @cached_property
    def channels(self) -> LiveTable:
        """The channels."""
        return LiveTable("channels", self.tables)

    @cached_property
    def bridges(self) -> LiveTable:
        """The bridges."""
        return LiveTable("bridges", self.tables)

    @cached_property
    def playbacks(self) -> LiveTable:
        """The playbacks."""
        return LiveTable("playbacks", self.tables)

    @cached_property
    def recordings(self) -> LiveTable:
        """The live recordings."""
        return LiveTable("recordings", self.tables)

    @cached_property
    def endpoints(self) -> LiveTable:
        """The endpoints."""
        return LiveTable("endpoints", self.tables)

    @cached_property
    def device_states(self) -> LiveTable:
        """The device states."""
        return LiveTable("device_states", self.tables)
