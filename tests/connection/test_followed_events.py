"""Followed events: all of an object's events, once and in order; and the ends of media."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook import AriError, EventTimeout, Session, UsageProblem
from ari_notebook.connection.followed_events import EventRouter, FollowedEvents
from ari_notebook.simulator import RunningSimulator
from tests.helpers.servers import Event
from tests.helpers.waiting import until

DIALPLAN = "[default]\nexten => 1,1,Stasis(flows)\n"


@pytest.fixture(scope="module")
def ari() -> Iterator[Session]:
    with ari_notebook.simulator.start(speed=10) as simulator:
        simulator.set_dialplan(DIALPLAN)
        with connected(simulator) as session:
            yield session


def connected(simulator: RunningSimulator) -> Session:
    user, password = simulator.credentials
    session = ari_notebook.connect(simulator.url, "flows", user, password)
    callers[session.name] = simulator
    return session


callers: dict[str, RunningSimulator] = {}


def digits(channel: str, *keys: str) -> list[Event]:
    return [
        {"type": "ChannelDtmfReceived", "digit": key, "channel": {"id": channel}} for key in keys
    ]


def followed(router: EventRouter, *objects: str, most: int = 100) -> FollowedEvents:
    made = FollowedEvents(router, objects, most=most)
    router.add(made, objects)
    return made


def test_router_passes_only_events_of_followed_objects() -> None:
    router = EventRouter()
    events = followed(router, "a")
    router.offer([*digits("b", "1"), *digits("a", "2", "3")], 0)
    assert [each["digit"] for each in events.until(0)] == ["2", "3"]


def test_event_about_two_followed_objects_is_passed_once() -> None:
    router = EventRouter()
    events = followed(router, "a", "b")
    router.offer([{"type": "Dial", "caller": {"id": "a"}, "peer": {"id": "b"}}], 0)
    assert len(events) == 1


def test_full_queue_drops_and_counts_the_oldest() -> None:
    router = EventRouter()
    events = followed(router, "a", most=3)
    router.offer(digits("a", *"12345"), 0)
    assert ([each["digit"] for each in events.until(0)], events.lost) == (["3", "4", "5"], 2)


def test_iteration_ends_with_the_last_object() -> None:
    router = EventRouter()
    events = followed(router, "a", "p")
    router.offer(digits("a", "1"), 0)
    router.offer([{"type": "StasisEnd", "channel": {"id": "a"}}], 1)
    router.offer([{"type": "PlaybackFinished", "playback": {"id": "p"}}], 2)
    assert [each["type"] for each in events] == [
        "ChannelDtmfReceived",
        "StasisEnd",
        "PlaybackFinished",
    ]
    with pytest.raises(EventTimeout, match="no more events of a, p"):
        events.wait()


def test_object_added_and_discarded_while_followed() -> None:
    router = EventRouter()
    events = followed(router, "a")
    events.add("b")
    router.offer(digits("b", "1"), 0)
    events.discard("b")
    router.offer(digits("b", "2"), 0)
    assert [each["digit"] for each in events.until(0)] == ["1"]


def test_closed_session_ends_a_wait_with_an_error() -> None:
    router = EventRouter()
    events = followed(router, "a")
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            events.wait(30)
        except AriError as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    router.fail(ari_notebook.SessionClosed("the session is closed"))
    thread.join(30)
    assert isinstance(ended[0], ari_notebook.SessionClosed)


def test_empty_bound_is_refused() -> None:
    with pytest.raises(UsageProblem, match="at least one event"):
        FollowedEvents(EventRouter(), ["a"], most=0)


def test_follow_returns_events_from_before_it_was_called(ari: Session) -> None:
    call = callers[ari.name].call("1")
    channel = ari.wait_for("StasisStart").channel.id
    ari.channels[channel].answer()
    call.press("123")
    until(lambda: sum(each["type"] == "ChannelDtmfReceived" for each in ari.events) >= 3)
    with ari.follow(channel=channel) as events:
        call.press("45")
        until(lambda: sum(each["type"] == "ChannelDtmfReceived" for each in ari.events) >= 5)
        call.hangup()
        seen = [each.get("digit", each["type"]) for each in events]
    assert seen[0] == "StasisStart"
    assert [each for each in seen if each in "12345"] == list("12345")
    assert seen[-1] == "StasisEnd"


def test_follow_includes_playbacks_of_the_channel(ari: Session) -> None:
    call = callers[ari.name].call("1")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    with ari.follow("PlaybackFinished", channel=channel) as events:
        playback = channel.play("sound:hello", wait=True)
        assert events.wait(30)["playback"]["id"] == playback.id
    call.hangup()


def test_play_with_wait_returns_when_heard(ari: Session) -> None:
    call = callers[ari.name].call("1")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    playback = channel.play("sound:hello", wait=True)
    assert playback.state == "done"
    assert playback.wait() == playback  # over already
    call.hangup()


def test_wait_for_failed_playback_says_why(ari: Session) -> None:
    call = callers[ari.name].call("1")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    with pytest.raises(AriError, match="no-such-sound"):
        channel.play("sound:no-such-sound", wait=True)
    call.hangup()


def test_recording_wait_returns_when_it_is_stored(ari: Session) -> None:
    call = callers[ari.name].call("1")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.answer()
    recording = channel.record("waited", "wav", maxDurationSeconds=1, ifExists="overwrite")
    assert recording.wait(30).name == "waited"
    assert "waited" in [each.name for each in ari.recordings.list_stored()]
    call.hangup()


def test_wait_longer_than_its_timeout_raises(ari: Session) -> None:
    call = callers[ari.name].call("1")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    playback = channel.play("tone:ring")
    with pytest.raises(EventTimeout, match="is not over after"):
        playback.wait(0.05)
    call.hangup()


def test_wait_any_returns_the_name_of_what_came_first(ari: Session) -> None:
    call = callers[ari.name].call("1")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.answer()
    call.press("7")
    name, event = ari.wait_any(
        key=ari_notebook.event("ChannelDtmfReceived", channel=channel),
        over=ari_notebook.event("StasisEnd", channel=channel),
        timeout=30,
    )
    assert (name, event["digit"]) == ("key", "7")
    call.hangup()
    name, _ = ari.wait_any("StasisEnd", "ChannelDestroyed", timeout=30)
    assert name == "StasisEnd"


def test_wait_any_of_nothing_is_refused(ari: Session) -> None:
    with pytest.raises(UsageProblem, match="nothing to wait for"):
        ari.wait_any()


def test_gap_is_followed_and_ends_vanished_objects() -> None:
    router = EventRouter()
    events, other = followed(router, "a"), followed(router, "b")
    router.offer([{"type": "Gap", "vanished": {"channels": ["a"]}, "appeared": {}}], 0)
    assert [each["type"] for each in events] == ["Gap"]
    assert [each["type"] for each in other.until(0)] == ["Gap"]
    router.offer(digits("b", "1"), 1)
    assert other.wait(0)["digit"] == "1"
