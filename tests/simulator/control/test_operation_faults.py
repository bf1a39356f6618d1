"""Faults of single operations."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from ari_notebook.simulator import RunningSimulator
from tests.simulator.control.test_journal import connect, send


def test_fault_refuses_the_next_requests_of_an_operation(
    simulated_asterisk: RunningSimulator,
) -> None:
    simulated_asterisk.faults.add("bridges.create", status=503, message="Busy", times=2)
    answers = [send(simulated_asterisk, "POST", "/bridges") for _ in range(3)]
    assert [each.status_code for each in answers] == [503, 503, 200]
    assert answers[0].json() == {"message": "Busy"}
    assert len(send(simulated_asterisk, "GET", "/bridges").json()) == 1


def test_fault_of_a_channel_and_of_parameters(simulated_asterisk: RunningSimulator) -> None:
    first, second = simulated_asterisk.call("1001"), simulated_asterisk.call("1001")
    simulated_asterisk.faults.add("channels.ring", channel=first.name, status=409)
    simulated_asterisk.faults.add(
        method="POST", path="/bridges", parameters={"name": "bad*"}, status=422
    )
    messages = [
        send(simulated_asterisk, "POST", f"/channels/{each.id}/ring").json()["message"]
        for each in (first, second)
    ]
    assert messages == ["Simulated fault", "Channel not in Stasis application"]
    statuses = [
        send(simulated_asterisk, "POST", "/bridges", params={"name": name}).status_code
        for name in ("bad one", "good")
    ]
    assert statuses == [422, 200]


def test_fault_applies_to_requests_over_websocket(simulated_asterisk: RunningSimulator) -> None:
    simulated_asterisk.faults.add("bridges.create", status=500)
    socket = connect(simulated_asterisk)
    socket.send(json.dumps({"type": "RESTRequest", "method": "POST", "uri": "bridges"}))
    assert json.loads(socket.recv())["status_code"] == 500
    socket.shutdown()


def test_delayed_answer_comes_after_the_events(simulated_asterisk: RunningSimulator) -> None:
    simulated_asterisk.clock.pause()
    simulated_asterisk.faults.add("bridges.create", delay=30)
    socket = connect(simulated_asterisk, "shell&subscribeAll=true")
    socket.send(json.dumps({"type": "RESTRequest", "method": "POST", "uri": "bridges"}))
    assert json.loads(socket.recv())["type"] == "BridgeCreated"
    simulated_asterisk.requests.verify("bridges.create", times=0)
    simulated_asterisk.clock.advance(30)
    assert json.loads(socket.recv())["type"] == "RESTResponse"
    socket.shutdown()


def test_probability_follows_the_seed_and_remove_ends_it(
    simulated_asterisk: RunningSimulator,
) -> None:
    number = simulated_asterisk.faults.add("bridges.list", status=500, probability=0.5)
    statuses = {send(simulated_asterisk, "GET", "/bridges").status_code for _ in range(40)}
    assert statuses == {200, 500}
    assert simulated_asterisk.faults.remove(number)
    assert not simulated_asterisk.faults.remove(number)
    assert {send(simulated_asterisk, "GET", "/bridges").status_code for _ in range(10)} == {200}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"operation": "channels.plaz", "status": 500}, "did you mean channels.play"),
        ({"operation": "channels.play"}, "needs a status or a delay"),
        ({"operation": "channels.play", "status": 200}, "not an error"),
        ({"operation": "channels.play", "status": 499}, "is not one of 400"),
        ({"operation": "channels.play", "delay": -1}, "delay is a number"),
        ({"operation": "channels.play", "status": 500, "probability": 0}, "probability is above 0"),
        ({"operation": "channels.play", "status": 500, "times": 0}, "times is at least 1"),
        ({"path": "/nothing", "status": 500}, "no operation of ARI is /nothing"),
    ],
)
def test_fault_without_effect_is_refused(
    fault: dict[str, Any], message: str, simulated_asterisk: RunningSimulator
) -> None:
    with pytest.raises(ValueError, match=message):
        simulated_asterisk.faults.add(**fault)
    assert send(simulated_asterisk, "GET", "/bridges").status_code == requests.codes.ok
