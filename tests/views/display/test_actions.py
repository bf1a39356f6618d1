"""Possible actions of an object: those that a real Asterisk accepts."""

from __future__ import annotations

from typing import Any

import pytest

from ari_notebook.views.display.actions import actions, next_steps

UP = {"state": "Up", "in_stasis": True}


def refusals(model: str, row: dict[str, Any]) -> dict[str, str]:
    return {action.name: action.refused for action in actions(model, row)}


def test_answered_channel() -> None:
    refused = refusals("Channel", UP)
    assert refused["answer"] == "it is answered already"
    assert not any(refused[name] for name in ("play", "hold", "mute", "send_dtmf", "hangup"))


@pytest.mark.parametrize("state", ["Down", "Ringing", "Rsrved"])
def test_channel_without_media_refuses_what_needs_it(state: str) -> None:
    refused = refusals("Channel", {"state": state, "in_stasis": True})
    assert refused["play"] == f"the channel is {state}"
    assert refused["hangup"] == ""


def test_only_a_channel_that_is_down_is_dialled() -> None:
    assert "dial" in next_steps("Channel", {"state": "Down", "in_stasis": True})
    assert "dial" not in refusals("Channel", UP)


def test_channel_outside_stasis_can_be_hung_up() -> None:
    row = {"state": "Up", "in_stasis": False}
    assert next_steps("Channel", row) == ["hangup"]


def test_channel_in_a_bridge_is_recorded_by_the_bridge() -> None:
    assert "record the bridge" in refusals("Channel", {**UP, "bridge": "b"})["record"]


def test_bridge_of_ours_and_one_of_the_dialplan() -> None:
    assert "play" not in next_steps("Bridge", {"channels": []})
    assert "play" in next_steps("Bridge", {"channels": ["c"]})
    assert next_steps("Bridge", {"bridge_class": "basic", "channels": ["c"]}) == []


def test_playbacks_and_recordings_go_on_where_they_pause() -> None:
    assert actions("Playback", {"state": "paused"})[0].label == "Resume"
    assert next_steps("LiveRecording", {"state": "paused"})[0] == "unpause"
    assert next_steps("StoredRecording", {})[-1] == "delete_stored"


def test_read_only_session_does_nothing() -> None:
    assert next_steps("Channel", UP, read_only=True) == []
    assert {action.refused for action in actions("Channel", UP, read_only=True)} == {
        "this session is read-only"
    }


def test_unknown_model_has_no_actions() -> None:
    assert actions("Nothing", {}) == []
