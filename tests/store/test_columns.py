"""The event log's columns, and that their DataFrames are independent of it and of each other."""

from __future__ import annotations

import numpy as np
import orjson
import pandas as pd
import pytest

from ari_notebook.store.columns import CATEGORIES, Columns
from ari_notebook.store.event_head import summarize
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.shared_frames import can_share

pytestmark = pytest.mark.usefixtures("decoder")

STAMP = "2026-11-23T11:03:22.123+0000"


def event(number: int, type: str = "ChannelVarset", **more: object) -> dict[str, object]:
    channel = {"id": f"1.{number}", "name": f"PJSIP/a-{number}", "state": "Up"}
    return {"type": type, "timestamp": STAMP, "channel": channel, **more}


def log_of(count: int) -> EventLog:
    log = EventLog()
    log.append([orjson.dumps(event(number)) for number in range(count)], 1.0)
    return log


def frame_of(*events: dict[str, object]) -> pd.DataFrame:
    columns = Columns()
    columns.extend([summarize(event) for event in events], {})
    return columns.frame(np.zeros(len(events), dtype=np.int64))


def test_names_and_types_are_the_same_with_and_without_rows() -> None:
    for frame in (frame_of(), frame_of(event(1))):
        assert list(frame) == ["timestamp", "received", *CATEGORIES]
        assert [str(frame[name].dtype) for name in ("timestamp", "received")] == [
            "datetime64[us, UTC]"
        ] * 2
        assert all(frame[name].dtype == "category" for name in CATEGORIES)


def test_absent_fields_are_missing_values() -> None:
    row = frame_of({"type": "X", "application": ""}).iloc[0]
    assert row["type"] == "X"
    assert row.drop(["type", "received", "origin"]).isna().all()


@pytest.mark.parametrize("field", ["peer", "replace_channel", "transferee"])
def test_channel_of_an_event_that_calls_it_something_else(field: str) -> None:
    assert frame_of({"type": "X", field: {"id": "1.5"}})["channel"].item() == "1.5"


@pytest.mark.parametrize("kind", ["playback", "recording"])
def test_channel_of_media_event_is_its_target(kind: str) -> None:
    names = {"id": "p", "media_uri": "sound:x", "state": "playing"}
    log = EventLog()
    log.append(
        [
            orjson.dumps({"type": f"{kind.title()}Started", kind: {**names, "target_uri": uri}})
            for uri in ("channel:1.5", "bridge:b")
        ],
        1.0,
    )
    assert log.df["channel"].astype(object).where(log.df["channel"].notna(), None).tolist() == [
        "1.5",
        None,
    ]


# As many words as make pandas take codes of 8, 16 and 32 bits, and one more and less.
@pytest.mark.parametrize("count", [1, 126, 127, 128, 999, 1001, 32766, 32767, 32768])
def test_every_row_keeps_its_word_however_many_there_are(count: int) -> None:
    log = log_of(count)
    for frame in (log.df, log.tail(count)):
        assert list(frame["channel"]) == [f"1.{number}" for number in range(count)]
        assert frame["channel"].cat.categories.is_unique


@pytest.mark.parametrize("count", [5, 200, 40_000])
def test_writing_into_a_frame_changes_nothing_but_it(count: int) -> None:
    log = log_of(count)
    frame, tail = log.df, log.tail(3)
    for mine in (frame, tail):
        mine.loc[mine.index[-1], "channel"] = mine["channel"].iloc[0]
        mine.loc[mine.index[-1], "timestamp"] = pd.Timestamp(0, tz="UTC")
        mine.loc[mine.index[-1], "received"] = pd.Timestamp(0, tz="UTC")
    again = log.df.iloc[-1]
    assert again["channel"] == f"1.{count - 1}"
    assert again["timestamp"] == pd.Timestamp(STAMP)
    assert again["received"] == pd.Timestamp(1, unit="s", tz="UTC")


def test_large_frames_share_the_columns_until_one_is_written_to() -> None:
    log = log_of(20_000)
    frames = [log.df, log.df]
    part, numbers = (
        log.df[["type", "received"]],
        log.df["timestamp"],
    )  # of frames without another reference
    log.append([orjson.dumps(event(20_000))], 1.0)
    frames.append(log.df)
    if can_share():
        codes = [frame["type"].array._codes for frame in (*frames, part)]
        assert all(np.shares_memory(codes[0], each) for each in codes[1:])
        assert np.shares_memory(
            frames[0]["received"].array._ndarray, frames[1]["received"].array._ndarray
        )
        with pytest.raises(ValueError, match="read-only"):
            frames[0]["type"].array[0] = "ChannelVarset"
    for frame in (*frames, part):
        frame.loc[0, "received"] = pd.Timestamp(0, tz="UTC")
        frame.loc[0, "type"] = None
    numbers.iloc[0] = pd.Timestamp(0, tz="UTC")
    again = log.df.iloc[0]
    assert again["type"] == "ChannelVarset"
    assert again["received"] == pd.Timestamp(1, unit="s", tz="UTC")
    assert again["timestamp"] == pd.Timestamp(STAMP)


def test_frames_without_a_reader_are_not_kept() -> None:
    log = log_of(20_000)
    for _ in range(5):
        frame = log.df
    part = frame["type"]
    for _ in range(5):
        frame = log.df
    del frame
    assert len(log._columns._frames._kept) <= 3
    del part
    _ = log.df
    assert len(log._columns._frames._kept) <= 2


def test_shared_frame_stays_as_it_was_while_the_log_forgets() -> None:
    log = EventLog(keep=17_000)
    texts = [orjson.dumps(event(number)) for number in range(48_000)]
    for start in range(0, 48_000, 8000):
        log.append(texts[start : start + 8000], start)
        if start in (16_000, 24_000):
            frame = log.df
            codes = frame["channel"].cat.codes.to_numpy(copy=True)
            received = frame["received"].to_numpy(copy=True)
    assert (frame["channel"].cat.codes.to_numpy() == codes).all()
    assert (frame["received"].to_numpy() == received).all()
    assert frame["channel"].iloc[0] == "1.15000"
    assert log.df["channel"].iloc[0] == "1.31000"


def test_older_frame_stays_as_it_was() -> None:
    log = log_of(2000)
    old = log.df
    words = list(old["channel"].cat.categories)
    log.append([orjson.dumps(event(number)) for number in range(2000, 6000)], 1.0)
    assert len(log.df["channel"].cat.categories) == 6000
    assert list(old["channel"].cat.categories) == words


def test_tail_of_a_long_log_has_only_its_own_words() -> None:
    tail = log_of(5000).tail(3)
    assert list(tail["channel"].cat.categories) == ["1.4997", "1.4998", "1.4999"]
    assert list(tail["type"]) == ["ChannelVarset"] * 3


def test_tail_is_the_end_of_df_filled_or_not() -> None:
    log = log_of(1000)
    unfilled = log.tail(7)
    whole = log.df
    assert list(unfilled["channel"]) == list(whole["channel"])[-7:]
    pd.testing.assert_frame_equal(log.tail(7).astype(str), unfilled.astype(str))
