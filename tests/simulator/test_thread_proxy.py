"""Phones of a running simulator, used from another thread; one in process refuses that."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import ari_notebook
from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.phones.call import NotPossible
from tests.helpers.waiting import until


def test_calls_and_phones_from_another_thread(simulator: RunningSimulator) -> None:
    alice = simulator.phones.add("alice", "Alice <5551>", answer_after=0.1)
    assert alice == simulator.phones["alice"]
    assert (alice.registered, list(simulator.phones)) == (True, ["loopback", "alice"])
    call = alice.call("1002")
    until(lambda: call.state == "Up")
    assert alice.current == call
    assert alice.calls == (call,)
    call.press("1")
    call.hangup()
    until(lambda: call.state == "Gone")
    with pytest.raises(NotPossible, match="has hung up"):
        call.talk()


def test_restart_makes_new_phones(simulator: RunningSimulator) -> None:
    simulator.phones.add("alice")
    simulator.restart()
    assert list(simulator.phones) == ["loopback"]


def test_scenario_and_traffic_of_a_running_simulator(
    simulator: RunningSimulator, tmp_path: Path
) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text('[phones.bob]\n[[actions]]\nat = 0\nphone = "bob"\ndo = "call"\nto = "1002"')
    simulator.follow(file)
    until(lambda: len(simulator.phones["bob"].calls) == 1)
    simulator.traffic(6000, extensions=["1002"])
    until(lambda: simulator.run(lambda asterisk: len(asterisk.exchange.channels)) > 3)
    simulator.traffic(0)


def test_thread_other_than_the_exchanges_is_refused() -> None:
    failures: list[BaseException] = []
    with ari_notebook.connect("simulator:") as ari:

        def use() -> None:
            try:
                ari.channels.list()
            except RuntimeError as error:
                failures.append(error)

        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
    assert "belongs to the thread that started it" in str(failures[0])
