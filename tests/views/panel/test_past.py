"""The panel at an earlier moment."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.views.panel.past import Past
from tests.helpers.waiting import until


@pytest.fixture(scope="module")
def recorded(ari: Session) -> tuple[Past, dict[str, str], float]:
    """A call that was in a bridge, pressed a key and has ended; the moment before its end."""
    phone = ari.call("1000", caller="Alice <5551>")
    id = str(ari.wait_for("StasisStart").channel.id)
    bridge = ari.bridges.create(name="sales")
    bridge.add_channel(channel=id)
    ari.channels.set_channel_var(id, variable="COLOUR", value="red")
    phone.press("4")
    ari.wait_for("ChannelDtmfReceived")
    ari.channels.play(id, media="sound:tt-monkeys")
    ari.wait_for("PlaybackStarted")
    time.sleep(0.01)
    moment = time.time()
    time.sleep(0.01)
    phone.hangup()
    bridge.destroy()
    until(lambda: not ari.tables.channels and not ari.tables.bridges)
    return Past(ari, lambda _media: 16.0), {"call": id, "bridge": bridge.id}, moment * 1000


def test_it_has_the_tables_and_facts_of_the_moment(
    ari: Session, recorded: tuple[Past, dict[str, str], float]
) -> None:
    past, ids, moment = recorded
    said = past.at(moment)
    json.dumps(said)
    row = said["channels"][ids["call"]]
    assert (row["caller"], row["keys"], row["bridge"]) == ("Alice <5551>", "4", ids["bridge"])
    assert row["playback"]["length"] == 16
    assert said["bridges"][ids["bridge"]]["channels"] == [ids["call"]]
    assert set(said["channels"]) == set(ari.at(moment / 1000).tables.channels)
    assert said["events"][-1][2] == "PlaybackStarted"
    assert all(line[1] <= moment for line in said["requests"])
    assert past.at(time.time() * 1000)["channels"] == {}


def test_its_counters_are_those_of_the_minute_before(
    recorded: tuple[Past, dict[str, str], float],
) -> None:
    past, _, moment = recorded
    samples = past.at(moment)["samples"]
    assert len(samples) == 61
    assert (samples[0]["calls"], samples[0]["started"]) == (0, 0)
    last = samples[-1]
    assert (last["calls"], last["started"], last["answered"]) == (1, 1, 1)
    assert last["events"] > samples[0]["events"]


def test_details_are_those_up_to_the_moment(recorded: tuple[Past, dict[str, str], float]) -> None:
    past, ids, moment = recorded
    found = past.details(ids["call"], moment, ladder=True)
    assert found["variables"]["COLOUR"] == "red"
    types = [step["type"] for step in found["ladder"]["steps"]]
    assert "StasisStart" in types
    assert "StasisEnd" not in types
    assert found["ladder"]["live"] is False
    bridged = past.details(ids["bridge"], moment, ladder=True)["ladder"]["steps"]
    assert any("ChannelEnteredBridge" in step["label"] for step in bridged)


def test_a_step_is_one_event(recorded: tuple[Past, dict[str, str], float]) -> None:
    past, _, moment = recorded
    after = past.at(moment, 1)
    assert after["at"] > moment
    before = past.at(after["at"], -1)
    assert before["at"] <= moment
    assert after["events"][-1][0] > before["events"][-1][0]


def test_a_time_of_day_is_a_moment(recorded: tuple[Past, dict[str, str], float]) -> None:
    past, _, moment = recorded
    clock = time.strftime("%H:%M:%S", time.gmtime(moment / 1000))
    assert abs(past.at(clock)["at"] - moment) < 1000
    with pytest.raises(UsageProblem, match="'noon'"):
        past.at("noon")
    with pytest.raises(UsageProblem, match="not a time"):
        past.at(None)


def test_capture_panel_is_at_its_end_and_read_only(tmp_path: Path) -> None:
    with ari_notebook.connect() as ari, ari.capture(tmp_path / "calls.jsonl"):
        phone = ari.call("1000", caller="Alice <5551>")
        ari.wait_for("StasisStart")
        moment = time.time()
        phone.hangup()
        until(lambda: not ari.tables.channels)
    panel = ari_notebook.open_capture(tmp_path / "calls.jsonl").panel()
    try:
        state = panel._panel_state.all()
        assert state["status"]["recorded"]
        assert state["status"]["readOnly"]
        assert state["channels"]["set"] == {}
        assert state["status"]["end"] >= moment * 1000
        rows = panel._past.at(moment * 1000)["channels"].values()
        assert [row["caller"] for row in rows] == ["Alice <5551>"]
    finally:
        panel.close()
