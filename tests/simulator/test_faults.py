"""Faults on demand, seen from outside."""

import json
import time
from urllib.parse import urlsplit

import pytest
import requests
from websocket import (
    WebSocketConnectionClosedException,
    WebSocketTimeoutException,
    create_connection,
)


def ping(server, timeout=5.0):
    url = f"{server.url}/ari/asterisk/ping"
    return requests.get(url, auth=server.credentials, timeout=timeout)


def events(server, app="faults"):
    url = f"ws://{urlsplit(server.url).netloc}/ari/events?app={app}&api_key="
    return create_connection(f"{url}{server.user}:{server.password}", timeout=2)


def event_of(connection, kind):
    while (event := json.loads(connection.recv()))["type"] != kind:
        pass
    return event


def test_drop_cuts_every_websocket_and_nothing_else(simulator):
    sockets = [events(simulator, "one"), events(simulator, "two")]
    assert simulator.faults.drop() == 2
    for each in sockets:
        with pytest.raises((WebSocketConnectionClosedException, OSError)):
            each.recv()
    assert ping(simulator).ok


def test_drop_with_a_code_closes_as_the_protocol_says(simulator):
    connection = events(simulator)
    simulator.faults.drop(1001)
    opcode, frame = connection.recv_data_frame(control_frame=True)
    assert (opcode, frame.data) == (8, (1001).to_bytes(2, "big"))


def test_what_happens_while_a_websocket_is_frozen_comes_after_the_thaw(simulator):
    connection = events(simulator)
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


def test_a_delay(simulator):
    simulator.faults.delay(0.3)
    start = time.monotonic()
    assert ping(simulator).ok
    assert time.monotonic() - start >= 0.3
    simulator.faults.delay(60)
    with pytest.raises(requests.Timeout):
        ping(simulator, timeout=0.1)
    simulator.faults.clear()
    assert ping(simulator, timeout=30).ok


def test_the_next_requests_fail_and_do_nothing(simulator):
    simulator.faults.fail(2)
    create = f"{simulator.url}/ari/bridges"
    codes = [
        requests.post(create, auth=simulator.credentials, timeout=5).status_code for _ in range(3)
    ]
    assert codes == [500, 500, 200]
    assert len(requests.get(create, auth=simulator.credentials, timeout=5).json()) == 1


def test_a_rate_of_failures_comes_in_the_same_order_again():
    from ari_notebook import simulator as simulators

    def codes():
        with simulators.start(seed=7) as running:
            running.faults.fail(rate=0.5)
            return [ping(running).status_code for _ in range(20)]

    first = codes()
    assert set(first) == {200, 500}
    assert codes() == first


def test_refused_connections_and_the_same_port_afterwards(simulator):
    simulator.faults.refuse()
    with pytest.raises(requests.ConnectionError, match="refused"):
        ping(simulator)
    simulator.faults.refuse(False)
    assert ping(simulator).ok


def test_a_restart_forgets_everything_but_the_address(simulator):
    connection = events(simulator)
    auth = simulator.credentials
    requests.post(f"{simulator.url}/ari/bridges", auth=auth, timeout=5).raise_for_status()
    before = simulator.exchange
    simulator.restart()
    with pytest.raises((WebSocketConnectionClosedException, OSError)):
        connection.recv()
    assert simulator.exchange is not before
    assert requests.get(f"{simulator.url}/ari/bridges", auth=auth, timeout=5).json() == []
    assert requests.get(f"{simulator.url}/ari/applications", auth=auth, timeout=5).json() == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda faults: faults.delay(-1), "must not be negative"),
        (lambda faults: faults.fail(-1), "a number of requests"),
        (lambda faults: faults.fail(rate=2), "between 0 and 1"),
    ],
)
def test_nonsense_is_refused(bad, message, simulator):
    with pytest.raises(ValueError, match=message):
        bad(simulator.faults)
