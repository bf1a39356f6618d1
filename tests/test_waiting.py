"""Waits: nothing that came since the last request is missed, nothing is returned twice."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

import ari_notebook


@pytest.fixture
def ari(simulator, monkeypatch):
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    with ari_notebook.connect(simulator.url, subscribe_all=True) as session:
        yield session


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.01)


def lamp(ari, state):
    ari.device_states.update("Stasis:lamp", state)


def test_an_event_that_beat_the_wait_is_found(ari):
    lamp(ari, "INUSE")
    time.sleep(0.2)
    assert ari.wait_for("DeviceStateChanged", timeout=1).device_state.state == "INUSE"


def test_each_event_is_returned_once_and_in_order(ari):
    ari.call("1000")
    first, second = (ari.wait_for("ChannelVarset", timeout=5) for _ in range(2))
    places = [i for i in range(len(ari.events)) if ari.events[i] in (dict(first), dict(second))]
    assert places == sorted(places)
    assert dict(first) != dict(second)


def test_events_before_the_last_request_do_not_count(ari):
    lamp(ari, "INUSE")
    ari.wait_for("DeviceStateChanged")
    lamp(ari, "BUSY")
    time.sleep(0.1)
    ari.bridges.create()
    with pytest.raises(ari_notebook.EventTimeout):
        ari.wait_for("DeviceStateChanged", timeout=0.3)


def test_asking_is_no_request_that_events_could_come_of(ari):
    lamp(ari, "INUSE")
    time.sleep(0.1)
    ari.channels.list()
    assert ari.wait_for("DeviceStateChanged", timeout=1).device_state.state == "INUSE"


def test_threads_do_not_disturb_each_others_waits(ari):
    lamp(ari, "INUSE")
    thread = threading.Thread(target=ari.bridges.create)
    thread.start()
    thread.join()
    assert ari.wait_for("DeviceStateChanged", timeout=2).device_state.state == "INUSE"


def test_a_time_out_says_what_came_instead(ari):
    ari.bridges.create()
    with pytest.raises(ari_notebook.EventTimeout) as caught:
        ari.wait_for("StasisStart", timeout=0.5)
    assert "no StasisStart in 0.5 s" in str(caught.value)
    assert "What came instead: BridgeCreated" in str(caught.value)


def test_a_time_out_without_any_event_asks_the_right_question(ari):
    ari.wait_from(ari.log.count)
    with pytest.raises(ari_notebook.EventTimeout, match="Nothing came at all"):
        ari.wait_for("StasisStart", timeout=0.2)


def test_closing_ends_a_wait(ari):
    threading.Timer(0.2, ari.close).start()
    with pytest.raises(ari_notebook.SessionClosed):
        ari.wait_for("StasisStart", timeout=3600)  # a test may not take that long


def test_progress_is_told_while_it_waits(ari):
    told = []
    with pytest.raises(ari_notebook.EventTimeout):
        ari.wait_for("StasisStart", timeout=0.7, progress=told.append)
    assert told == sorted(told)
    assert 2 <= len(told) <= 5


def test_a_wait_finds_what_it_wants_among_fields(ari):
    lamp(ari, "INUSE")
    lamp(ari, "BUSY")
    found = ari.wait_for("DeviceStateChanged", device_state__state="BUSY", timeout=2)
    assert found.device_state.state == "BUSY"


def test_coroutines_wait_side_by_side(ari):
    async def both():
        waits = [
            ari.next_event("DeviceStateChanged", timeout=3),
            ari.next_event("BridgeCreated", timeout=3),
        ]
        gathered = asyncio.gather(*waits)
        await asyncio.sleep(0.1)
        await asyncio.to_thread(lamp, ari, "INUSE")
        await asyncio.to_thread(ari.bridges.create)
        return await gathered

    device, bridge = asyncio.run(both())
    assert device.device_state.state == "INUSE"
    assert bridge.bridge.id in ari.tables.bridges


def test_a_wait_that_is_given_up_leaves_the_event_to_the_next(ari):
    async def impatient():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ari.next_event("DeviceStateChanged", timeout=30), 0.1)
        await asyncio.to_thread(lamp, ari, "INUSE")
        return await ari.next_event("DeviceStateChanged", timeout=5)

    assert asyncio.run(impatient()).device_state.state == "INUSE"
    assert ari.following._waits == 0


def test_an_event_that_was_taken_for_nobody_is_given_back(ari):
    """The wait was given up when the event had been taken, and before anybody got it."""

    async def unlucky():
        waiting = asyncio.ensure_future(ari.next_event("DeviceStateChanged", timeout=30))
        await asyncio.sleep(0.1)
        other = threading.Thread(target=lamp, args=(ari, "INUSE"))
        other.start()
        other.join()  # the loop does not run meanwhile
        until(lambda: ari.following._waits == 0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    ari.wait_from(ari.log.count)
    asyncio.run(unlucky())
    assert ari.wait_for("DeviceStateChanged", timeout=1).device_state.state == "INUSE"


def test_waits_for_the_same_do_not_look_through_everything_each_time(ari, monkeypatch):
    for number in range(30):
        ari.events.user_event(str(number), application=ari.apps[0])
    until(lambda: ari.log.count >= 30)
    looked = []
    part = ari.log.part
    monkeypatch.setattr(
        ari.log, "part", lambda start, most=None: (looked.append(start), part(start, most))[1]
    )
    ari.wait_from(0)
    assert ari.wait_for("ChannelUserevent", timeout=1, eventname="20").eventname == "20"
    looked.clear()
    names = [ari.wait_for("ChannelUserevent", timeout=1).eventname for _ in range(28)]
    assert names == [str(number) for number in range(29) if number != 20]
    assert looked == sorted(set(looked))
    # Another wait finds what is left, among what these have seen.
    ask = {"eventname": lambda name: int(name) >= 20}
    assert ari.wait_for("ChannelUserevent", timeout=0, **ask).eventname == "29"


def test_a_bounded_log_loses_what_it_must_and_the_wait_goes_on(simulator, monkeypatch):
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    url = simulator.url
    with ari_notebook.connect(url, subscribe_all=True, keep=3) as ari:
        for state in ("INUSE", "BUSY", "NOT_INUSE", "RINGING", "ONHOLD"):
            ari.device_states.update("Stasis:lamp", state)
        time.sleep(0.2)
        ari.wait_from(0)
        found = [ari.wait_for("DeviceStateChanged", timeout=1) for _ in range(3)]
        assert [each.device_state.state for each in found] == ["NOT_INUSE", "RINGING", "ONHOLD"]
        assert ari.status.dropped == 2


def test_a_wait_is_not_kept_by_a_stream_that_is_read_seldom(monkeypatch):
    """While nobody waits, a dense stream rests; here after every event, and for a minute."""
    monkeypatch.setattr("ari_notebook.client.stream._DENSE", 1)
    monkeypatch.setattr("ari_notebook.following._UNAWAITED_SECONDS", 60)
    with ari_notebook.connect() as ari:
        ari.events.user_event("first", application=ari.apps[0])
        while ari.log.count == 0:
            time.sleep(0.01)
        ari.events.user_event("second", application=ari.apps[0])
        time.sleep(0.2)
        assert ari.log.count == 1  # the stream rests
        assert ari.wait_for("ChannelUserevent", timeout=5).eventname == "second"
        for name in ("third", "fourth"):  # while somebody waits it does not
            threading.Timer(
                0.2, ari.events.user_event, [name], {"application": ari.apps[0]}
            ).start()
            assert ari.wait_for("ChannelUserevent", timeout=5).eventname == name
