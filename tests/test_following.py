"""Following a server: one order of events through gaps, and nothing left when it cannot begin."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

import ari_notebook
from ari_notebook import following, snapshot
from ari_notebook.client import stream
from ari_notebook.client.rest import Call
from ari_notebook.following import Gap


@pytest.fixture
def asterisk(simulator, monkeypatch):
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    monkeypatch.setattr(stream, "_BACKOFF_FIRST", 0.02)
    return simulator


@pytest.fixture
def ari(asterisk):
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as session:
        yield session


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.01)


def test_what_lives_already_is_in_the_tables_at_once(asterisk):
    asterisk.call("1002")
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as ari:
        assert set(ari.tables.channels) == {item["id"] for item in ari.listed("channels")}
        assert ari.tables.channels


def test_events_that_come_while_the_truth_is_read_follow_it(ari, asterisk, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    read = snapshot.read

    def slow(*args, **kwargs):
        truth = read(*args, **kwargs)
        begun.set()
        go_on.wait(5)
        return truth

    seen = []
    ari.on(["Gap", "DeviceStateChanged"])(lambda event: seen.append(event["type"]))
    monkeypatch.setattr(snapshot, "read", slow)
    asterisk.faults.drop()
    assert begun.wait(5)
    ari.device_states.update("Stasis:lamp", "INUSE")
    until(lambda: ari.events.last("DeviceStateChanged"))
    assert "Stasis:lamp" not in ari.tables.device_states
    assert seen == []
    go_on.set()
    until(lambda: seen == ["Gap", "DeviceStateChanged"])
    assert ari.tables.device_states["Stasis:lamp"]["state"] == "INUSE"


def test_a_connection_lost_again_meanwhile_is_one_gap_from_the_first_loss(
    ari, asterisk, monkeypatch
):
    read, times = snapshot.read, []

    def lost_again(*args, **kwargs):
        times.append(time.time())
        if len(times) == 1:
            asterisk.faults.drop()
            until(lambda: ari.status.state == "reconnecting")
            raise ari_notebook.ConnectionLost("it went again")
        return read(*args, **kwargs)

    monkeypatch.setattr(snapshot, "read", lost_again)
    before = time.time()
    asterisk.faults.drop()
    until(lambda: ari.gaps)
    assert ari.status.reconnects == 2
    assert ari.status.gap_count == 1
    assert ari.gaps[0].start <= before


def test_a_connection_lost_again_while_its_truth_lies_ready(ari, asterisk, monkeypatch):
    """The truth of the second connection counts, and no event misses its handler."""
    begun, go_on, reads = threading.Event(), threading.Event(), []
    read = snapshot.read

    def slow(*args, **kwargs):
        truth = read(*args, **kwargs)
        reads.append(truth)
        if len(reads) == 1:
            begun.set()
            go_on.wait(10)
        return truth

    seen = []
    ari.on(["Gap", "DeviceStateChanged"])(lambda event: seen.append(event["type"]))
    monkeypatch.setattr(snapshot, "read", slow)
    before = time.time()
    asterisk.faults.drop()
    assert begun.wait(5)
    ari.device_states.update("Stasis:lamp", "INUSE")
    until(lambda: ari.events.last("DeviceStateChanged"))
    asterisk.faults.drop()
    ari.device_states.delete("Stasis:lamp")
    until(lambda: ari.status.gap_count == 1)  # the second connection's; the first still reads
    go_on.set()
    until(lambda: seen == ["DeviceStateChanged", "Gap"])
    ari.device_states.update("Stasis:bell", "BUSY")
    until(lambda: "Stasis:bell" in ari.tables.device_states)
    assert "Stasis:lamp" not in ari.tables.device_states
    assert ari.status.gap_count == 1
    assert ari.status.reconnects == 2
    assert before - 60 < ari.gaps[0].start <= ari.gaps[0].end


def test_a_long_wait_for_the_truth_takes_no_memory_for_each_event(ari, asterisk, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    read = snapshot.read

    def slow(*args, **kwargs):
        truth = read(*args, **kwargs)
        begun.set()
        go_on.wait(10)
        return truth

    seen = []
    ari.on("ChannelUserevent")(lambda event: seen.append(event["eventname"]))
    monkeypatch.setattr(snapshot, "read", slow)
    asterisk.faults.drop()
    assert begun.wait(5)
    names = [str(number) for number in range(50)]
    before = ari.log.count
    for name in names:
        ari.events.user_event(name, application=ari.apps[0])
    until(lambda: ari.log.count == before + 50)
    assert ari.following._held == [(before, before + 50)]
    go_on.set()
    until(lambda: seen == names)


@pytest.mark.parametrize("nonsense", [b"", b"null", b"{}", b'["x"]', b'[{"id": 5}]', b"[[]]"])
def test_an_answer_of_another_shape_is_asked_for_again(ari, asterisk, monkeypatch, nonsense):
    asterisk.call("1002")
    until(lambda: len(ari.tables.channels) == len(ari.listed("channels")) > 0)
    transport = ari._own_rest.transport
    send, spoiled = transport.send, []

    def spoiling(call, timeout):
        answer = send(call, timeout)
        if call.path in ("/applications", "/channels", "/endpoints") and len(spoiled) < 3:
            spoiled.append(call.path)
            return replace(answer, content=nonsense)
        return answer

    monkeypatch.setattr(transport, "send", spoiling)
    asterisk.faults.drop()
    until(lambda: ari.gaps)
    assert len(spoiled) == 3
    assert set(ari.tables.channels) == {item["id"] for item in ari.listed("channels")}


@pytest.mark.parametrize("end", ["no answer", "starting"])
def test_a_subscription_outlives_a_server_that_is_not_there_yet(asterisk, monkeypatch, end):
    with ari_notebook.connect(asterisk.url) as ari:
        outlives(ari, asterisk, monkeypatch, end)


def outlives(ari, asterisk, monkeypatch, end):
    app = ari.apps[0]
    ari.applications.subscribe(app, "deviceState:Stasis:lamp")
    transport = ari._own_rest.transport
    send, failed = transport.send, []

    def failing(call, timeout):
        if call.method == "POST" and len(failed) < 2:
            failed.append(call)
            if end == "no answer":
                raise ari_notebook.OutcomeUnknown("nothing came")
            return replace(send(Call("GET", "/asterisk/ping"), timeout), status=503)
        return send(call, timeout)

    monkeypatch.setattr(transport, "send", failing)
    asterisk.faults.restart()
    until(lambda: ari.gaps)
    assert len(failed) == 2
    assert ari.gaps[0].lost_subscriptions == []
    found = ari.request("GET", f"/applications/{app}").json()
    assert "Stasis:lamp" in found["device_names"]


def test_nothing_is_left_when_the_first_truth_cannot_be_read(asterisk, monkeypatch):
    def failing(*_args, **_kwargs):
        raise ari_notebook.ServerError("no", status=500)

    monkeypatch.setattr(snapshot, "read", failing)
    before = set(threading.enumerate())
    with pytest.raises(ari_notebook.ServerError):
        ari_notebook.connect(asterisk.url)
    until(lambda: not [t for t in set(threading.enumerate()) - before if "ari-" in t.name])


def test_a_bridge_of_ones_own_is_known_without_any_event(asterisk):
    with ari_notebook.connect(asterisk.url) as ari:  # told of no bridge
        bridge = ari.bridges.create()
        assert bridge.id in ari.tables.bridges
        bridge.destroy()
        assert not ari.tables.bridges
        assert not len(ari.events)


def test_a_device_that_was_removed_is_gone_without_any_event(ari):
    ari.device_states.update("Stasis:lamp", "INUSE")
    until(lambda: "Stasis:lamp" in ari.tables.device_states)
    ari.device_states.delete("Stasis:lamp")
    assert "Stasis:lamp" not in ari.tables.device_states


def test_the_state_of_a_device_that_ari_did_not_make_survives_a_gap(ari, asterisk):
    asterisk.call("1000")  # from a simulated telephone
    ari.wait_for("StasisStart")
    until(lambda: "PJSIP/loopback" in ari.tables.device_states)
    before = ari.tables.device_states["PJSIP/loopback"]
    asterisk.faults.drop()
    until(lambda: ari.gaps)
    assert ari.tables.device_states["PJSIP/loopback"] == before
    assert ari.gaps[0].vanished["device_states"] == []


def test_why_a_playback_failed_is_said(ari):
    told = []
    ari.tell = told.append
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.play("sound:no-such-file")
    ari.wait_for("PlaybackFinished", timeout=5)
    until(lambda: told)
    assert "no-such-file" in told[0]


def test_columns_are_made_while_nobody_computes(ari):
    ari.call("1000")
    ari.wait_for("StasisStart")
    until(lambda: ari.log._in_columns == ari.log.count)


def test_a_thread_that_computes_is_left_alone(ari, monkeypatch):
    follower = ari._follower
    assert any(follower._has_time() for _ in range(20))
    monkeypatch.setattr(following, "_TURN_SECONDS", -1)  # as if every wait had ended late
    assert not follower._has_time()


def test_gaps_are_remembered_up_to_a_thousand_and_counted_for_good():
    gaps = following.Gaps()
    for number in range(1100):
        gaps.append(Gap(number, number + 0.5, "cut", {"channels": ["1.1"]}, {}, []))
    assert (len(gaps), gaps.total) == (1000, 1100)
    assert gaps[0].start == 100
    assert gaps[-1].seconds == 0.5
    assert "0.5 s without events (cut); vanished: 1 channels; appeared: none" in str(gaps[-1])
    gaps.clear()
    assert (len(gaps), gaps.total) == (0, 0)
