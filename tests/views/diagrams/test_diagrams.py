"""Ladder and timeline: their content in both forms, and escaping of texts."""

from __future__ import annotations

import io
import re
import struct
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ari_notebook
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.store.request_log import SentRequest
from ari_notebook.views.diagrams.drawing import Drawing
from ari_notebook.views.diagrams.labels import unisolated
from ari_notebook.views.diagrams.mermaid import mermaid
from ari_notebook.views.diagrams.selection import ReceivedEvent, Selected, Selection
from ari_notebook.views.diagrams.sequence import ASTERISK, PROGRAM, Sequence, arrange, sequence
from ari_notebook.views.diagrams.svg import clock, fitted
from ari_notebook.views.diagrams.timeline import draw, tracks, write
from ari_notebook.views.display.html import clean

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
    found = ET.fromstring(drawing.svg).iter(f"{SVG}text")
    return [unisolated("".join(node.itertext())) for node in found]


def shown_by(ari: Session, **chosen: Any) -> Sequence:
    return sequence(ari, Selection(**chosen))


def test_step_has_the_number_of_its_cause(ari: Session) -> None:
    shown = shown_by(ari)
    requests = {step.number: step.label for step in shown.steps if step.sent}
    causes = {step.label.split()[0]: requests[step.cause] for step in shown.steps if step.cause}
    assert causes["ChannelStateChange"] == "answer"
    assert unisolated(causes["PlaybackStarted"]) == "play sound:beep"
    assert causes["StasisEnd"] == "hang up"
    assert "ChannelDtmfReceived" not in causes
    assert [lane.label for lane in shown.lanes] == ["program", "Alice <5551>", "Asterisk"]
    assert (shown.lanes[0], shown.lanes[-1]) == (PROGRAM, ASTERISK)


def test_playback_is_a_bar_on_the_lane_of_its_channel(ari: Session) -> None:
    (bar,) = shown_by(ari).bars
    assert (bar.lane.label, bar.kind, bar.label) == ("Alice <5551>", "playing", "sound:beep")
    assert bar.end is not None
    assert bar.end > bar.begin


def test_ladder_says_operation_path_and_outcome(ari: Session) -> None:
    drawn = texts(ari.ladder())
    assert {"program", "Asterisk", "Alice <5551>"} <= set(drawn)
    assert any(
        re.fullmatch(r"answer · POST /channels/\{id\}/answer → 204, \d+ ms", text) for text in drawn
    )
    assert drawn.count("1") >= 2  # the answer's number, and at the event it made
    assert re.search(r"1\. answer( · POST .*)? → 204, \d+ ms", ari.ladder().text)
    assert "ChannelStateChange Up (of 1)" in ari.ladder().text


def test_ladder_of_one_channel_leaves_out_other_events(ari: Session) -> None:
    channel = ari.events.df.query("type == 'StasisStart'")["channel"].iloc[0]
    said = ari.ladder(channel).text
    assert "answer" in said
    assert "ChannelUserevent" not in said
    assert "ChannelUserevent" in ari.ladder().text
    assert ari.ladder("nosuch").text.startswith("No requests or events yet")


def test_text_form_fits_80_columns(ari: Session) -> None:
    for drawing in (ari.ladder(fold=()), ari.timeline()):
        assert max(len(line) for line in drawing.text.splitlines()) <= 80


def test_variables_in_a_row_are_folded_unless_asked_otherwise(ari: Session) -> None:
    folded, unfolded = ari.ladder().text, ari.ladder(fold=()).text
    assert re.search(r"\+\d+ variables", folded)
    assert "ChannelVarset" not in folded
    assert "ChannelVarset" in unfolded
    assert any(re.fullmatch(r"\+\d+ variables.*", text) for text in texts(ari.ladder()))


@pytest.mark.parametrize("hide", ["variables,media", ["variables", "media"]])
def test_hidden_kinds_are_left_out_and_counted(ari: Session, hide: Any) -> None:
    drawing = ari.ladder(hide=hide)
    assert {"variables", "media"}.isdisjoint(drawing.df["kind"])
    assert re.match(r"\(\d+ hidden\)", drawing.text)


def test_hide_takes_event_types_and_refuses_unknown_kinds(ari: Session) -> None:
    assert "StasisEnd" not in ari.ladder(hide="StasisEnd").text
    with pytest.raises(UsageProblem, match="unknown kind of step: 'variable'") as refused:
        ari.ladder(hide="variable")
    assert "Did you mean variables?" in str(refused.value)


def test_ladder_of_a_call_has_its_channels_only() -> None:
    """It has the events of all its channels, and of no other call."""
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
        assert "add Alice, Bob to talk" in said
        assert "Zoe" not in said
        assert "Zoe" in ari.ladder(call=ids[2]).text


def test_bridge_without_a_name_is_the_beginning_of_its_id() -> None:
    with ari_notebook.connect() as ari:
        ari.call("1000", caller="Alice <5551>")
        bridge, own = ari.bridges.create(), ari.bridges.create(bridgeId="my-own")
        id = ari.wait_for("StasisStart").channel.id
        for each in (bridge, own):
            each.add_channel(channel=id)
            ari.wait_for("ChannelEnteredBridge", bridge=each)
        for said in (ari.ladder().text, ari.timeline().text):
            assert bridge.id not in said
            assert bridge.id[:8] in said
            assert "my-own" in said


def test_last_and_seconds_cut_the_ladder(ari: Session) -> None:
    assert len(shown_by(ari, last=3).steps) == 3
    steps = shown_by(ari).steps
    within = shown_by(ari, seconds=(steps[-1].at - steps[-3].at) + 0.0005).steps
    assert within == steps[-len(within) :]
    assert len(within) < len(steps)
    for last, seconds in ((0, None), (100, 0)):
        with pytest.raises(UsageProblem, match="must be"):
            ari.ladder(last=last, seconds=seconds)


def test_timeline_has_states_media_and_keys(ari: Session) -> None:
    drawn = texts(ari.timeline())
    assert {"Alice <5551>", "Up", "4"} <= set(drawn)
    said = ari.timeline().text
    assert "playing sound:beep" in said
    assert "key 4" in said
    with pytest.raises(UsageProblem, match="last must be"):
        ari.timeline(last=0)


def test_saved_svg_stands_alone(ari: Session, tmp_path: Path) -> None:
    saved = ari.ladder().save(tmp_path / "call")
    assert saved.name == "call.svg"
    assert ET.parse(saved).getroot().tag == f"{SVG}svg"
    assert "color-scheme:light dark" in saved.read_text()
    assert "http" not in saved.read_text().replace("http://www.w3.org/2000/svg", "")


def test_saved_png_has_the_picture_on_white(ari: Session, tmp_path: Path) -> None:
    import matplotlib.image  # takes half a second of every process that collects tests

    drawing = ari.ladder()
    written = drawing.save(tmp_path / "call.png").read_bytes()
    assert written.startswith(b"\x89PNG")
    wide, high = struct.unpack(">II", written[16:24])
    root = ET.fromstring(drawing.svg)
    assert (wide, high) == (2 * int(root.attrib["width"]), 2 * int(root.attrib["height"]))
    assert len(set(matplotlib.image.imread(io.BytesIO(written)).reshape(-1).tolist())) > 20


def test_saved_mermaid_has_every_arrow(ari: Session, tmp_path: Path) -> None:
    written = ari.ladder(fold=()).save(tmp_path / "call.mmd").read_text()
    assert written.startswith("sequenceDiagram\n    participant L0 as program\n")
    assert "L0->>L1: 1. answer" in written
    assert "L1-->>L0: StasisEnd (of 3)" in written
    assert len(written.splitlines()) == 4 + len(ari.ladder(fold=()).sequence.steps)


@pytest.mark.parametrize("ending", [".gif", ".pdf", ".sgv"])
def test_save_refuses_other_endings(ari: Session, tmp_path: Path, ending: str) -> None:
    with pytest.raises(UsageProblem, match=f"cannot be saved as {ending}"):
        ari.ladder().save(tmp_path / f"call{ending}")
    assert list(tmp_path.iterdir()) == []


def test_table_has_the_rows_of_the_ladder(ari: Session) -> None:
    drawing = ari.ladder()
    table = drawing.df
    assert len(table) == len(drawing.sequence.steps)
    answer = table[table["what"] == "answer"].iloc[0]
    assert (answer["sent"], answer["outcome"], answer["number"]) == (True, "204", 1)
    assert table[table["what"] == "ChannelStateChange Up"]["cause"].tolist() == [1]


def event(type: str, second: int, **fields: Any) -> ReceivedEvent:
    at = f"2026-01-01T00:00:{second:02}.000+0000"
    return ReceivedEvent({"type": type, "timestamp": at, **fields}, 0.0, second)


CHANNEL = {"id": "c", "name": "PJSIP/a-1", "state": "Up"}
BRIDGE = {"id": "b", "name": "sales"}
PLAYBACK = {"id": "p", "media_uri": "sound:x", "target_uri": "bridge:b"}


def test_playback_of_a_bridge_is_on_its_members_tracks() -> None:
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


def test_channel_that_comes_back_goes_on() -> None:
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


def test_empty_diagram_has_a_text() -> None:
    assert write([]) == "No channel yet: make a call."


def test_two_ends_of_a_local_channel_are_one_track() -> None:
    one = {"id": "1", "name": "Local/1000@default-0001;1", "state": "Up"}
    two = {"id": "2", "name": "Local/1000@default-0001;2", "state": "Ring"}
    (track,) = tracks([event("StasisStart", 0, channel=one), event("Dial", 1, peer=two)])
    assert {span.label for span in track.spans} == {"Up"}


def test_talk_and_silence_are_bands_of_their_own() -> None:
    (track,) = tracks(
        [
            event("StasisStart", 0, channel=CHANNEL),
            event("ChannelTalkingStarted", 1, channel=CHANNEL),
            event("ChannelTalkingFinished", 3, channel=CHANNEL, duration=2000),
            event("ChannelTalkingStarted", 4, channel=CHANNEL),
            event("ChannelVarset", 6, channel=CHANNEL),
        ]
    )
    spans = [(s.kind, (s.end or 0) - s.begin, s.open) for s in track.spans if s.kind != "state"]
    assert spans == [("talking", 2, False), ("silence", 1, False), ("talking", 2, True)]


def test_keys_that_would_overlap_stand_together() -> None:
    pressed = [
        event("ChannelDtmfReceived", second, channel=CHANNEL, digit=digit)
        for second, digit in ((20, "4"), (20, "2"), (20, "#"), (59, "9"))
    ]
    drawn = draw(tracks([event("StasisStart", 0, channel=CHANNEL), *pressed]))
    assert "<title>keys 42#</title>" in drawn
    assert "<title>key 9</title>" in drawn


@pytest.mark.parametrize("name", ["מרים", "مريم بنت", "漢字", "\ufdfd", "<b>;#%%{x}\n"])
def test_names_from_outside_are_isolated_in_labels(name: str) -> None:
    channel = {"id": "c1", "name": "PJSIP/a", "state": "Up", "caller": {"name": name}}
    request = SentRequest(
        1.0, "POST", "/bridges/b/addChannel", {"channel": "c1"}, None, 204, 7.0, "", "", ""
    )
    made = arrange(
        [request],
        Selected([ReceivedEvent({"type": "StasisStart", "channel": channel}, 0.5, 0)]),
        Selection(),
    )
    label = made.steps[1].label
    assert label == f"add \u2068{clean(name)}\u2069 to \u2068b\u2069"
    assert made.steps[1].tail == " · POST \u2068/bridges/{id}/addChannel\u2069 → 204, 7 ms"
    lines = mermaid(made).splitlines()
    assert len(lines) == 1 + len(made.lanes) + 2
    assert not re.search(r"[<;{%].*[^\w]b>", lines[2])


def test_texts_fit_their_boxes() -> None:
    assert fitted("a long text", 34) == "a lo…"
    assert fitted("short", 100) == "short"
    assert fitted("\u4f60\u597d\u4f60\u597d", 34) == "\u4f60\u597d…"
    assert clock(time.mktime(time.gmtime(0))) == "00:00:00.000"
