"""Random traffic: the same seed gives the same calls, at the rate and length that was asked for."""

import gc

import pytest

from ari_notebook.simulator.traffic import Traffic
from tests.simulator.switchboard import Switchboard


def calls(board):
    """When each call began, who made it, and when it ended."""
    ends = {e["channel"]["id"]: e["timestamp"] for e in board.of("ChannelDestroyed")}
    return [
        (e["timestamp"], e["channel"]["caller"], e["channel"]["dialplan"]["exten"], ends.get(id))
        for e in board.of("ChannelCreated")
        for id in [e["channel"]["id"]]
    ]


def run(seed, seconds=300, **settings):
    board = Switchboard()
    board.phones.traffic(30, seed=seed, **settings)
    board.wait(seconds)
    return board


def test_the_same_seed_gives_the_same_calls():
    first, again, other = (calls(run(seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_rate_length_and_extensions():
    board = run(1, seconds=3600, extensions=["1001", "1002"], mean_duration=20)
    assert len(board.of("ChannelCreated")) == pytest.approx(1800, rel=0.1)
    present = len(board.exchange.channels)
    assert present == pytest.approx(30 / 60 * 20, abs=12), "as many as Little's law has at once"
    dialled = [extension for _, _, extension, _ in calls(board)]
    assert dialled.count("1001") == pytest.approx(900, rel=0.15)
    assert dialled.count("1002") == pytest.approx(900, rel=0.15)


def test_new_traffic_takes_the_place_of_the_old_and_none_ends_it():
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
def test_nothing_grows_with_the_calls_that_are_gone():
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


def test_an_extension_that_is_not_there():
    with pytest.raises(LookupError, match="traffic dials '777', which is not in 'default'"):
        Switchboard().phones.traffic(30, extensions=["1000", "777"])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"calls_per_minute": -1}, "calls_per_minute is a number above 0, not -1"),
        ({"calls_per_minute": "many"}, "calls_per_minute is a number above 0, not 'many'"),
        ({"calls_per_minute": 1, "mean_duration": 0}, "mean_duration is a number above 0, not 0"),
        ({"calls_per_minute": 1, "extensions": "1000"}, "extensions is a list of texts"),
        ({"calls_per_minute": 1, "extensions": []}, "extensions is a list of texts"),
    ],
)
def test_settings_that_make_no_sense(settings, reason):
    with pytest.raises(ValueError, match=reason):
        Traffic(**settings)
