"""The live tables at an earlier moment."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

import ari_notebook
from ari_notebook import simulator
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.session import Session
from ari_notebook.store import history
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.history import History, moment_of
from ari_notebook.store.tables import KINDS, Tables
from tests.demonstration import demonstration
from tests.helpers.servers import Server
from tests.helpers.waiting import until

Rows = dict[str, dict[str, Any]]


pytestmark = pytest.mark.usefixtures("decoder")


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    url, user = exchange_server.url, exchange_server.user
    with ari_notebook.connect(url, user=user, app="hello-world") as session:
        yield session


def rows(tables: Tables) -> Rows:
    return {kind: dict(getattr(tables, kind).items()) for kind in KINDS}


def noted(ari: Session) -> tuple[int, float, Rows]:
    """Return the log's length, the time, and the tables at this moment."""
    with ari.synchronizer.arrived:
        return ari.log.count, time.time(), rows(ari.tables)


def a_day(ari: Session) -> list[tuple[int, float, Rows]]:
    """Return calls, bridges and playbacks, and the tables after each step."""
    seen = [noted(ari)]
    channels = []
    for caller in ("Alice <5551>", "Bob <5552>"):
        ari.call("1000", caller=caller)
        channels.append(ari.channels[ari.wait_for("StasisStart").channel.id])
        seen.append(noted(ari))
    empty = ari.bridges.create(type="mixing", name="empty")  # no event publishes it
    seen.append(noted(ari))
    bridge = ari.bridges.create(type="mixing", name="sales")
    bridge.add_channel(channel=[channel.id for channel in channels])
    until(lambda: len(ari.bridges[bridge.id].channels) == 2)
    seen.append(noted(ari))
    empty.destroy()
    seen.append(noted(ari))
    channels[0].play("sound:tt-monkeys")
    ari.wait_for("PlaybackStarted")
    seen.append(noted(ari))
    channels[0].hangup()
    ari.wait_for("StasisEnd", channel=channels[0])
    seen.append(noted(ari))
    channels[1].hangup()
    ari.wait_for("StasisEnd", channel=channels[1])
    bridge.destroy()
    until(lambda: bridge.id not in ari.tables.bridges)
    seen.append(noted(ari))
    return seen


def test_tables_of_a_moment_are_those_of_then(ari: Session) -> None:
    for count, at, tables in a_day(ari):
        assert rows(ari.history.at(count, at)) == tables
        moment = ari.at(at)
        assert set(moment.channels) == set(tables["channels"])
        assert moment.channels.df.index.tolist() == list(tables["channels"])
        assert len(moment.events) == count


def test_moment_has_log_calls_and_pictures_of_then(ari: Session) -> None:
    seen = a_day(ari)
    count, at, _ = seen[4]  # both in the bridge
    moment = ari.at(at)
    assert len(moment.events) == count
    assert moment.calls["end"].isna().all()
    said = moment.ladder().text
    assert "add Alice, Bob to sales" in said
    assert "hang up" not in said
    assert "bridge sales" in moment.timeline().text
    assert "2 channels" in repr(moment)
    assert "hang up" in ari.at(time.time()).ladder().text


def test_capture_and_replay_have_the_same_moments(ari: Session, tmp_path: Path) -> None:
    with ari.capture(tmp_path / "day.ari"):
        seen = a_day(ari)
    opened = ari_notebook.open_capture(tmp_path / "day.ari")
    with ari_notebook.replay(tmp_path / "day.ari", speed=math.inf) as replay:
        assert replay.wait(30)
        for _, at, tables in seen:
            for source in (opened, replay):
                moment = source.at(at)
                assert set(moment.channels) == set(tables["channels"])
                assert set(moment.bridges) == set(tables["bridges"])
                assert set(moment.playbacks) == set(tables["playbacks"])
        replay.seek(0)
        assert replay.at(0).channels.df.empty


def test_moments_before_and_after_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with simulator.start(demonstration()) as running:
        monkeypatch.setenv("ARI_PASSWORD", running.password)
        with ari_notebook.connect(running.url, user=running.user, app="hello-world") as ari:
            running.call("1000", caller="Alice <5551>")
            ari.wait_for("StasisStart")
            before = noted(ari)
            running.faults.drop()
            gap = ari.wait_for("Gap", timeout=30)
            assert gap
            running.call("1000", caller="Bob <5552>")
            ari.wait_for("StasisStart", timeout=30)
            after = noted(ari)
            for count, _, tables in (before, after):
                assert rows(ari.history.at(count))["channels"].keys() == tables["channels"].keys()


def channel_event(type: str, id: str) -> bytes:
    channel = {"id": id, "name": f"PJSIP/{id}", "state": "Up"}
    return orjson.dumps({"type": type, "application": "a", "args": [], "channel": channel})


def test_copies_make_later_reads_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_BETWEEN", 50)
    monkeypatch.setattr(history, "_PART", 10)
    monkeypatch.setattr(history, "_MOST_COPIES", 4)
    log, tables = EventLog(), Tables()
    made = History(log, tables)
    for number in range(500):
        kind = "StasisStart" if number % 2 == 0 else "StasisEnd"
        tables.apply(log.append([channel_event(kind, f"c{number // 2}")], float(number)))
    for _ in range(2):
        for sequence in (500, 251, 0, 377):
            expected = {f"c{sequence // 2}"} if sequence % 2 else set()
            assert set(made.at(sequence).channels) == expected
    assert len(made._copies) <= 5


def test_reconnects_and_changes_leave_bounded_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_MOST_COPIES", 5)
    log, tables = EventLog(), Tables()
    made = History(log, tables)
    for number in range(20):
        tables.apply(log.append([channel_event("StasisStart", f"c{number}")], float(number)))
        made.state("reconnecting", "")
        made.state("connected", "")
        tables.replace({"channels": [{"id": f"s{number}", "name": "x", "state": "Up"}]})
        made.snapshot({})
        bridge = {"id": f"b{number}", "bridge_class": "stasis"}
        tables.apply([{"type": "BridgeCreated", "bridge": bridge}])
        made.applied({"type": "BridgeCreated", "bridge": bridge})
    assert len(made._copies) <= 5
    assert set(made.at(20).channels) == {"s19"}
    assert set(made.at(20).bridges) == {"b19"}
    assert set(made.at(19).channels) == {"s18"}


def test_tables_begin_where_the_log_begins() -> None:
    log, tables = EventLog(keep=4), Tables()
    made = History(log, tables)
    for number in range(10):
        tables.apply(log.append([channel_event("StasisStart", f"c{number}")], float(number)))
    assert set(made.at(9).channels) == {"c6", "c7", "c8"}


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("16:23:41", "2026-11-28T16:23:41+00:00"),
        ("16:23", "2026-11-28T16:23:00+00:00"),
        ("16:23:41.5", "2026-11-28T16:23:41.500+00:00"),
        ("23:59", "2026-11-27T23:59:00+00:00"),
        ("2026-11-28T10:00:00", "2026-11-28T10:00:00+00:00"),
        (datetime(2026, 11, 28, 9, tzinfo=UTC), "2026-11-28T09:00:00+00:00"),
        (60, "2026-11-27T20:01:00+00:00"),
        ("-30", "2026-11-28T16:59:30+00:00"),
        (1795885421.0, "2026-11-28T17:03:41+00:00"),
    ],
)
def test_moment_is_read_in_every_form(value: object, moment: str) -> None:
    begin = datetime(2026, 11, 27, 20, tzinfo=UTC).timestamp()
    end = datetime(2026, 11, 28, 17, tzinfo=UTC).timestamp()
    assert moment_of(value, begin, end) == datetime.fromisoformat(moment).timestamp()


@pytest.mark.parametrize("value", ["", "25:00", "hello", "nan", "12:60", None])
def test_invalid_moment_is_refused(value: Any) -> None:
    with ari_notebook.connect() as ari, pytest.raises(UsageProblem, match="not a time"):
        ari.at(value)
