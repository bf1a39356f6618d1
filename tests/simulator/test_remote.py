"""Phones of a running simulator, used from a thread that is not the simulator's."""

import time

import pytest

from ari_notebook.simulator.phone_calls import NotPossible


def eventually(true):
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_calls_and_phones_from_another_thread(simulator):
    alice = simulator.phones.add("alice", "Alice <5551>", answer_after=0.1)
    assert alice == simulator.phones["alice"]
    assert (alice.registered, list(simulator.phones)) == (True, ["loopback", "alice"])
    call = alice.call("1002")
    eventually(lambda: call.state == "Up")
    assert alice.current == call
    assert alice.calls == (call,)
    call.press("1")
    call.hangup()
    eventually(lambda: call.state == "Gone")
    with pytest.raises(NotPossible, match="has hung up"):
        call.talk()


def test_a_restart_makes_new_phones(simulator):
    simulator.phones.add("alice")
    simulator.restart()
    assert list(simulator.phones) == ["loopback"]


def test_scenario_and_traffic_of_a_running_simulator(simulator, tmp_path):
    file = tmp_path / "scenario.toml"
    file.write_text('[phones.bob]\n[[actions]]\nat = 0\nphone = "bob"\ndo = "call"\nto = "1002"')
    simulator.follow(file)
    eventually(lambda: len(simulator.phones["bob"].calls) == 1)
    simulator.traffic(6000, extensions=["1002"])
    eventually(lambda: simulator.run(lambda exchange: len(exchange.channels)) > 3)
    simulator.traffic(0)
