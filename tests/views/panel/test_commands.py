"""The panel's buttons: the requests they send, and messages that are refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.views.panel import commands
from ari_notebook.views.panel.commands import Commands


@pytest.fixture
def id(ari: Session) -> str:
    ari.call("1000")
    return str(ari.wait_for("StasisStart").channel.id)


@pytest.mark.parametrize(
    ("action", "arguments", "request_"),
    [
        ("ring_stop", {}, ("DELETE", "ring", {})),
        ("hold", {}, ("POST", "hold", {})),
        ("mute", {}, ("POST", "mute", {"direction": "both"})),
        ("play", {"media": "sound:beep"}, ("POST", "play", {"media": "sound:beep"})),
        ("send_dtmf", {"dtmf": "1"}, ("POST", "dtmf", {"dtmf": "1"})),
    ],
)
def test_button_is_one_request(
    ari: Session, id: str, action: str, arguments: dict[str, str], request_: tuple[Any, ...]
) -> None:
    assert Commands(ari).do("channels", action, id, arguments) == ""
    method, end, params = request_
    sent = ari.requests.last
    assert sent is not None
    assert (sent.method, sent.path, sent.params) == (method, f"/channels/{id}/{end}", params)


def test_recordings_of_the_panel_have_names_of_their_own(ari: Session, id: str) -> None:
    does = Commands(ari)
    does.do("channels", "record", id, {})
    sent = ari.requests.last
    assert sent is not None
    assert sent.params["name"] == "panel-1"
    does.do("recordings", "stop", "panel-1", {})
    audio = base64.b64decode(does.recording("panel-1"))
    assert audio.startswith(b"RIFF")


def test_recording_that_is_too_long_is_not_sent(
    ari: Session, id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    does = Commands(ari)
    does.do("channels", "record", id, {"name": "long"})
    does.do("recordings", "stop", "long", {})
    monkeypatch.setattr(commands, "_LONGEST_AUDIO", 10)
    with pytest.raises(UsageProblem, match="long is too long to be heard"):
        does.recording("long")


@pytest.mark.parametrize(
    ("kind", "action"),
    [("channels", "snoop_channel"), ("channels", "move"), ("asterisk", "get_info"), ("phone", "")],
)
def test_action_without_button_is_refused(ari: Session, kind: str, action: str) -> None:
    count = ari.requests.count
    with pytest.raises(UsageProblem, match="unknown action"):
        Commands(ari).do(kind, action, "x", {})
    assert ari.requests.count == count


def test_refusal_of_asterisk_is_returned(ari: Session) -> None:
    with pytest.raises(NotFound):
        Commands(ari).do("channels", "answer", "nosuch", {})


def test_telephone_calls_presses_and_hangs_up(ari: Session) -> None:
    does = Commands(ari)
    id = does.do("phone", "call", "", {"extension": "1000", "caller": "Alice <5551>"})
    assert ari.wait_for("StasisStart").channel.caller["name"] == "Alice"
    does.do("phone", "press", "", {"id": id, "digits": "4"})
    assert ari.wait_for("ChannelDtmfReceived").digit == "4"
    does.do("phone", "put_down", "", {"id": id})
    ari.wait_for("StasisEnd")
    with pytest.raises(UsageProblem, match="this call has ended"):
        does.do("phone", "press", "", {"id": id, "digits": "4"})


def test_sounds_are_listed_as_media(ari: Session) -> None:
    sounds = Commands(ari).sounds()
    assert "sound:hello-world" in sounds
    assert all(isinstance(words, str) for words in sounds.values())


def test_phone_that_rings_is_answered(ari: Session) -> None:
    assert ari.simulator is not None
    ari.simulator.phones.add("desk", "Desk <60>", answer_after=None)
    called = ari.channels.originate(endpoint="PJSIP/desk", app=ari.apps[0])
    ari.wait_for("Dial", dialstatus="RINGING")
    does = Commands(ari)
    assert does.do("phone", "answer", "", {"id": called.id}) == called.id
    assert ari.wait_for("StasisStart", channel=called).channel.state == "Up"
    does.do("phone", "press", "", {"id": called.id, "digits": "5"})
    assert ari.wait_for("ChannelDtmfReceived", channel=called).digit == "5"
    does.do("phone", "put_down", "", {"id": called.id})
    ari.wait_for("StasisEnd", channel=called)
    with pytest.raises(UsageProblem, match="does not ring"):
        does.do("phone", "answer", "", {"id": called.id})
