"""Short runs of chaos, fuzz and flood from benchmarks/."""

from __future__ import annotations

import pytest

import ari_notebook
from ari_notebook.simulator import RunningSimulator
from benchmarks.chaos import Chaos
from benchmarks.flood import flood
from benchmarks.fuzz import fuzz_answers, fuzz_events, fuzz_frames, prepare


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_after_chaos_the_tables_are_the_servers(simulator: RunningSimulator) -> None:
    chaos = Chaos(simulator, lambda: simulator.faults.restart(0.5), seed=1)
    report = chaos.run(seconds=20)
    assert report.wrong == [], str(report)
    assert report.faults["restart"]
    assert report.gaps
    assert report.channels >= 5


@pytest.mark.slow
def test_no_mutated_event_is_lost_or_ends_anything(simulator: RunningSimulator) -> None:
    with ari_notebook.connect(
        simulator.url, password=simulator.password, keep=2_000, subscribe_all=True
    ) as ari:
        prepare(ari)
        result = fuzz_events(ari, 3_000, seed=2, looks=2)
        assert result["events"] >= 3_000
        assert result["malformed"] > 100
        assert ari.connected


def test_no_mutated_frame_does_more_than_end_its_connection() -> None:
    result = fuzz_frames(3_000, seed=2)
    assert result["messages"] > 500
    assert result["refused streams"] > 100


def test_mutated_answer_is_a_value_or_an_error_of_ours(simulator: RunningSimulator) -> None:
    with ari_notebook.connect(simulator.url, password=simulator.password) as ari:
        result = fuzz_answers(ari, 1_000, seed=2)
        assert result["values"] > 100
        assert result["ServerError"] > 50


@pytest.mark.slow
def test_flood_leaves_the_newest_and_says_what_it_dropped() -> None:
    result = flood(rate=5_000, seconds=5, keep=10_000)
    assert result["seen"] >= result["sent"]
    assert result["kept"] == 10_000
    assert result["dropped"] == result["seen"] + 1 - 10_000
    assert result["ran"] + result["waits"] + result["handler_dropped"] >= result["starts"] - 1
    assert result["most"] < result["early"] + 150
