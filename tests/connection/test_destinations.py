"""Destinations that do not exist, and ends without an event, on both servers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from tests.helpers.servers import Server
from tests.helpers.waiting import until

_LOGGER = "ari_notebook.connection"


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url, user=exchange_server.user) as session:
        yield session


def _enter(ari: Session) -> Any:
    ari.call("1000")
    ari.wait_for("StasisStart", timeout=30)
    return ari.current_channel


def _say(ari: Session) -> list[str]:
    said: list[str] = []
    ari.notices.add_listener(said.append)
    return said


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ({"extension": "nosuch"}, "the dialplan has no extension nosuch@default: the call "),
        ({"context": "nosuch"}, "the dialplan has no extension s@nosuch: the call ends"),
        (
            {"extension": "1002", "priority": 99},
            "extension 1002@default has no priority 99: the call ends",
        ),
    ],
)
def test_continue_to_missing_location_is_reported_and_logged(
    ari: Session, place: dict[str, Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    channel, said = _enter(ari), _say(ari)
    with caplog.at_level(logging.WARNING, _LOGGER):
        channel.continue_in_dialplan(**place)
    assert len(said) == 1
    assert said[0].startswith(says)
    assert said[0] in caplog.messages


@pytest.mark.parametrize(
    "place", [{}, {"extension": "1002"}, {"context": "default", "extension": "1002"}]
)
def test_continue_to_existing_location_reports_nothing(ari: Session, place: dict[str, Any]) -> None:
    channel, said = _enter(ari), _say(ari)
    channel.continue_in_dialplan(**place)
    ari.wait_for("StasisEnd", timeout=30)
    assert said == []


@pytest.mark.parametrize(
    ("originate", "says"),
    [
        (
            lambda ari: ari.channels.originate("Local/9999@default", app="hello-world"),
            "no extension 9999@default",
        ),
        (
            lambda ari: ari.channels.originate("Local/1002@nosuch", app="hello-world"),
            "no extension 1002@nosuch",
        ),
        (
            lambda ari: ari.channels.create("Local/9999@default", app="hello-world"),
            "no extension 9999@default",
        ),
        (
            lambda ari: ari.channels.originate(
                "Local/1002@default", extension="9999", context="default"
            ),
            "9999@default",
        ),
        (
            lambda ari: ari.channels.originate("Local/1002@default", app="nosuch"),
            "no program is connected as nosuch: the channel ends",
        ),
    ],
    ids=["dialled", "context", "created", "extension", "application"],
)
def test_originate_to_missing_destination_is_reported(
    ari: Session, originate: Callable[[Session], Any], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = _say(ari)
    with caplog.at_level(logging.WARNING, _LOGGER):
        originate(ari)
    assert len(said) == 1
    assert says in said[0]
    assert said[0] in caplog.messages


def test_originate_to_existing_destination_reports_nothing(ari: Session) -> None:
    said = _say(ari)
    ari.channels.originate("Local/1002@default", app="hello-world")
    ari.wait_for("StasisStart", timeout=30)
    ari.channels.originate("Local/1002@default", extension="1002", context="default")
    assert said == []


def test_move_to_missing_application_is_reported_and_logged(
    ari: Session, caplog: pytest.LogCaptureFixture
) -> None:
    channel, said = _enter(ari), _say(ari)
    with caplog.at_level(logging.WARNING, _LOGGER):
        channel.move("other")
        until(lambda: said, 30)
    assert said == [
        f"{channel.name} could not move to other: no program is connected as that application"
    ]
    assert said[0] in caplog.messages


def test_failed_recording_is_reported_and_logged(
    ari: Session, caplog: pytest.LogCaptureFixture
) -> None:
    """A channel that is created and dialled is in a bridge of Asterisk's own."""
    said = _say(ari)
    channel = ari.channels.create("Local/1002@default", app="hello-world")
    ari.wait_for("StasisStart", timeout=30, channel=channel)
    channel.dial()
    ari.wait_for("Dial", timeout=30, peer=channel, dialstatus="ANSWER")
    with caplog.at_level(logging.WARNING, _LOGGER):
        channel.record(f"failed-{time.time()}", format="wav")
        until(lambda: said, 30)
    assert said[0].endswith("failed: Cannot record channel while in bridge")
    assert said[0] in caplog.messages


@pytest.mark.parametrize("leaving", ["remove", "destroy"])
def test_playback_of_left_bridge_ends(ari: Session, leaving: str) -> None:
    """Asterisk unsubscribes an application from the bridge that its last channel leaves."""
    channel, bridge = _enter(ari), ari.bridges.create(type="mixing")
    bridge.add_channel(channel)
    ari.wait_for("ChannelEnteredBridge", timeout=30)
    playback = bridge.play("sound:tt-monkeys")
    ari.wait_for("PlaybackStarted", timeout=30)
    said = _say(ari)
    if leaving == "remove":
        bridge.remove_channel(channel)
    else:
        bridge.destroy()
    finished = ari.wait_for("PlaybackFinished", timeout=30, playback=playback)
    assert finished["playback"]["state"] == "failed"
    assert playback.id not in ari.tables.playbacks
    assert said == []


def test_recording_of_left_bridge_ends(ari: Session) -> None:
    channel, bridge = _enter(ari), ari.bridges.create(type="mixing")
    bridge.add_channel(channel)
    ari.wait_for("ChannelEnteredBridge", timeout=30)
    name = f"left-{time.time()}"
    bridge.record(name, format="wav", maxDurationSeconds=2)
    ari.wait_for("RecordingStarted", timeout=30)
    bridge.remove_channel(channel)
    ari.wait_for("RecordingFinished", timeout=30)
    until(lambda: name not in ari.tables.recordings, 30)
