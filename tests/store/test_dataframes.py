"""Live tables as DataFrames: ARI's fields under its names, typed, whatever a server leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.store.dataframes import make
from ari_notebook.store.tables import KINDS

CHANNEL = {
    "id": "1.1",
    "name": "PJSIP/alice-1",
    "state": "Up",
    "caller": {"name": "Alice", "number": "5551"},
    "connected": {"name": "", "number": "1000"},
    "dialplan": {"context": "default", "exten": "1000", "priority": 2},
    "creationtime": "2026-11-23T11:03:22.123+0100",
    "language": "en",
    "app_name": "hello",
    "in_stasis": True,
    "bridge": "",
    "playing": "sound:hi",
    "recording": "",
}


def test_channels_columns() -> None:
    row = make("channels", [CHANNEL]).loc["1.1"]
    assert row.to_dict() == {
        "name": "PJSIP/alice-1",
        "state": "Up",
        "caller_name": "Alice",
        "caller_number": "5551",
        "connected_name": "",
        "connected_number": "1000",
        "context": "default",
        "exten": "1000",
        "priority": 2,
        "app_name": "hello",
        "in_stasis": True,
        "bridge": "",
        "playing": "sound:hi",
        "recording": "",
        "created": pd.Timestamp("2026-11-23T10:03:22.123Z"),
        "language": "en",
    }


def test_lists_are_tuples_so_that_rows_can_be_compared() -> None:
    bridge = {"id": "b", "channels": ["1.1", "1.2"]}
    assert make("bridges", [bridge]).loc["b", "channels"] == ("1.1", "1.2")
    endpoint = {"technology": "PJSIP", "resource": "alice", "channel_ids": []}
    assert make("endpoints", [endpoint]).loc["PJSIP/alice", "channel_ids"] == ()


@pytest.mark.parametrize("kind", KINDS)
def test_types_do_not_depend_on_the_rows(kind: str) -> None:
    identity = {"id": "x", "name": "x", "technology": "PJSIP", "resource": "x"}
    empty, full = make(kind, []), make(kind, [identity])
    assert list(empty.dtypes.astype(str)) == list(full.dtypes.astype(str))
    assert empty.index.name == full.index.name == "id"
    assert len(full) == 1


def test_one_row_without_a_field_leaves_the_others_theirs() -> None:
    short = {"id": "1.2", "name": "x", "caller": None, "dialplan": "none", "in_stasis": False}
    frame = make("channels", [CHANNEL, short])
    assert list(frame["caller_number"]) == ["5551", ""]
    assert list(frame["priority"]) == [2, pd.NA]
    assert frame["created"].isna().tolist() == [False, True]
    assert frame["state"].isna().tolist() == [False, True]


JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none())
FIELDS = sorted({*CHANNEL, "channels", "channel_ids", "bridge_type", "format"} - {"id", "name"})


@given(st.sampled_from(KINDS), st.lists(st.dictionaries(st.sampled_from(FIELDS), JUNK), max_size=3))
def test_fields_of_any_type_make_rows(kind: str, rows: list[dict[str, object]]) -> None:
    named: list[Mapping[str, Any]] = [
        {"technology": "T", **row, "id": str(n), "name": str(n), "resource": str(n)}
        for n, row in enumerate(rows)
    ]
    assert len(make(kind, named)) == len(rows)
