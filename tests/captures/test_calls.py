"""Calls computed from events equal Asterisk's call detail records of the same calls.

calls.jsonl.gz is a capture of a real Asterisk 22.10 while sipp called ten extensions and three
Local channels were originated; cdr.csv is what its cdr_custom wrote of them: linkedid, uniqueid,
channel, dstchannel, src, dst, start, answer, end, duration, billsec, disposition, sequence.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import orjson
import pandas as pd
import pytest

import ari_notebook
from ari_notebook.captures.file_format import event_lines, line
from ari_notebook.client.errors import NotFound
from ari_notebook.sessions.session import Session
from ari_notebook.store.calls import Ledger, frame
from tests.conftest import RealAsterisk
from tests.helpers.waiting import until

HERE = Path(__file__).parent


class Detail(NamedTuple):
    """A call detail record."""

    linkedid: str
    uniqueid: str
    channel: str
    dstchannel: str
    src: str
    dst: str
    start: str
    answer: str
    end: str
    duration: str
    billsec: str
    disposition: str
    sequence: str


def details() -> dict[str, list[Detail]]:
    """Return Asterisk's records by linked id."""
    found: dict[str, list[Detail]] = defaultdict(list)
    for row in csv.reader((HERE / "cdr.csv").read_text().splitlines()):
        found[row[0]].append(Detail(*row))
    return found


@pytest.fixture(scope="module")
def calls() -> pd.DataFrame:
    return ari_notebook.open_capture(HERE / "calls.jsonl.gz").calls.df


def seconds(time: object) -> float:
    assert isinstance(time, pd.Timestamp)
    return float(time.timestamp())


def test_channels_are_joined_as_linked_ids_join_them(calls: pd.DataFrame) -> None:
    recorded = details()
    assert len(recorded) == 13
    assert set(calls.index) == set(recorded)
    for linkedid, rows in recorded.items():
        assert {row.uniqueid for row in rows} <= set(calls["channels"][linkedid])
        named = {row.channel for row in rows} | {row.dstchannel for row in rows if row.dstchannel}
        assert named <= set(calls["channel_names"][linkedid])


@pytest.mark.parametrize("linkedid", details())
def test_times_and_outcome_are_those_of_the_call_detail_records(
    calls: pd.DataFrame, linkedid: str
) -> None:
    rows, call = details()[linkedid], calls.loc[linkedid]
    mine = [row for row in rows if row.uniqueid == linkedid]
    assert seconds(call["begin"]) == pytest.approx(min(float(r.start) for r in mine), abs=0.005)
    answered = [float(row.answer) for row in mine if float(row.answer)]
    if answered:
        assert seconds(call["answered"]) == pytest.approx(min(answered), abs=0.005)
        assert call["disposition"] == "ANSWERED"
    else:
        assert call["answered"] is pd.NaT
        assert call["disposition"] in {row.disposition for row in mine}
    # Asterisk ends a record when the bridge is left, the call ends with its last channel.
    assert seconds(call["end"]) == pytest.approx(max(float(r.end) for r in rows), abs=0.03)
    talk = max(float(row.billsec) for row in rows)
    assert (call["talk"] if answered else 0) == pytest.approx(talk, abs=0.03)
    assert call["caller"] == ("Alice <5551>" if mine[0].src == "5551" else "")


def test_hangup_party_of_a_call(calls: pd.DataFrame) -> None:
    who = {(call.called, call.caller): call.hangup_by for call in calls.itertuples()}
    alice = "Alice <5551>"
    assert who["1010", alice] == "caller"  # sipp's BYE
    assert who["1016", alice] == "caller"  # not the branch that another one overtook
    assert who["1013", alice] == "dialplan"
    assert who["1012", ""] == "dialplan"
    assert who["1010", ""] == "program"


def test_talk_and_wait_times_add_up(calls: pd.DataFrame) -> None:
    answered = calls[calls["disposition"] == "ANSWERED"]
    assert len(answered) == 8
    whole = (answered["end"] - answered["begin"]).dt.total_seconds()
    assert (whole - answered["wait"] - answered["talk"]).abs().max() < 0.002
    assert calls.loc[calls["answered"].isna(), "talk"].isna().all()


def event(type: str, at: float, channel: str, **more: object) -> dict[str, object]:
    stamp = f"2026-11-23T12:00:{at:06.3f}+0000"
    snapshot = {"id": channel, "name": channel, "state": "Up", **more.pop("of", {})}  # type: ignore[dict-item]
    return {"type": type, "timestamp": stamp, "channel": snapshot, "asterisk_id": "a", **more}


def bridge(
    id: str, *channels: str, type: str = "mixing", made_as: str = "stasis"
) -> dict[str, object]:
    return {"id": id, "bridge_type": type, "bridge_class": made_as, "channels": list(channels)}


def of(*events: dict[str, object]) -> pd.DataFrame:
    ledger = Ledger()
    ledger.feed(events)
    assert not ledger.unreadable
    return frame(ledger)


@pytest.mark.parametrize(
    ("type", "made_as", "count"),
    [
        ("mixing", "stasis", 1),  # a program's
        ("mixing", "basic", 1),  # Dial's
        ("mixing", "base", 2),  # ConfBridge's
        ("holding", "stasis", 2),
        ("holding", "parking", 2),
    ],
)
def test_bridge_types_that_join_calls(type: str, made_as: str, count: int) -> None:
    ways = {"type": type, "made_as": made_as}
    table = of(
        event("ChannelEnteredBridge", 1, "x", bridge=bridge("b", "x", **ways)),
        event("ChannelEnteredBridge", 2, "y", bridge=bridge("b", "x", "y", **ways)),
    )
    assert len(table) == count
    assert set(table["bridges"]) == {("b",)}


def test_channels_in_a_bridge_at_different_times_are_not_joined() -> None:
    table = of(
        event("ChannelEnteredBridge", 1, "x", bridge=bridge("b", "x")),
        event("ChannelLeftBridge", 2, "x", bridge=bridge("b")),
        event("ChannelEnteredBridge", 3, "y", bridge=bridge("b", "y")),
    )
    assert len(table) == 2


def test_attended_transfer_joins_its_four_legs() -> None:
    legs = {
        name: {"id": name, "name": name, "state": "Up"} for name in ("a1", "a2", "bob", "carol")
    }
    transfer: dict[str, object] = {
        "type": "BridgeAttendedTransfer",
        "timestamp": "2026-11-23T12:00:09.000+0000",
        "asterisk_id": "a",
        "transferer_first_leg": legs["a1"],
        "transferer_second_leg": legs["a2"],
        "transferee": legs["bob"],
        "transfer_target": legs["carol"],
    }
    assert of(transfer)["channels"].map(len).tolist() == [4]


def test_media_keys_and_recordings_belong_to_the_call() -> None:
    playback = {"id": "p", "media_uri": "sound:hello-world", "target_uri": "bridge:b"}
    recording = {"name": "r", "target_uri": "channel:x"}
    table = of(
        event("ChannelEnteredBridge", 1, "x", bridge=bridge("b", "x")),
        event("ChannelDtmfReceived", 2, "x", digit="4"),
        event("ChannelDtmfReceived", 3, "x", digit="#"),
        event("PlaybackStarted", 4, "x", playback=playback),
        event("RecordingStarted", 5, "x", recording=recording),
        event("StasisStart", 6, "x", application="ivr"),
    )
    row = table.loc["x"]
    assert row["digits"] == "4#"
    assert row["media"] == ("sound:hello-world",)
    assert row["recordings"] == ("r",)
    assert row["applications"] == ("ivr",)


def test_call_goes_on_until_its_last_channel_has_ended() -> None:
    events = [
        event("ChannelCreated", 1, "x"),
        event("Dial", 1, "", caller={"id": "x"}, peer={"id": "y", "name": "y", "state": "Ringing"}),
        event("ChannelDestroyed", 2, "x", cause=16, cause_txt="Normal Clearing"),
    ]
    going_on = of(*events)
    assert going_on["end"].isna().all()
    assert going_on.loc["x", "disposition"] == ""
    over = of(*events, event("ChannelDestroyed", 5, "y", cause=16))
    assert seconds(over.loc["x", "end"]) % 60 == 5
    assert (over.loc["x", "cause"], over.loc["x", "cause_txt"]) == (16, "Normal Clearing")


def test_same_id_at_two_servers_is_two_calls() -> None:
    table = of(
        event("ChannelCreated", 1, "x"), {**event("ChannelCreated", 1, "x"), "asterisk_id": "b"}
    )
    assert table["asterisk_id"].tolist() == ["a", "b"]


def test_channel_that_vanished_in_a_gap_has_ended() -> None:
    gone: dict[str, object] = {
        "type": "Vanished",
        "timestamp": "2026-11-23T12:00:30.000+00:00",
        "channel": {"id": "x"},
    }
    assert of(event("ChannelCreated", 1, "x"), gone)["end"].notna().all()


def test_damaged_events_are_counted_and_change_nothing() -> None:
    ledger = Ledger()
    ledger.feed([{"type": "ChannelCreated", "timestamp": "yesterday", "channel": {}}, {}])
    assert ledger.unreadable == 2
    assert frame(ledger).empty
    assert "talk" in frame(ledger).columns


def test_known_event_changes_nothing() -> None:
    """For each event of a real capture: one that the ledger reports as known changes nothing."""
    events = ari_notebook.open_capture(HERE / "calls.jsonl.gz").events
    table = events.df.astype("str")
    relevant = zip(
        *(
            table[name]
            for name in ("type", "asterisk_id", "channel", "channel_name", "state", "detail")
        ),
        strict=True,
    )
    ledger, passed = Ledger(), 0
    for event, columns in zip(events[:], relevant, strict=True):
        if not ledger.knows(*columns):
            ledger.feed([event])
        else:
            before = [call.row() for call in ledger]
            ledger.feed([event])
            assert [call.row() for call in ledger] == before
            passed += 1
    assert passed > len(events) / 3


@pytest.mark.parametrize("keep", [1, 100, 10_000])
def test_calls_are_complete_where_few_events_are_kept(keep: int) -> None:
    path = HERE / "calls.jsonl.gz"
    whole, part = ari_notebook.open_capture(path), ari_notebook.open_capture(path, keep=keep)
    assert len(part.events) == min(keep, len(whole.events))
    assert part.events.count == whole.events.count
    pd.testing.assert_frame_equal(part.calls.df, whole.calls.df)
    pd.testing.assert_frame_equal(
        part.events.df.astype("str"), whole.events.tail(keep).astype("str")
    )


def test_capture_of_many_receipts_has_the_time_of_each(tmp_path: Path) -> None:
    times = [1795452370 + place / 8 for place in range(100)]
    text = orjson.dumps(event("ChannelVarset", 1, "x", variable="A", value="1"))
    lines = [line("capture", {"version": 1}, times[0]), *(event_lines([text], at) for at in times)]
    path = tmp_path / "many.jsonl"
    path.write_bytes(b"".join(lines))
    opened = ari_notebook.open_capture(path)
    assert opened.events.received(0, 100) == times


def test_calls_read_with_the_capture_equal_those_of_all_events() -> None:
    opened = ari_notebook.open_capture(HERE / "calls.jsonl.gz")
    ledger = Ledger()
    ledger.feed(opened.events[:])
    pd.testing.assert_frame_equal(opened.calls.df, frame(ledger))


def test_channel_outside_stasis_is_not_known() -> None:
    ledger = Ledger()
    start = event("StasisStart", 1, "x", of={"caller": {"number": "1"}})
    ledger.feed([start])
    assert ledger.knows("ChannelVarset", "a", "x", "x", "Up", "A=1")
    assert not ledger.knows("ChannelVarset", "a", "x", "y", "Up", "A=1")
    assert not ledger.knows("ChannelVarset", "b", "x", "x", "Up", "A=1")
    ledger.feed([event("StasisEnd", 2, "x")])
    assert not ledger.knows("ChannelVarset", "a", "x", "x", "Up", "A=1")


def test_calls_of_session_update_live() -> None:
    with ari_notebook.connect(app="hello-world", subscribe_all=True) as ari:
        assert ari.calls.df.empty
        ari.call("1000")
        start = ari.wait_for("StasisStart")
        channel = ari.channels[start["channel"]["id"]]
        channel.play("sound:hello-world")
        ari.wait_for("PlaybackFinished")
        assert len(ari.calls) == 1
        assert ari.calls.df["end"].isna().all()
        channel.hangup()
        ari.wait_for("ChannelDestroyed", channel=channel)
        row = ari.calls.df.iloc[0]
        assert row["media"] == ("sound:hello-world",)
        assert row["called"] == "1000"
        assert row["hangup_by"] == "program"
        assert row["talk"] > 1


def test_call_up_at_first_event_is_one_call_with_unknown_talk() -> None:
    events = [
        event("ChannelHangupRequest", 1, "x"),
        event("ChannelLeftBridge", 1, "x", bridge=bridge("b", "y")),
        event("ChannelLeftBridge", 2, "y", bridge=bridge("b")),
        event("ChannelDestroyed", 2, "x", cause=16),
        event("ChannelDestroyed", 3, "y", cause=16),
    ]
    table = of(*events)
    assert table["channels"].tolist() == [("x", "y")]
    assert table["answered"].isna().all()
    assert table["talk"].isna().all()
    assert table["wait"].isna().all()
    assert table["disposition"].tolist() == ["ANSWERED"]


def test_holding_bridge_left_after_connect_joins_no_channels() -> None:
    table = of(
        event("ChannelLeftBridge", 1, "x", bridge=bridge("b", "y", type="holding")),
        event("ChannelLeftBridge", 2, "y", bridge=bridge("b", type="holding")),
    )
    assert len(table) == 2


def test_live_call_has_no_cause_though_a_branch_ended() -> None:
    table = of(
        event("ChannelCreated", 1, "x"),
        event("Dial", 1, "", caller={"id": "x"}, peer={"id": "y", "name": "y", "state": "Ringing"}),
        event("ChannelDestroyed", 2, "y", cause=26, cause_txt="Answered elsewhere"),
    )
    assert table["cause"].isna().all()
    assert table["cause_txt"].tolist() == [""]


def test_session_connected_during_call_shows_it_once() -> None:
    with ari_notebook.connect(app="first", subscribe_all=True) as first:
        assert first.simulator is not None
        _connect_during_call(first, first.simulator.user, first.simulator.password)


def test_session_connected_during_real_call_shows_it_once(real_asterisk: RealAsterisk) -> None:
    with ari_notebook.connect(
        real_asterisk.url, app="first", user=real_asterisk.user, subscribe_all=True
    ) as first:
        _connect_during_call(first, real_asterisk.user, real_asterisk.password)


def _connect_during_call(first: Session, user: str, password: str) -> None:
    """Connect during a call of two bridged channels."""
    members = []
    for _ in range(2):
        member = first.channels.originate(endpoint="Local/1002@default", app="first")
        first.wait_for("StasisStart", channel=member)
        members.append(member)
    first.bridges.create(type="mixing").add_channel(channel=[each.id for each in members])
    for each in members:
        first.wait_for("ChannelEnteredBridge", channel=each)
    with ari_notebook.connect(
        first.url, app="second", user=user, password=password, subscribe_all=True
    ) as second:
        live = second.calls.df
        assert len(live) == 1
        assert {each.id for each in members} <= set(live["channels"].iloc[0])
        assert live[["answered", "talk", "cause"]].isna().all(axis=None)
        for id in live["channels"].iloc[0]:
            with suppress(NotFound):  # the other half of its Local pair took it with it
                second.request("DELETE", f"/channels/{id}")
        # Not by waits: those begin at the last request, and channels ended before it.
        until(lambda: not set(live["channels"].iloc[0]) & set(second.tables.channels), 30)
        (row,) = second.calls.df.to_dict("records")
        assert row["channels"] == live["channels"].iloc[0]
        assert row["disposition"] == "ANSWERED"
        assert pd.isna(row["talk"])
        assert row["asterisk_id"]
