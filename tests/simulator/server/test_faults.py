"""Faults on demand, observed by a client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
import websocket
from websocket import (
    WebSocketConnectionClosedException,
    WebSocketTimeoutException,
)

from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.server.faults import Faults
from tests.simulator.server.conftest import OpenEvents


def ping(server: RunningSimulator, timeout: float = 5.0) -> requests.Response:
    url = f"{server.url}/ari/asterisk/ping"
    return requests.get(url, auth=server.credentials, timeout=timeout)


def event_of(connection: websocket.WebSocket, kind: str) -> dict[str, Any]:
    while (event := json.loads(connection.recv()))["type"] != kind:
        pass
    return dict(event)


def test_drop_cuts_every_websocket_and_nothing_else(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    sockets = [events(simulator, "one"), events(simulator, "two")]
    assert simulator.faults.drop() == 2
    for each in sockets:
        with pytest.raises((WebSocketConnectionClosedException, OSError)):
            each.recv()
    assert ping(simulator).ok


def test_drop_with_a_code_closes_as_the_protocol_says(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    connection = events(simulator, "faults", timeout=30)
    simulator.faults.drop(1001)
    opcode, frame = connection.recv_data_frame(control_frame=True)
    assert (opcode, frame.data) == (8, (1001).to_bytes(2, "big"))


def test_events_of_a_frozen_websocket_arrive_after_the_thaw(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    connection = events(simulator, "faults", timeout=30)
    simulator.faults.freeze()
    body = {"variables": {"a": "b"}}
    requests.post(
        f"{simulator.url}/ari/events/user/hello?application=faults",
        json=body,
        auth=simulator.credentials,
        timeout=5,
    ).raise_for_status()
    connection.settimeout(0.3)
    with pytest.raises(WebSocketTimeoutException):
        connection.recv()
    simulator.faults.freeze(False)
    assert event_of(connection, "ChannelUserevent")["eventname"] == "hello"


def test_delay_postpones_responses(simulator: RunningSimulator) -> None:
    simulator.faults.delay(0.3)
    start = time.monotonic()
    assert ping(simulator).ok
    assert time.monotonic() - start >= 0.3
    simulator.faults.delay(60)
    with pytest.raises(requests.Timeout):
        ping(simulator, timeout=0.1)
    simulator.faults.clear()
    assert ping(simulator, timeout=30).ok


def test_next_requests_fail_and_do_nothing(simulator: RunningSimulator) -> None:
    simulator.faults.fail(2)
    create = f"{simulator.url}/ari/bridges"
    codes = [
        requests.post(create, auth=simulator.credentials, timeout=30).status_code for _ in range(3)
    ]
    assert codes == [500, 500, 200]
    assert len(requests.get(create, auth=simulator.credentials, timeout=30).json()) == 1


def test_rate_of_failures_comes_in_the_same_order_again() -> None:
    from ari_notebook import simulator as simulators

    def codes() -> list[int]:
        with simulators.start(seed=7) as running:
            running.faults.fail(rate=0.5)
            return [ping(running).status_code for _ in range(20)]

    first = codes()
    assert set(first) == {200, 500}
    assert codes() == first


def test_refused_connections_and_the_same_port_afterwards(simulator: RunningSimulator) -> None:
    simulator.faults.refuse()
    with pytest.raises(requests.ConnectionError, match="refused"):
        ping(simulator)
    simulator.faults.refuse(False)
    assert ping(simulator).ok


def test_restart_forgets_everything_but_the_address(
    simulator: RunningSimulator, events: OpenEvents
) -> None:
    connection = events(simulator, "faults", timeout=30)
    auth = simulator.credentials
    requests.post(f"{simulator.url}/ari/bridges", auth=auth, timeout=30).raise_for_status()
    before = simulator.exchange
    simulator.restart()
    with pytest.raises((WebSocketConnectionClosedException, OSError)):
        connection.recv()
    assert simulator.exchange is not before
    assert requests.get(f"{simulator.url}/ari/bridges", auth=auth, timeout=30).json() == []
    assert requests.get(f"{simulator.url}/ari/applications", auth=auth, timeout=30).json() == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda faults: faults.delay(-1), "must not be negative"),
        (lambda faults: faults.fail(-1), "a number of requests"),
        (lambda faults: faults.fail(rate=2), "between 0 and 1"),
    ],
)
def test_invalid_fault_is_refused(
    bad: Callable[[Faults], object], message: str, simulator: RunningSimulator
) -> None:
    with pytest.raises(ValueError, match=message):
        bad(simulator.faults)
