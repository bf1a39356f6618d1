"""The journal of requests, and its verification from Python."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests
import websocket

from ari_notebook.simulator import RunningSimulator, VerificationFailed


def send(server: RunningSimulator, method: str, path: str, **options: Any) -> requests.Response:
    url = f"{server.url}/ari{path}"
    return requests.request(method, url, auth=server.credentials, timeout=30, **options)


def connect(server: RunningSimulator, app: str = "shell") -> websocket.WebSocket:
    url = server.url.replace("http", "ws", 1)
    key = ":".join(server.credentials)
    return websocket.create_connection(f"{url}/ari/events?app={app}&api_key={key}", timeout=30)


def test_verify_counts_requests_that_match(simulated_asterisk: RunningSimulator) -> None:
    asked = simulated_asterisk.requests
    send(simulated_asterisk, "POST", "/bridges", params={"type": "mixing", "name": "a b"})
    send(simulated_asterisk, "POST", "/bridges", json={"name": "other", "bridgeId": "b1"})
    send(simulated_asterisk, "GET", "/bridges/b1")
    asked.verify("POST /bridges", times=2)
    asked.verify("bridges.create", name="a *", times=1)
    asked.verify("bridges.create", bridgeId="b1", times=1)
    asked.verify("POST /bridges/*/play", times=0)
    (entry,) = asked.verify("GET /bridges/*")
    assert (entry.user, entry.status, entry.operation) == ("asterisk", 200, "bridges.get")
    assert [each.method for each in asked] == ["POST", "POST", "GET"]
    asked.clear()
    assert len(asked) == 0


def test_verify_failure_names_count_and_shows_ladder(
    simulated_asterisk: RunningSimulator,
) -> None:
    send(simulated_asterisk, "DELETE", "/channels/1.1")
    with pytest.raises(VerificationFailed) as failed:
        simulated_asterisk.requests.verify("channels.play", media="sound:beep", times=1)
    first, second = str(failed.value).splitlines()
    assert first == "expected exactly 1 request channels.play media=sound:beep, found 0"
    assert second.endswith("──> DELETE /channels/1.1 -> 404 Channel not found")


def test_verify_waits_for_request_still_to_come(simulated_asterisk: RunningSimulator) -> None:
    later = threading.Timer(0.05, send, (simulated_asterisk, "POST", "/bridges"))
    later.start()
    simulated_asterisk.requests.verify("POST /bridges", times=1, within=30)
    later.join()


def test_verify_order_names_the_first_missing_request(
    simulated_asterisk: RunningSimulator,
) -> None:
    send(simulated_asterisk, "POST", "/bridges/b1")
    send(simulated_asterisk, "GET", "/bridges")
    send(simulated_asterisk, "DELETE", "/bridges/b1")
    asked = simulated_asterisk.requests
    asked.verify_order("bridges.create_with_id", "DELETE /bridges/*")
    with pytest.raises(VerificationFailed, match="expected GET /bridges after DELETE /bridges/b1"):
        asked.verify_order("DELETE /bridges/b1", "GET /bridges")


@pytest.mark.parametrize(
    ("what", "parameters", "message"),
    [
        ("channels.pley", {}, "ARI has no operation channels.pley; did you mean channels.play"),
        ("POST /chanels/*/play", {}, "no operation of ARI is POST /chanels/"),
        ("PLAY /channels", {}, "no operation of ARI is PLAY /channels"),
        ("POST /ari/channels", {}, "below /ari"),
        ("channels.list", {"media": "x"}, "channels.list takes no media"),
        ("channels.list", {"channel": "x"}, "channels.list is not about a channel"),
        ("channels.play", {"media": "x" * 600}, "longer than 500"),
    ],
)
def test_pattern_that_cannot_match_is_refused(
    what: str, parameters: dict[str, Any], message: str, simulated_asterisk: RunningSimulator
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        simulated_asterisk.requests.verify(what, times=0, **parameters)
    assert "\n" not in str(refused.value)


def test_journal_has_requests_over_websocket_and_no_password(
    simulated_asterisk: RunningSimulator,
) -> None:
    socket = connect(simulated_asterisk)
    asked = {"type": "RESTRequest", "method": "POST", "uri": "bridges?name=x"}
    socket.send(json.dumps(asked))
    (entry,) = simulated_asterisk.requests.verify("bridges.create", name="x", within=30)
    socket.shutdown()
    assert entry.transport == "websocket"
    events = next(each for each in simulated_asterisk.requests if each.path == "/events")
    assert simulated_asterisk.password not in str(events.json())


def test_requests_about_channel_match_its_name(simulated_asterisk: RunningSimulator) -> None:
    call = simulated_asterisk.call("1001")
    send(simulated_asterisk, "POST", f"/channels/{call.id}/ring")
    simulated_asterisk.requests.verify("channels.ring", channel=call.name, times=1)
    simulated_asterisk.requests.verify("channels.ring", channel="PJSIP/other", times=0)
