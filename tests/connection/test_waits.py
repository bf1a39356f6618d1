"""Waits: no event since the last request is missed, and none is returned twice."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest

import ari_notebook
from ari_notebook.client.errors import NotFound
from ari_notebook.events import BridgeCreated, DeviceStateChanged
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from tests.helpers.waiting import until


@pytest.fixture
def ari(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    with ari_notebook.connect(simulator.url, subscribe_all=True) as session:
        yield session


def lamp(ari: Session, state: Literal["INUSE", "NOT_INUSE", "BUSY"]) -> None:
    ari.device_states.update("Stasis:lamp", state)


def test_event_before_the_wait_is_found(ari: Session) -> None:
    lamp(ari, "INUSE")
    time.sleep(0.2)
    assert ari.wait_for("DeviceStateChanged", timeout=30).device_state.state == "INUSE"


def test_each_event_is_returned_once_and_in_order(ari: Session) -> None:
    ari.call("1000")
    first, second = (ari.wait_for("ChannelVarset", timeout=30) for _ in range(2))
    places = [i for i in range(len(ari.events)) if ari.events[i] in (dict(first), dict(second))]
    assert places == sorted(places)
    assert dict(first) != dict(second)


def test_events_before_the_last_request_do_not_count(ari: Session) -> None:
    lamp(ari, "INUSE")
    ari.wait_for("DeviceStateChanged")
    lamp(ari, "BUSY")
    time.sleep(0.1)
    ari.bridges.create()
    with pytest.raises(ari_notebook.EventTimeout):
        ari.wait_for("DeviceStateChanged", timeout=0.3)


def test_get_request_is_not_a_cause_of_events(ari: Session) -> None:
    lamp(ari, "INUSE")
    time.sleep(0.1)
    ari.channels.list()
    assert ari.wait_for("DeviceStateChanged", timeout=30).device_state.state == "INUSE"


@pytest.mark.threads
def test_threads_do_not_disturb_each_others_waits(ari: Session) -> None:
    lamp(ari, "INUSE")
    thread = threading.Thread(target=ari.bridges.create)
    thread.start()
    thread.join()
    assert ari.wait_for("DeviceStateChanged", timeout=30).device_state.state == "INUSE"


def test_timeout_lists_received_events(ari: Session) -> None:
    ari.bridges.create()
    with pytest.raises(ari_notebook.EventTimeout) as caught:
        ari.wait_for("StasisStart", timeout=0.5)
    assert "no StasisStart in 0.5 s" in str(caught.value)
    assert "Received instead: BridgeCreated" in str(caught.value)


def test_timeout_without_events_gives_advice(ari: Session) -> None:
    ari.wait_from(ari.log.count)
    with pytest.raises(ari_notebook.EventTimeout, match="No event was received"):
        ari.wait_for("StasisStart", timeout=0.2)


@pytest.mark.threads
def test_closing_ends_a_wait(ari: Session) -> None:
    threading.Timer(0.2, ari.close).start()
    with pytest.raises(ari_notebook.SessionClosed):
        ari.wait_for("StasisStart", timeout=3600)  # a test may not take that long


def test_wait_reports_progress(ari: Session) -> None:
    published: list[float] = []
    with pytest.raises(ari_notebook.EventTimeout):
        ari.wait_for("StasisStart", timeout=0.7, progress=published.append)
    assert published == sorted(published)
    assert 2 <= len(published) <= 5


def test_wait_matches_by_fields(ari: Session) -> None:
    lamp(ari, "INUSE")
    lamp(ari, "BUSY")
    found = ari.wait_for("DeviceStateChanged", device_state__state="BUSY", timeout=30)
    assert found.device_state.state == "BUSY"


@pytest.mark.threads
def test_coroutines_wait_side_by_side(ari: Session) -> None:
    async def both() -> tuple[DeviceStateChanged, BridgeCreated]:
        gathered = asyncio.gather(
            ari.next_event("DeviceStateChanged", timeout=30),
            ari.next_event("BridgeCreated", timeout=30),
        )
        await asyncio.sleep(0.1)
        await asyncio.to_thread(lamp, ari, "INUSE")
        await asyncio.to_thread(ari.bridges.create)
        return await gathered

    device, bridge = asyncio.run(both())
    assert device.device_state.state == "INUSE"
    assert bridge.bridge.id in ari.tables.bridges


@pytest.mark.threads
def test_cancelled_wait_leaves_event_to_the_next(ari: Session) -> None:
    async def impatient() -> DeviceStateChanged:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ari.next_event("DeviceStateChanged", timeout=30), 0.1)
        await asyncio.to_thread(lamp, ari, "INUSE")
        return await ari.next_event("DeviceStateChanged", timeout=5)

    assert asyncio.run(impatient()).device_state.state == "INUSE"
    assert ari.synchronizer._active_waits == 0


@pytest.mark.threads
def test_event_of_a_wait_cancelled_in_time_is_returned_to_the_next(ari: Session) -> None:
    """The wait was cancelled when its event had come, and before its task ran again."""

    async def unlucky() -> None:
        waiting = asyncio.ensure_future(ari.next_event("DeviceStateChanged", timeout=30))
        await asyncio.sleep(0.1)
        other = threading.Thread(target=lamp, args=(ari, "INUSE"))
        other.start()
        other.join()  # the loop does not run meanwhile
        until(lambda: any(each["type"] == "DeviceStateChanged" for each in ari.events))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    ari.wait_from(ari.log.count)
    asyncio.run(unlucky())
    assert ari.wait_for("DeviceStateChanged", timeout=30).device_state.state == "INUSE"


def test_repeated_waits_do_not_search_the_whole_log(
    ari: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        ari.events.user_event(str(number), application=ari.apps[0])
    until(lambda: ari.log.count >= 30)
    looked: list[int] = []
    part = ari.log.part

    def noted(start: int, most: int | None = None) -> object:
        looked.append(start)
        return part(start, most)

    monkeypatch.setattr(ari.log, "part", noted)
    ari.wait_from(0)
    assert ari.wait_for("ChannelUserevent", timeout=30, eventname="20").eventname == "20"
    looked.clear()
    names = [ari.wait_for("ChannelUserevent", timeout=30).eventname for _ in range(28)]
    assert names == [str(number) for number in range(29) if number != 20]
    assert looked == sorted(set(looked))
    # Another wait finds what is left, among what these have seen.
    found = ari.wait_for("ChannelUserevent", timeout=0, eventname=lambda name: int(name) >= 20)
    assert found.eventname == "29"


def test_wait_continues_when_bounded_log_drops_events(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    url = simulator.url
    with ari_notebook.connect(url, subscribe_all=True, keep=3) as ari:
        for state in ("INUSE", "BUSY", "NOT_INUSE", "RINGING", "ONHOLD"):
            ari.device_states.update("Stasis:lamp", state)
        time.sleep(0.2)
        ari.wait_from(0)
        found = [ari.wait_for("DeviceStateChanged", timeout=30) for _ in range(3)]
        assert [each.device_state.state for each in found] == ["NOT_INUSE", "RINGING", "ONHOLD"]
        assert ari.status.dropped == 2


def test_wait_is_not_delayed_by_batched_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a wait, reads of a dense stream pause; here for a minute after every event."""
    monkeypatch.setattr("ari_notebook.client.event_stream._DENSE", 1)
    monkeypatch.setattr("ari_notebook.connection.event_sync._UNAWAITED_SECONDS", 60)
    with ari_notebook.connect() as ari:
        ari.events.user_event("first", application=ari.apps[0])
        while ari.log.count == 0:
            time.sleep(0.01)
        ari.events.user_event("second", application=ari.apps[0])
        time.sleep(0.2)
        assert ari.log.count == 1  # the stream rests
        assert ari.wait_for("ChannelUserevent", timeout=30).eventname == "second"
        for name in ("third", "fourth"):  # not during a wait
            threading.Timer(
                0.2, ari.events.user_event, [name], {"application": ari.apps[0]}
            ).start()
            assert ari.wait_for("ChannelUserevent", timeout=30).eventname == name


def test_request_about_a_missing_object_hides_no_event(ari: Session) -> None:
    channel = ari.channels.originate("Local/1002@default", app="hello-world")
    ari.wait_for("StasisStart", timeout=30, channel=channel)
    channel.hangup()
    until(lambda: channel.id not in ari.tables.channels, 30)
    with pytest.raises(NotFound):
        ari.request("DELETE", f"/channels/{channel.id}")
    assert ari.wait_for("ChannelDestroyed", timeout=30, channel=channel)
