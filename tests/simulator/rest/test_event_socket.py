"""Event sockets without a network: registration, REST requests, replacement, filters."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.config.settings import AriSettings, Config, User
from ari_notebook.simulator.messages import Request
from ari_notebook.simulator.rest.event_socket import EventSocket
from tests.demonstration import demonstration
from tests.simulator.switchboard import answered

HANDSHAKE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
]
PING = {"type": "RESTRequest", "method": "GET", "uri": "asterisk/ping"}


@pytest.fixture
def asterisk() -> SimulatedAsterisk:
    return SimulatedAsterisk(demonstration(), start=1_800_000_000.0, seed=1)


def connect(
    asterisk: SimulatedAsterisk, app: str = "app", user: str = "asterisk", more: str = ""
) -> EventSocket:
    target = f"/ari/events?app={app}&api_key={user}:{user}{more}"
    socket = asterisk.request(Request("GET", target, HANDSHAKE))
    assert isinstance(socket, EventSocket)
    return socket


def ask(socket: EventSocket, message: dict[str, Any] | bytes) -> dict[str, Any]:
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    socket.receive(text)
    answers = [json.loads(each) for each in socket.take()]
    return next(each for each in answers if each["type"] == "RESTResponse")


def said(answer: dict[str, Any]) -> str:
    return str(json.loads(answer["message_body"])["message"])


def test_request_and_its_response(asterisk: SimulatedAsterisk) -> None:
    answer = ask(connect(asterisk), {**PING, "transaction_id": "T", "request_id": "R"})
    assert list(answer) == [
        "type",
        "transaction_id",
        "request_id",
        "status_code",
        "reason_phrase",
        "uri",
        "content_type",
        "message_body",
        "application",
        "timestamp",
        "asterisk_id",
    ]
    assert (answer["transaction_id"], answer["request_id"]) == ("T", "R")
    assert json.loads(answer["message_body"])["ping"] == "pong"


def test_response_without_a_body_has_no_content_type(asterisk: SimulatedAsterisk) -> None:
    uri = "asterisk/variable?variable=A&value=1"
    answer = ask(connect(asterisk), {**PING, "method": "POST", "uri": uri})
    assert (answer["status_code"], answer["uri"]) == (204, "asterisk/variable")
    assert "content_type" not in answer
    assert "message_body" not in answer


@pytest.mark.parametrize("text", [b"{bad", b"5", b"", b'"text"', b"\xff\xfe"])
def test_message_other_than_json_object_is_answered_without_ids(
    text: bytes, asterisk: SimulatedAsterisk
) -> None:
    answer = ask(connect(asterisk), text)
    assert answer["status_code"] == 400
    assert answer["reason_phrase"] == "Failed to parse request message JSON"
    assert (answer["request_id"], answer["uri"]) == ("", "")
    assert "message_body" not in answer


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ([], "No 'type' property."),
        ({"uri": "a?b"}, "No 'type' property."),
        ({**PING, "type": "x"}, "Unknown request type."),
        ({**PING, "uri": ""}, "Empty or missing 'uri' property."),
        ({**PING, "uri": 5}, "Empty or missing 'uri' property."),
        ({**PING, "method": "get"}, "Unknown or missing 'method' property."),
        ({**PING, "method": "PATCH"}, "Unknown or missing 'method' property."),
        ({**PING, "query_strings": [5]}, "Unable to parse 'query_strings' array."),
        ({**PING, "query_strings": [{"name": "a"}]}, "Unable to parse 'query_strings' array."),
        ({**PING, "message_body": "{}"}, "No 'content_type' for 'message_body'."),
        (
            {**PING, "message_body": "{", "content_type": "application/json"},
            "Unable to parse 'message_body' as 'application/json'.",
        ),
        ({**PING, "message_body": "a", "content_type": "text/plain"}, "Unknown content type."),
        ({**PING, "uri": "events?app=x"}, "Can't upgrade to websocket from a websocket"),
    ],
)
def test_errors_of_rest_requests(
    message: dict[str, Any] | bytes, text: str, asterisk: SimulatedAsterisk
) -> None:
    answer = ask(connect(asterisk), message)
    assert (answer["status_code"], answer["reason_phrase"]) == (400, "Bad request")
    assert said(answer) == text


def test_query_strings_that_are_no_list_are_ignored_as_asterisk_does(
    asterisk: SimulatedAsterisk,
) -> None:
    assert ask(connect(asterisk), {**PING, "query_strings": {"name": "a"}})["status_code"] == 200


def test_slash_before_the_uri_leads_to_the_root(asterisk: SimulatedAsterisk) -> None:
    assert ask(connect(asterisk), {**PING, "uri": "/ari/asterisk/ping"})["status_code"] == 405


def test_form_overrides_query_strings_and_they_the_uri(asterisk: SimulatedAsterisk) -> None:
    socket = connect(asterisk)
    form = {"content_type": "application/x-www-form-urlencoded", "message_body": "value=form"}
    names = [{"name": "value", "value": "list"}]
    request = {**PING, "method": "POST", "uri": "asterisk/variable?variable=V&value=uri"}
    get = {**PING, "uri": "asterisk/variable?variable=V"}
    for more, kept in [({}, "uri"), ({"query_strings": names}, "list")]:
        assert ask(socket, {**request, **more})["status_code"] == 204
        assert json.loads(ask(socket, get)["message_body"])["value"] == kept
    assert ask(socket, {**request, **form, "query_strings": names})["status_code"] == 204
    assert json.loads(ask(socket, get)["message_body"])["value"] == "form"


def test_requests_have_the_rights_of_the_opening_user(asterisk: SimulatedAsterisk) -> None:
    answer = ask(connect(asterisk, user="observer"), {**PING, "method": "POST", "uri": "bridges"})
    assert (answer["status_code"], said(answer)) == (403, "Write access denied")


def test_several_applications_and_the_first_is_the_one_that_answers(
    asterisk: SimulatedAsterisk,
) -> None:
    socket = connect(asterisk, "one,two")
    assert socket.apps == ["one", "two"]
    assert ask(socket, PING)["application"] == "one"


def test_only_the_first_app_of_a_query_counts(asterisk: SimulatedAsterisk) -> None:
    assert connect(asterisk, "one", more="&app=two").apps == ["one"]


def test_second_socket_of_application_replaces_the_open_first(
    asterisk: SimulatedAsterisk,
) -> None:
    first, second = connect(asterisk), connect(asterisk)
    published = [json.loads(each) for each in first.take()]
    assert [each["type"] for each in published] == ["ApplicationReplaced"]
    assert published[0]["application"] == "app"
    assert second.take() == []
    assert ask(first, PING)["status_code"] == 200
    first.close()
    assert asterisk.exchange.event_bus.registered("app")
    second.close()
    assert not asterisk.exchange.event_bus.registered("app")


def test_application_that_is_named_twice_is_replaced_by_itself(
    asterisk: SimulatedAsterisk,
) -> None:
    socket = connect(asterisk, "app,app")
    (published,) = (json.loads(each) for each in socket.take())
    assert list(published) == ["type", "timestamp", "application", "asterisk_id"]
    assert (published["type"], socket.apps) == ("ApplicationReplaced", ["app"])


def test_replaced_socket_no_longer_serves_its_application(
    asterisk: SimulatedAsterisk,
) -> None:
    first, second = connect(asterisk), connect(asterisk)
    second.close()
    first.take()
    first.receive(json.dumps(PING).encode())
    assert first.take() == []
    connect(asterisk)
    assert ask(first, PING)["status_code"] == 200


def test_filter_that_allows_something_else_swallows_the_responses(
    asterisk: SimulatedAsterisk,
) -> None:
    socket = connect(asterisk)
    allowed = {"allowed": [{"type": "StasisStart"}]}
    request = Request(
        "PUT",
        "/ari/applications/app/eventFilter?api_key=asterisk:asterisk",
        [("Content-Type", "application/json")],
        json.dumps(allowed).encode(),
    )
    assert answered(asterisk.request(request)).status == 200
    socket.receive(json.dumps(PING).encode())
    assert socket.take() == []


def test_carrier_is_called_once_until_messages_are_taken(asterisk: SimulatedAsterisk) -> None:
    socket, calls = connect(asterisk), []
    socket.attach(lambda: calls.append(1))
    socket.receive(json.dumps(PING).encode())
    socket.receive(json.dumps(PING).encode())
    assert calls == [1]
    assert len(socket.take()) == 2
    socket.receive(json.dumps(PING).encode())
    assert calls == [1, 1]


def test_closed_socket_neither_takes_nor_gives(asterisk: SimulatedAsterisk) -> None:
    socket = connect(asterisk)
    socket.close()
    socket.close()
    socket.receive(json.dumps(PING).encode())
    assert socket.take() == []


def test_pretty_printing_affects_events_not_response_bodies(
    asterisk: SimulatedAsterisk,
) -> None:
    ari = AriSettings(pretty=True, users={"a": User("a", "a")})
    pretty = SimulatedAsterisk(Config(ari=ari), start=0.0)
    socket = connect(pretty, user="a")
    socket.receive(json.dumps(PING).encode())
    (text,) = socket.take()
    assert text.startswith(b'{\n  "type": "RESTResponse"')
    assert "\n" not in json.loads(text)["message_body"]
