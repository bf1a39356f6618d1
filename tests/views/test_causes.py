"""Which request an event came of."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.requestlog import SentRequest
from ari_notebook.views.causes import cause_of, subjects, touches

CHANNEL = {"id": "c1", "name": "PJSIP/alice-1", "state": "Up"}


def sent(method: str, path: str, at: float = 1.0, status: int = 200, **params: str) -> SentRequest:
    return SentRequest(at, method, path, params, None, status, 1.0, "", "http://x" + path, "u")


def playback(media: str, id: str = "p1", target: str = "channel:c1") -> dict[str, Any]:
    return {"playback": {"id": id, "media_uri": media, "target_uri": target, "state": "playing"}}


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        (sent("POST", "/channels/c1/answer"), {"type": "ChannelStateChange", "channel": CHANNEL}),
        (sent("POST", "/channels/c1/play"), {"type": "PlaybackStarted", **playback("sound:a")}),
        (sent("POST", "/channels/c1/hold"), {"type": "ChannelHold", "channel": CHANNEL}),
        (sent("DELETE", "/channels/c1"), {"type": "ChannelDestroyed", "channel": CHANNEL}),
        (sent("POST", "/channels/c1/continue"), {"type": "StasisEnd", "channel": CHANNEL}),
        (
            sent("POST", "/bridges/b1/addChannel", channel="c0,c1"),
            {"type": "ChannelEnteredBridge", "bridge": {"id": "b1"}, "channel": CHANNEL},
        ),
        (sent("POST", "/channels"), {"type": "StasisStart", "channel": CHANNEL}),
        (
            sent("POST", "/channels/c1/record", name="r1"),
            {"type": "RecordingStarted", "recording": {"name": "r1", "target_uri": "channel:c1"}},
        ),
    ],
)
def test_what_a_request_does(request_: SentRequest, event: dict[str, Any]) -> None:
    others = [sent("GET", "/channels/c1"), request_, sent("GET", "/channels/c1")]
    assert cause_of(event, 2.0, others) == 1


@pytest.mark.parametrize("type", ["ChannelDtmfReceived", "ChannelTalkingStarted", "Unheard"])
def test_what_no_request_does(type: str) -> None:
    requests = [sent("POST", "/channels/c1/answer"), sent("POST", "/channels/c1/dtmf")]
    assert cause_of({"type": type, "channel": CHANNEL}, 2.0, requests) is None


def test_a_request_that_came_later_failed_or_was_for_another_is_no_cause() -> None:
    requests = [
        sent("POST", "/channels/c2/answer"),
        sent("POST", "/channels/c1/answer", status=409),
        sent("POST", "/channels/c1/answer", at=3.0),
    ]
    event = {"type": "ChannelStateChange", "channel": CHANNEL}
    assert cause_of(event, 2.0, requests) is None


def test_of_two_sounds_at_once_each_has_its_request() -> None:
    requests = [
        sent("POST", "/channels/c1/play", media="sound:one,sound:two"),
        sent("POST", "/channels/c1/play", media="sound:three"),
    ]
    for media, place in (("sound:one", 0), ("sound:two", 0), ("sound:three", 1)):
        event = {"type": "PlaybackStarted", **playback(media)}
        assert cause_of(event, 2.0, requests) == place


def test_of_two_who_enter_a_bridge_each_has_its_request() -> None:
    requests = [sent("POST", "/bridges/b1/addChannel", channel=id) for id in ("c1", "c2")]
    event = {"type": "ChannelEnteredBridge", "bridge": {"id": "b1"}, "channel": CHANNEL}
    assert cause_of(event, 2.0, requests) == 0


def test_what_has_no_id_before_it_is_made_is_told_of_at_once() -> None:
    event = {"type": "BridgeCreated", "bridge": {"id": "b1"}}
    requests = [sent("POST", "/bridges", at=1.0)]
    assert cause_of(event, 2.0, requests) == 0
    assert cause_of(event, 60.0, requests) is None


def test_subjects_are_the_nearest_first() -> None:
    event = {"bridge": {"id": "b1"}, "channel": CHANNEL, **playback("sound:a", target="bridge:b2")}
    assert list(subjects(event)) == [
        ("playback", "p1"),
        ("bridge", "b2"),
        ("channel", "c1"),
        ("bridge", "b1"),
    ]


@pytest.mark.parametrize("event", [{"channel": 5}, {"bridge": {"id": None}}, {"playback": []}, {}])
def test_events_of_strange_forms_have_no_subject(event: dict[str, Any]) -> None:
    assert list(subjects(event)) == []


def test_a_request_names_ids_in_path_and_parameters() -> None:
    request = sent("POST", "/bridges/b%2F1/addChannel", channel="c1,c2")
    assert {"b/1", "c1", "c2"} <= touches(request)
