"""REST over the event WebSocket: every caller gets its own response, or an error."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import ari_notebook
from ari_notebook.client.errors import NotSent, OutcomeUnknown
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from tests.helpers.servers import Server
from tests.helpers.waiting import until


@pytest.fixture
def ari(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url, transport="websocket") as session:
        yield session


@pytest.fixture
def simulated(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    with ari_notebook.connect(simulator.url, transport="websocket") as session:
        yield session


def test_concurrent_callers_get_their_own_responses(ari: Session) -> None:
    def ask(number: int) -> str:
        name = f"N{number}"
        ari.asterisk.set_global_var(name, str(number))
        return str(ari.asterisk.get_global_var(name)["value"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(60))) == [str(n) for n in range(60)]
    assert ari.requests.count == 120
    assert "RESTResponse" not in set(ari.events.df["type"])


def test_answer_and_the_events_it_caused_both_arrive(ari: Session) -> None:
    bridge = ari.bridges.create(name="ours")
    ari.applications.subscribe(ari.apps[0], f"bridge:{bridge.id}")
    ari.bridges.destroy(bridge.id)
    assert ari.wait_for("BridgeDestroyed").bridge.id == bridge.id


def test_requests_too_large_for_the_socket_use_http(ari: Session) -> None:
    # Over HTTP a body that is too long is refused; the socket would be closed for it, with 1009.
    long = {"disallowed": [{"type": "x" * 70_000}]}
    with pytest.raises(ari_notebook.AriError, match="too large"):
        ari.request("PUT", f"/applications/{ari.apps[0]}/eventFilter", body=long)
    with pytest.raises(ari_notebook.NotFound):
        ari.recordings.get_stored_file("nothing-of-that-name")
    assert ari.status.reconnects == 0


def test_timeout_is_outcome_unknown(simulated: Session, simulator: RunningSimulator) -> None:
    simulated.sender._rest.timeout = 0.3
    simulator.faults.freeze()
    with pytest.raises(OutcomeUnknown, match="no response over the WebSocket"):
        simulated.bridges.create()


def test_connection_lost_while_waiting_is_unknown_and_at_once(
    simulated: Session, simulator: RunningSimulator
) -> None:
    simulator.faults.freeze()
    simulated.sender._rest.timeout = 3600  # a test may not take that long
    threading.Timer(0.2, simulated.synchronizer.stream.drop).start()
    with pytest.raises(OutcomeUnknown, match="look before sending it again"):
        simulated.bridges.create()


def test_without_a_connection_nothing_is_sent(
    simulated: Session, simulator: RunningSimulator
) -> None:
    simulator.faults.refuse()
    simulator.faults.drop()
    until(lambda: simulated.status.state != "connected")
    with pytest.raises(NotSent, match="not connected"):
        simulated.bridges.create()
    simulator.faults.refuse(False)
    until(lambda: simulated.status.state == "connected")
    assert simulated.bridges.create().id


def test_responses_are_not_delayed_by_batched_reads(
    ari: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dense event stream is read less often, but not concurrent responses."""
    monkeypatch.setattr("ari_notebook.client.event_stream._DENSE", 2)
    monkeypatch.setattr("ari_notebook.connection.event_sync._UNAWAITED_SECONDS", 60)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: ari.asterisk.get_global_var("NONE"), range(200)))
    assert ari.status.reconnects == 0
