"""Connections that end in every way there is, on the simulator: each is a gap, told and counted."""

from __future__ import annotations

import importlib
import re
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import ari_notebook
from ari_notebook.client import stream
from ari_notebook.client.frames import PING
from ari_notebook.client.rest import Call

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def asterisk(simulator, monkeypatch):
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    monkeypatch.setattr(stream, "_BACKOFF_FIRST", 0.05)
    yield simulator
    simulator.faults.clear()


@pytest.fixture
def ari(asterisk):
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as session:
        yield session


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda faults: faults.drop(), "closed the connection|broke"),
        (lambda faults: faults.drop(1001), "closed the event socket .code 1001"),
        (lambda faults: faults.restart(), "closed"),
    ],
)
def test_every_end_is_a_gap_with_its_reason(ari, asterisk, end, reason):
    seen = []
    ari.on("Gap")(lambda event: seen.append(event))
    end(asterisk.faults)
    until(lambda: ari.gaps and seen)
    assert re.search(reason, ari.gaps[0].reason)
    assert seen[0]["reason"] == ari.gaps[0].reason
    assert ari.status.gap_count == ari.status.reconnects == 1
    assert ari.events.last("Gap")["from"] == seen[0]["from"]
    assert f"gap: {ari.gaps[0]}" in str(ari.status)


def test_a_bridge_of_ours_with_nobody_in_it_is_there_after_a_gap(exchange_server):
    """Asterisk subscribes nobody to a bridge that it makes."""
    with ari_notebook.connect(exchange_server.url) as ari:
        stays, goes = ari.bridges.create(), ari.bridges.create()
        ari._own_rest.send(Call("DELETE", f"/bridges/{goes.id}"))  # as another program would
        ari._follower.stream.drop()
        until(lambda: ari.gaps)
        assert list(ari.tables.bridges) == [stays.id]
        assert ari.gaps[0].vanished["bridges"] == [goes.id]


def test_silence_past_the_ping_time_ends_the_connection(ari, asterisk, monkeypatch):
    monkeypatch.setattr(stream, "_PING_SECONDS", 0.2)
    monkeypatch.setattr(stream, "_SILENCE_SECONDS", 0.6)
    asterisk.faults.drop()  # the wait for data that was begun before lasts as long as it was to
    until(lambda: ari.status.gap_count == 1)
    asterisk.faults.freeze()
    until(lambda: ari.status.gap_count == 1 and ari.status.state == "reconnecting")
    assert "answers no ping" in ari.status.reason
    asterisk.faults.freeze(False)
    until(lambda: ari.status.gap_count == 2)


def test_a_quiet_connection_that_answers_pings_stays(ari, asterisk, monkeypatch):
    monkeypatch.setattr(stream, "_PING_SECONDS", 0.1)
    monkeypatch.setattr(stream, "_SILENCE_SECONDS", 0.5)
    asterisk.faults.drop()
    until(lambda: ari.status.gap_count == 1)
    time.sleep(1.5)
    assert ari.status.gap_count == ari.status.reconnects == 1


def test_a_machine_that_slept_asks_at_once_whether_anybody_is_there(ari, asterisk, monkeypatch):
    # While a laptop sleeps the monotonic clock stands still: only the wall clock tells.
    wall = time.time()
    clock = SimpleNamespace(monotonic=lambda: 0.0, time=lambda: wall)
    monkeypatch.setattr(stream, "time", clock)
    monkeypatch.setattr(stream, "_PING_SECONDS", 0.1)
    sent = []
    send = ari._follower.stream._send
    monkeypatch.setattr(
        ari._follower.stream,
        "_send",
        lambda opcode, payload: (sent.append(opcode), send(opcode, payload)),
    )
    asterisk.faults.drop()
    until(lambda: ari.status.gap_count == 1)
    time.sleep(0.5)
    assert sent == []
    wall += 3600
    until(lambda: sent == [PING])
    time.sleep(0.3)
    assert sent == [PING]
    assert ari.status.gap_count == 1


def test_a_gap_begins_when_the_machine_fell_asleep(ari, asterisk, monkeypatch):
    """What lay in the socket is read on waking, as the last that came of a connection long lost."""
    clock = SimpleNamespace(monotonic=time.monotonic, time=time.time)
    monkeypatch.setattr(stream, "time", clock)
    asterisk.faults.drop()
    until(lambda: ari.status.gap_count == 1)
    asleep = time.time()
    clock.time = lambda: time.time() + 3600
    ari.device_states.update("Stasis:lamp", "INUSE")
    until(lambda: "Stasis:lamp" in ari.tables.device_states)
    asterisk.faults.drop()
    until(lambda: ari.status.gap_count == 2)
    assert ari.gaps[1].start <= asleep
    assert ari.gaps[1].seconds > 3590


def test_application_taken_over_stops_and_says_so(ari, asterisk):
    told = []
    ari.tell = told.append
    with ari_notebook.connect(asterisk.url):
        until(lambda: ari.status.state == "replaced")
        with pytest.raises(ari_notebook.ApplicationTaken, match="another program connected as"):
            ari.wait_for("StasisStart", timeout=5)
        time.sleep(0.5)
        assert ari.status.state == "replaced"
        assert ari.status.reconnects == 0
    assert any("another program connected" in line for line in told)


def test_attempts_are_spread_and_grow(asterisk, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("ARI_PASSWORD", asterisk.password)
    pauses = []
    with ari_notebook.connect(asterisk.url) as ari:
        follower = ari._follower.stream
        wait = follower._stopping.wait

        def waited(seconds):
            pauses.append(seconds)
            return wait(0)

        monkeypatch.setattr(follower._stopping, "wait", waited)
        asterisk.faults.refuse()
        asterisk.faults.drop()
        until(lambda: len(pauses) > 12)
        asterisk.faults.refuse(False)
        until(lambda: ari.connected)
    assert 0.125 <= pauses[0] <= 0.25
    assert 1 <= pauses[3] <= 2
    assert all(7.5 <= pause <= 15 for pause in pauses[7:12])
    assert len(set(pauses)) == len(pauses)


def test_subscriptions_and_filters_come_back_after_a_restart(ari, asterisk):
    app = ari.apps[0]
    ari.applications.subscribe(app, "deviceState:Stasis:lamp")
    ari.applications.filter(app, filter={"disallowed": [{"type": "ChannelVarset"}]})
    asterisk.faults.restart()
    until(lambda: ari.gaps)
    assert ari.gaps[0].lost_subscriptions == []
    found = ari.request("GET", f"/applications/{app}").json()
    assert found["events_disallowed"] == [{"type": "ChannelVarset"}]
    ari.device_states.update("Stasis:lamp", "INUSE")
    assert ari.wait_for("DeviceStateChanged").device_state.state == "INUSE"


def test_reads_that_fail_meanwhile_are_tried_again(ari, asterisk):
    ari.call("1002")
    until(lambda: len(ari.tables.channels) == len(ari.listed("channels")) > 0)
    asterisk.faults.fail(3)
    asterisk.faults.drop()
    until(lambda: ari.gaps)
    assert set(ari.tables.channels) == {item["id"] for item in ari.listed("channels")}


@pytest.mark.slow
def test_no_thread_socket_or_byte_is_left(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    reconnects = importlib.import_module("reconnects")
    middle, end = reconnects.run(100)
    assert end.threads == middle.threads
    assert end.sockets == middle.sockets
    # Ids of channels that are gone are remembered for a while, some hundred bytes each.
    assert end.bytes - middle.bytes < 80 * 2000
    assert not [t for t in threading.enumerate() if t.name.startswith("ari-")]
