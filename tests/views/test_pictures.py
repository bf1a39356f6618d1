"""Ladder and timeline: what is on them, in both forms, and that texts stay texts."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook.client.errors import UsageProblem
from ari_notebook.session import Session
from ari_notebook.views.drawing import Drawing, clock, fitted
from ari_notebook.views.sequence import ASTERISK, PROGRAM, sequence
from ari_notebook.views.timeline import tracks, write

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def ari() -> Iterator[Session]:
    """A session after one call: answered, played to, a key pressed, hung up."""
    with ari_notebook.connect() as session:
        phone = session.call("1003", caller="Alice <5551>")
        channel = session.channels[session.wait_for("StasisStart").channel.id]
        channel.answer()
        playback = channel.play("sound:beep")
        session.wait_for("PlaybackFinished", playback=playback)
        phone.press("4")
        session.wait_for("ChannelDtmfReceived")
        channel.hangup()
        session.wait_for("StasisEnd")
        session.events.user_event("note", application=session.apps[0])
        session.wait_for("ChannelUserevent")
        yield session


def texts(drawing: Drawing) -> list[str]:
    return [node.text or "" for node in ET.fromstring(drawing.svg).iter(f"{SVG}text")]


def test_a_step_knows_the_request_it_came_of(ari: Session) -> None:
    shown = sequence(ari)
    requests = {step.number: step.label for step in shown.steps if step.sent}
    causes = {step.label.split()[0]: requests[step.cause] for step in shown.steps if step.cause}
    assert causes["ChannelStateChange"] == "POST answer"
    assert causes["PlaybackStarted"] == "POST play media=sound:beep"
    assert causes["StasisEnd"] == "DELETE"
    assert "ChannelDtmfReceived" not in causes
    assert shown.lanes[2].label == "Alice <5551>"
    assert shown.lanes[:2] == (PROGRAM, ASTERISK)


def test_the_ladder_has_requests_and_events_with_their_numbers(ari: Session) -> None:
    drawn = texts(ari.ladder())
    assert {"program", "Asterisk", "Alice <5551>", "POST answer → 204"} <= set(drawn)
    assert drawn.count("1") >= 2  # the answer's number, and at the event it made
    assert "1. POST answer → 204" in ari.ladder().text
    assert "ChannelStateChange Up (of 1)" in ari.ladder().text


def test_the_ladder_of_one_channel(ari: Session) -> None:
    channel = ari.events.df.query("type == 'StasisStart'")["channel"].iloc[0]
    said = ari.ladder(channel).text
    assert "POST answer" in said
    assert "ChannelUserevent" not in said
    assert "ChannelUserevent" in ari.ladder().text
    assert ari.ladder("nobody").text.startswith("Nothing has passed yet")


def test_the_ladder_of_one_call() -> None:
    """All of its channels', and nothing of another's."""
    with ari_notebook.connect() as ari:
        ids = []
        for caller in ("Alice <5551>", "Bob <5552>", "Zoe <5559>"):
            ari.call("1000", caller=caller)
            ids.append(ari.wait_for("StasisStart").channel.id)
        bridge = ari.bridges.create(type="mixing", name="talk")
        bridge.add_channel(channel=ids[:2])
        ari.wait_for("ChannelEnteredBridge", channel=ids[1])
        said = ari.ladder(call=ari.channels[ids[1]]).text
        assert all(who in said for who in ("Alice <5551>", "Bob <5552>"))
        assert "addChannel" in said
        assert "Zoe" not in said
        assert "Zoe" in ari.ladder(call=ids[2]).text


def test_the_last_arrows_and_those_of_a_time(ari: Session) -> None:
    assert len(sequence(ari, last=3).steps) == 3
    steps = sequence(ari).steps
    within = sequence(ari, seconds=(steps[-1].at - steps[-3].at) + 0.0005).steps
    assert within == steps[-len(within) :]
    assert len(within) < len(steps)
    for wrong in ({"last": 0}, {"seconds": 0}):
        with pytest.raises(UsageProblem, match="must be"):
            ari.ladder(**wrong)


def test_the_timeline_has_states_media_and_keys(ari: Session) -> None:
    drawn = texts(ari.timeline())
    assert {"Alice <5551>", "Up", "4"} <= set(drawn)
    said = ari.timeline().text
    assert "playing sound:beep" in said
    assert "key 4" in said
    with pytest.raises(UsageProblem, match="last must be"):
        ari.timeline(last=0)


def test_a_saved_picture_is_svg_by_itself(ari: Session, tmp_path: Path) -> None:
    saved = ari.ladder().save(tmp_path / "call")
    assert saved.name == "call.svg"
    assert ET.parse(saved).getroot().tag == f"{SVG}svg"
    assert "color-scheme:light dark" in saved.read_text()
    assert "http" not in saved.read_text().replace("http://www.w3.org/2000/svg", "")


def event(type: str, second: int, **fields: Any) -> tuple[dict[str, Any], float]:
    at = f"2026-01-01T00:00:{second:02}.000+0000"
    return {"type": type, "timestamp": at, **fields}, 0.0


CHANNEL = {"id": "c", "name": "PJSIP/a-1", "state": "Up"}
BRIDGE = {"id": "b", "name": "sales"}
PLAYBACK = {"id": "p", "media_uri": "sound:x", "target_uri": "bridge:b"}


def test_what_a_bridge_plays_those_in_it_hear() -> None:
    (track,) = tracks(
        [
            event("StasisStart", 0, channel=CHANNEL),
            event("ChannelEnteredBridge", 1, channel=CHANNEL, bridge=BRIDGE),
            event("PlaybackStarted", 2, playback=PLAYBACK),
            event("PlaybackFinished", 4, playback=PLAYBACK),
            event("ChannelLeftBridge", 5, channel=CHANNEL, bridge=BRIDGE),
            event("PlaybackStarted", 6, playback=PLAYBACK),
        ]
    )
    spans = {(s.kind, s.label): (s.end or 0) - s.begin for s in track.spans}
    assert spans == {("state", "Up"): 6, ("bridge", "sales"): 4, ("playing", "sound:x"): 2}


def test_a_channel_that_comes_back_goes_on() -> None:
    (track,) = tracks(
        [
            event("StasisStart", 0, channel=CHANNEL),
            event("StasisEnd", 1, channel=CHANNEL),
            event("ChannelVarset", 2, channel=CHANNEL),
            event("StasisStart", 3, channel=CHANNEL),
            event("ChannelDestroyed", 5, channel=CHANNEL),
        ]
    )
    assert [(s.end or 0) - s.begin for s in track.spans] == [1, 2]


def test_nothing_is_said_in_words() -> None:
    assert write([]) == "No channel yet: let somebody call."


def test_texts_fit() -> None:
    assert fitted("a long text", 34) == "a lo…"
    assert fitted("short", 100) == "short"
    assert fitted("\u4f60\u597d\u4f60\u597d", 34) == "\u4f60\u597d…"
    assert clock(time.mktime(time.gmtime(0))) == "00:00:00.000"
