"""Events, requests, calls and live tables as Arrow streams."""

from __future__ import annotations

import sys
from typing import Any

import orjson
import pytest

from ari_notebook.store.calls import Calls
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.request_log import RequestLog, SentRequest

pa = pytest.importorskip("pyarrow")

CHANNEL = {"id": "1.1", "name": "PJSIP/a-1", "state": "Up"}
EVENT = {"type": "StasisStart", "timestamp": "2026-11-23T11:03:22.123+0000", "args": []}


def log_of(count: int) -> EventLog:
    log = EventLog()
    for _ in range(count):
        log.append([orjson.dumps(EVENT | {"channel": CHANNEL})], 1.0)
    return log


def request_log(*params: dict[str, str]) -> RequestLog:
    log = RequestLog()
    for each in params:
        log.append(SentRequest(1.0, "GET", "/channels", each, None, 200, 1.5, "", "http://h", "u"))
    return log


@pytest.mark.parametrize(
    "source",
    [log_of(3), request_log({"a": "b"}, {}), Calls(log_of(3))],
    ids=["events", "requests", "calls"],
)
def test_table_has_the_rows_of_the_dataframe(source: Any) -> None:
    table, frame = pa.table(source), source.df
    assert table.num_rows == len(frame) > 0
    index = [frame.index.name] if frame.index.name else []
    assert table.column_names == [*index, *frame.columns]


def test_events_have_the_words_of_the_dataframe() -> None:
    log = log_of(2)
    log.append([b'{"type":"New"}'], 1.0)
    table = pa.table(log)
    assert table["type"].to_pylist() == ["StasisStart", "StasisStart", "New"]
    assert table["channel"].to_pylist() == ["1.1", "1.1", None]
    times = table["timestamp"].to_pylist()
    assert times[:2] == log.df["timestamp"].tolist()[:2]
    assert times[2] is None


@pytest.mark.parametrize(
    ("empty", "full"),
    [
        (EventLog(), log_of(2)),
        (request_log(), request_log({"a": "b"})),
        (Calls(EventLog()), Calls(log_of(2))),
    ],
    ids=["events", "requests", "calls"],
)
def test_types_do_not_depend_on_the_rows(empty: Any, full: Any) -> None:
    def types(source: Any) -> dict[str, str]:
        schema = pa.table(source).schema
        return {field.name: str(field.type) for field in schema}

    assert types(empty) == types(full)


def test_without_pyarrow_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pyarrow"):
        log_of(1).__arrow_c_stream__()


def test_polars_reads_events_and_calls() -> None:
    polars = pytest.importorskip("polars")
    events = polars.DataFrame(log_of(3))
    assert events.filter(events["type"] == "StasisStart").height == 3
    assert polars.DataFrame(Calls(log_of(1)))["id"].to_list() == ["1.1"]


def test_duckdb_reads_events() -> None:
    duckdb = pytest.importorskip("duckdb")
    log = log_of(3)
    relation = duckdb.sql("select type, count(*) from log group by type")
    assert relation.fetchall() == [("StasisStart", len(log))]
