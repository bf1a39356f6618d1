"""Which requests and events a diagram shows of a log that has grown since."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from ari_notebook.store.event_log import EventLog
from ari_notebook.views.diagrams.selection import Selection, read
from tests.helpers.servers import Server
from tests.helpers.waiting import until

LATER = 20_000  # events after which a call was lost once


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    url, user = exchange_server.url, exchange_server.user
    with ari_notebook.connect(url, user=user, app="hello-world") as session:
        yield session


def short_call(ari: Session) -> str:
    """Place a call, play, hang up; return the channel's id."""
    ari.call("1003", caller="Alice <5551>")
    channel = ari.channels[ari.wait_for("StasisStart").channel.id]
    channel.answer()
    channel.play("sound:beep")
    ari.wait_for("PlaybackFinished")
    channel.hangup()
    ari.wait_for("StasisEnd", channel=channel)
    return str(channel.id)


def crowd(log: EventLog, events: int) -> None:
    """Publish events of other channels."""
    frames = [
        orjson.dumps(
            {
                "type": "ChannelDialplan",
                "timestamp": "2026-01-01T00:00:00.000+0000",
                "channel": {"id": f"other-{number % 500}", "name": "PJSIP/x", "state": "Up"},
                "dialplan_app": "Wait",
                "dialplan_app_data": "1",
            }
        )
        for number in range(events)
    ]
    log.append(frames, time.time())


def test_ladder_finds_a_call_after_20000_later_events(ari: Session) -> None:
    channel = short_call(ari)
    before = ari.ladder(channel).df
    crowd(ari.log, LATER + 5_000)
    for drawing in (ari.ladder(channel), ari.ladder(call=channel)):
        said = drawing.df["what"].tolist()
        assert [what for what in said if what in before["what"].tolist()] == said
        assert {"answer", "play sound:beep", "hang up"} <= set(said)
    assert "Alice <5551>" in ari.timeline(call=channel).text


def test_ladder_of_a_capture_and_of_its_replay(ari: Session, tmp_path: Path) -> None:
    with ari.capture(tmp_path / "call.ari"):
        channel = short_call(ari)
    live = ari.ladder(channel).df[["what", "outcome", "lane"]]
    opened = ari_notebook.open_capture(tmp_path / "call.ari")
    assert opened.ladder(channel).df[["what", "outcome", "lane"]].equals(live)
    assert opened.ladder(call=channel).sequence.steps
    assert "playing sound:beep" in opened.timeline(channel).text
    with ari_notebook.replay(tmp_path / "call.ari", speed=math.inf) as replay:
        assert replay.wait(30)
        assert replay.ladder(channel).df[["what", "outcome", "lane"]].equals(live)


def test_bridge_events_belong_to_the_calls_in_it(ari: Session) -> None:
    ids = []
    for caller in ("Alice <5551>", "Bob <5552>"):
        ari.call("1000", caller=caller)
        ids.append(ari.wait_for("StasisStart").channel.id)
    bridge = ari.bridges.create(type="mixing", name="sales")
    bridge.add_channel(channel=ids)
    until(lambda: len(ari.bridges[bridge.id].channels) == 2)
    playback = bridge.play("sound:beep")
    ari.wait_for("PlaybackFinished", playback=playback)
    shown = ari.ladder(ids[1])
    said = shown.df["what"].tolist()
    assert {"create bridge sales", "add Alice, Bob to sales", "play sound:beep"} <= set(said)
    assert [bar.lane.label for bar in shown.sequence.bars] == ["bridge sales"]
    bridge.destroy()


def test_last_counts_folded_events_as_one(ari: Session) -> None:
    channel = short_call(ari)
    shown = ari.ladder(channel, last=4)
    kinds = [step.kind for step in shown.sequence.steps if step.kind not in ("variables",)]
    assert len(kinds) <= 4
    assert len(ari.ladder(channel, last=4, fold=()).sequence.steps) == 4


def test_note_counts_earlier_steps_and_other_channels(ari: Session) -> None:
    one, other = short_call(ari), short_call(ari)
    note = ari.ladder(one).text.partition(")")[0]
    assert "of other channels left out" in note
    assert "earlier" not in note
    note = " ".join(ari.ladder(last=2).text.split("\n")[:2])
    assert re.match(r"\(\d+ earlier left out \(a larger last= shows them\)\)", note)
    both = ari.ladder([one, other], last=2).text
    assert "earlier left out" in both
    assert max(map(len, both.splitlines())) <= 80
    assert "left out" not in ari.ladder(last=1000).text


def test_request_keeps_its_number_when_older_ones_are_dropped(ari: Session) -> None:
    channel = short_call(ari)
    numbers = ari.ladder(channel).df["number"].dropna().tolist()
    ari.requests._requests.popleft()
    kept = ari.ladder(channel).df["number"].dropna().tolist()
    assert kept == [number for number in numbers if number != 1]
    assert kept[-1] == ari.requests.count


@pytest.mark.parametrize("id", ["PJSIP/a-1", "\u00fc\u6f22", 'quote"d'])
def test_read_finds_ids_however_json_writes_them(id: str) -> None:
    log = EventLog()
    channel = {"id": id, "name": "x", "state": "Up"}
    plain = orjson.dumps({"type": "StasisStart", "channel": channel})
    slashed = plain.replace(b"/", b"\\/")
    log.append([plain, slashed], 1.0)
    found = read(log, Selection(channels=frozenset([id])))
    assert [each.sequence for each in found.events] == [0, 1]


def test_read_keeps_to_what_came_up_to_a_moment() -> None:
    log = EventLog(keep=3)
    for second in range(5):
        log.append([orjson.dumps({"type": "ChannelUserevent", "n": second})], float(second))
    assert [each.event["n"] for each in read(log, Selection(until=3.0)).events] == [2, 3]
    assert read(log, Selection(until=1.0)).events == []


def test_ladder_of_a_call_is_drawn_without_pandas() -> None:
    """Its import takes a second, in which the panel's first ladder would wait."""
    program = (
        "import sys, ari_notebook\n"
        "with ari_notebook.connect('simulator:') as ari:\n"
        "    phone = ari.call('1000'); ari.wait_for('StasisStart')\n"
        "    assert 'StasisStart' in ari.ladder(phone.id).text\n"
        "print('pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "False"
