"""The control API over HTTP, as a test in another language uses it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from ari_notebook.simulator import RunningSimulator
from ari_notebook.simulator.control import openapi
from ari_notebook.simulator.control.api import ControlApi
from ari_notebook.simulator.control.routes import ROUTES
from tests.simulator.control.test_journal import connect, send

TOKEN = "correct-horse"
SHIPPED = Path(__file__).parents[3] / "docs" / "reference" / "simulator" / "control-api.json"

pytestmark = pytest.mark.simulated_asterisk(token=TOKEN)


def ask(
    server: RunningSimulator, method: str, path: str, body: Any = None, *, token: str = TOKEN
) -> tuple[int, Any]:
    """Send a request; its status and body."""
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{server.url}/_simulator{path}"
    answer = requests.request(method, url, json=body, headers=headers, timeout=60)
    if answer.headers.get("Content-Type") == "application/json":
        return answer.status_code, answer.json()
    return answer.status_code, answer.text


@pytest.mark.simulated_asterisk(token=None)
def test_api_is_off_unless_there_is_a_token(simulated_asterisk: RunningSimulator) -> None:
    status, page = ask(simulated_asterisk, "GET", "/health")
    assert (status, simulated_asterisk.control_url) == (404, "")
    assert "not found on this server" in page


def test_open_routes_need_no_token(simulated_asterisk: RunningSimulator) -> None:
    for route in ROUTES:
        if "{" not in route.path:
            status, _ = ask(simulated_asterisk, route.method, route.path, token="wrong")
            assert (status == 401) is (not route.open), route
    assert ask(simulated_asterisk, "GET", "/health", token="")[1]["status"] == "up"


def test_ready_follows_the_application(simulated_asterisk: RunningSimulator) -> None:
    assert ask(simulated_asterisk, "GET", "/ready")[0] == 200
    assert ask(simulated_asterisk, "GET", "/ready?app=shell")[0] == 503
    socket = connect(simulated_asterisk)
    assert ask(simulated_asterisk, "GET", "/ready?app=shell") == (
        200,
        {"ready": True, "apps": ["shell"]},
    )
    socket.shutdown()


def test_every_route_has_a_handler() -> None:
    missing = [each for each in ROUTES if not hasattr(ControlApi, f"_{each.handler}")]
    assert not missing


def test_openapi_document_is_served_and_shipped(simulated_asterisk: RunningSimulator) -> None:
    status, served = ask(simulated_asterisk, "GET", "/openapi.json")
    assert (status, served) == (200, json.loads(SHIPPED.read_text()))
    assert served == openapi.document()
    ids = [one["operationId"] for path in served["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids)) == len(ROUTES)


def test_calls_are_made_and_driven(simulated_asterisk: RunningSimulator) -> None:
    socket = connect(simulated_asterisk, "hello-world")
    status, call = ask(simulated_asterisk, "POST", "/calls", {"extension": "1000"})
    assert status == 201
    path = f"/calls/{call['id']}"
    ask(simulated_asterisk, "POST", "/clock/advance", {"seconds": 1})
    assert ask(simulated_asterisk, "GET", path)[1]["state"] == "Up"
    assert [each["id"] for each in ask(simulated_asterisk, "GET", "/calls")[1]] == [call["id"]]
    for action, body in (
        ("press", {"digits": "12"}), ("talk", None), ("quiet", None), ("hold", None),
        ("unhold", None), ("hangup", None),
    ):  # fmt: skip
        assert ask(simulated_asterisk, "POST", f"{path}/{action}", body)[0] == 200, action
    ask(simulated_asterisk, "POST", "/clock/advance", {"seconds": 1})
    assert ask(simulated_asterisk, "GET", path) == (
        404,
        {"message": f"no phone has a call {call['id']}"},
    )
    socket.shutdown()


def test_phones_are_added_and_act(simulated_asterisk: RunningSimulator) -> None:
    status, phone = ask(
        simulated_asterisk, "POST", "/phones", {"name": "alice", "answer_after": None}
    )
    assert (status, phone) == (201, {"name": "alice", "registered": True, "calls": []})
    socket = connect(simulated_asterisk)
    asked = {"endpoint": "PJSIP/alice", "app": "shell"}
    assert send(simulated_asterisk, "POST", "/channels", params=asked).status_code == 200
    ask(simulated_asterisk, "POST", "/clock/advance", {"seconds": 1})
    status, phone = ask(simulated_asterisk, "POST", "/phones/alice/answer")
    assert (status, len(phone["calls"])) == (200, 1)
    assert ask(simulated_asterisk, "POST", "/phones/alice/unregister")[1]["registered"] is False
    names = [each["name"] for each in ask(simulated_asterisk, "GET", "/phones")[1]]
    assert "alice" in names
    socket.shutdown()


def test_requests_are_listed_and_verified(simulated_asterisk: RunningSimulator) -> None:
    for name in ("a", "b"):
        send(simulated_asterisk, "POST", "/bridges", params={"name": name})
    listed = ask(simulated_asterisk, "GET", "/requests?operation=bridges.create&last=1")[1]
    assert [each["parameters"] for each in listed] == [{"name": "b"}]
    right = {"path": "/bridges", "method": "POST", "times": 2, "within": 30}
    status, found = ask(simulated_asterisk, "POST", "/requests/verify", right)
    assert (status, found["verified"], found["count"]) == (200, True, 2)
    wrong = {"operation": "bridges.create", "parameters": {"name": "a"}, "times": 0}
    status, found = ask(simulated_asterisk, "POST", "/requests/verify", wrong)
    reason = "expected exactly 0 requests bridges.create name=a, found 1"
    assert (status, found["message"]) == (409, reason)
    order = {"requests": [{"operation": "bridges.create", "parameters": {"name": "b"}}] * 2}
    status, found = ask(simulated_asterisk, "POST", "/requests/verify-order", order)
    assert (status, found["count"]) == (409, 1)
    assert "POST /bridges name=a -> 200" in ask(simulated_asterisk, "GET", "/ladder")[1]
    assert ask(simulated_asterisk, "DELETE", "/requests")[0] == 204
    assert ask(simulated_asterisk, "GET", "/requests")[1] == []


def test_faults_are_added_and_removed(simulated_asterisk: RunningSimulator) -> None:
    fault = {"operation": "bridges.create", "status": 503, "times": 2}
    status, made = ask(simulated_asterisk, "POST", "/faults", fault)
    assert (status, made) == (201, {"number": 1})
    assert ask(simulated_asterisk, "GET", "/faults")[1]["1"]["status"] == 503
    assert send(simulated_asterisk, "POST", "/bridges").status_code == 503
    assert ask(simulated_asterisk, "DELETE", "/faults/1")[0] == 204
    assert ask(simulated_asterisk, "DELETE", "/faults/1")[0] == 404
    assert send(simulated_asterisk, "POST", "/bridges").status_code == 200
    ask(simulated_asterisk, "POST", "/faults/fail", {"requests": 5})
    ask(simulated_asterisk, "POST", "/faults/delay", {"seconds": 600})
    assert ask(simulated_asterisk, "DELETE", "/faults")[0] == 204
    assert send(simulated_asterisk, "GET", "/bridges").status_code == 200


def test_connection_faults_and_restart(simulated_asterisk: RunningSimulator) -> None:
    socket = connect(simulated_asterisk)
    assert ask(simulated_asterisk, "POST", "/faults/freeze", {"frozen": False})[0] == 204
    assert ask(simulated_asterisk, "POST", "/faults/drop", {"code": 1001})[1] == {"dropped": 1}
    socket.shutdown()
    send(simulated_asterisk, "POST", "/bridges")
    assert ask(simulated_asterisk, "POST", "/faults/restart")[0] == 202
    while True:
        try:
            if send(simulated_asterisk, "GET", "/bridges").json() == []:
                break
        except requests.ConnectionError:
            time.sleep(0.01)


def test_clock_is_driven(simulated_asterisk: RunningSimulator) -> None:
    status, clock = ask(simulated_asterisk, "POST", "/clock/pause")
    assert (status, clock["paused"]) == (200, True)
    after = ask(simulated_asterisk, "POST", "/clock/advance", {"seconds": 30})[1]
    assert after["now"] - clock["now"] == pytest.approx(30, abs=0.01)
    ask(simulated_asterisk, "POST", "/calls", {"extension": "1001", "hangup_after": 60})
    after = ask(simulated_asterisk, "POST", "/clock/run-until-idle", {"limit": 600})[1]
    assert (after["idle"], after["next"]) == (True, None)
    assert after["advanced"] >= 60
    assert ask(simulated_asterisk, "POST", "/clock/resume")[1]["paused"] is False


def test_reset_keeps_applications_connected(simulated_asterisk: RunningSimulator) -> None:
    socket = connect(simulated_asterisk, "hello-world")
    simulated_asterisk.call("1000")
    assert json.loads(socket.recv())["type"] == "StasisStart"
    send(simulated_asterisk, "POST", "/bridges")
    assert ask(simulated_asterisk, "POST", "/reset")[0] == 204
    assert send(simulated_asterisk, "GET", "/channels").json() == []
    assert send(simulated_asterisk, "GET", "/bridges").json() == []
    again = simulated_asterisk.call("1000")
    while (event := json.loads(socket.recv()))["type"] != "StasisStart":
        pass
    assert event["channel"]["id"] == again.id
    simulated_asterisk.requests.verify("bridges.create", times=0)
    socket.shutdown()


def test_snapshot_is_restored(simulated_asterisk: RunningSimulator) -> None:
    ask(simulated_asterisk, "POST", "/phones", {"name": "alice", "answer_after": 7})
    ask(simulated_asterisk, "PUT", "/dialplan", {"text": "[default]\nexten => 7,1,Answer()\n"})
    variable = {"variable": "A", "value": "1"}
    send(simulated_asterisk, "POST", "/asterisk/variable", params=variable)
    send(simulated_asterisk, "PUT", "/deviceStates/Stasis:x", params={"deviceState": "BUSY"})
    box = {"oldMessages": 1, "newMessages": 2}
    send(simulated_asterisk, "PUT", "/mailboxes/1", params=box)
    assert ask(simulated_asterisk, "POST", "/snapshots", {"name": "first"}) == (201, ["first"])
    assert ask(simulated_asterisk, "POST", "/reset")[0] == 204
    assert send(simulated_asterisk, "GET", "/deviceStates").json() == []
    assert ask(simulated_asterisk, "POST", "/snapshots/first/restore")[0] == 204
    assert "7,1,Answer" in ask(simulated_asterisk, "GET", "/dialplan")[1]
    assert send(simulated_asterisk, "GET", "/asterisk/variable?variable=A").json()["value"] == "1"
    assert send(simulated_asterisk, "GET", "/deviceStates").json() == [
        {"name": "Stasis:x", "state": "BUSY"}
    ]
    assert send(simulated_asterisk, "GET", "/mailboxes/1").json()["new_messages"] == 2
    assert simulated_asterisk.phones["alice"].behaviour.answer_after == 7
    ask(simulated_asterisk, "POST", "/calls", {"extension": "7"})
    status, refused = ask(simulated_asterisk, "POST", "/snapshots", {"name": "second"})
    assert (status, "1 channel" in refused["message"]) == (409, True)
    assert ask(simulated_asterisk, "DELETE", "/snapshots/first")[0] == 204
    assert ask(simulated_asterisk, "GET", "/snapshots")[1] == []


def test_scenario_is_uploaded_as_json_or_as_a_file(simulated_asterisk: RunningSimulator) -> None:
    text = '[phones.alice]\n[[actions]]\nat = 0\nphone = "alice"\ndo = "call"\nto = "1001"\n'
    assert ask(simulated_asterisk, "POST", "/scenario", {"text": text})[0] == 204
    assert simulated_asterisk.phones["alice"].calls
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    url = f"{simulated_asterisk.control_url}/scenario"
    answer = requests.post(url, data=b"[phones.bob]\n", headers=headers, timeout=30)
    assert (answer.status_code, "bob" in simulated_asterisk.phones) == (204, True)


def test_events_are_sent_on_demand(simulated_asterisk: RunningSimulator) -> None:
    event = {"type": "NewInAsterisk25", "channel": {"id": "1"}}
    asked = {"app": "shell", "event": event}
    assert ask(simulated_asterisk, "POST", "/events", asked)[0] == 404
    socket = connect(simulated_asterisk)
    assert ask(simulated_asterisk, "POST", "/events", asked)[0] == 204
    assert json.loads(socket.recv()) == event
    socket.shutdown()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/nothing", None, 404, "openapi.json"),
        ("GET", "/calls/1/press", None, 405, "takes POST, not GET"),
        ("POST", "/calls", {"extension": 5}, 400, "extension must be a string, not 5"),
        ("POST", "/calls", {}, 400, "extension is missing"),
        ("POST", "/calls", {"extension": "x"}, 404, "no extension 'x' in context 'default'"),
        ("POST", "/calls", {"extenson": "x"}, 400, "did you mean extension"),
        ("POST", "/calls", [1], 400, "must be a JSON object"),
        ("POST", "/calls/1/press", {"digits": "1"}, 404, "no phone has a call 1"),
        ("POST", "/calls/1/dance", None, 404, "a call has no dance"),
        ("POST", "/phones/zoe/answer", None, 404, "no endpoint 'zoe'"),
        ("POST", "/phones/loopback/answer", None, 409, "no call to answer"),
        ("POST", "/phones/loopback/press", {"digits": "x"}, 400, "'x' is not a key"),
        ("POST", "/phones/loopback/talk", {"to": "x"}, 400, "talk takes no to"),
        ("POST", "/phones", {"name": "a", "lines": 0}, 400, "lines must be at least 1"),
        ("POST", "/requests/verify", {"operation": "channels.plai"}, 400, "did you mean"),
        ("POST", "/requests/verify", {"within": -1}, 400, "within is a number from 0 to 600"),
        ("GET", "/requests?last=x", None, 400, "last must be a whole number"),
        ("GET", "/requests?colour=x", None, 400, "'colour' is unknown"),
        ("POST", "/faults", {"operation": "bridges.list"}, 400, "needs a status or a delay"),
        ("POST", "/faults", {"path": "/x", "status": 500}, 400, "no operation of ARI"),
        ("POST", "/faults/drop", {"code": 1}, 400, "from 1000 to 4999"),
        ("POST", "/faults/fail", {"rate": 2}, 400, "between 0 and 1"),
        ("DELETE", "/faults/77", None, 404, "no fault 77"),
        ("POST", "/clock/advance", {"seconds": -1}, 400, "seconds is a number from 0 on, not -1"),
        ("POST", "/clock/advance", {"seconds": True}, 400, "must be a number"),
        ("POST", "/snapshots/x/restore", None, 404, "no snapshot 'x'"),
        ("POST", "/scenario", {"text": "[phones"}, 400, "scenario:1:"),
        ("PUT", "/dialplan", {"text": "exten => 1"}, 400, "extensions.conf:1"),
        ("POST", "/events", {"app": "shell", "event": {}}, 400, "event has no type"),
    ],
)
def test_bad_request_is_one_line_and_changes_nothing(
    method: str,
    path: str,
    body: Any,
    status: int,
    message: str,
    simulated_asterisk: RunningSimulator,
) -> None:
    before = simulated_asterisk.dialplan
    answer = ask(simulated_asterisk, method, path, body)
    assert answer[0] == status, answer
    assert message in answer[1]["message"]
    assert "\n" not in answer[1]["message"]
    assert send(simulated_asterisk, "GET", "/channels").json() == []
    assert ask(simulated_asterisk, "GET", "/faults")[1] == {}
    assert simulated_asterisk.dialplan == before
