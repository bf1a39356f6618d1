"""The event log's columns: what they hold, and that a DataFrame of them is its owner's alone."""

from __future__ import annotations

import numpy as np
import orjson
import pandas as pd
import pytest

from ari_notebook.live import EventLog
from ari_notebook.live.columns import CATEGORIES, Columns

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
    columns.extend(events, ["asterisk"] * len(events))
    return columns.frame(np.zeros(len(events), dtype=np.int64))


def test_names_and_types_are_the_same_with_and_without_rows():
    for frame in (frame_of(), frame_of(event(1))):
        assert list(frame) == ["timestamp", "received", *CATEGORIES]
        assert [str(frame[name].dtype) for name in ("timestamp", "received")] == [
            "datetime64[us, UTC]"
        ] * 2
        assert all(frame[name].dtype == "category" for name in CATEGORIES)


def test_what_an_event_has_not_is_missing():
    row = frame_of({"type": "X", "application": ""}).iloc[0]
    assert row["type"] == "X"
    assert row.drop(["type", "received", "origin"]).isna().all()


@pytest.mark.parametrize("field", ["peer", "replace_channel", "transferee"])
def test_the_channel_of_an_event_that_calls_it_something_else(field):
    assert frame_of({"type": "X", field: {"id": "1.5"}})["channel"].item() == "1.5"


# As many words as make pandas take codes of 8, 16 and 32 bits, and one more and less.
@pytest.mark.parametrize("count", [1, 126, 127, 128, 999, 1001, 32766, 32767, 32768])
def test_every_row_keeps_its_word_however_many_there_are(count):
    log = log_of(count)
    for frame in (log.df, log.tail(count)):
        assert list(frame["channel"]) == [f"1.{number}" for number in range(count)]
        assert frame["channel"].cat.categories.is_unique


@pytest.mark.parametrize("count", [5, 200, 40_000])
def test_writing_into_a_frame_changes_nothing_but_it(count):
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


def test_an_older_frame_stays_as_it_was():
    log = log_of(2000)
    old = log.df
    words = list(old["channel"].cat.categories)
    log.append([orjson.dumps(event(number)) for number in range(2000, 6000)], 1.0)
    assert len(log.df["channel"].cat.categories) == 6000
    assert list(old["channel"].cat.categories) == words


def test_tail_of_a_long_log_has_only_its_own_words():
    tail = log_of(5000).tail(3)
    assert list(tail["channel"].cat.categories) == ["1.4997", "1.4998", "1.4999"]
    assert list(tail["type"]) == ["ChannelVarset"] * 3


def test_tail_is_the_end_of_df_filled_or_not():
    log = log_of(1000)
    unfilled = log.tail(7)
    whole = log.df
    assert list(unfilled["channel"]) == list(whole["channel"])[-7:]
    pd.testing.assert_frame_equal(log.tail(7).astype(str), unfilled.astype(str))
