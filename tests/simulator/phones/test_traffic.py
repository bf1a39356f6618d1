"""Random traffic: the same seed gives the same calls, at the configured rate and length."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from ari_notebook.simulator.phones.traffic import TrafficSettings
from tests.simulator.switchboard import Switchboard


def calls(board: Switchboard) -> list[tuple[Any, ...]]:
    """Return when each call began, who made it, and when it ended."""
    ends = {e["channel"]["id"]: e["timestamp"] for e in board.of("ChannelDestroyed")}
    return [
        (e["timestamp"], e["channel"]["caller"], e["channel"]["dialplan"]["exten"], ends.get(id))
        for e in board.of("ChannelCreated")
        for id in [e["channel"]["id"]]
    ]


def run(seed: int, seconds: float = 300, **settings: Any) -> Switchboard:
    board = Switchboard()
    board.phones.traffic(30, seed=seed, **settings)
    board.wait(seconds)
    return board


def test_same_seed_gives_the_same_calls() -> None:
    first, again, other = (calls(run(seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_traffic_follows_rate_length_and_extensions() -> None:
    board = run(1, seconds=3600, extensions=["1001", "1002"], mean_duration=20)
    assert len(board.of("ChannelCreated")) == pytest.approx(1800, rel=0.1)
    present = len(board.exchange.channels)
    assert present == pytest.approx(30 / 60 * 20, abs=12), "as many as Little's law has at once"
    dialled = [extension for _, _, extension, _ in calls(board)]
    assert dialled.count("1001") == pytest.approx(900, rel=0.15)
    assert dialled.count("1002") == pytest.approx(900, rel=0.15)


def test_new_traffic_replaces_the_old() -> None:
    board = run(1)
    board.phones.traffic(6000, seed=2, mean_duration=1)
    board.events.clear()
    board.wait(10)
    assert len(board.of("ChannelCreated")) > 500
    board.phones.traffic(0)
    board.events.clear()
    board.wait(600)
    assert board.of("ChannelCreated") == []
    assert board.exchange.channels == {}


@pytest.mark.slow
def test_memory_does_not_grow_with_ended_calls() -> None:
    board = Switchboard("[default]\nexten => 1000,1,Answer()\n same => n,Wait(3600)\n")
    board.phones.traffic(6000, mean_duration=5, seed=1)
    objects = []
    for _ in range(2):
        for _ in range(150):
            board.wait(1)
            board.events.clear()
        gc.collect()
        objects.append(len(gc.get_objects()))
    assert objects[1] < objects[0] * 1.05, "15,000 calls more"


def test_traffic_to_missing_extension_is_refused() -> None:
    with pytest.raises(LookupError, match="traffic dials '777', which is not in 'default'"):
        Switchboard().phones.traffic(30, extensions=["1000", "777"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"calls_per_minute": -1}, "calls_per_minute must be above 0, not -1"),
        ({"calls_per_minute": "many"}, "calls_per_minute must be above 0, not 'many'"),
        ({"calls_per_minute": 1, "mean_duration": 0}, "mean_duration must be above 0, not 0"),
        ({"calls_per_minute": 1, "extensions": "1000"}, "extensions must be a list of strings"),
        ({"calls_per_minute": 1, "extensions": []}, "extensions must be a list of strings"),
    ],
)
def test_invalid_traffic_settings_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        TrafficSettings(**settings)
