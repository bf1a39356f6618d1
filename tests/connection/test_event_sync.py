"""Event synchronization: the order of events through gaps, and cleanup after a failed start."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

import ari_notebook
from ari_notebook.client import event_stream
from ari_notebook.client.errors import EventTimeout
from ari_notebook.client.rest import RestRequest, RestResponse
from ari_notebook.connection import event_sync, rest_snapshot
from ari_notebook.connection.gaps import Gap, Gaps
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from tests.helpers.servers import Server
from tests.helpers.waiting import until


@pytest.fixture
def asterisk(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> RunningSimulator:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    monkeypatch.setattr(event_stream, "_BACKOFF_FIRST", 0.02)
    return simulator


@pytest.fixture
def ari(asterisk: RunningSimulator) -> Iterator[Session]:
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as session:
        yield session


def test_existing_objects_are_in_the_tables_after_connect(asterisk: RunningSimulator) -> None:
    asterisk.call("1002")
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as ari:
        assert set(ari.tables.channels) == {item["id"] for item in ari.listed("channels")}
        assert ari.tables.channels


def test_events_during_snapshot_read_follow_the_snapshot(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    read = rest_snapshot.read

    def slow(*args: Any, **kwargs: Any) -> dict[str, Any]:
        snapshot = read(*args, **kwargs)
        begun.set()
        go_on.wait(30)
        return snapshot

    seen = []
    ari.on(["Gap", "DeviceStateChanged"])(lambda event: seen.append(event["type"]))
    monkeypatch.setattr(rest_snapshot, "read", slow)
    asterisk.faults.drop()
    assert begun.wait(30)
    ari.device_states.update("Stasis:lamp", "INUSE")
    until(lambda: ari.events.last("DeviceStateChanged"))
    assert "Stasis:lamp" not in ari.tables.device_states
    assert seen == []
    go_on.set()
    until(lambda: seen == ["Gap", "DeviceStateChanged"])
    assert ari.tables.device_states["Stasis:lamp"]["state"] == "INUSE"


def test_connection_lost_during_resync_is_one_gap(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, times = rest_snapshot.read, []

    def lost_again(*args: Any, **kwargs: Any) -> dict[str, Any]:
        times.append(time.time())
        if len(times) == 1:
            asterisk.faults.drop()
            until(lambda: ari.status.state == "reconnecting")
            raise ari_notebook.ConnectionLost("it went again")
        return read(*args, **kwargs)

    monkeypatch.setattr(rest_snapshot, "read", lost_again)
    before = time.time()
    asterisk.faults.drop()
    until(lambda: ari.gaps)
    assert ari.status.reconnects == 2
    assert ari.status.gap_count == 1
    assert ari.gaps[0].start <= before


def test_connection_lost_again_before_its_snapshot_is_applied(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot of the second connection counts, and no event misses its handler."""
    begun, go_on, reads = threading.Event(), threading.Event(), []
    read = rest_snapshot.read

    def slow(*args: Any, **kwargs: Any) -> dict[str, Any]:
        snapshot = read(*args, **kwargs)
        reads.append(snapshot)
        if len(reads) == 1:
            begun.set()
            go_on.wait(30)
        return snapshot

    seen = []
    ari.on(["Gap", "DeviceStateChanged"])(lambda event: seen.append(event["type"]))
    monkeypatch.setattr(rest_snapshot, "read", slow)
    before = time.time()
    asterisk.faults.drop()
    assert begun.wait(30)
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


def test_long_snapshot_read_uses_no_memory_per_event(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    read = rest_snapshot.read

    def slow(*args: Any, **kwargs: Any) -> dict[str, Any]:
        snapshot = read(*args, **kwargs)
        begun.set()
        go_on.wait(30)
        return snapshot

    seen = []
    ari.on("ChannelUserevent")(lambda event: seen.append(event["eventname"]))
    monkeypatch.setattr(rest_snapshot, "read", slow)
    asterisk.faults.drop()
    assert begun.wait(30)
    names = [str(number) for number in range(50)]
    before = ari.log.count
    for name in names:
        ari.events.user_event(name, application=ari.apps[0])
    until(lambda: ari.log.count == before + 50)
    assert ari.synchronizer._held == [(before, before + 50)]
    go_on.set()
    until(lambda: seen == names)


@pytest.mark.parametrize("nonsense", [b"", b"null", b"{}", b'["x"]', b'[{"id": 5}]', b"[[]]"])
def test_snapshot_of_wrong_shape_is_requested_again(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch, nonsense: bytes
) -> None:
    asterisk.call("1002")
    until(lambda: len(ari.tables.channels) == len(ari.listed("channels")) > 0)
    transport = ari._parts.rest.transport
    send = transport.send
    spoiled: list[str] = []

    def spoiling(call: RestRequest, timeout: float) -> RestResponse:
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
def test_subscription_is_restored_when_server_returns(
    asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    with ari_notebook.connect(asterisk.url) as ari:
        outlives(ari, asterisk, monkeypatch, end)


def outlives(
    ari: Session, asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    app = ari.apps[0]
    ari.applications.subscribe(app, "deviceState:Stasis:lamp")
    transport = ari._parts.rest.transport
    send = transport.send
    failed: list[RestRequest] = []

    def failing(call: RestRequest, timeout: float) -> RestResponse:
        if call.method == "POST" and len(failed) < 2:
            failed.append(call)
            if end == "no answer":
                raise ari_notebook.OutcomeUnknown("nothing came")
            return replace(send(RestRequest("GET", "/asterisk/ping"), timeout), status=503)
        return send(call, timeout)

    monkeypatch.setattr(transport, "send", failing)
    asterisk.faults.restart()
    until(lambda: ari.gaps)
    assert len(failed) == 2
    assert ari.gaps[0].lost_subscriptions == []
    found = ari.request("GET", f"/applications/{app}").json()
    assert "Stasis:lamp" in found["device_names"]


def test_failed_first_snapshot_leaves_no_thread(
    asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_args: object, **_kwargs: object) -> RestResponse:
        raise ari_notebook.ServerError("no", status=500)

    monkeypatch.setattr(rest_snapshot, "read", failing)
    before = set(threading.enumerate())
    with pytest.raises(ari_notebook.ServerError):
        ari_notebook.connect(asterisk.url)
    until(lambda: not [t for t in set(threading.enumerate()) - before if "ari-" in t.name])


def test_own_bridge_is_in_table_without_event(asterisk: RunningSimulator) -> None:
    with ari_notebook.connect(asterisk.url) as ari:  # subscribed to no bridge
        bridge = ari.bridges.create()
        assert bridge.id in ari.tables.bridges
        bridge.destroy()
        assert not ari.tables.bridges
        assert not len(ari.events)


def test_deleted_device_leaves_table_without_event(ari: Session) -> None:
    ari.device_states.update("Stasis:lamp", "INUSE")
    until(lambda: "Stasis:lamp" in ari.tables.device_states)
    ari.device_states.delete("Stasis:lamp")
    assert "Stasis:lamp" not in ari.tables.device_states


def test_state_of_a_device_that_ari_did_not_make_survives_a_gap(
    ari: Session, asterisk: RunningSimulator
) -> None:
    asterisk.call("1000")  # from a simulated telephone
    ari.wait_for("StasisStart")
    until(lambda: "PJSIP/loopback" in ari.tables.device_states)
    before = ari.tables.device_states["PJSIP/loopback"]
    asterisk.faults.drop()
    until(lambda: ari.gaps)
    assert ari.tables.device_states["PJSIP/loopback"] == before
    assert ari.gaps[0].vanished["device_states"] == []


def test_failed_playback_reason_is_reported(ari: Session) -> None:
    published: list[str] = []
    ari.notices.add_listener(published.append)
    ari.call("1000")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.play("sound:no-such-file")
    ari.wait_for("PlaybackFinished", timeout=30)
    until(lambda: published)
    assert "no-such-file" in published[0]


def test_playback_cut_off_before_its_hangup_event_is_not_explained(ari: Session) -> None:
    notices: list[str] = []
    ari.notices.add_listener(notices.append)
    ended = [
        {"type": "PlaybackStarted", "playback": {"id": "p", "target_uri": "channel:1"}},
        {
            "type": "PlaybackFinished",
            "playback": {
                "id": "p",
                "target_uri": "channel:1",
                "state": "failed",
                "media_uri": "sound:beep",
            },
        },
        {"type": "ChannelHangupRequest", "channel": {"id": "1"}},
    ]
    for event in ended:  # one batch each, as a loaded machine reads them
        ari.synchronizer._on_batch([orjson.dumps(event)], time.time())
    assert ari.synchronizer._failed_playbacks
    until(lambda: not ari.synchronizer._failed_playbacks)
    assert notices == []


def test_events_are_inspected_while_the_processor_is_idle(ari: Session) -> None:
    ari.call("1000")
    ari.wait_for("StasisStart")
    until(lambda: ari.log._inspected == ari.log.count)


def test_computing_thread_is_not_interrupted(ari: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_sync, "_TURN_SECONDS", -1)  # as if every wait had ended late
    inspected = ari.log._inspected
    ari.call("1000")
    ari.wait_for("StasisStart")
    settling = ari.synchronizer._settle()
    for _ in range(6):
        next(settling)
    assert ari.log._inspected == inspected


def test_last_thousand_gaps_are_kept_and_all_are_counted() -> None:
    gaps = Gaps()
    for number in range(1100):
        gaps.append(Gap(number, number + 0.5, "cut", {"channels": ["1.1"]}, {}, []))
    assert (len(gaps), gaps.total) == (1000, 1100)
    assert gaps[0].start == 100
    assert gaps[-1].seconds == 0.5
    assert "0.5 s without events (cut); vanished: 1 channels; appeared: none" in str(gaps[-1])
    gaps.clear()
    assert (len(gaps), gaps.total) == (0, 0)


def test_removed_event_filter_refreshes_tables(exchange_server: Server) -> None:
    notices: list[str] = []
    with ari_notebook.connect(
        exchange_server.url, app="filtered", user=exchange_server.user, subscribe_all=True
    ) as ari:
        ari.notices.add_listener(notices.append)
        channel = ari.channels.originate(endpoint="Local/1002@default", app="filtered")
        ari.wait_for("StasisStart", channel=channel)
        ari.applications.filter("filtered", filter={"allowed": [{"type": "StasisStart"}]})
        assert "filtered passes only StasisStart" in notices[-1]
        assert "event filter of filtered: only StasisStart; tables" in str(ari.status)
        channel.hangup()
        until(lambda: not ari.listed("channels"))
        assert channel.id in ari.tables.channels
        ari.applications.filter("filtered", filter={})
        assert channel.id not in ari.tables.channels
        assert ari.status.event_filters == ()
        again = ari.channels.originate(endpoint="Local/1002@default", app="filtered")
        ari.wait_for("StasisStart", channel=again)
        assert again.id in ari.tables.channels
        again.hangup()


def test_event_filter_found_at_connect_is_in_status(asterisk: RunningSimulator) -> None:
    with ari_notebook.connect(asterisk.url, app="filtered") as ari:
        ari.applications.filter("filtered", filter={"disallowed": [{"type": "ChannelVarset"}]})
        with ari_notebook.connect(asterisk.url, app="filtered") as again:
            assert again.status.event_filters == (("filtered", "no ChannelVarset"),)


def test_event_filter_of_another_program_is_found(exchange_server: Server) -> None:
    with ari_notebook.connect(
        exchange_server.url, app="filtered", user=exchange_server.user, subscribe_all=True
    ) as ari:
        notices: list[str] = []
        ari.notices.add_listener(notices.append)
        channel = ari.channels.originate(endpoint="Local/1002@default", app="filtered")
        ari.wait_for("StasisStart", timeout=30, channel=channel)
        with ari_notebook.connect(
            exchange_server.url, app="other", user=exchange_server.user
        ) as other:
            other.applications.filter("filtered", filter={"allowed": [{"type": "StasisStart"}]})
            with pytest.raises(EventTimeout, match="filtered passes only StasisStart"):
                ari.wait_for("StasisEnd", timeout=0.1, channel=channel)
            assert ["filtered passes only StasisStart" in notice for notice in notices] == [True]
            channel.hangup()
            until(lambda: not ari.listed("channels"), 30)
            assert channel.id in ari.tables.channels
            other.applications.filter("filtered", filter={})
            until(lambda: ari.channels.df.empty, 30)
            assert ari.status.event_filters == ()


def test_subscribe_all_works_for_lingering_application(exchange_server: Server) -> None:
    """Asterisk ignores subscribeAll for an application that has a channel still."""
    url, user = exchange_server.url, exchange_server.user
    with ari_notebook.connect(url, app="lingers", user=user, tidy=False) as first:
        channel = first.channels.originate("Local/1002@default", app="lingers")
        first.wait_for("StasisStart", timeout=30, channel=channel)
    with ari_notebook.connect(url, app="lingers", user=user, subscribe_all=True) as ari:
        other = ari.channels.originate("Local/1002@default", extension="1002", context="default")
        ari.wait_for("ChannelCreated", timeout=30, channel=other)
        assert {channel.id, other.id} <= set(ari.tables.channels)
        ari.channels[channel.id].hangup()
        other.hangup()


def test_refused_subscribe_all_is_reported(
    asterisk: RunningSimulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with ari_notebook.connect(asterisk.url, app="lingers", tidy=False) as first:
        channel = first.channels.originate("Local/1002@default", app="lingers")
        first.wait_for("StasisStart", timeout=30, channel=channel)
    monkeypatch.setenv("ARI_PASSWORD", asterisk.password_of("observer"))
    with ari_notebook.connect(asterisk.url, app="lingers", user="observer", subscribe_all=True):
        assert "lingers was registered before without all events" in caplog.text
