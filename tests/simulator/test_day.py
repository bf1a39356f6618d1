"""A described day: arrivals by hour, patience, talk, shifts; the same seed gives the same day."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from ari_notebook.flows.call import Call
from ari_notebook.flows.virtual import VirtualFlows
from ari_notebook.parts import Queue
from ari_notebook.simulator import VirtualSimulator
from ari_notebook.simulator.phones.day import read_day
from ari_notebook.simulator.phones.distributions import Distribution
from ari_notebook.store.calls import Ledger, frame, legs_frame

MONDAY = datetime(2026, 3, 2, 7, tzinfo=UTC)
DAY = """
arrivals = { 8 = 40, 10 = 120, 12 = 0 }
to = "1000"
patience = "exponential 60"
talk = "lognormal 120 0.5"
answer = "uniform 1 3"
[agents]
anna = "8-12"
bert = "10-11:30"
"""
PLAN = "[default]\nexten => 1000,1,Answer()\n same => n,Dial(PJSIP/anna&PJSIP/bert,600)\n"


def events(seed: int, hours: float = 6) -> list[bytes]:
    office = VirtualSimulator(start=MONDAY, seed=seed)
    office.set_dialplan(PLAN)
    office.phones.follow_day(DAY)
    return [event for _, event in office.run(hours * 3600)]


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    ledger = Ledger()
    ledger.feed_frames(events(5))
    return frame(ledger), legs_frame(ledger)


def test_same_seed_gives_the_same_day() -> None:
    assert events(3, 2) == events(3, 2)
    assert events(3, 2) != events(4, 2)


def test_arrivals_follow_the_hours(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    hours = Counter(tables[0]["begin"].dt.hour)
    assert set(hours) == {8, 9, 10, 11}
    for hour, mean in ((8, 40), (9, 40), (10, 120), (11, 120)):
        assert abs(hours[hour] - mean) < 4 * mean**0.5


def test_agents_answer_only_in_their_shifts(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    legs = tables[1]
    hours = legs[legs["dialled"].notna()].groupby("endpoint", observed=True)["dialled"]
    minutes: Any = hours.agg(["min", "max"]).T.to_dict()
    assert minutes["PJSIP/anna"]["min"] >= pd.Timestamp("2026-03-02 08:00", tz="UTC")
    assert minutes["PJSIP/anna"]["max"] <= pd.Timestamp("2026-03-02 12:00", tz="UTC")
    assert minutes["PJSIP/bert"]["min"] >= pd.Timestamp("2026-03-02 10:00", tz="UTC")
    assert minutes["PJSIP/bert"]["max"] <= pd.Timestamp("2026-03-02 11:30", tz="UTC")


def test_callers_give_up_only_while_they_wait(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    calls = tables[0]
    talked = calls[calls["connected"].notna()]
    assert set(talked["hangup_by"].astype(str)) == {"called"}  # the agent, after the talk
    rest = calls[calls["connected"].isna()]
    assert len(rest) > 20
    assert rest["queue_wait"].astype(float).mean() < 90  # none waits longer than its patience
    talks = (talked["end"] - talked["connected"]).dt.total_seconds()
    assert talks.mean() == pytest.approx(120, rel=0.25)


@pytest.mark.parametrize(
    ("text", "mean"),
    [("constant 5", 5), ("uniform 2 4", 3), ("exponential 60", 60), ("lognormal 180 0.6", 180)],
)
def test_distribution_has_its_mean(text: str, mean: float) -> None:
    drawn = Distribution(text, random.Random(1))
    values = [drawn.draw() for _ in range(20_000)]
    assert min(values) >= 0
    assert statistics.mean(values) == pytest.approx(mean, rel=0.03)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("arrivals = 3", "arrivals must be hours"),
        ("arrivals = { 24 = 3 }", "not an hour"),
        ("arrivals = { 8 = -1 }", "not an hour"),
        ('arrivals = { 8 = 1 }\npatience = "gamma 3"', "unknown distribution 'gamma 3'"),
        ('arrivals = { 8 = 1 }\ntalk = "exponential"', "exponential takes mean"),
        ('arrivals = { 8 = 1 }\ntalk = "uniform 4 2"', "uniform takes lowest and highest"),
        ("arrivals = { 8 = 1 }\ntalk = 3", "talk must be text"),
        ('arrivals = { 8 = 1 }\n[agents]\nanna = "12-8"', "anna has invalid hours '12-8'"),
        ("arrivals = { 8 = 1 }\nlunch = 12", "a day has no 'lunch'"),
    ],
)
def test_wrong_description_is_named(wrong: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_day(wrong)


def test_day_dials_an_extension_that_exists() -> None:
    office = VirtualSimulator(start=MONDAY)
    with pytest.raises(LookupError, match="the day dials '77'"):
        office.phones.follow_day('arrivals = { 8 = 1 }\nto = "77"')


def test_queue_of_a_program_works_a_day() -> None:
    """The part `Queue` serves a morning in simulated time, and the tables of calls agree."""

    def morning(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
        office = VirtualSimulator(start=MONDAY, seed=seed)
        office.set_dialplan("[default]\nexten => 1000,1,Stasis(flows)\n")
        with VirtualFlows(office) as flows:
            queue = Queue(announce=0, ring=20, clock=flows.time)

            @flows.flow
            def serve(call: Call) -> None:
                queue.serve(call)

            def on_shift(agent: str, present: bool) -> None:
                (queue.login if present else queue.logout)(f"PJSIP/{agent}")

            office.phones.follow_day(DAY.replace("120", "60"), on_shift)
            ledger = Ledger()
            ledger.feed_frames([event for _, event in flows.events(3 * 3600)])
        return queue.calls.set_index("channel"), frame(ledger)

    of_queue, calls = morning(2)
    of_queue = of_queue[of_queue["end"].notna()]
    assert len(of_queue) > 60
    mine = calls.loc[of_queue.index]
    assert mine["connected"].notna().tolist() == of_queue["answered"].notna().tolist()
    assert mine["abandoned"].tolist() == of_queue["abandoned"].tolist()
    talked = of_queue["answered"].notna()
    assert mine["agent"][talked].astype(str).tolist() == of_queue["agent"][talked].tolist()
    waits: Any = (mine["queue_wait"].astype(float) - of_queue["wait"].astype(float)).abs()
    assert waits.max() < 1
    again, _ = morning(2)
    assert again["end"].tolist()[: len(of_queue)] == of_queue["end"].tolist()
