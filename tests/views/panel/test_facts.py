"""Facts that no table has: positions and lengths of playbacks, causes, switches, totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.panel.facts import Facts
from ari_notebook.views.panel.playback_clock import PlaybackClock


def playback(type: str, state: str, media: str = "sound:a", id: str = "p") -> dict[str, Any]:
    fields = {"id": id, "media_uri": media, "target_uri": "channel:c", "state": state}
    return {"type": type, "playback": fields}


def request(
    method: str, path: str, params: Mapping[str, str] = {}, at: float = 0, made: str = ""
) -> SentRequest:
    return SentRequest(at, method, path, dict(params), None, 204, 1.0, "", "", "", made)


def unknown(_media: str) -> float | None:
    return None


@pytest.fixture
def facts() -> Facts:
    return Facts(unknown)


def take(facts: Facts, at: float, *events: dict[str, Any]) -> set[str]:
    return facts.take_events(events, [at] * len(events))


def test_position_advances_stands_while_paused_and_moves() -> None:
    clock = PlaybackClock("channel:c", "sound:a", at=100.0)
    assert clock.now(102) == 2
    clock.control("pause", 102, None)
    assert clock.now(110) == 2
    clock.control("unpause", 110, None)
    assert clock.now(111) == 3
    clock.control("forward", 111, None)
    assert clock.now(111) == 6
    clock.control("reverse", 111, None)
    clock.control("reverse", 111, None)
    assert clock.now(111) == 0
    clock.control("forward", 111, 4.0)
    clock.control("forward", 111, 4.0)  # beyond the end Asterisk goes back from it
    assert clock.now(111) == 1
    clock.control("restart", 120, None)
    assert clock.now(121) == 1
    assert clock.moved


def test_length_is_learned_when_the_medium_plays_to_its_end(facts: Facts) -> None:
    take(facts, 100, playback("PlaybackStarted", "playing"))
    facts.take_requests([request("POST", "/playbacks/p/control", {"operation": "pause"}, at=101)])
    take(facts, 105, playback("PlaybackStarted", "playing"))  # it goes on
    assert facts.length("sound:a") is None
    assert take(facts, 107, playback("PlaybackFinished", "done")) == {"c"}
    assert facts.length("sound:a") == 3
    assert facts.playbacks == {}


def test_length_of_a_stopped_moved_or_failed_playback_is_not_learned(facts: Facts) -> None:
    take(facts, 100, playback("PlaybackStarted", "playing"))
    take(facts, 101, playback("PlaybackFinished", "done"))
    facts.take_requests([request("DELETE", "/playbacks/p")])  # its answer came after the event
    assert facts.length("sound:a") is None
    take(facts, 100, playback("PlaybackStarted", "playing"))
    facts.take_requests([request("POST", "/playbacks/p/control", {"operation": "forward"}, 101)])
    take(facts, 102, playback("PlaybackFinished", "done"))
    assert facts.length("sound:a") is None
    take(facts, 100, playback("PlaybackStarted", "playing"))
    take(facts, 102, playback("PlaybackFinished", "failed"))
    assert facts.length("sound:a") is None


def test_offset_and_skip_are_those_of_the_request(facts: Facts) -> None:
    params = {"offsetms": "5000", "skipms": "1000"}
    take(facts, 100, playback("PlaybackStarted", "playing"))
    facts.take_requests([request("POST", "/channels/c/play", params, made="p")])
    clock = facts.playbacks["p"]
    assert (clock.now(101), clock.skip) == (6, 1)


def test_the_next_medium_of_a_list_begins_at_its_begin(facts: Facts) -> None:
    take(facts, 100, playback("PlaybackStarted", "playing"))
    take(facts, 102, playback("PlaybackContinuing", "continuing"))
    take(facts, 102, playback("PlaybackStarted", "playing", "sound:b"))
    assert facts.length("sound:a") == 2
    assert facts.playbacks["p"].now(103) == 1
    assert facts.playbacks["p"].media == "sound:b"


def test_length_of_a_recording_is_that_of_its_end(facts: Facts) -> None:
    recording = {"name": "said", "target_uri": "bridge:b", "duration": 7}
    assert take(facts, 1, {"type": "RecordingFinished", "recording": recording}) == {""}
    assert facts.length("recording:said") == 7
    assert facts.recordings == {"b": ["said"]}


def test_failed_requests_count_and_change_nothing(facts: Facts) -> None:
    failed = SentRequest(0, "POST", "/channels/c/hold", {}, None, 409, 1.0, "", "", "")
    assert facts.take_requests([failed, request("POST", "/channels/c/mute")]) == {"c"}
    assert facts.switches == {"c": {"muted"}}
    assert facts.totals["failed"] == 1


@pytest.mark.parametrize("fields", [None, 5, {}, {"id": [], "media_uri": 5, "target_uri": None}])
def test_playback_of_any_shape_is_taken(facts: Facts, fields: Any) -> None:
    for type in ("PlaybackStarted", "PlaybackContinuing", "PlaybackFinished"):
        take(facts, 1, {"type": type, "playback": fields})
