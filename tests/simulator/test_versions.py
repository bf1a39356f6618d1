"""A simulator behaves like the chosen release of Asterisk."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ari_notebook import simulator
from ari_notebook.schema import builtin
from ari_notebook.schema.versions import parse_version
from ari_notebook.simulator import Request, RunningSimulator
from tests.demonstration import demonstration
from tests.simulator.control.test_journal import connect, send
from tests.simulator.switchboard import HANDSHAKE, Switchboard, answered, upgraded

VERSIONS = ["18.26", "20.13", "20.20.1", "21.12.3", "22.0", "22.8", "22.10.0", "22.10.1", "23.4"]
BROADCAST = "[default]\nexten => 1,1,Answer()\n same => n,StasisBroadcast(300,^hello)\n"


def board(version: str, dialplan: str | None = None) -> Switchboard:
    config = replace(demonstration(), version=parse_version(version))
    return Switchboard(dialplan, config=config)


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest) -> Switchboard:
    return board(request.param)


def test_server_header_and_information_name_the_release() -> None:
    for version in VERSIONS:
        full = str(parse_version(version))
        info = board(version).ask("GET", "/asterisk/info")[1]
        assert info["system"]["version"] == full
        with simulator.start(version=version) as running:
            answer = send(running, "GET", "/asterisk/ping")
            assert answer.headers["Server"] == f"Asterisk/{full}"


def test_exactly_its_operations_are_routed(old: Switchboard) -> None:
    declared = builtin(old.exchange.config.version)
    own = {(each.method, each.path) for each in declared.operations}
    for operation in builtin().operations:
        if operation.websocket:
            continue
        status, body = old.ask(operation.method, operation.path)
        refused = status == 405 or (status == 404 and body == {"message": "Resource not found"})
        # A path that a variable of an older operation takes leads to that one.
        if (operation.method, operation.path) in own:
            assert not refused, operation.path
        elif operation.path.count("/") > 2 or "{" in operation.path:
            assert status >= 400, operation.path


def test_its_api_docs_are_served(old: Switchboard) -> None:
    served = old.ask("GET", "/api-docs/channels.json")[1]
    paths = {api["path"] for api in served["apis"]}
    declared = builtin(old.exchange.config.version)
    assert paths == {each.path for each in declared.operations if each.resource == "channels"}


def test_events_and_answers_have_its_fields_only(old: Switchboard) -> None:
    declared = builtin(old.exchange.config.version)
    call = old.phones.call("1000")
    old.wait(1)
    channel = old.ask("GET", f"/channels/{call.id}")[1]
    assert set(channel) <= {each.name for each in declared.fields("Channel")}
    bridge = old.ask("POST", "/bridges", type="mixing")[1]
    assert set(bridge) <= {each.name for each in declared.fields("Bridge")}
    old.ask("POST", f"/bridges/{bridge['id']}/addChannel", channel=call.id)
    call.hangup()
    old.wait(1)
    assert len({event["type"] for event in old.events}) > 8
    for event in old.events:
        assert set(event) <= {each.name for each in declared.fields(event["type"])}, event
        if "channel" in event:
            assert set(event["channel"]) <= {each.name for each in declared.fields("Channel")}


@pytest.mark.parametrize(
    ("version", "has"), [("22.9", False), ("22.10", True), ("20.19", False), ("23.4", True)]
)
def test_broadcast_is_an_application_of_its_releases(
    version: str, has: bool, caplog: pytest.LogCaptureFixture
) -> None:
    old = board(version, BROADCAST)
    old.phones.call("1")
    old.wait(1)
    assert ("No application 'StasisBroadcast'" in caplog.text) is not has
    assert any(event["type"] == "CallBroadcast" for event in old.events) is has


@pytest.mark.parametrize(("version", "status"), [("22.5", 500), ("22.6", 200), ("21.11", 200)])
def test_media_websocket_is_a_technology_of_its_releases(version: str, status: int) -> None:
    old = board(version)
    asked = {"endpoint": "WebSocket/INCOMING/c(ulaw)", "app": "hello-world"}
    assert old.ask("POST", "/channels", **asked)[0] == status
    external: dict[str, Any] = {
        "external_host": "INCOMING", "transport": "websocket", "encapsulation": "none",
        "connection_type": "server", "format": "ulaw", "app": "hello-world",
    }  # fmt: skip
    found = old.ask("POST", "/channels/externalMedia", **external)[0]
    assert (found == 200) is (status == 200)


@pytest.mark.parametrize(
    ("version", "status"), [("22.10.0", 200), ("22.10.1", 403), ("23.4.0", 200), ("20.20.1", 403)]
)
def test_read_only_user_on_websocket_is_checked_since_the_fix(version: str, status: int) -> None:
    old = board(version)
    target = "/ari/events?app=observing&api_key=observer:observer"
    socket = upgraded(old.asterisk.request(Request("GET", target, HANDSHAKE)))
    asked = {"type": "RESTRequest", "method": "POST", "uri": "bridges"}
    socket.receive(json.dumps(asked).encode())
    old.wait(0)
    (reply,) = (json.loads(each) for each in socket.take())
    assert reply["status_code"] == status
    direct = "/ari/bridges?api_key=observer:observer"
    assert answered(old.asterisk.request(Request("POST", direct))).status == 403


@pytest.mark.parametrize(("version", "status"), [("22.10.0", 200), ("22.10.1", 500)])
def test_reserved_functions_are_closed_since_the_fix(version: str, status: int) -> None:
    old = board(version)
    old.exchange.database["a/b"] = "1"
    call = old.phones.call("1000")
    old.wait(1)
    assert old.ask("GET", f"/channels/{call.id}/variable", variable="DB(a/b)")[0] == status


@pytest.mark.parametrize(("version", "answers"), [("22.3", False), ("22.4", True)])
def test_requests_on_the_event_socket_are_answered_since(version: str, answers: bool) -> None:
    with simulator.start(version=version) as running:
        socket = connect(running, "shell&subscribeAll=true")
        asked = {"type": "RESTRequest", "method": "POST", "uri": "bridges"}
        socket.send(json.dumps(asked))
        send(running, "POST", "/bridges")
        seen = [json.loads(socket.recv())["type"] for _ in range(3 if answers else 1)]
        assert ("RESTResponse" in seen) is answers
        socket.shutdown()


def test_parameters_it_lacks_are_ignored() -> None:
    given = {"variables": json.dumps({"A": "1"}), "type": "mixing"}
    old = board("22.9")
    assert old.ask("POST", "/bridges", **given)[0] == 200
    old.wait(0)
    assert "bridgevars" not in old.events[-1].get("bridge", {})


@pytest.mark.simulated_asterisk(version="22.8", token="token-of-a-test")
def test_fixture_takes_a_version(simulated_asterisk: RunningSimulator) -> None:
    assert send(simulated_asterisk, "GET", "/asterisk/ping").headers["Server"] == "Asterisk/22.8.2"
    with pytest.raises(ValueError, match=r"ARI has no operation events\.claim"):
        simulated_asterisk.faults.add("events.claimChannel", status=500)


def test_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"unknown version of Asterisk: '1\.2'"):
        simulator.start(version="1.2")
