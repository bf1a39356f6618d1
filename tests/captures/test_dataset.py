"""Captures as a Parquet dataset: the same tables by pandas, by Dask, and from the file itself."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest

import ari_notebook
from ari_notebook.captures.parquet import pieces
from ari_notebook.client.errors import UsageProblem

REAL = Path(__file__).with_name("calls.jsonl.gz")
SECOND = "02:fc:00:00:00:02"


@pytest.fixture
def two_servers(tmp_path: Path) -> Path:
    """A dataset of a real capture, and of a copy with the identity of another server."""
    text = gzip.decompress(REAL.read_bytes()).replace(b"02:fc:00:00:00:01", SECOND.encode())
    (tmp_path / "second.jsonl").write_bytes(text)
    return ari_notebook.to_parquet([REAL, tmp_path / "second.jsonl"], tmp_path / "days")


def test_pieces_join_to_the_whole_capture() -> None:
    parts = list(pieces(REAL, 100))
    assert len(parts) > 4
    whole = ari_notebook.open_capture(REAL).events.df
    together = pd.concat(part.astype("str") for part in parts).reset_index(drop=True)
    pd.testing.assert_frame_equal(together.drop(columns="raw"), whole.astype("str"))


def test_dataset_has_the_events_and_calls_of_its_captures(two_servers: Path) -> None:
    opened, recorded = ari_notebook.open_capture(two_servers), ari_notebook.open_capture(REAL)
    events = opened.events.df
    assert len(events) == 2 * len(recorded.events)
    first = events[events["asterisk_id"] != SECOND].drop(columns="raw").reset_index(drop=True)
    for name in ("timestamp", "received", "type", "channel", "detail"):
        left, right = first[name].astype("str"), recorded.events.df[name].astype("str")
        assert left.fillna("").replace("nan", "").tolist() == (
            right.fillna("").replace("nan", "").tolist()
        )
    calls = opened.calls.df
    assert len(calls) == 26
    assert calls.groupby("asterisk_id").size().tolist() == [13, 13]
    own = calls[calls["asterisk_id"] != SECOND]
    pd.testing.assert_frame_equal(
        own[["begin", "answered", "end", "talk", "wait"]],
        recorded.calls.df[["begin", "answered", "end", "talk", "wait"]],
    )
    assert "2 servers" in repr(opened)


@pytest.mark.slow
def test_dask_on_two_workers_gives_what_pandas_gives(two_servers: Path) -> None:
    import distributed  # takes a second of every process that collects tests

    by_pandas = ari_notebook.open_capture(two_servers, engine="pandas")
    by_dask = ari_notebook.open_capture(two_servers, engine="dask")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as two,
        distributed.Client(two),
    ):
        counted = by_dask.events.df.groupby("type").size().compute().sort_index()
        pd.testing.assert_series_equal(
            counted,
            by_pandas.events.df.groupby("type").size().sort_index(),
            check_index_type=False,  # Dask has strings of its own
        )
        talk = by_dask.calls.df.groupby("disposition")["talk"].sum().compute().sort_index()
        assert talk.round(6).tolist() == (
            by_pandas.calls.df.groupby("disposition")["talk"].sum().sort_index().round(6).tolist()
        )
        wanted = by_pandas.calls.df[["begin", "talk"]]
        computed = by_dask.calls.df[["begin", "talk"]].compute()
        computed.index = computed.index.astype(wanted.index.dtype)  # Dask has strings of its own
        pd.testing.assert_frame_equal(computed, wanted)


def test_bad_folders_and_engines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="holds no captures"):
        ari_notebook.open_capture(tmp_path)
    with pytest.raises(UsageProblem, match="unknown engine"):
        ari_notebook.open_capture(tmp_path, engine="abacus")  # type: ignore[call-overload]  # a typo


def test_single_capture_is_not_a_dataset(two_servers: Path) -> None:
    with pytest.raises(UsageProblem, match="is a file, but an engine reads the folder"):
        ari_notebook.open_capture(REAL, engine="dask")
    with pytest.raises(UsageProblem, match="open the folder of its dataset"):
        ari_notebook.open_capture(next(two_servers.rglob("*.parquet")))


def damage(file: Path, how: str) -> None:
    text = file.read_bytes()
    match how:
        case "empty":
            file.write_bytes(b"")
        case "cut off":
            file.write_bytes(text[: len(text) // 2])
        case "overwritten":
            middle = len(text) // 2
            file.write_bytes(text[:middle] + bytes(64) + text[middle + 64 :])
        case "foreign":
            pd.DataFrame({"a": [1, 2]}).to_parquet(file)


@pytest.mark.parametrize(
    ("how", "engine"),
    [
        ("empty", "pandas"),
        ("cut off", "pandas"),
        ("overwritten", "pandas"),
        ("foreign", "pandas"),
        pytest.param("overwritten", "dask", marks=pytest.mark.slow),
    ],
)
def test_damaged_and_foreign_files_are_skipped_and_reported(
    tmp_path: Path, how: str, engine: Literal["pandas", "dask"]
) -> None:
    days = ari_notebook.to_parquet(REAL, tmp_path / "days", size=100)
    second = sorted(days.rglob("*.parquet"))[1]
    rows = len(ari_notebook.open_capture(days).events.df)
    rows -= len(pd.read_parquet(second, partitioning=None))
    damage(second, how)
    what = f"1 {'file of another format' if how == 'foreign' else 'damaged file'}"
    opened = ari_notebook.open_capture(days, engine=engine)
    for _ in range(2):  # read twice, counted once
        with pytest.warns(UserWarning, match=f"{second}: {what} skipped"):
            assert len(opened.events.df) == rows
    with pytest.warns(UserWarning, match=what):
        assert 10 < len(opened.calls.df) < 16  # channels that are joined by what is left out
    if engine == "pandas":
        assert sum(opened.problems.values()) == 1
        assert f"skipped: {what}" in repr(opened)


def test_events_unusable_for_calls_are_counted(two_servers: Path) -> None:
    file = sorted(two_servers.rglob("*.parquet"))[0]
    rows = pd.read_parquet(file, partitioning=None)
    created = rows.index[rows["type"] == "ChannelCreated"]
    rows.loc[created[0], "raw"] = "{not JSON"
    rows.loc[created[1], "raw"] = "[1]"
    rows.loc[created[2], "raw"] = None
    rows.to_parquet(file, index=False)
    opened = ari_notebook.open_capture(two_servers)
    with pytest.warns(UserWarning, match="3 invalid event skipped"):
        assert len(opened.calls.df) == 26
    assert opened.problems == {"invalid event": 3}


def test_captures_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    again = tmp_path / "other" / REAL.name
    again.write_bytes(REAL.read_bytes())
    with pytest.raises(UsageProblem, match="have the same name"):
        ari_notebook.to_parquet([REAL, again], tmp_path / "days")
    assert not (tmp_path / "days").exists()


def test_capture_does_not_replace_another_one_converted_before(tmp_path: Path) -> None:
    days = ari_notebook.to_parquet(REAL, tmp_path / "days", size=200)
    before = {file: file.read_bytes() for file in days.rglob("*.parquet")}
    (tmp_path / "other").mkdir()
    later = tmp_path / "other" / REAL.name
    day_before = gzip.decompress(REAL.read_bytes()).replace(b'"2026-11-23T', b'"2026-11-22T')
    later.write_bytes(gzip.compress(day_before))
    with pytest.raises(UsageProblem, match="has different events"):
        ari_notebook.to_parquet(later, days, size=200)
    assert {file: file.read_bytes() for file in days.rglob("*.parquet")} == before
    later.rename(tmp_path / "later.jsonl.gz")
    ari_notebook.to_parquet(tmp_path / "later.jsonl.gz", days, size=200)
    whole = len(ari_notebook.open_capture(days).events.df)
    assert whole == 2 * len(ari_notebook.open_capture(REAL).events)
    ari_notebook.to_parquet(REAL, days, size=200)  # the same once more changes nothing
    assert len(ari_notebook.open_capture(days).events.df) == whole


def test_dask_reads_only_the_columns_that_are_used(two_servers: Path) -> None:
    from dask.dataframe.dask_expr.io.io import FromMapProjectable

    types = ari_notebook.open_capture(two_servers, engine="dask").events.df["type"]
    read = list(types.optimize(fuse=False).expr.find_operations(FromMapProjectable))
    assert [operation.columns for operation in read] == [["type"]]
    assert types.compute(scheduler="synchronous").tolist() == (
        ari_notebook.open_capture(two_servers).events.df["type"].tolist()
    )
