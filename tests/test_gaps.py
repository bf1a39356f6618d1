"""Lost connections, on a real Asterisk: what was missed is found out and said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook.session import Session


@pytest.fixture
def ari(real_asterisk) -> Iterator[Session]:
    with ari_notebook.connect(real_asterisk.url, subscribe_all=True) as session:
        yield session


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.02)


def quiet(ari):
    """Wait until no more events come.

    Asterisk 22.10 may hang for good where a connection that hears of all devices is lost while one
    of their states is told: each of two threads then waits for what the other has locked.
    """
    before = -1
    while before != (before := len(ari.events)):
        time.sleep(0.5)


def ids(ari, path):
    return {item["id"] for item in ari.request("GET", path).json()}


def tables_equal_the_server(ari):
    return set(ari.tables.channels) == ids(ari, "/channels") and set(ari.tables.bridges) == ids(
        ari, "/bridges"
    )


def test_dropped_connection_is_a_gap_with_what_changed(ari):
    told: list[str] = []
    ari.tell = told.append
    ari.call("1002")
    until(lambda: len(ari.channels) == 2)
    stays = set(ari.tables.channels)
    seen: list[dict[str, object]] = []

    @ari.on("Gap")
    def gap(event):
        seen.append(event)

    quiet(ari)
    ari._follower.stream.drop()
    until(lambda: ari.gaps)
    assert set(ari.tables.channels) == stays
    assert ari.status.reconnects == 1
    assert ari.gaps[0].vanished["channels"] == []
    until(lambda: seen)
    rows = ari.events.df.query("origin == 'gap'")
    assert list(rows["type"]) == ["Gap"]
    assert "without events" in rows["detail"].iloc[0]
    assert told[0].startswith("connection lost")
    assert told[1].startswith("reconnected")
    ari.call("1000")
    ari.wait_for("StasisStart")
    until(lambda: tables_equal_the_server(ari))


def test_killed_and_restarted_asterisk(ari, real_asterisk):
    ari.call("1000")
    ari.wait_for("StasisStart")
    ari.device_states.delete("Stasis:lamp")  # a real one remembers what earlier tests set
    ari.applications.subscribe("hello-world", "deviceState:Stasis:lamp")
    bridge = ari.bridges.create()
    until(lambda: bridge in ari.bridges)
    before = set(ari.tables.channels)
    assert len(before) == 2
    real_asterisk.kill()
    until(lambda: ari.status.state == "reconnecting")
    with pytest.raises(ari_notebook.NotSent):
        ari.bridges.create()
    real_asterisk.start()
    until(lambda: ari.gaps)
    gap = ari.gaps[0]
    assert set(gap.vanished["channels"]) == before
    assert gap.vanished["bridges"] == [bridge.id]
    assert not ari.tables.channels
    assert gap.seconds > 0
    marked = ari.events.df.query("origin == 'resync'")
    assert set(marked["channel"].dropna()) == before
    assert list(marked["bridge"].dropna()) == [bridge.id]
    assert set(marked["type"]) == {"Vanished"}
    ari.device_states.update("Stasis:lamp", "INUSE")
    assert ari.wait_for("DeviceStateChanged").device_state.name == "Stasis:lamp"
    until(lambda: tables_equal_the_server(ari))


def test_a_wait_through_a_gap_says_so(ari):
    threading.Timer(0.2, ari._follower.stream.drop).start()
    with pytest.raises(ari_notebook.EventTimeout, match="connection was lost meanwhile"):
        ari.wait_for("StasisStart", timeout=2)


def test_many_reconnects_leave_nothing(ari):
    before = len(threading.enumerate())
    for number in range(10):
        ari._follower.stream.drop()
        until(lambda number=number: ari.status.reconnects == number + 1)
        until(lambda number=number: len(ari.gaps) == number + 1)
    until(lambda: len(threading.enumerate()) == before)
