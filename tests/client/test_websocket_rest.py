"""REST over the event WebSocket: every caller gets the answer to its own request, or is told why
there is none."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import ari_notebook
from ari_notebook.client.errors import NotSent, OutcomeUnknown


@pytest.fixture
def ari(exchange_server):
    with ari_notebook.connect(exchange_server.url, transport="websocket") as session:
        yield session


@pytest.fixture
def simulated(simulator, monkeypatch):
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    with ari_notebook.connect(simulator.url, transport="websocket") as session:
        yield session


def test_callers_side_by_side_get_their_own_answers(ari):
    def ask(number: int) -> str:
        name = f"N{number}"
        ari.asterisk.set_global_var(name, str(number))
        return str(ari.asterisk.get_global_var(name)["value"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(60))) == [str(n) for n in range(60)]
    assert ari.requests.count == 120
    assert "RESTResponse" not in set(ari.events.df["type"])


def test_an_answer_and_the_events_it_caused_both_arrive(ari):
    bridge = ari.bridges.create(name="ours")
    ari.applications.subscribe(ari.apps[0], f"bridge:{bridge.id}")
    ari.bridges.destroy(bridge.id)
    assert ari.wait_for("BridgeDestroyed").bridge.id == bridge.id


def test_what_the_socket_cannot_carry_goes_over_http(ari):
    # Over HTTP a body that is too long is refused; the socket would be closed for it, with 1009.
    long = {"disallowed": [{"type": "x" * 70_000}]}
    with pytest.raises(ari_notebook.AriError, match="too large"):
        ari.request("PUT", f"/applications/{ari.apps[0]}/eventFilter", body=long)
    with pytest.raises(ari_notebook.NotFound):
        ari.recordings.get_stored_file("nothing-of-that-name")
    assert ari.status.reconnects == 0


def test_silence_is_unknown(simulated, simulator):
    simulated._sender._rest.timeout = 0.3
    simulator.faults.freeze()
    with pytest.raises(OutcomeUnknown, match="no answer over the WebSocket"):
        simulated.bridges.create()


def test_connection_lost_while_waiting_is_unknown_and_at_once(simulated, simulator):
    simulator.faults.freeze()
    simulated._sender._rest.timeout = 3600  # a test may not take that long
    threading.Timer(0.2, simulated._follower.stream.drop).start()
    with pytest.raises(OutcomeUnknown, match="look before sending it again"):
        simulated.bridges.create()


def test_without_a_connection_nothing_is_sent(simulated, simulator):
    simulator.faults.refuse()
    simulator.faults.drop()
    deadline = time.monotonic() + 5
    while simulated.status.state == "connected" and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(NotSent, match="no connection"):
        simulated.bridges.create()
    simulator.faults.refuse(False)
    while simulated.status.state != "connected" and time.monotonic() < deadline + 5:
        time.sleep(0.01)
    assert simulated.bridges.create().id


def test_answers_do_not_wait_for_more_to_come(ari, monkeypatch):
    """A dense stream is read less often; answers that come side by side are no such thing."""
    monkeypatch.setattr("ari_notebook.client.stream._DENSE", 2)
    monkeypatch.setattr("ari_notebook.following._UNAWAITED_SECONDS", 60)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: ari.asterisk.get_global_var("NONE"), range(200)))
    assert ari.status.reconnects == 0
