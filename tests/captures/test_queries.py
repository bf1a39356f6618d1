"""The documented queries of DuckDB, Polars and Dask, on a dataset of a real Asterisk's calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from tests.test_docs_examples import examples

HERE = Path(__file__).parent


def query(engine: str) -> str:
    found = [each for each in examples("how-to/analyse-a-day.md") if f"{engine}_hours" in each]
    assert len(found) == 1
    return found[0]


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("pyarrow")
    captures = [HERE / "calls.jsonl.gz", HERE / "queues" / "queue.jsonl.gz"]
    ari_notebook.to_parquet(captures, tmp_path / "days")
    monkeypatch.chdir(tmp_path)
    return ari_notebook.open_capture(tmp_path / "days", engine="pandas")


def expected(days: Any, type: str) -> Any:
    events = days.events.df
    return events[events["type"] == type]


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
def test_queries_of_files(days: Any, engine: str) -> None:
    pytest.importorskip(engine)
    names: dict[str, Any] = {}
    exec(query(engine), names)
    starts = expected(days, "ChannelCreated")
    hours, causes = names[f"{engine}_hours"], names[f"{engine}_causes"]
    assert sum(hours["channels"]) == len(starts) > 0
    assert len(hours) == starts["timestamp"].dt.floor("h").nunique()
    destroyed = expected(days, "ChannelDestroyed")
    assert sum(causes["channels"]) == len(destroyed) > 0
    counted = destroyed["detail"].str.split(" ").str[0].astype(int).value_counts()
    assert dict(zip(causes["cause"], causes["channels"], strict=True)) == counted.to_dict()


@pytest.mark.slow  # starting Dask takes three seconds of processor time
def test_queries_of_dask(days: Any) -> None:
    pytest.importorskip("dask")
    names: dict[str, Any] = {}
    exec(query("dask"), names)
    starts = expected(days, "ChannelCreated")
    assert names["dask_hours"].sum() == len(starts)
    waits = days.calls.df.groupby("called")["queue_wait"].mean()
    assert names["dask_waits"].round(6).to_dict()["q-answers"] == round(waits["q-answers"], 6)
