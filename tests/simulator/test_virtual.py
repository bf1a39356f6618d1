"""Days of traffic in seconds: the simulator without a server, for analysis."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ari_notebook.simulator import ConfigError, VirtualSimulator

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
OFFICE = """
[default]
exten => 4000,1,Dial(PJSIP/anna,30)
 same => n,Busy()
"""


def office(seed: int = 7) -> VirtualSimulator:
    virtual = VirtualSimulator(start=MONDAY, seed=seed)
    virtual.set_dialplan(OFFICE)
    virtual.phones.add("anna", answer_after=4)
    return virtual


def hour(virtual: VirtualSimulator) -> list[tuple[float, dict[str, Any]]]:
    virtual.phones.traffic(1, extensions=["4000"], mean_duration=90)
    return [(at, json.loads(event)) for at, event in virtual.run(3600)]


def test_hour_passes_at_once_and_in_order() -> None:
    virtual = office()
    events = hour(virtual)
    times = [at for at, _ in events]
    assert times == sorted(times)
    assert virtual.now == datetime(2026, 3, 2, 9, tzinfo=UTC)
    for at, event in events:
        assert 0 <= at - datetime.fromisoformat(event["timestamp"]).timestamp() < 0.001
    created = [event for _, event in events if event["type"] == "ChannelCreated"]
    assert len(created) > 60


def test_same_seed_is_the_same_hour() -> None:
    assert hour(office(seed=3)) == hour(office(seed=3))
    assert hour(office(seed=3)) != hour(office(seed=4))


def test_time_passes_as_the_events_are_taken() -> None:
    virtual = office()
    virtual.phones.call("4000")
    events = virtual.run(3600)
    next(events)
    assert virtual.now == MONDAY
    for _ in events:
        pass
    assert virtual.now == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_simulated_time_begins_now_by_default() -> None:
    assert abs((VirtualSimulator().now - datetime.now(UTC)).total_seconds()) < 5


def test_dialplan_error_is_raised() -> None:
    with pytest.raises(ConfigError):
        VirtualSimulator().set_dialplan("[default]\nexten => 1\n")


THREE = """
[default]
exten => 4000,1,Dial(PJSIP/anna&PJSIP/bert&PJSIP/carl,30)
"""


@pytest.mark.parametrize("hangs_up_after", [1.0, 20.0])
def test_three_phones_end_all_their_calls(hangs_up_after: float) -> None:
    virtual = VirtualSimulator(start=MONDAY)
    virtual.set_dialplan(THREE)
    for name, seconds in (("anna", 3), ("bert", 6), ("carl", 9)):
        virtual.phones.add(name, answer_after=seconds)
    call = virtual.phones.call("4000")
    call.later(hangs_up_after, call.hangup)
    types = [json.loads(event)["type"] for _, event in virtual.run(60)]
    assert types.count("ChannelCreated") == types.count("ChannelDestroyed") == 4
    assert not virtual.exchange.channels
