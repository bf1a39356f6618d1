"""What the panel shows, and what of it changed."""

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
from ari_notebook.session import Session
from ari_notebook.views.board import Board


@pytest.fixture(scope="module")
def ari() -> Iterator[Session]:
    with ari_notebook.connect() as session:
        yield session


@pytest.fixture
def board(ari: Session) -> Iterator[Board]:
    yield Board(ari)
    for id in list(ari.tables.channels):
        with contextlib.suppress(ari_notebook.NotFound):  # it has hung up by itself
            ari.channels.hangup(id)
    for id in list(ari.tables.bridges):
        ari.bridges.destroy(id)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def arrives(ari: Session, extension: str = "1000") -> str:
    ari.call(extension, caller="Alice <5551>")
    return str(ari.wait_for("StasisStart").channel.id)


def test_all_has_everything(ari: Session, board: Board) -> None:
    id = arrives(ari)
    said = board.all()
    row = said["channels"]["set"][id]
    assert row["caller"] == "Alice <5551>"
    assert (row["state"], row["exten"], row["context"]) == ("Up", "1000", "default")
    assert said["status"]["state"] == "connected"
    assert ["hangup", "Hang up", ""] in [list(it) for it in said["sets"][row["actions"]]]
    assert said["events"][-1][2] == "StasisStart"


def test_nothing_new_is_no_message(ari: Session, board: Board) -> None:
    board.all()
    assert board.changes() is None


def test_only_rows_that_look_different_are_told(ari: Session, board: Board) -> None:
    id = arrives(ari)
    board.all()
    board.changes()
    ari.channels.set_channel_var(id, variable="A", value="b")
    ari.wait_for("ChannelVarset", variable="A")
    said = board.changes()
    assert said is not None
    assert "channels" not in said  # no row shows a variable
    assert [event[2] for event in said["events"]] == ["ChannelVarset"]
    ari.channels.hangup(id)
    wait_until(lambda: id not in ari.tables.channels)
    said = board.changes()
    assert said is not None
    assert said["channels"]["gone"] == [id]


def test_keys_and_switches_show(ari: Session, board: Board) -> None:
    phone = ari.call("1000")
    id = str(ari.wait_for("StasisStart").channel.id)
    board.all()
    phone.press("4#")
    ari.wait_for("ChannelDtmfReceived", digit="#")
    ari.channels.mute(id)
    ari.channels.hold(id)
    said = board.changes()
    assert said is not None
    row = said["channels"]["set"][id]
    assert (row["keys"], row["switches"]) == ("4#", ["held", "muted"])
    ari.channels.unmute(id)
    said = board.changes()
    assert said is not None
    assert said["channels"]["set"][id]["switches"] == ["held"]


def test_a_bridge_says_what_is_played_to_it_and_recorded_of_it(ari: Session, board: Board) -> None:
    id = arrives(ari)
    bridge = ari.bridges.create(type="mixing", name="sales")
    bridge.add_channel(channel=id)
    bridge.record(name="talk", format="wav")
    ari.wait_for("RecordingStarted")
    playback = bridge.play("sound:hello-world")
    ari.wait_for("PlaybackStarted")
    row = board.all()["bridges"]["set"][bridge.id]
    assert (row["playing"], row["recording"]) == ("sound:hello-world", "talk")
    assert row["channels"] == [id]
    playback.stop()
    ari.wait_for("PlaybackFinished")
    wait_until(lambda: not ari.tables.playbacks)
    said = board.changes()
    assert said is not None
    assert said["bridges"]["set"][bridge.id]["playing"] == ""


def test_a_flood_is_counted_not_shown(ari: Session, board: Board) -> None:
    before = board.all()["events"][-1][0] + 1
    for _ in range(200):
        ari.events.user_event("noise", application=ari.apps[0])
    wait_until(lambda: ari.log.count >= before + 200)
    said = board.changes()
    assert said is not None
    assert len(said["events"]) + said["skipped"] == ari.log.count - before
    assert len(said["events"]) < 100
    sequences = [event[0] for event in said["events"]]
    assert sequences == list(range(ari.log.count - len(sequences), ari.log.count))


def test_an_event_by_its_number(ari: Session, board: Board) -> None:
    arrives(ari)
    number = board.all()["events"][-1][0]
    assert board.event(number) == ari.events[-1]
    assert board.event(number + 1000) is None


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
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_form_of_an_event_stops_it(ari: Session, events: list[dict[str, Any]]) -> None:
    board = Board(ari)
    frames = [json.dumps(event).encode() for event in events]
    ari._follower._on_batch(frames, time.time())
    try:
        json.dumps([board.changes(), board.all()], ensure_ascii=False).encode()
    finally:
        for table in (ari.tables.channels, ari.tables.bridges, ari.tables.playbacks):
            table.clear()
