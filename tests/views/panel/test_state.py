"""The panel's state, and its changes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ari_notebook
from ari_notebook.sessions.session import Session
from ari_notebook.views.panel.state import PanelState
from tests.helpers.waiting import until


@pytest.fixture
def state(ari: Session) -> Iterator[PanelState]:
    yield PanelState(ari)
    for id in list(ari.tables.channels):
        with contextlib.suppress(ari_notebook.NotFound):  # it has hung up by itself
            ari.channels.hangup(id)
    for id in list(ari.tables.bridges):
        ari.bridges.destroy(id)


def arrives(ari: Session, extension: str = "1000") -> str:
    ari.call(extension, caller="Alice <5551>")
    return str(ari.wait_for("StasisStart").channel.id)


def test_all_has_everything(ari: Session, state: PanelState) -> None:
    id = arrives(ari)
    said = state.all()
    row = said["channels"]["set"][id]
    assert row["caller"] == "Alice <5551>"
    assert (row["state"], row["exten"], row["context"]) == ("Up", "1000", "default")
    assert said["status"]["state"] == "connected"
    assert ["hangup", "Hang up", ""] in [list(it) for it in said["sets"][row["actions"]]]
    assert said["events"][-1][2] == "StasisStart"


def test_no_changes_give_no_message(ari: Session, state: PanelState) -> None:
    state.all()
    assert state.changes() is None


def test_only_changed_rows_are_sent(ari: Session, state: PanelState) -> None:
    id = arrives(ari)
    state.all()
    state.changes()
    ari.channels.set_channel_var(id, variable="A", value="b")
    ari.wait_for("ChannelVarset", variable="A")
    said = state.changes()
    assert said is not None
    assert "channels" not in said  # no row shows a variable
    assert [event[2] for event in said["events"]] == ["ChannelVarset"]
    ari.channels.hangup(id)
    until(lambda: id not in ari.tables.channels)
    said = state.changes()
    assert said is not None
    assert said["channels"]["gone"] == [id]


def test_keys_and_switches_show(ari: Session, state: PanelState) -> None:
    phone = ari.call("1000")
    id = str(ari.wait_for("StasisStart").channel.id)
    state.all()
    phone.press("4#")
    ari.wait_for("ChannelDtmfReceived", digit="#")
    ari.channels.mute(id)
    ari.channels.hold(id)
    said = state.changes()
    assert said is not None
    row = said["channels"]["set"][id]
    assert (row["keys"], row["switches"]) == ("4#", ["held", "muted"])
    ari.channels.unmute(id)
    said = state.changes()
    assert said is not None
    assert said["channels"]["set"][id]["switches"] == ["held"]


def test_music_of_a_bridge_shows(ari: Session, state: PanelState) -> None:
    bridge = ari.bridges.create(type="mixing")
    state.all()
    for switch, shown in ((bridge.start_moh, ["music"]), (bridge.stop_moh, [])):
        switch()
        said = state.changes()
        assert said is not None
        assert said["bridges"]["set"][bridge.id]["switches"] == shown
    bridge.destroy()


def test_bridge_says_what_is_played_to_it_and_recorded_of_it(
    ari: Session, state: PanelState
) -> None:
    id = arrives(ari)
    bridge = ari.bridges.create(type="mixing", name="sales")
    bridge.add_channel(channel=id)
    bridge.record(name="talk", format="wav")
    ari.wait_for("RecordingStarted")
    playback = bridge.play("sound:hello-world")
    ari.wait_for("PlaybackStarted")
    row = state.all()["bridges"]["set"][bridge.id]
    assert (row["playing"], row["recording"]) == ("sound:hello-world", "talk")
    assert row["channels"] == [id]
    playback.stop()
    ari.wait_for("PlaybackFinished")
    until(lambda: not ari.tables.playbacks)
    said = state.changes()
    assert said is not None
    assert said["bridges"]["set"][bridge.id]["playing"] == ""


def test_flood_is_counted_not_shown(ari: Session, state: PanelState) -> None:
    before = state.all()["events"][-1][0] + 1
    for _ in range(200):
        ari.events.user_event("noise", application=ari.apps[0])
    until(lambda: ari.log.count >= before + 200)
    said = state.changes()
    assert said is not None
    assert len(said["events"]) + said["skipped"] == said["events"][-1][0] + 1 - before
    assert len(said["events"]) < 100
    sequences = [event[0] for event in said["events"]]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))


def test_event_by_its_number(ari: Session, state: PanelState) -> None:
    arrives(ari)
    number = state.all()["events"][-1][0]
    assert state.event(number) == ari.events[-1]
    assert state.event(number + 1000) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
CHANNEL = st.fixed_dictionaries(
    {"id": st.just("odd"), "name": JSON, "state": JSON, "caller": JSON, "dialplan": JSON},
    optional={"creationtime": JSON, "connected": JSON, "language": JSON},
)
BRIDGE = st.fixed_dictionaries({"id": st.just("odd")}, optional={"channels": JSON, "name": JSON})
EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["StasisStart", "BridgeCreated", "PlaybackStarted", "Other"])},
    optional={
        "channel": CHANNEL | JSON,
        "bridge": BRIDGE | JSON,
        "playback": JSON,
        "timestamp": JSON,
        "application": JSON,
    },
)


@given(st.lists(EVENT, min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_form_of_an_event_stops_it(ari: Session, events: list[dict[str, Any]]) -> None:
    state = PanelState(ari)
    frames = [json.dumps(event).encode() for event in events]
    ari.synchronizer._on_batch(frames, time.time())
    try:
        json.dumps([state.changes(), state.all()], ensure_ascii=False).encode()
    finally:
        for table in (ari.tables.channels, ari.tables.bridges, ari.tables.playbacks):
            table.clear()


def test_outage_is_the_time_without_a_connection_not_without_events(ari: Session) -> None:
    now = [1000.0]
    state = PanelState(ari, clock=lambda: now[0])
    assert state.all()["status"]["outage"] is None
    now[0] += 3600  # an idle hour
    assert ari.simulator is not None
    ari.simulator.faults.refuse()
    ari.simulator.faults.drop()
    until(lambda: not ari.connected)
    state.changes()
    now[0] += 3
    ari.simulator.faults.clear()
    until(lambda: ari.connected)
    said = state.changes()
    assert said is not None
    assert said["status"]["outage"] == 3000


def test_requests_are_reported_and_can_be_looked_up(ari: Session, state: PanelState) -> None:
    state.all()
    ari.bridges.create(name="sales")
    said = state.changes()
    assert said is not None
    number, _, method, path, status, _, _ = said["requests"][-1]
    assert (method, path, status) == ("POST", "/bridges", 200)
    request = state.request(number)
    assert request is not None
    assert request.params["name"] == "sales"
    assert state.request(10**9) is None


def test_a_playback_has_a_position_and_a_length(ari: Session, state: PanelState) -> None:
    id = arrives(ari)
    playback = ari.channels.play(id, media="sound:tt-monkeys")
    ari.wait_for("PlaybackStarted")
    row = state.all()["channels"]["set"][id]["playback"]
    assert row["id"] == playback.id
    assert (row["position"], row["paused"]) == (0, False)
    assert row["at"] > 0
    assert row["length"] == 16.18  # the simulator knows it before it was played
    ari.playbacks.control(playback.id, operation="pause")
    said = state.changes()
    assert said is not None
    paused = said["channels"]["set"][id]["playback"]
    assert paused["paused"]
    assert 0 < paused["position"] < 16


def test_details_are_variables_and_recordings(ari: Session, state: PanelState) -> None:
    id = arrives(ari)
    ari.channels.set_channel_var(id, variable="COLOUR", value="red")
    ari.wait_for("ChannelVarset", variable="COLOUR")
    ari.channels.record(id, name="panel-test", format="wav")
    ari.recordings.stop("panel-test")
    ari.wait_for("RecordingFinished")
    state.changes()
    assert state.details(id)["variables"]["COLOUR"] == "red"
    assert state.details(id)["recordings"] == ["panel-test"]
