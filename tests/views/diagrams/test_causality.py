"""The request that caused an event."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.diagrams.causality import Causes, subjects, touches

CHANNEL = {"id": "c1", "name": "PJSIP/alice-1", "state": "Up"}
OTHER = {"id": "c2", "name": "PJSIP/bob-1", "state": "Up"}
Event = dict[str, Any]


def sent(
    method: str,
    path: str,
    at: float = 1.0,
    status: int = 200,
    made: str = "",
    body: Any = None,
    **params: str,
) -> SentRequest:
    url = "http://x" + path
    return SentRequest(at, method, path, params, body, status, 1.0, "", url, "u", made)


def playback(media: str, id: str = "p1", target: str = "channel:c1", state: str = "done") -> Event:
    return {"playback": {"id": id, "media_uri": media, "target_uri": target, "state": state}}


def recording(name: str) -> Event:
    return {"recording": {"name": name, "target_uri": "channel:c1"}}


def published(type: str, **fields: Any) -> Event:
    return {"type": type, **fields}


@pytest.mark.parametrize(
    ("request_", "event"),
    [
        (sent("POST", "/channels/c1/answer"), published("ChannelStateChange", channel=CHANNEL)),
        (sent("POST", "/channels/c1/hold"), published("ChannelHold", channel=CHANNEL)),
        (sent("DELETE", "/channels/c1"), published("ChannelDestroyed", channel=CHANNEL)),
        (sent("POST", "/channels/c1/continue"), published("StasisEnd", channel=CHANNEL)),
        (
            sent("POST", "/channels/c1/play", made="p1"),
            published("PlaybackStarted", **playback("sound:a")),
        ),
        (
            sent("POST", "/bridges/b1/addChannel", channel="c0,c1"),
            published("ChannelEnteredBridge", bridge={"id": "b1"}, channel=CHANNEL),
        ),
        (sent("POST", "/channels", made="c1"), published("StasisStart", channel=CHANNEL)),
        (sent("POST", "/channels", made="c1"), published("Dial", peer=CHANNEL)),
        (sent("POST", "/channels/c0/snoop", made="c1"), published("StasisStart", channel=CHANNEL)),
        (
            sent("POST", "/channels/c1/record", made="r1", name="r1"),
            published("RecordingStarted", **recording("r1")),
        ),
        (sent("DELETE", "/channels/c1"), published("RecordingFinished", **recording("r1"))),
        (
            sent("POST", "/channels", made="c1", body={"variables": {"A": "1"}}),
            published("ChannelVarset", channel=CHANNEL, variable="A"),
        ),
        (sent("POST", "/events/user/note"), published("ChannelUserevent", eventname="note")),
        (
            sent("PUT", "/deviceStates/Stasis%3Adesk"),
            published("DeviceStateChanged", device_state={"name": "Stasis:desk"}),
        ),
    ],
)
def test_effects_of_requests_are_found(request_: SentRequest, event: Event) -> None:
    others = [sent("GET", "/channels/c1"), request_, sent("GET", "/channels/c1")]
    assert Causes(others).of(event, 2.0) == 1


@pytest.mark.parametrize("type", ["ChannelDtmfReceived", "ChannelTalkingStarted", "Unheard"])
def test_events_without_request_have_no_cause(type: str) -> None:
    requests = [sent("POST", "/channels/c1/answer"), sent("POST", "/channels/c1/dtmf")]
    assert Causes(requests).of({"type": type, "channel": CHANNEL}, 2.0) is None


def test_request_that_came_later_failed_or_was_for_another_is_no_cause() -> None:
    requests = [
        sent("POST", "/channels/c2/answer"),
        sent("POST", "/channels/c1/answer", status=409),
        sent("POST", "/channels/c1/answer", at=3.0),
    ]
    event = {"type": "ChannelStateChange", "channel": CHANNEL}
    assert Causes(requests).of(event, 2.0) is None


def test_two_simultaneous_objects_have_their_own_requests() -> None:
    """Also where both are the same sound; who calls meanwhile has none."""
    requests = [
        sent("POST", "/channels/c1/play", made="p1", media="sound:one"),
        sent("POST", "/channels/c1/play", made="p2", media="sound:one"),
        sent("POST", "/channels", made="c1"),
        sent("POST", "/channels", made="c2"),
    ]
    causes = Causes(requests)
    for id, place in (("p1", 0), ("p2", 1)):
        assert causes.of(published("PlaybackStarted", **playback("sound:one", id)), 2.0) == place
    for id, cause in (("c1", 2), ("c2", 3), ("c3", None)):
        assert causes.of(published("StasisStart", channel={"id": id}), 2.0) == cause


def test_two_channels_entering_a_bridge_have_their_own_requests() -> None:
    requests = [sent("POST", "/bridges/b1/addChannel", channel=id) for id in ("c1", "c2")]
    event = {"type": "ChannelEnteredBridge", "bridge": {"id": "b1"}, "channel": CHANNEL}
    assert Causes(requests).of(event, 2.0) == 0


def test_bridge_members_events_follow_other_members_requests() -> None:
    requests = [
        sent("POST", "/bridges/b1/addChannel", 1.0, channel="c1,c2"),
        sent("POST", "/bridges/b2/addChannel", 3.0, channel="c2"),
    ]
    causes, line = Causes(requests), published("ChannelConnectedLine", channel=CHANNEL)
    assert causes.of(line, 0.5) is None
    both = {"id": "b1", "channels": ["c1", "c2"]}
    causes.of(published("ChannelEnteredBridge", bridge=both, channel=OTHER), 2.0)
    assert causes.of(line, 2.0) == 0
    alone = {"id": "b1", "channels": ["c1"]}
    assert causes.of(published("ChannelLeftBridge", bridge=alone, channel=OTHER), 4.0) == 1
    assert causes.of(line, 4.0) == 1


def test_interruption_of_a_playback_is_not_its_cause() -> None:
    causes = Causes([sent("POST", "/channels/c1/play", made="p1"), sent("DELETE", "/channels/c1")])
    for state, place in (("done", 0), ("failed", 1)):
        event = published("PlaybackFinished", **playback("sound:a", state=state))
        assert causes.of(event, 2.0) == place


def test_variable_of_another_request_or_dialplan_is_not_linked() -> None:
    requests = [
        sent("POST", "/channels/c1/variable", variable="A"),
        sent("POST", "/channels/c1/variable", variable="B"),
    ]
    causes = Causes(requests)
    for name, place in (("A", 0), ("B", 1), ("BRIDGEPEER", None)):
        assert causes.of(published("ChannelVarset", channel=CHANNEL, variable=name), 2.0) == place


def test_subjects_are_the_nearest_first() -> None:
    event = {"bridge": {"id": "b1"}, "channel": CHANNEL, **playback("sound:a", target="bridge:b2")}
    assert list(subjects(event)) == [
        ("playback", "p1"),
        ("bridge", "b2"),
        ("channel", "c1"),
        ("bridge", "b1"),
    ]


@pytest.mark.parametrize(
    "event",
    [{"channel": 5}, {"bridge": {"id": None, "channels": 7}}, {"playback": []}, {}],
)
def test_events_of_strange_forms_have_no_subject(event: dict[str, Any]) -> None:
    assert list(subjects(event)) == []
    for type in ("ChannelEnteredBridge", "ChannelConnectedLine", "DeviceStateChanged"):
        assert Causes([]).of({**event, "type": type, "device_state": 5}, 1.0) is None


def test_request_names_ids_in_path_and_parameters() -> None:
    request = sent("POST", "/bridges/b%2F1/addChannel", channel="c1,c2")
    assert {"b/1", "c1", "c2"} <= touches(request)
    assert "c3" in touches(sent("POST", "/channels", made="c3"))
