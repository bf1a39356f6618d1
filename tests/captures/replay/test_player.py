"""Replay of a capture: the same tables and handler calls, at any speed."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ari_notebook
from ari_notebook import Channel
from ari_notebook.captures.file_format import Writer, event_lines, line
from ari_notebook.client.errors import EventTimeout, ReadOnly, UsageProblem
from ari_notebook.sessions.replay_session import Replay
from tests.helpers.servers import Event

HERE = Path(__file__).parent
REAL = HERE.parent / "calls.jsonl.gz"  # 11.9 s of a real Asterisk; see test_calls.py
KINDS = ("channels", "bridges", "playbacks", "recordings", "endpoints", "device_states")


@pytest.fixture
def replay() -> Iterator[Callable[..., Replay]]:
    opened = []

    def play(path: Path = REAL, *args: Any, **options: Any) -> Replay:
        opened.append(ari_notebook.replay(path, *args, **options))
        return opened[-1]

    yield play
    for session in opened:
        session.close()


def test_replay_ends_with_the_tables_of_the_recording(
    replay: Callable[..., Replay],
) -> None:
    ari = replay(speed=math.inf)
    assert ari.wait(20)
    recorded = ari_notebook.open_capture(REAL)
    assert len(ari.events) == len(recorded.events) == 514
    pd.testing.assert_frame_equal(ari.events.df, recorded.events.df)
    pd.testing.assert_frame_equal(ari.requests.df, recorded.requests.df)
    pd.testing.assert_frame_equal(ari.calls.df, recorded.calls.df)
    for kind in KINDS:
        pd.testing.assert_frame_equal(
            ari.tables.frame(kind), getattr(recorded, kind).df, check_like=False
        )


def test_handlers_see_every_event_in_order_every_time(replay: Callable[..., Replay]) -> None:
    seen: list[list[Event]] = [[], []]
    for run in seen:
        ari = replay(speed=math.inf, paused=True)

        @ari.on("*")
        def note(event: Event) -> None:
            run.append(event)  # noqa: B023  the run is over before the next begins

        ari.play()
        assert ari.wait(20)
    assert seen[0] == seen[1]
    assert len(seen[0]) == 514


def test_handler_gets_live_objects_of_the_moment(replay: Callable[..., Replay]) -> None:
    ari = replay(speed=math.inf, paused=True)
    names: list[str] = []

    @ari.on("ChannelDtmfReceived")
    def none(event: Event) -> None:
        names.append(event["type"])

    @ari.on("ChannelCreated")
    def created(channel: Channel) -> None:
        names.append(channel.name)

    ari.play()
    assert ari.wait(20)
    created_then = ari.events.df["type"].eq("ChannelCreated").sum()
    assert len(names) == created_then == 30
    assert names[0].startswith("PJSIP/loopback-")


def test_time_passes_as_it_passed_divided_by_the_speed(
    replay: Callable[..., Replay],
) -> None:
    started = time.monotonic()
    ari = replay(speed=8)
    assert not ari.wait(0.3)
    assert 0 < ari.position < 11
    assert ari.wait(60)
    assert 0.9 * 11.9 / 8 < time.monotonic() - started < 11.9


def test_pause_and_speed_change_during_replay(replay: Callable[..., Replay]) -> None:
    ari = replay(speed=20, paused=True)
    time.sleep(0.1)
    assert len(ari.events) == 0
    ari.play()
    assert ari.wait_for("ChannelCreated", timeout=5)
    ari.pause()
    time.sleep(0.05)
    standing = len(ari.events)
    time.sleep(0.2)
    assert len(ari.events) == standing < 514
    ari.speed = math.inf
    assert ari.speed == math.inf
    ari.play()
    assert ari.wait(10)
    assert len(ari.events) == 514


def test_step_plays_single_events(replay: Callable[..., Replay]) -> None:
    ari = replay(paused=True)
    recorded = ari_notebook.open_capture(REAL)
    for number in range(5):
        ari.step()
        assert len(ari.events) == number + 1
    ari.step(20)
    assert ari.events[24] == recorded.events[24]
    assert len(ari.events) == 25
    ari.step(10_000)
    assert ari.finished


def test_seek_moves_forwards_and_back(replay: Callable[..., Replay]) -> None:
    seen = []
    ari = replay(at=3, paused=True)
    later = len(ari.events)
    assert 0 < later < 514
    assert ari.position == pytest.approx(3, abs=0.1)
    assert len(ari.channels) > 0

    @ari.on("*")
    def note(event: Event) -> None:
        seen.append(event)

    ari.seek(1)
    earlier = len(ari.events)
    assert 0 < earlier < later
    ari.seek(3)
    assert len(ari.events) == later
    assert not seen  # what is passed over runs no handlers
    start = ari_notebook.open_capture(REAL).started
    ari.seek(datetime.fromtimestamp(start + 1, UTC))
    assert len(ari.events) == earlier
    ari.seek(1e6)
    assert ari.finished
    ari.speed = math.inf
    ari.play()  # from the beginning
    assert ari.wait(10)
    assert len(ari.events) == len(seen) == 514


def looked_at(ari: ari_notebook.Session) -> list[pd.DataFrame]:
    tables = [ari.tables.frame(kind) for kind in KINDS]
    return [*tables, ari.events.df, ari.requests.df, ari.calls.df, ari.drift.df]


@pytest.mark.parametrize("seed", range(4))
def test_moment_is_the_same_whatever_was_done_before(
    replay: Callable[..., Replay], seed: int
) -> None:
    """Reading, playing, stepping and seeking in any order have no effect on the moment."""
    chance = random.Random(seed)
    ari = replay(paused=True)
    for _ in range(6):
        match chance.randrange(4):
            case 0:
                ari.seek(chance.uniform(0, 12))
            case 1:
                ari.step(chance.randint(1, 100))
            case 2:
                ari.speed = chance.choice([1, 50, math.inf])
                ari.play()
                ari.pause()
            case 3:
                looked_at(ari)
    ari.seek(11)
    looked_at(ari)
    ari.seek(3)
    fresh = replay(paused=True, at=3)
    for left, right in zip(looked_at(ari), looked_at(fresh), strict=True):
        pd.testing.assert_frame_equal(left, right)
    assert len(fresh.calls) > 3


def test_views_waits_and_tables_work_on_replay(replay: Callable[..., Replay]) -> None:
    ari = replay(speed=math.inf)
    assert ari.wait(10)
    assert "Dial" in str(ari.ladder(last=1000))
    assert "Alice <5551>" in str(ari.timeline())
    assert ari.panel() is not None
    assert len(ari.endpoints.df) == 1
    assert ari.wait_for("ChannelDestroyed")["cause"] is not None
    with pytest.raises(EventTimeout):
        ari.wait_for("StasisStart", timeout=0.05)
    assert "Asterisk/22" in str(ari.status)


def test_changes_during_replay_are_refused(replay: Callable[..., Replay], tmp_path: Path) -> None:
    ari = replay(paused=True)
    with pytest.raises(ReadOnly):
        ari.call("1000")
    with pytest.raises(ReadOnly):
        ari.bridges.create()
    with pytest.raises(UsageProblem, match="cannot be captured"):
        ari.capture(tmp_path / "again")
    for speed in (0, -1, math.nan):
        with pytest.raises(UsageProblem, match="invalid speed"):
            ari.speed = speed
    with pytest.raises(UsageProblem, match="invalid time"):
        ari.seek(math.nan)
    with pytest.raises(UsageProblem, match="invalid number of events"):
        ari.step(0)


def channel(id: str) -> dict[str, object]:
    return {"id": id, "name": f"Local/{id}", "state": "Up", "dialplan": {}}


def created(id: str) -> bytes:
    return b'{"type":"ChannelCreated","channel":{"id":"%b","name":"x","state":"Up"}}' % id.encode()


def test_gap_is_played_as_it_was(replay: Callable[..., Replay], tmp_path: Path) -> None:
    """Events during a snapshot are buffered until it is applied, as in the recorded session."""
    path = tmp_path / "gap.jsonl"
    gap = {
        "type": "Gap",
        "from": "2026-11-23T12:00:00.000+00:00",
        "to": "2026-11-23T12:00:02.000+00:00",
        "reason": "the network",
        "vanished": {"channels": ["old"]},
        "appeared": {"channels": ["new"]},
        "lost_subscriptions": [],
    }
    writer = Writer(path)
    for written in (
        line("capture", {"version": 1, "subscribe_all": True}, 1.0),
        event_lines([created("old")], 2.0),
        line("state", {"state": "reconnecting", "reason": "the network"}, 3.0),
        line("state", {"state": "connected", "reason": ""}, 4.0),
        event_lines([created("newest")], 5.0),
        line("snapshot", {"channels": [channel("new")]}, 6.0),
        line("row", {"origin": "gap", "event": gap, "detail": "2 s"}, 6.0),
    ):
        writer.add(written)
    writer.close()
    ari = replay(path, speed=math.inf, paused=True)
    order = []

    @ari.on(["ChannelCreated", "Gap"])
    def note(event: Event) -> None:
        order.append(event["type"])

    ari.play()
    assert ari.wait(5)
    assert list(ari.tables.channels) == ["new", "newest"]
    assert order == ["ChannelCreated", "Gap", "ChannelCreated"]
    assert ari.gaps[0].seconds == 2
    assert ari.status.reconnects == 1
    assert ari.events.df["origin"].tolist() == ["asterisk", "asterisk", "gap"]
    assert list(ari_notebook.open_capture(path).tables.channels) == ["new", "newest"]


def test_recorded_clock_may_run_backwards(replay: Callable[..., Replay], tmp_path: Path) -> None:
    path = tmp_path / "back.jsonl"
    times = (100.0, 3700.0, 100.2, 100.3)
    path.write_bytes(b"".join(event_lines([created(str(i))], at) for i, at in enumerate(times)))
    ari = replay(path, speed=36000)
    assert ari.wait(5)
    assert len(ari.events) == 4
    assert ari.problems["clock went backwards"] == 1
