"""Calls made of events, against what Asterisk's own call detail records say of the same calls.

calls.jsonl.gz is a capture of a real Asterisk 22.10 while sipp called ten extensions and three
Local channels were originated; cdr.csv is what its cdr_custom wrote of them: linkedid, uniqueid,
channel, dstchannel, src, dst, start, answer, end, duration, billsec, disposition, sequence.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

import ari_notebook
from ari_notebook.calls import Ledger, frame

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
    """Asterisk's records by the call that it says they belong to."""
    found: dict[str, list[Detail]] = defaultdict(list)
    for row in csv.reader((HERE / "cdr.csv").open()):
        found[row[0]].append(Detail(*row))
    return found


@pytest.fixture(scope="module")
def calls() -> pd.DataFrame:
    return ari_notebook.open_capture(HERE / "calls.jsonl.gz").calls.df


def seconds(time: pd.Timestamp) -> float:
    return float(time.timestamp())


def test_channels_are_joined_as_linked_ids_join_them(calls: pd.DataFrame) -> None:
    recorded = details()
    assert len(recorded) == 13
    assert set(calls.index) == set(recorded)
    for linkedid, rows in recorded.items():
        assert {row.uniqueid for row in rows} <= set(calls.loc[linkedid, "channels"])
        named = {row.channel for row in rows} | {row.dstchannel for row in rows if row.dstchannel}
        assert named <= set(calls.loc[linkedid, "channel_names"])


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


def test_who_hung_up(calls: pd.DataFrame) -> None:
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
def test_which_bridges_join(type: str, made_as: str, count: int) -> None:
    ways = {"type": type, "made_as": made_as}
    table = of(
        event("ChannelEnteredBridge", 1, "x", bridge=bridge("b", "x", **ways)),
        event("ChannelEnteredBridge", 2, "y", bridge=bridge("b", "x", "y", **ways)),
    )
    assert len(table) == count
    assert set(table["bridges"]) == {("b",)}


def test_who_left_a_bridge_before_is_not_joined_with_who_comes_after() -> None:
    table = of(
        event("ChannelEnteredBridge", 1, "x", bridge=bridge("b", "x")),
        event("ChannelLeftBridge", 2, "x", bridge=bridge("b")),
        event("ChannelEnteredBridge", 3, "y", bridge=bridge("b", "y")),
    )
    assert len(table) == 2


def test_an_attended_transfer_joins_its_four_legs() -> None:
    legs = {
        name: {"id": name, "name": name, "state": "Up"} for name in ("a1", "a2", "bob", "carol")
    }
    transfer = {
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


def test_a_call_goes_on_until_its_last_channel_has_ended() -> None:
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


def test_the_same_id_at_two_servers_is_two_calls() -> None:
    table = of(
        event("ChannelCreated", 1, "x"), {**event("ChannelCreated", 1, "x"), "asterisk_id": "b"}
    )
    assert table["asterisk_id"].tolist() == ["a", "b"]


def test_who_vanished_in_a_gap_has_ended() -> None:
    gone = {
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


def test_an_event_that_is_known_changes_nothing() -> None:
    """Of the real recording, and after each event: what the ledger says it knows, it does."""
    events = ari_notebook.open_capture(HERE / "calls.jsonl.gz").events
    table = events.df.astype("str")
    telling = zip(
        *(table[name] for name in ("type", "asterisk_id", "channel", "channel_name", "state")),
        strict=True,
    )
    ledger, passed = Ledger(), 0
    for event, columns in zip(events[:], telling, strict=True):
        if not ledger.knows(*columns):
            ledger.feed([event])
        else:
            before = [call.row() for call in ledger]
            ledger.feed([event])
            assert [call.row() for call in ledger] == before
            passed += 1
    assert passed > len(events) / 3


def test_a_channel_that_lives_on_after_its_program_is_news() -> None:
    ledger = Ledger()
    start = event("StasisStart", 1, "x", of={"caller": {"number": "1"}})
    ledger.feed([start])
    assert ledger.knows("ChannelVarset", "a", "x", "x", "Up")
    assert not ledger.knows("ChannelVarset", "a", "x", "y", "Up")
    assert not ledger.knows("ChannelVarset", "b", "x", "x", "Up")
    ledger.feed([event("StasisEnd", 2, "x")])
    assert not ledger.knows("ChannelVarset", "a", "x", "x", "Up")


def test_a_sessions_calls_grow_as_they_happen() -> None:
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
