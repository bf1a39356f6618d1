"""Drift: an event that deviates from the declaration is stored, shown and counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ari_notebook
from ari_notebook.schema import builtin
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from ari_notebook.store.schema_drift import Drift
from tests.helpers.servers import Event, Server
from tests.helpers.waiting import until

STAMP = "2026-11-23T11:03:22.123+0000"
CHANNEL = {
    "id": "1.1",
    "protocol_id": "",
    "name": "PJSIP/alice-1",
    "state": "Up",
    "caller": {"name": "", "number": ""},
    "connected": {"name": "", "number": ""},
    "accountcode": "",
    "dialplan": {
        "context": "default",
        "exten": "1000",
        "priority": 1,
        "app_name": "Stasis",
        "app_data": "hello-world",
    },
    "creationtime": STAMP,
    "language": "en",
}
START = {
    "type": "StasisStart",
    "timestamp": STAMP,
    "application": "hello-world",
    "asterisk_id": "x",
    "args": [],
    "channel": CHANNEL,
}


def drift_of(*events: Event) -> Drift:
    drift = Drift(builtin())
    for event in events:
        drift(event)
    return drift


def rows(drift: Drift) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in drift.df[["drift", "name", "count"]].itertuples(index=False)]


def test_declared_events_are_no_drift() -> None:
    drift = drift_of(START, START)
    assert len(drift) == drift.count == len(drift.df) == 0
    assert "conform to the declaration" in repr(drift)


def test_unknown_events_fields_and_missing_ones_are_counted_by_name() -> None:
    without = {name: value for name, value in START.items() if name != "args"}
    of_the_future = {"type": "ChannelBeamed", "timestamp": STAMP, "channel": CHANNEL}
    deep = {**START, "channel": {**CHANNEL, "caller": {"name": "", "number": "", "mood": "fine"}}}
    drift = drift_of(without, of_the_future, deep, deep, {**START, "colour": "blue"})
    assert rows(drift) == [
        ("missing field", "StasisStart.args", 1),
        ("unknown event", "ChannelBeamed", 1),
        ("unknown field", "CallerID.mood", 2),
        ("unknown field", "StasisStart.colour", 1),
    ]
    assert drift.count == 5
    assert set(drift.df["event"]) == {"StasisStart", "ChannelBeamed"}
    assert str(drift.df["first"].dtype) == "datetime64[us, UTC]"
    assert "2 x unknown field CallerID.mood" in repr(drift)


def test_server_that_makes_up_names_takes_bounded_memory() -> None:
    drift = drift_of(*({**START, f"field{n}": n} for n in range(3000)))
    assert len(drift) == 1000


def test_free_objects_may_hold_anything() -> None:
    variables = {**CHANNEL, "channelvars": {"ANY": "thing"}}
    assert not len(drift_of({**START, "channel": variables}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "caller", "channels", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(["type", "timestamp", "channel", "bridge", "args", "peer", "x"]), JSON
    ),
    st.sampled_from(["StasisStart", "BridgeCreated", "Dial", "PlaybackFinished"]),
)
def test_events_of_any_shape_are_taken(event: Event, type: str) -> None:
    drift = drift_of(event, {**event, "type": type})
    assert len(drift.df) == len(drift)


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url, subscribe_all=True) as session:
        yield session


def test_call_is_as_the_server_itself_declares(ari: Session) -> None:
    ari.call("1000")
    channel = ari.wait_for("StasisStart").channel.id
    ari.channels.play(channel, "sound:hello-world")
    ari.wait_for("PlaybackFinished")
    ari.channels.hangup(channel)
    ari.wait_for("ChannelDestroyed")
    assert rows(ari.drift) == []
    assert ari.status.drift == 0


def test_drift_is_said_and_changes_nothing_else(
    simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    with ari_notebook.connect(simulator.url) as ari:
        seen = []
        ari.on("*")(lambda event: seen.append(event["type"]))
        strange = [
            {"type": "ChannelBeamed", "channel": {**CHANNEL, "id": "9.9"}, "to": "orbit"},
            {"type": "StasisStart", "channel": {**CHANNEL, "id": "9.8", "soul": 1}},
        ]
        ari.synchronizer._on_batch([orjson.dumps(event) for event in strange], time.time())
        assert ari.events[-2:] == strange
        assert set(ari.tables.channels) == {"9.9", "9.8"}
        assert list(ari.events.df["type"])[-2:] == ["ChannelBeamed", "StasisStart"]
        names = set(ari.drift.df["name"])
        assert {"ChannelBeamed", "Channel.soul", "StasisStart.args"} <= names
        assert ari.status.drift == len(ari.drift)
        assert "see ari.drift" in str(ari.status)
        until(lambda: len(seen) >= 2)
        assert seen == ["ChannelBeamed", "StasisStart"]
