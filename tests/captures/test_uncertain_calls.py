"""Events that are missing or wrong: counted and said, and no number that is wrong."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import orjson
import pandas as pd
import pytest

import ari_notebook
from ari_notebook.captures.file_format import event_lines, line
from ari_notebook.store.calls import Calls, Ledger, frame
from ari_notebook.store.event_log import EventLog

Row = dict[str, Any]


def event(type: str, at: float, channel: str = "", **more: Any) -> Row:
    stamp = pd.Timestamp(at, unit="s", tz="UTC").strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    row: Row = {"type": type, "timestamp": stamp, "asterisk_id": "a", **more}
    if channel:
        id, _, created = channel.partition("@")
        row["channel"] = {"id": id, "name": f"PJSIP/{id}-1", "state": more.pop("state", "Up")}
        row.pop("state", None)
        if created:
            row["channel"]["creationtime"] = event("", float(created))["timestamp"]
    return row


def bridged(type: str, at: float, channel: str, *inside: str) -> Row:
    bridge = {"id": "b", "bridge_type": "mixing", "bridge_class": "basic", "channels": [*inside]}
    return event(type, at, channel, bridge=bridge)


def dial(at: float, status: str, caller: str = "x", peer: str = "y") -> Row:
    both = {"caller": event("", 0, caller)["channel"], "peer": event("", 0, peer)["channel"]}
    both["peer"]["state"] = "Up" if status == "ANSWER" else "Down"
    both["caller"]["state"] = "Ring"
    return event("Dial", at, dialstatus=status, **both)


def whole(begin: float = 100, x: str = "x", y: str = "y") -> list[Row]:
    """Return the events of a call: x dials y, waits 5 s, talks 10 s."""
    return [
        event("ChannelCreated", begin, x, state="Ring"),
        event("ChannelCreated", begin + 1, y, state="Down"),
        dial(begin + 1, "", x, y),
        dial(begin + 6, "ANSWER", x, y),
        event("ChannelStateChange", begin + 6, x),
        bridged("ChannelEnteredBridge", begin + 6, x, x.split("@")[0]),
        bridged("ChannelEnteredBridge", begin + 6, y, x.split("@")[0], y.split("@")[0]),
        event("ChannelHangupRequest", begin + 16, x),
        bridged("ChannelLeftBridge", begin + 16, x, y.split("@")[0]),
        bridged("ChannelLeftBridge", begin + 16, y),
        event("ChannelDestroyed", begin + 16, y, cause=16),
        event("ChannelDestroyed", begin + 16, x, cause=16),
    ]


def calls_of(events: list[Row]) -> tuple[Ledger, pd.DataFrame]:
    ledger = Ledger()
    ledger.feed(events)
    assert not ledger.unreadable
    return ledger, frame(ledger)


def assert_whole(row: Any) -> None:
    assert (row["queue_wait"], row["talk"], row["wait"]) == (5, 10, 6)
    assert row["agent"] == "PJSIP/y"
    assert row["uncertain"] == ""


def test_whole_call_is_certain() -> None:
    ledger, table = calls_of(whole())
    assert_whole(table.loc["x"])
    assert not ledger.problems


@pytest.mark.parametrize("missing", range(1, 12))
def test_call_without_its_first_events_says_so(missing: int) -> None:
    """Whatever was missed: no number is another than that of the whole call."""
    _, table = calls_of(whole()[missing:])
    _, complete = calls_of(whole())
    row, right = table.iloc[0], complete.iloc[0]
    for name in ("connected", "answered", "queue_wait", "talk", "hold"):
        # A wait that began before the first event is shorter, and is said to be uncertain.
        assert pd.isna(row[name]) or row[name] == right[name] or row["uncertain"], name
    assert row["abandoned"] is pd.NA or not row["abandoned"]
    assert row["failed_because"] == ""


@pytest.mark.parametrize("count", range(1, 11))
def test_call_that_ends_after_the_last_event_goes_on(count: int) -> None:
    _, table = calls_of(whole()[:count])
    assert table["end"].isna().all()
    assert table["talk"].isna().all()
    assert (table["disposition"].astype(str) == "").all()
    assert table["failed_because"].astype(str).eq("").all()


def test_clock_that_goes_backwards_is_counted_and_leaves_no_duration() -> None:
    events = whole()
    for late in events[5:]:
        late["timestamp"] = late["timestamp"].replace("1970-01-01T00:01", "1970-01-01T00:00")
    ledger, table = calls_of(events)
    assert ledger.problems["clock went backwards"] == 1
    row = table.loc["x"]
    assert row["uncertain"] == "clock"
    assert row[["wait", "talk", "queue_wait", "hold"]].isna().all()


def test_events_out_of_order_by_a_moment_are_no_step_of_the_clock() -> None:
    events = whole()
    events[4], events[5] = events[5], events[4]
    ledger, table = calls_of(events)
    assert not ledger.problems
    assert_whole(table.loc["x"])


def test_id_that_comes_again_is_another_call() -> None:
    ledger, table = calls_of(whole(100, "x@100", "y@101") + whole(5000, "x@5000", "y@5001"))
    assert ledger.problems == {"id used again": 2}
    assert table.index.tolist() == ["x", "x"]
    for _, row in table.iterrows():
        assert_whole(row)


def test_id_that_comes_again_after_a_crash_leaves_the_first_call_without_end() -> None:
    ledger, table = calls_of(whole(100, "x@100", "y@101")[:7] + whole(5000, "x@5000", "y@5001"))
    assert ledger.problems["id used again"] == 2
    first, second = table.iloc[0], table.iloc[1]
    assert first["uncertain"] == "end unknown"
    assert pd.isna(first["end"])
    assert pd.isna(first["talk"])
    assert_whole(second)
    assert not any(call.alive for call in ledger)


def test_masquerade_changes_the_creation_time_of_the_same_channel() -> None:
    events = whole(100, "x@100", "y@101")
    events[7]["channel"]["creationtime"] = event("", 104)["timestamp"]
    ledger, table = calls_of(events)
    assert not ledger.problems
    assert len(table) == 1


def test_call_across_a_gap_says_so() -> None:
    events = whole()
    events.insert(5, {"type": "Gap", "timestamp": events[4]["timestamp"]})
    del events[6:8]  # both entered the bridge meanwhile
    ledger, table = calls_of(events)
    assert ledger.problems["gap"] == 1
    row = table.loc["x"]
    assert "gap" in row["uncertain"]
    assert row["abandoned"] is pd.NA
    assert row["failed_because"] == ""


def test_call_whose_other_half_is_missing_says_so() -> None:
    mine = [each for each in whole() if each.get("channel", {}).get("id") == "x"]
    mine[2]["bridge"]["channels"] = ["x", "y"]
    _, table = calls_of(mine)
    row = table.loc["x"]
    assert row["uncertain"] == "unseen channel"
    assert pd.isna(row["connected"])
    assert row["abandoned"] is pd.NA
    assert row["failed_because"] == ""


def test_problems_are_counted_and_shown() -> None:
    log = EventLog()
    log.append([orjson.dumps(each) for each in whole()[5:]] + [b'{"type": "ChannelCreated"}'], 0)
    calls = Calls(log)
    assert calls.problems["invalid event"] == 1
    assert calls.problems["call: began before"] == 1
    assert "1 invalid event" in repr(calls)
    assert "1 call: began before" in repr(calls)


def read(events: list[Row], delays: dict[int, float] | None = None) -> Calls:
    """Return the calls of a log whose events were received when they were sent, or later."""
    log = EventLog()
    for place, each in enumerate(events):
        at = pd.Timestamp(each["timestamp"]).timestamp() + (delays or {}).get(place, 0.0)
        log.append([orjson.dumps(each)], at)
    return Calls(log)


def quiet(at: float) -> Row:
    """Return an event without new information about the call of `whole`."""
    return event("ChannelVarset", at, "x", variable="A", value="1")


def heard() -> list[Row]:
    """Return `whole`, with a caller ID: that of a channel without one is looked for."""
    events = whole()
    events[0]["channel"]["caller"] = {"number": "1"}
    return events


def test_clock_step_of_events_without_news_is_counted() -> None:
    calls = read([*heard()[:7], quiet(200), quiet(100), quiet(201)])
    assert calls.problems["clock went backwards"] == 1
    calls = read([*heard()[:7], quiet(200)])
    assert "clock went backwards" not in calls.problems
    assert len(calls) == 1
    calls._log.append([orjson.dumps(quiet(100))], 0)  # in another read
    assert calls.problems["clock went backwards"] == 1


@pytest.mark.parametrize("jump", [5.0, 3600.0])
@pytest.mark.parametrize("place", range(1, 12))
def test_clock_that_jumps_forward_is_counted_and_leaves_no_duration(
    place: int, jump: float
) -> None:
    before = [event("ChannelCreated", at, "early", state="Down") for at in range(50, 100)]
    events = [*before, *whole()]
    delays = dict.fromkeys(range(len(before) + place, len(events)), -jump)
    for late in events[len(before) + place :]:
        at = pd.Timestamp(late["timestamp"]).timestamp() + jump
        late["timestamp"] = event("", at)["timestamp"]
    calls = read(events, delays)
    assert calls.problems["clock jumped forward"] == 1
    row = calls.df.loc["x"]
    assert row["uncertain"] == "clock"
    assert row[["wait", "talk", "queue_wait", "hold"]].isna().all()


def test_events_that_arrive_late_are_no_step_of_the_clock() -> None:
    before = [event("ChannelCreated", at, "early", state="Down") for at in range(50, 100)]
    events = [*before, *whole()]
    calls = read(events, dict.fromkeys(range(52, 58), 30.0))
    assert "clock jumped forward" not in calls.problems
    assert_whole(calls.df.loc["x"])


def test_clock_that_runs_faster_than_ours_does_not_jump() -> None:
    before = [event("ChannelCreated", at, "early", state="Down") for at in range(50, 100)]
    events = [*before, *whole()]
    times = [pd.Timestamp(each["timestamp"]).timestamp() for each in events]
    calls = read(events, {place: at / 100 - at for place, at in enumerate(times)})
    assert "clock jumped forward" not in calls.problems
    assert_whole(calls.df.loc["x"])


def test_id_that_comes_again_with_the_same_name_is_another_call() -> None:
    events = whole(100, "x@100", "y@101")[:7] + whole(5000, "x@5000", "y@5001")
    for each in events:
        each.get("channel", {})["caller"] = {"number": "1"}
    calls = read(events)
    assert len(calls) == 2
    assert_whole(calls.df.iloc[1])


@pytest.mark.parametrize("back", range(12))
def test_events_that_are_not_decoded_change_nothing(back: int) -> None:
    events = [each for one in heard() for each in (one, quiet(100))]
    for place, each in enumerate(events[1::2]):
        earlier = 10 if place == back else 0
        at = pd.Timestamp(events[2 * place]["timestamp"]).timestamp() - earlier
        each["timestamp"] = event("", at)["timestamp"]
    ledger, table = calls_of(events)
    calls = read(events)
    pd.testing.assert_frame_equal(calls.df, table)
    assert ledger.problems["clock went backwards"] == 1
    assert calls.problems["clock went backwards"] == 1


def test_events_of_two_applications_are_counted_once() -> None:
    digit = event("ChannelDtmfReceived", 8, "x", digit="5", duration_ms=100)
    transfer = event("BridgeBlindTransfer", 9, "x", result="Success")
    events = [event("ChannelCreated", 1, "x"), digit, digit, transfer, transfer]
    _, table = calls_of(events)
    assert table.loc["x", "digits"] == "5"
    assert table.loc["x", "transfers"] == 1


def in_dataset(events: list[Row], delays: dict[int, float], folder: Path) -> Any:
    """Return the dataset, of files of 20 events, of a capture of these events."""
    lines = []
    for place, each in enumerate(events):
        at = pd.Timestamp(each["timestamp"]).timestamp() + delays.get(place, 0.0)
        lines.append(event_lines([orjson.dumps(each)], at))
    file = folder / "day.jsonl"
    file.write_bytes(line("capture", {"version": 1}, 1.0) + b"".join(lines))
    return ari_notebook.open_capture(ari_notebook.to_parquet(file, folder / "days", size=20))


@pytest.mark.parametrize("jump", [5.0, 3600.0])
@pytest.mark.parametrize("place", [1, 6, 11])
def test_clock_that_jumps_forward_is_counted_in_a_dataset(
    place: int, jump: float, tmp_path: Path
) -> None:
    before = [event("ChannelCreated", at, "early", state="Down") for at in range(50, 100)]
    events = [*before, *whole()]
    delays = dict.fromkeys(range(len(before) + place, len(events)), -jump)
    for late in events[len(before) + place :]:
        at = pd.Timestamp(late["timestamp"]).timestamp() + jump
        late["timestamp"] = event("", at)["timestamp"]
    opened = in_dataset(events, delays, tmp_path)
    assert len(opened.files) > 2
    assert opened.calls.problems["clock jumped forward"] == 1
    row = opened.calls.df.loc["x"]
    assert row["uncertain"] == "clock"
    assert row[["wait", "talk", "queue_wait", "hold"]].isna().all()


@pytest.mark.parametrize("place", [1, 6, 11])
def test_clock_that_goes_backwards_is_counted_in_a_dataset(place: int, tmp_path: Path) -> None:
    before = [event("ChannelCreated", at, "early", state="Down") for at in range(50, 100)]
    events = [*before, *whole()]
    delays = dict.fromkeys(range(len(before) + place, len(events)), 30.0)
    for late in events[len(before) + place :]:
        at = pd.Timestamp(late["timestamp"]).timestamp() - 30
        late["timestamp"] = event("", at)["timestamp"]
    opened = in_dataset(events, delays, tmp_path)
    assert opened.calls.problems["clock went backwards"] == 1
    row = opened.calls.df.loc["x"]
    assert row["uncertain"] == "clock"
    assert row[["wait", "talk", "queue_wait", "hold"]].isna().all()


def test_problems_and_live_calls_of_a_dataset_are_those_of_its_capture(tmp_path: Path) -> None:
    again = whole(5000, "x@5000", "y@5001")[:9]
    events = [*whole(100, "x@100", "y@101")[:7], *again, {"type": "ChannelCreated"}]
    events[-1]["timestamp"] = again[-1]["timestamp"]
    opened = in_dataset(events, {}, tmp_path)
    capture = ari_notebook.open_capture(tmp_path / "day.jsonl")
    assert opened.calls.problems == capture.calls.problems
    assert opened.calls.problems["id used again"] == 2
    live = opened.calls.live
    assert live.astype("str").equals(capture.calls.live.astype("str"))
    assert live.index.tolist() == ["x"]


@functools.cache
def recorded(name: str) -> tuple[list[Row], dict[Any, Row]]:
    """Return the events of a recorded capture, and its rows of calls."""
    opened = ari_notebook.open_capture(Path(__file__).parent / name)
    events = [each for each in opened.events[:] if each.get("asterisk_id")]
    return events, rows_of(events)


def rows_of(events: list[Row]) -> dict[Any, Row]:
    table = calls_of(events)[1]
    found: dict[Any, Any] = table[~table.index.duplicated()].to_dict("index")
    return found


@pytest.mark.parametrize("name", ["calls.jsonl.gz", "queues/queue.jsonl.gz"])
@hypothesis.given(st.floats(0, 1), st.floats(0, 0.9), st.booleans())
@hypothesis.settings(max_examples=15, deadline=None)
def test_certain_row_of_an_incomplete_capture_has_the_numbers_of_the_whole(
    name: str, begin: float, share: float, whole_end: bool
) -> None:
    """A part of the events is missing: the first, the last, or those of a gap."""
    events, complete = recorded(name)
    first = round(begin * len(events))
    last = len(events) if whole_end else round(first + share * (len(events) - first))
    gap = [{"type": "Gap", "timestamp": events[min(last, len(events) - 1)]["timestamp"]}]
    for part in (events[first:], events[:first], [*events[:first], *gap, *events[last:]]):
        for id, row in rows_of(part).items():
            if row["uncertain"] or id not in complete or pd.isna(row["end"]):
                continue
            for column in (
                "answered",
                "connected",
                "wait",
                "talk",
                "queue_wait",
                "hold",
                "agent",
                "abandoned",
                "disposition",
                "failed_because",
                "sip",
                "transfers",
            ):
                value = row[column]
                assert pd.isna(value) or value == complete[id][column], (id, column)
