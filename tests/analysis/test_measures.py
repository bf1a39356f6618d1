"""Measures of calls, computed by hand, from a real Asterisk's queues, and by Erlang's formulas."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import ari_notebook
from ari_notebook.analysis.measures import erlang_a, erlang_c
from ari_notebook.client.errors import UsageProblem
from ari_notebook.sessions.opened_capture import OpenedCapture
from tests.helpers.waiting import until

QUEUES = Path(__file__).parent.parent / "captures" / "queues" / "queue.jsonl.gz"


@pytest.fixture(scope="module")
def opened() -> OpenedCapture:
    return ari_notebook.open_capture(QUEUES)


def test_measures_of_queues_on_asterisk(opened: OpenedCapture) -> None:
    """queue_log has 5 CONNECT, 1 ABANDON, 1 EXITWITHTIMEOUT and none for the empty queue."""
    row = opened.measures(within=0.8).loc["all"]
    assert (row["calls"], row["connected"], row["abandoned"]) == (8, 5, 1)
    assert row["answer_seizure_ratio"] == 1  # the dialplan answers first
    # Of 8 that waited, 3 were connected within 0.8 s: their agents answer after 0.5 s, not 1 s.
    assert row["service_level"] == 3 / 8
    waits = opened.calls.df["queue_wait"].astype(float)
    assert row["wait_p90"] == waits.quantile(0.9)
    assert 1 <= row["busiest"] <= 8
    assert row["erlangs"] > 0


def test_measures_by_a_column(opened: OpenedCapture) -> None:
    table = opened.measures(by="agent")
    assert table["connected"].to_dict() == {
        "": 0,
        "PJSIP/answers": 2,
        "PJSIP/ends": 1,
        "PJSIP/holds": 1,
        "PJSIP/transfers": 1,
    }
    two = opened.measures(by=["hour", "called"])
    assert two.index.names == ["hour", "called"]
    assert two["calls"].sum() == 8


def test_occupancy_of_agents(opened: OpenedCapture) -> None:
    table = opened.measures.occupancy()
    assert table["calls"]["PJSIP/answers"] == 2
    assert table["calls"]["PJSIP/rings"] == 0
    assert table["occupancy"]["PJSIP/rings"] == 0
    ends = table.loc["PJSIP/ends"]
    assert ends["talk"] == pytest.approx(2, abs=0.1)
    assert ends["occupancy"] == pytest.approx(2 / 2.5, abs=0.1)


def test_measures_of_no_calls_are_empty() -> None:
    with ari_notebook.connect() as ari:
        row: Any = ari.measures().loc["all"]
        assert row["calls"] == 0
        assert math.isnan(row["service_level"])
        assert ari.measures(by="called").empty
        assert ari.measures.wallboard()["waiting"].tolist() == [0]


def test_unknown_column_is_named(opened: OpenedCapture) -> None:
    with pytest.raises(UsageProblem, match="no column 'nosuch'"):
        opened.measures(by="nosuch")
    with pytest.raises(UsageProblem, match="within must be more than 0"):
        opened.measures(within=0)


def test_wallboard_says_who_waits_now() -> None:
    plan = "[default]\nexten => 1,1,Answer()\n same => n,Dial(PJSIP/bob,90)\n"
    with ari_notebook.connect(subscribe_all=True) as ari:
        assert ari.simulator is not None
        ari.simulator.set_dialplan(plan)
        phone = ari.simulator.phones.add("bob", answer_after=None)
        ari.simulator.call("1")
        until(lambda: ari.measures.wallboard().loc["all", "waiting"] == 1)
        longest: Any = ari.measures.wallboard(by="called").loc["1", "longest_wait"]
        assert longest >= 0
        phone.answer()
        until(lambda: ari.measures.wallboard().loc["all", "talking"] == 1)
        board = ari.measures.wallboard().loc["all"]
        assert (board["waiting"], board["calls"], board["abandoned"]) == (0, 1, 0)


def test_erlang_c_of_a_textbook() -> None:
    """Ten agents, 8 erlangs: the probability of waiting is 0.409 (any table of Erlang C)."""
    found = erlang_c(calls_per_hour=160, talk=180, agents=10, within=20)
    assert found.waits == pytest.approx(0.409, abs=0.001)
    assert found.mean_wait == pytest.approx(0.409 * 180 / 2, abs=0.2)
    assert found.occupancy == pytest.approx(0.8)
    assert "never give up" in found.assumes
    with pytest.raises(UsageProblem, match="cannot carry"):
        erlang_c(calls_per_hour=200, talk=180, agents=10)


def test_erlang_a_of_patient_callers_is_erlang_c() -> None:
    patient = erlang_a(160, 180, 10, patience=1e7, within=20)
    endless = erlang_c(160, 180, 10, within=20)
    assert patient.waits == pytest.approx(endless.waits, rel=1e-3)
    assert patient.mean_wait == pytest.approx(endless.mean_wait, rel=1e-2)
    assert patient.service_level == pytest.approx(endless.service_level, rel=1e-3)
    assert patient.abandoned == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("rate", "talk", "agents", "patience"), [(240, 180, 10, 60), (30, 200, 2, 90), (600, 60, 5, 30)]
)
def test_erlang_a_is_what_a_simulation_gives(
    rate: float, talk: float, agents: int, patience: float
) -> None:
    found = erlang_a(rate, talk, agents, patience, within=20)
    waits, served, soon = simulated(rate, talk, agents, patience, 60_000)
    assert found.abandoned == pytest.approx(1 - served, abs=0.015)
    assert found.mean_wait == pytest.approx(waits, rel=0.06)
    assert found.service_level == pytest.approx(soon, abs=0.015)


def simulated(
    rate: float, talk: float, agents: int, patience: float, calls: int
) -> tuple[float, float, float]:
    """Return mean wait, share served, and share served within 20 s of calls in one queue."""
    chance = random.Random(1)
    free, now = [0.0] * agents, 0.0
    waited, served, soon = 0.0, 0, 0
    for _ in range(calls):
        now += chance.expovariate(rate / 3600)
        stays = chance.expovariate(1 / patience)
        agent = min(range(agents), key=free.__getitem__)
        wait = max(0.0, free[agent] - now)
        if wait > stays:
            waited += stays
            continue
        waited += wait
        served += 1
        soon += wait <= 20
        free[agent] = now + wait + chance.expovariate(1 / talk)
    return waited / calls, served / calls, soon / calls


def test_observed_beside_erlang(opened: OpenedCapture) -> None:
    table = opened.measures.erlang(agents=3)
    assert len(table) == 1
    assert table["calls_per_hour"].tolist() == [8]
    assert table["wait_mean"].notna().all()
    assert table["wait_mean_erlang_a"].notna().all()
    assert "Poisson" in table.attrs["assumes"]


@pytest.mark.parametrize("name", ["service_level", "waiting", "occupancy", "erlang"])
def test_figures_are_matplotlibs(opened: OpenedCapture, name: str) -> None:
    figures = pytest.importorskip("matplotlib.figure")
    arguments = (3,) if name == "erlang" else ()
    figure = getattr(opened.figures, name)(*arguments)
    assert isinstance(figure, figures.Figure)
    assert figure.axes[0].get_title()
    with ari_notebook.connect() as ari:
        assert getattr(ari.figures, name)(*arguments).axes[0].texts


def test_why_and_measures_of_a_dataset(opened: OpenedCapture, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    folder = ari_notebook.to_parquet(QUEUES, tmp_path / "days")
    dataset = ari_notebook.open_capture(folder, engine="pandas")
    pd.testing.assert_frame_equal(dataset.measures(), opened.measures())
    for call in opened.calls:
        assert dataset.why(call.first.id).text == opened.why(call.first.id).text
    with pytest.raises(UsageProblem):
        dataset.why("nosuch")
