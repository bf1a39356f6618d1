"""The event log stores every event as received, within its limit."""

from __future__ import annotations

from typing import Any

import orjson
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.store import archive
from ari_notebook.store.archive import Archive
from ari_notebook.store.event_log import EventLog

pytestmark = pytest.mark.usefixtures("decoder")

CHUNK = 4096


def event(number: int) -> bytes:
    return orjson.dumps(
        {
            "type": "ChannelDtmfReceived",
            "timestamp": f"2026-11-23T11:00:00.{number % 1000:03d}+0000",
            "digit": str(number % 10),
            "duration_ms": number,
            "channel": {"id": f"1.{number}", "name": f"PJSIP/a-{number}", "state": "Up"},
        }
    )


def filled(count: int, keep: int | None = None, batch: int = 100) -> EventLog:
    log = EventLog(keep)
    for start in range(0, count, batch):
        log.append([event(n) for n in range(start, min(start + batch, count))], 1.5)
    return log


def test_exact_json_before_and_after_compression() -> None:
    log = filled(CHUNK * 2 + 10)
    before = [log.raw(i) for i in (0, CHUNK - 1, CHUNK, -1)]
    assert log.compress()
    assert log.compress()
    assert not log.compress()
    assert [log.raw(i) for i in (0, CHUNK - 1, CHUNK, -1)] == before
    assert before == [event(n) for n in (0, CHUNK - 1, CHUNK, CHUNK * 2 + 9)]
    assert [e["duration_ms"] for e in log[CHUNK - 2 : CHUNK + 2]] == [4094, 4095, 4096, 4097]


def test_memory_is_bounded_without_compression_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most = CHUNK * 3 * len(event(0))
    monkeypatch.setattr(archive, "_MOST_OPEN", most)
    log = filled(CHUNK * 10)
    assert sum(map(len, log._archive._open)) == log._archive._open_bytes <= most
    assert log[0]["duration_ms"] == 0
    log.clear()
    assert log._archive._open_bytes == 0


def test_burst_is_compressed_from_half_of_the_maximum_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MOST_OPEN", CHUNK * 8 * len(event(99999)))
    log = filled(CHUNK * 3)
    assert not log.compress(burst=True)
    log.append([event(n) for n in range(CHUNK * 3, CHUNK * 5)], 1.0)
    assert log.compress(burst=True)
    assert not log.compress(burst=True)
    assert log.compress()
    assert [log[n]["duration_ms"] for n in (0, CHUNK, CHUNK * 5 - 1)] == [0, CHUNK, CHUNK * 5 - 1]


def test_clear_while_another_thread_compresses() -> None:
    # seal() lets go of the lock to compress; what was cleared meanwhile must not come back
    log = filled(CHUNK)
    archive: Archive = log._archive
    texts = archive._open[:]
    log.clear()
    log.append(texts[:3], 1.0)
    assert not archive.seal()
    assert len(log) == 3
    assert log[0]["duration_ms"] == 0
    assert log.count == CHUNK + 3


@given(
    st.lists(
        st.one_of(st.integers(1, 6000), st.sampled_from(["compress", "clear", "df", "own"])),
        max_size=12,
    ),
    st.sampled_from([None, 7, 5000]),
)
def test_reads_the_same_whatever_was_put_off(steps: list[int | str], keep: int | None) -> None:
    log, number, dropped = EventLog(keep), 0, 0
    model: list[int] = []
    for step in steps:
        if step == "clear":
            log.clear()
            model.clear()
        elif step == "compress":
            log.compress()
        elif step == "df":
            assert len(log.df) == len(model)
        elif step == "own":
            log.add_row("gap", {"type": "Gap", "duration_ms": -1}, "lost")
            model.append(-1)
        elif isinstance(step, int):
            log.append([event(n) for n in range(number, number + step)], 1.0)
            model += range(number, number + step)
            number += step
        if keep is not None and len(model) > keep:
            dropped += len(model) - keep
            del model[:-keep]
    assert [e["duration_ms"] for e in log.since(0)] == model
    assert log.dropped == dropped
    df = log.df
    assert list(df["channel"].isna()) == [n == -1 for n in model]
    assert list(df["origin"]) == ["gap" if n == -1 else "asterisk" for n in model]
    texts = [column.astype(object).fillna("") for column in (df["detail"], df["channel"])]
    assert list(texts[0]) == ["lost" if n == -1 else f"{n % 10} ({n} ms)" for n in model]
    assert list(texts[1]) == ["" if n == -1 else f"1.{n}" for n in model]
    tail = log.tail(5)
    for name in df.columns:
        assert list(tail[name].astype(str)) == list(df[name].tail(5).astype(str))


def test_keep_counts_what_it_drops() -> None:
    log = filled(10_000, keep=1000)
    assert (len(log), log.dropped, log.count) == (1000, 9000, 10_000)
    assert log[0]["duration_ms"] == 9000
    assert log.df["channel"].iloc[0] == "1.9000"
    with pytest.raises(IndexError, match="1000 events"):
        log[1000]
    with pytest.raises(ValueError, match="at least 1"):
        EventLog(keep=0)


def test_types_of_the_dataframe() -> None:
    for df in (filled(5).df, filled(5).tail(3), EventLog().df):
        assert str(df.dtypes["timestamp"]) == "datetime64[us, UTC]"
        assert str(df.dtypes["received"]) == "datetime64[us, UTC]"
        assert isinstance(df.dtypes["type"], pd.CategoricalDtype)
    df = filled(5).df
    assert df["timestamp"].iloc[2] == pd.Timestamp("2026-11-23T11:00:00.002Z")
    assert df["received"].iloc[0] == pd.Timestamp(1.5, unit="s", tz="UTC")


def test_frame_is_the_readers_own() -> None:
    log = filled(5)
    df = log.df
    df.loc[0, "received"] = pd.Timestamp(0, tz="UTC")
    assert log.df["received"].iloc[0] == pd.Timestamp(1.5, unit="s", tz="UTC")


def test_malformed_events_are_kept_and_counted() -> None:
    log = EventLog()
    events = log.append([event(1), b"{broken", b"[1]", b"\xff", b"null"], 1.0)
    assert [e["type"] for e in events][1:] == ["malformed"] * 4
    assert log.malformed == 4
    assert log.raw(1) == b"{broken"
    assert list(log.df["origin"]) == ["asterisk", *["malformed"] * 4]


@given(
    st.dictionaries(
        st.sampled_from(["type", "timestamp", "channel", "bridge", "playback", "recording", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["id", "name", "state"]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
def test_events_of_any_shape_make_rows(shape: dict[str, Any]) -> None:
    log = EventLog()
    log.append([orjson.dumps(shape)], 1.0)
    assert log[0] == shape
    assert len(log.df) == len(log.tail()) == 1


def test_last_of_a_type() -> None:
    log = filled(CHUNK + 5)
    log.compress()
    log.add_row("gap", {"type": "Gap"})
    assert log.last() == {"type": "Gap"}
    last = log.last("ChannelDtmfReceived")
    assert last is not None
    assert last["duration_ms"] == CHUNK + 4
    assert log.last("StasisStart") is None


def test_words_keep_their_meaning_when_forgotten_ones_make_room() -> None:
    # rows were numbered by the words before others were forgotten, and then read by those after
    log = EventLog(keep=5000)
    for start, count in ((0, 5992), (5992, 4096), (10088, 1067)):
        log.append([event(n) for n in range(start, start + count)], 1.0)
        if start == 5992:
            log.tail()
    assert list(log.df["channel"]) == [f"1.{n}" for n in range(6155, 11155)]


def in_bridge(number: int, bridge: str) -> bytes:
    entered = {**orjson.loads(event(number)), "type": "ChannelEnteredBridge"}
    return orjson.dumps({**entered, "bridge": {"id": bridge, "channels": []}})


def test_of_channels_finds_first_last_and_bridges() -> None:
    log = filled(300)
    log.append([in_bridge(7, "sales"), in_bridge(8, "support"), event(9)], 2.0)
    assert log.of_channels({"1.7"}) == (7, 300, frozenset({"sales"}))
    assert log.of_channels(["1.8", "1.9", "unknown"]) == (8, 302, frozenset({"support"}))
    assert log.of_channels({"unknown"}) is None
    assert EventLog().of_channels({"1.7"}) is None


def test_of_channels_leaves_out_what_the_log_dropped() -> None:
    log = filled(9000, keep=5000)
    log.append([event(7), event(8999)], 2.0)
    assert log.of_channels({"1.3999"}) is None
    assert log.of_channels({"1.7"}) == (9000, 9000, frozenset())
    assert log.of_channels({"1.8999"}) == (8999, 9001, frozenset())
    log.clear()
    assert log.of_channels({"1.8999"}) is None
    log.append([event(8999)], 3.0)
    assert log.of_channels({"1.8999"}) == (9002, 9002, frozenset())
