"""`ari.leaks()` lists what programs left behind, and nothing else, on both servers."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.analysis.leaks import ServerState, leaks
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.store.calls import CallLeg, CallRecord
from tests.helpers.waiting import until

LONG = 60


def new(ari: Session) -> str:
    channel = ari.channels.originate(endpoint="Local/1002@default", app="hello-world")
    ari.wait_for("StasisStart", channel=channel, timeout=LONG)
    return str(channel.id)


def found(ari: Session, older: float | None = None) -> dict[str, str]:
    return dict(ari.leaks(older)["reason"])


def test_objects_in_use_are_not_listed(ari: Session) -> None:
    channel = new(ari)
    ari.bridges.create(type="mixing").add_channel(channel=channel)
    ari.channels.snoop_channel(channel, spy="both", app="hello-world")
    ari.channels.play(channel, media="sound:tt-monkeys")
    assert found(ari) == {}


def test_old_channel_is_listed_with_its_request(ari: Session) -> None:
    channel = new(ari)
    time.sleep(1.1)
    rows = ari.leaks(older=1)
    assert rows.loc[channel, "reason"] == "older than 1 s"
    assert rows.loc[channel, "request"] == f"DELETE /channels/{channel}"
    assert 1 < rows["age"].loc[channel] < LONG


def test_empty_bridge_is_listed_after_a_while(ari: Session) -> None:
    bridge = ari.bridges.create(type="mixing", name="left")
    assert found(ari) == {}
    until(lambda: found(ari) == {bridge.id: "mixing, empty"}, LONG)
    assert ari.leaks().loc[bridge.id, "name"] == "left"
    bridge.destroy()
    until(lambda: found(ari) == {}, LONG)  # its event may follow the response


def test_snoop_of_ended_channel_is_listed(ari: Session) -> None:
    channel = new(ari)
    snoop = ari.channels.snoop_channel(channel, spy="both", app="hello-world")
    ari.wait_for("StasisStart", channel=snoop, timeout=LONG)
    ari.channels.hangup(channel)
    ari.wait_for("ChannelDestroyed", channel=channel, timeout=LONG)
    listed = found(ari)
    # Asterisk 22 ends a snoop channel with the channel on which it snoops, a moment later.
    assert listed.get(snoop.id) in (None, f"it snoops on channel {channel}, which has ended")


def test_channel_of_unknown_application_is_listed() -> None:
    plan = {"app_name": "Stasis", "app_data": "gone,inbound"}
    channels = [{"id": "c", "name": "PJSIP/a-1", "dialplan": plan}]
    rows = leaks(ServerState(channels, [], [], ["hello-world"], [], 0.0))
    assert dict(rows["reason"]) == {"c": "it is in Stasis application gone: not connected"}
    assert leaks(ServerState(channels, [], [], None, [], 0.0)).empty
    assert leaks(ServerState(channels, [], [], ["gone"], [], 0.0)).empty


def test_media_channel_in_no_bridge_is_listed(ari: Session) -> None:
    medium = ari.channels.external_media(
        app="hello-world", external_host="127.0.0.1:40404", format="ulaw"
    )
    until(lambda: found(ari) == {medium.id: "a media channel in no bridge"}, LONG)


def test_playbacks_without_listeners_are_listed() -> None:
    playbacks = [
        {"id": "p1", "media_uri": "sound:a", "target_uri": "channel:gone"},
        {"id": "p2", "media_uri": "sound:a", "target_uri": "bridge:b"},
        {"id": "p3", "media_uri": "sound:a", "target_uri": "channel:c"},
    ]
    channels, bridges = [{"id": "c", "name": "PJSIP/a-1"}], [{"id": "b", "channels": []}]
    rows = leaks(ServerState(channels, bridges, playbacks, [], [], 0.0))
    assert dict(rows[rows.kind == "playback"]["reason"]) == {
        "p1": "it plays to channel gone, which has ended",
        "p2": "it plays to bridge b, which is empty or gone",
    }


def test_channel_is_compared_with_ended_ones_of_its_technology() -> None:
    calls = []
    for number in range(40):
        leg = CallLeg(str(number), f"PJSIP/a-{number}", 0.0)
        leg.end = 10.0
        leg.call = CallRecord(leg, "")
        calls.append(leg.call)
    created = "1970-01-01T00:00:00.000+0000"
    channels = [
        {"id": "old", "name": "PJSIP/b-1", "creationtime": created},
        {"id": "other", "name": "Local/x@y-1;1", "creationtime": created},
        {"id": "odd", "name": "PJSIP/c-1", "creationtime": "never"},
    ]
    rows = leaks(ServerState(channels, [], [], None, calls, 31.0))
    assert dict(rows["reason"]) == {"old": "older than 30 s"}


def test_capture_lists_what_was_stuck_at_its_end(ari: Session, tmp_path: Path) -> None:
    with ari.capture(tmp_path / "end.jsonl"):
        channel = new(ari)
        time.sleep(1.1)
        ari.channels.ring(channel)
    opened = ari_notebook.open_capture(tmp_path / "end.jsonl")
    assert channel in opened.leaks(older=1).index
    assert opened.leaks().empty


def test_dataset_lists_what_was_stuck_at_the_end_of_each_server(
    ari: Session, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    with ari.capture(tmp_path / "end.jsonl"):
        channel = new(ari)
        ended = new(ari)
        time.sleep(1.1)
        ari.channels[ended].hangup()
        ari.channels.ring(channel)
        ari.wait_for("ChannelDestroyed", channel=ended, timeout=LONG)
    opened = ari_notebook.open_capture(
        ari_notebook.to_parquet(tmp_path / "end.jsonl", tmp_path / "days")
    )
    found = opened.leaks(older=1)
    assert channel in found.index
    assert ended not in found.index
    assert found.loc[channel, "request"] == f"DELETE /channels/{channel}"
    assert set(found["asterisk_id"]) == set(opened.calls.df["asterisk_id"])


def test_age_that_is_not_positive_is_refused(ari: Session) -> None:
    with pytest.raises(UsageProblem, match="older must be more than 0 seconds"):
        ari.leaks(0)


def test_watch_warns_above_its_threshold(ari: Session, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", "ari_notebook.analysis.leak_watch"):
        watch = ari.watch_leaks(more_than=1, every=0.1)
        bridges = [ari.bridges.create(type="mixing") for _ in range(3)]
        until(lambda: watch.exceeded, LONG)
        assert set(watch.found["reason"]) == {"mixing, empty"}
        until(lambda: "are stuck (threshold 1)" in caplog.text, LONG)
        for bridge in bridges:
            bridge.destroy()
        until(lambda: "no more than 1" in caplog.text, LONG)
        assert not watch.exceeded
        watch.stop()


def test_watch_with_wrong_numbers_is_refused(ari: Session) -> None:
    with pytest.raises(UsageProblem, match="every must be more than 0"):
        ari.watch_leaks(every=0)
    with pytest.raises(UsageProblem, match="more_than must be at least 0"):
        ari.watch_leaks(more_than=-1)
