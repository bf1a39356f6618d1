"""Lost connections on a real Asterisk: changes in the gap are found and reported."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook.sessions.session import Session
from tests.conftest import RealAsterisk
from tests.helpers.servers import Event
from tests.helpers.waiting import until


@pytest.fixture
def ari(real_asterisk: RealAsterisk) -> Iterator[Session]:
    with ari_notebook.connect(real_asterisk.url, subscribe_all=True) as session:
        yield session


def quiet(ari: Session) -> None:
    """Wait until no more events come.

    Asterisk 22.10 may deadlock if a connection subscribed to all devices is lost while one
    of their states is published: each of two threads waits for the other's lock.
    """
    before = -1
    while before != (before := len(ari.events)):
        time.sleep(0.5)


def ids(ari: Session, path: str) -> set[str]:
    return {item["id"] for item in ari.request("GET", path).json()}


def tables_equal_the_server(ari: Session) -> bool:
    return set(ari.tables.channels) == ids(ari, "/channels") and set(ari.tables.bridges) == ids(
        ari, "/bridges"
    )


def test_dropped_connection_is_a_gap_with_what_changed(ari: Session) -> None:
    published: list[str] = []
    ari.notices.add_listener(published.append)
    ari.call("1002")
    until(lambda: len(ari.channels) == 2)
    stays = set(ari.tables.channels)
    seen: list[dict[str, object]] = []

    @ari.on("Gap")
    def gap(event: Event) -> None:
        seen.append(event)

    quiet(ari)
    ari.synchronizer.stream.drop()
    until(lambda: ari.gaps)
    assert set(ari.tables.channels) == stays
    assert ari.status.reconnects == 1
    assert ari.gaps[0].vanished["channels"] == []
    until(lambda: seen)
    rows = ari.events.df.query("origin == 'gap'")
    assert list(rows["type"]) == ["Gap"]
    assert "without events" in rows["detail"].iloc[0]
    assert published[0].startswith("connection lost")
    assert published[1].startswith("reconnected")
    ari.call("1000")
    ari.wait_for("StasisStart")
    until(lambda: tables_equal_the_server(ari))


def test_restarted_asterisk_is_a_gap_with_lost_objects(
    ari: Session, real_asterisk: RealAsterisk
) -> None:
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


def test_timeout_during_gap_mentions_it(ari: Session) -> None:
    threading.Timer(0.2, ari.synchronizer.stream.drop).start()
    with pytest.raises(ari_notebook.EventTimeout, match="connection was lost meanwhile"):
        ari.wait_for("StasisStart", timeout=2)


def test_many_reconnects_leak_nothing(ari: Session) -> None:
    before = len(threading.enumerate())
    for number in range(10):
        ari.synchronizer.stream.drop()
        until(lambda: ari.status.reconnects == number + 1)  # noqa: B023  over before the next round
        until(lambda: len(ari.gaps) == number + 1)  # noqa: B023  over before the next round
    until(lambda: len(threading.enumerate()) == before)
