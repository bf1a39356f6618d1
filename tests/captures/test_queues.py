"""Columns about waiting, talking and failing; queues/ has a real Asterisk's calls and its records.

The capture is of sipp's calls through app_queue (`test_queues_on_asterisk` makes them again).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import ari_notebook
from ari_notebook.sessions.opened_capture import OpenedCapture
from ari_notebook.simulator import RunningSimulator, start
from tests.captures import queue_rig
from tests.helpers.waiting import until

QUEUES = Path(__file__).parent / "queues"


@pytest.fixture(scope="module")
def opened() -> OpenedCapture:
    return ari_notebook.open_capture(QUEUES / "queue.jsonl.gz")


def test_calls_match_queue_log_cdr_and_cel(opened: OpenedCapture) -> None:
    calls = opened.calls.df
    assert len(calls) == len(queue_rig.QUEUES)
    assert queue_rig.differences(calls, opened.legs.df, QUEUES) == []


def test_outcome_of_each_queue(opened: OpenedCapture) -> None:
    calls = opened.calls.df.set_index("called")
    assert calls["failed_because"].to_dict() == {
        "q-answers": "",
        "q-ends": "",
        "q-holds": "",
        "q-transfers": "",
        "q-second": "",
        "q-rings": "the caller gave up",
        "q-timeout": "Queue timeout ended with TIMEOUT",
        "q-empty": "Queue empty ended with JOINEMPTY",
    }
    assert calls["agent"]["q-second"] == "PJSIP/answers"
    assert calls["transfers"].to_dict()["q-transfers"] == 1
    assert calls["hold"]["q-holds"] == pytest.approx(2, abs=0.1)  # sipp's pause
    assert calls["hold"]["q-answers"] == 0
    assert pd.isna(calls["hold"]["q-rings"])
    assert set(calls["uncertain"]) == {""}


def test_legs_say_what_each_phone_answered(opened: OpenedCapture) -> None:
    legs = opened.legs.df
    by_phone = legs[legs["dialled"].notna()].groupby("endpoint", observed=True)
    assert by_phone["sip"].max()["PJSIP/busy"] == 486
    assert by_phone["connected"].count().to_dict() == {
        "PJSIP/answers": 2,
        "PJSIP/busy": 0,
        "PJSIP/ends": 1,
        "PJSIP/holds": 1,
        "PJSIP/rings": 0,
        "PJSIP/transfers": 1,
    }
    assert by_phone["talk"].sum()["PJSIP/ends"] == pytest.approx(2, abs=0.1)
    assert set(legs["call"]) == set(opened.calls.df.index)


def test_dataset_has_the_same_calls_and_legs(opened: OpenedCapture, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    folder = ari_notebook.to_parquet(QUEUES / "queue.jsonl.gz", tmp_path / "days")
    dataset = ari_notebook.open_capture(folder, engine="pandas")
    for mine, its in ((opened.calls.df, dataset.calls.df), (opened.legs.df, dataset.legs.df)):
        words = dict.fromkeys(mine.select_dtypes("category"), "str")
        pd.testing.assert_frame_equal(its, mine.astype(words), check_dtype=False)


@pytest.fixture
def office() -> RunningSimulator:
    running = start(speed=10)
    running.set_dialplan(
        "[default]\nexten => 1,1,Answer()\n same => n,Dial(PJSIP/bob,20)\n"
        "exten => 2,1,Stasis(not-there)\nexten => 3,1,Dial(PJSIP/absent)\n"
        "exten => 4,1,Answer()\n same => n,Dial(PJSIP/quiet,90)\n"
        "exten => 5,1,Answer()\n same => n,Wait(1)\n"
    )
    return running


def test_live_calls_say_what_they_do(office: RunningSimulator) -> None:
    phone = office.phones.add("bob", answer_after=None)
    user, password = office.credentials
    with office, ari_notebook.connect(office.url, "a", user, password, subscribe_all=True) as ari:

        def states() -> list[str]:
            return [str(state) for state in ari.calls.live["state"]]

        caller = office.call("1")
        until(lambda: states() == ["waiting"])
        phone.answer()
        until(lambda: states() == ["talking"])
        assert ari.calls.live["agent"].tolist() == ["PJSIP/bob"]
        phone.current.hold()
        until(lambda: states() == ["held"])
        phone.current.unhold()
        until(lambda: states() == ["talking"])
        caller.hangup()
        until(lambda: states() == [])
        row = ari.calls.df.iloc[0]
        assert row["hold"] > 0
        assert row["queue_wait"] > 0
        assert not row["abandoned"]
        assert row["failed_because"] == ""


@pytest.mark.parametrize(
    ("extension", "because", "abandoned"),
    [
        ("1", "486 Busy Here from PJSIP/bob", False),
        ("2", "Stasis application not-there was not connected", False),
        ("3", "no channel could be created (DIALSTATUS=CHANUNAVAIL)", False),
        ("4", "the caller gave up", True),
        ("5", "", False),
    ],
)
def test_failed_because(
    office: RunningSimulator, extension: str, because: str, abandoned: bool
) -> None:
    office.phones.add("bob", refuse="busy")
    office.phones.add("quiet", answer_after=None)
    user, password = office.credentials
    with office, ari_notebook.connect(office.url, "a", user, password, subscribe_all=True) as ari:
        caller = office.call(extension)
        if extension == "4":
            until(lambda: ari.calls.live["state"].tolist() == ["waiting"])
            caller.hangup()
        until(lambda: ari.calls.df["end"].notna().tolist() == [True])
        row = ari.calls.df.iloc[0]
        assert row["failed_because"] == because
        assert row["abandoned"] == abandoned
        assert pd.isna(row["connected"])
        if extension == "1":
            assert row["sip"] == 486
