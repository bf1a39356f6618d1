"""Queries of the evidence, with a few requests and events of a real session."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.lessons.evidence import Evidence
from tests.lessons.conftest import Student


@pytest.fixture
def channel(student: Student) -> Any:
    return student.call()


def test_requests_and_events_are_in_one_order(student: Student, channel: Any) -> None:
    channel.play("tone:ring", playbackId="mine")
    student.ari.wait_for("PlaybackStarted")
    student.ari.playbacks["mine"].stop()
    student.ari.wait_for("PlaybackFinished")
    seen = Evidence.of(student.ari).about(channel.id)
    came = seen.event("StasisStart")
    asked = seen.request("channels.play", media="tone:ring", after=came)
    begun = seen.event("PlaybackStarted", after=asked)
    stopped = seen.request("playbacks.stop", after=begun)
    assert seen.event("PlaybackFinished", after=stopped)
    assert seen.event("PlaybackFinished", before=stopped) is None
    assert stopped is not None
    assert stopped.worked
    assert stopped.get("playbackId") == "mine"


def test_about_excludes_other_objects(student: Student, channel: Any) -> None:
    other = student.call()
    other.ring()
    seen = Evidence.of(student.ari)
    assert seen.about(channel.id).request("channels.ring") is None
    rung = seen.about(other.id).request("channels.ring")
    assert rung is not None
    assert rung.get("channelId") == other.id
    assert seen.about(channel.id).whole is seen
    assert {channel.id, other.id} <= seen.living


def test_request_is_found_in_every_form(student: Student, channel: Any) -> None:
    ari = student.ari
    ari.request("POST", f"/channels/{channel.id}/play", {"media": "tone:ring"})
    ari.request("POST", f"/channels/{channel.id}/play?media=tone:ring")
    ari.request("POST", f"/channels/{channel.id}/play", body={"media": "tone:ring"})
    ari.channels.play_with_id(channel.id, "another", media="tone:ring")
    assert len(Evidence.of(ari).requests("channels.play", media="tone:ring")) == 4


def test_refused_request_does_not_count(student: Student, channel: Any) -> None:
    with pytest.raises(NotFound):
        student.ari.channels.ring("nosuch")
    seen = Evidence.of(student.ari)
    assert seen.request("channels.ring") is None
    refused = seen.request("channels.ring", worked=False)
    assert refused is not None
    assert refused.status == 404
    assert seen.request("channels.ring", worked=None)


def test_unknown_event_type_in_lesson_raises(student: Student) -> None:
    with pytest.raises(UsageProblem):
        Evidence.of(student.ari).event("StasisStrat")


def test_requests_remain_after_the_log_is_cleared(student: Student, channel: Any) -> None:
    channel.ring()
    student.ari.events.clear()
    seen = Evidence.of(student.ari)
    assert seen.event("StasisStart") is None
    assert seen.request("channels.ring")
