"""Every kind of connection loss on the simulator is a published and counted gap."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

import ari_notebook
from ari_notebook.client import event_stream
from ari_notebook.client.rest import RestRequest
from ari_notebook.client.websocket_frames import PING
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.server.faults import Faults
from benchmarks import reconnects
from tests.helpers.servers import Server
from tests.helpers.waiting import until


@pytest.fixture
def asterisk(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningSimulator]:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    monkeypatch.setattr(event_stream, "_BACKOFF_FIRST", 0.05)
    yield simulator
    simulator.faults.clear()


@pytest.fixture
def ari(asterisk: RunningSimulator) -> Iterator[Session]:
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as session:
        yield session


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda faults: faults.drop(), "closed the connection|broke"),
        (lambda faults: faults.drop(1001), "closed the event socket .code 1001"),
        (lambda faults: faults.restart(), "closed"),
    ],
)
def test_every_end_is_a_gap_with_its_reason(
    ari: Session, asterisk: RunningSimulator, end: Callable[[Faults], None], reason: str
) -> None:
    seen = []
    ari.on("Gap")(lambda event: seen.append(event))
    end(asterisk.faults)
    until(lambda: ari.gaps and seen)
    assert re.search(reason, ari.gaps[0].reason)
    assert seen[0]["reason"] == ari.gaps[0].reason
    assert ari.status.gap_count == ari.status.reconnects == 1
    last = ari.events.last("Gap")
    assert last is not None
    assert last["from"] == seen[0]["from"]
    assert f"gap: {ari.gaps[0]}" in str(ari.status)


def test_empty_bridge_of_the_session_survives_a_gap(exchange_server: Server) -> None:
    """Asterisk does not subscribe an application to a bridge it creates."""
    with ari_notebook.connect(exchange_server.url) as ari:
        stays, goes = ari.bridges.create(), ari.bridges.create()
        ari._parts.rest.send(
            RestRequest("DELETE", f"/bridges/{goes.id}")
        )  # as another program would
        ari.synchronizer.stream.drop()
        until(lambda: ari.gaps)
        assert list(ari.tables.bridges) == [stays.id]
        assert ari.gaps[0].vanished["bridges"] == [goes.id]


def test_silence_past_the_ping_time_ends_the_connection(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "_PING_SECONDS", 0.2)
    monkeypatch.setattr(event_stream, "_SILENCE_SECONDS", 0.6)
    asterisk.faults.drop()  # the wait for data that was begun before lasts as long as it was to
    until(lambda: ari.status.gap_count == 1)
    asterisk.faults.freeze()
    until(lambda: ari.status.gap_count == 1 and ari.status.state == "reconnecting")
    assert "ignores pings" in ari.status.reason
    asterisk.faults.freeze(False)
    until(lambda: ari.status.gap_count == 2)


def test_quiet_connection_that_answers_pings_stays(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "_PING_SECONDS", 0.1)
    monkeypatch.setattr(event_stream, "_SILENCE_SECONDS", 0.5)
    asterisk.faults.drop()
    until(lambda: ari.status.gap_count == 1)
    time.sleep(1.5)
    assert ari.status.gap_count == ari.status.reconnects == 1


def test_connection_is_pinged_at_once_after_suspend(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # During suspend the monotonic clock stops: only the wall clock advances.
    wall = time.time()
    clock = SimpleNamespace(monotonic=lambda: 0.0, time=lambda: wall)
    monkeypatch.setattr(event_stream, "time", clock)
    monkeypatch.setattr(event_stream, "_PING_SECONDS", 0.1)
    sent: list[int] = []
    stream = ari.synchronizer.stream
    assert isinstance(stream, event_stream.Stream)
    send = stream._send

    def noted(opcode: int, payload: bytes) -> None:
        sent.append(opcode)
        send(opcode, payload)

    monkeypatch.setattr(stream, "_send", noted)
    asterisk.faults.drop()
    until(lambda: ari.status.gap_count == 1)
    time.sleep(0.5)
    assert sent == []
    wall += 3600
    until(lambda: sent == [PING])
    time.sleep(0.3)
    assert sent == [PING]
    assert ari.status.gap_count == 1


def test_gap_begins_at_suspend(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data pending in the socket is read after suspend, as the last of the lost connection."""
    clock = SimpleNamespace(monotonic=time.monotonic, time=time.time)
    monkeypatch.setattr(event_stream, "time", clock)
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


def test_application_taken_over_stops_and_says_so(ari: Session, asterisk: RunningSimulator) -> None:
    published: list[str] = []
    ari.notices.add_listener(published.append)
    with ari_notebook.connect(asterisk.url):
        until(lambda: ari.status.state == "replaced")
        with pytest.raises(ari_notebook.ApplicationTaken, match="another program connected as"):
            ari.wait_for("StasisStart", timeout=5)
        time.sleep(0.5)
        assert ari.status.state == "replaced"
        assert ari.status.reconnects == 0
    assert any("another program connected" in line for line in published)


def test_reconnect_delays_grow_at_random(
    asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("ARI_PASSWORD", asterisk.password)
    pauses = []
    with ari_notebook.connect(asterisk.url) as ari:
        follower = ari.synchronizer.stream
        assert isinstance(follower, event_stream.Stream)
        wait = follower._stopping.wait

        def waited(seconds: float) -> bool:
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


def test_subscriptions_and_filters_come_back_after_a_restart(
    ari: Session, asterisk: RunningSimulator
) -> None:
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


def test_failed_snapshot_reads_are_repeated(ari: Session, asterisk: RunningSimulator) -> None:
    ari.call("1002")
    until(lambda: len(ari.tables.channels) == len(ari.listed("channels")) > 0)
    asterisk.faults.fail(3)
    asterisk.faults.drop()
    until(lambda: ari.gaps)
    assert set(ari.tables.channels) == {item["id"] for item in ari.listed("channels")}


@pytest.mark.slow
def test_reconnects_leak_no_thread_socket_or_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest keeps every log record of a test, which would be counted as ours.
    monkeypatch.setattr(logging.getLogger("ari_notebook"), "disabled", True)
    monkeypatch.setattr(logging.getLogger("ari_notebook.connection"), "disabled", True)
    middle, end = reconnects.run(100)
    assert end.threads <= middle.threads
    assert end.sockets <= middle.sockets
    # Ids of channels that are gone are remembered for a while, some hundred bytes each.
    assert end.bytes - middle.bytes < 50 * 2000
    assert not [t for t in threading.enumerate() if t.name.startswith("ari-")]
