"""Event sockets without a network: registration, REST requests, replacement, filters."""

import json

import pytest

from ari_notebook.simulator.config import Ari, Config, User, read_config
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.messages import Request
from ari_notebook.simulator.sockets import Socket

HANDSHAKE = [
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Sec-WebSocket-Version", "13"),
]
PING = {"type": "RESTRequest", "method": "GET", "uri": "asterisk/ping"}


@pytest.fixture
def exchange():
    return Exchange(read_config(), start=1_800_000_000.0, seed=1)


def connect(exchange, app="app", user="asterisk", more=""):
    target = f"/ari/events?app={app}&api_key={user}:{user}{more}"
    socket = exchange.request(Request("GET", target, HANDSHAKE))
    assert isinstance(socket, Socket)
    return socket


def ask(socket, message):
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    socket.receive(text)
    answers = [json.loads(each) for each in socket.take()]
    return next(each for each in answers if each["type"] == "RESTResponse")


def said(answer):
    return json.loads(answer["message_body"])["message"]


def test_a_request_and_its_response(exchange):
    answer = ask(connect(exchange), {**PING, "transaction_id": "T", "request_id": "R"})
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


def test_a_response_without_a_body_has_no_content_type(exchange):
    uri = "asterisk/variable?variable=A&value=1"
    answer = ask(connect(exchange), {**PING, "method": "POST", "uri": uri})
    assert (answer["status_code"], answer["uri"]) == (204, "asterisk/variable")
    assert "content_type" not in answer
    assert "message_body" not in answer


@pytest.mark.parametrize("text", [b"{bad", b"5", b"", b'"text"', b"\xff\xfe"])
def test_what_is_no_json_object_is_answered_without_ids(text, exchange):
    answer = ask(connect(exchange), text)
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
def test_what_is_wrong_with_a_request(message, text, exchange):
    answer = ask(connect(exchange), message)
    assert (answer["status_code"], answer["reason_phrase"]) == (400, "Bad request")
    assert said(answer) == text


def test_query_strings_that_are_no_list_are_ignored_as_asterisk_does(exchange):
    assert ask(connect(exchange), {**PING, "query_strings": {"name": "a"}})["status_code"] == 200


def test_a_slash_before_the_uri_leads_to_the_root(exchange):
    assert ask(connect(exchange), {**PING, "uri": "/ari/asterisk/ping"})["status_code"] == 405


def test_a_form_overrides_query_strings_and_they_the_uri(exchange):
    socket = connect(exchange)
    form = {"content_type": "application/x-www-form-urlencoded", "message_body": "value=form"}
    names = [{"name": "value", "value": "list"}]
    request = {**PING, "method": "POST", "uri": "asterisk/variable?variable=V&value=uri"}
    get = {**PING, "uri": "asterisk/variable?variable=V"}
    for more, kept in [({}, "uri"), ({"query_strings": names}, "list")]:
        assert ask(socket, {**request, **more})["status_code"] == 204
        assert json.loads(ask(socket, get)["message_body"])["value"] == kept
    assert ask(socket, {**request, **form, "query_strings": names})["status_code"] == 204
    assert json.loads(ask(socket, get)["message_body"])["value"] == "form"


def test_it_may_do_what_the_user_who_opened_it_may(exchange):
    answer = ask(connect(exchange, user="observer"), {**PING, "method": "POST", "uri": "bridges"})
    assert (answer["status_code"], said(answer)) == (403, "Write access denied")


def test_several_applications_and_the_first_is_the_one_that_answers(exchange):
    socket = connect(exchange, "one,two")
    assert socket.apps == ["one", "two"]
    assert ask(socket, PING)["application"] == "one"


def test_only_the_first_app_of_a_query_counts(exchange):
    assert connect(exchange, "one", more="&app=two").apps == ["one"]


def test_the_second_socket_of_an_application_replaces_the_first_which_stays_open(exchange):
    first, second = connect(exchange), connect(exchange)
    told = [json.loads(each) for each in first.take()]
    assert [each["type"] for each in told] == ["ApplicationReplaced"]
    assert told[0]["application"] == "app"
    assert second.take() == []
    assert ask(first, PING)["status_code"] == 200
    first.close()
    assert exchange.applications.registered("app")
    second.close()
    assert not exchange.applications.registered("app")


def test_an_application_that_is_named_twice_is_replaced_by_itself(exchange):
    socket = connect(exchange, "app,app")
    (told,) = (json.loads(each) for each in socket.take())
    assert list(told) == ["type", "timestamp", "application", "asterisk_id"]
    assert (told["type"], socket.apps) == ("ApplicationReplaced", ["app"])


def test_nobody_answers_for_an_application_that_went_with_another_socket(exchange):
    first, second = connect(exchange), connect(exchange)
    second.close()
    first.take()
    first.receive(json.dumps(PING).encode())
    assert first.take() == []
    connect(exchange)
    assert ask(first, PING)["status_code"] == 200


def test_a_filter_that_allows_something_else_swallows_the_responses(exchange):
    socket = connect(exchange)
    allowed = {"allowed": [{"type": "StasisStart"}]}
    request = Request(
        "PUT",
        "/ari/applications/app/eventFilter?api_key=asterisk:asterisk",
        [("Content-Type", "application/json")],
        json.dumps(allowed).encode(),
    )
    assert exchange.request(request).status == 200
    socket.receive(json.dumps(PING).encode())
    assert socket.take() == []


def test_on_ready_is_called_once_until_it_is_taken(exchange):
    socket, calls = connect(exchange), []
    socket.on_ready = lambda: calls.append(1)
    socket.receive(json.dumps(PING).encode())
    socket.receive(json.dumps(PING).encode())
    assert calls == [1]
    assert len(socket.take()) == 2
    socket.receive(json.dumps(PING).encode())
    assert calls == [1, 1]


def test_a_closed_socket_neither_takes_nor_gives(exchange):
    socket = connect(exchange)
    socket.close()
    socket.close()
    socket.receive(json.dumps(PING).encode())
    assert socket.take() == []


def test_pretty_printing_is_for_events_but_not_for_what_is_inside_a_response(exchange):
    ari = Ari(pretty=True, users={"a": User("a", "a")})
    pretty = Exchange(Config(ari=ari), start=0.0)
    socket = connect(pretty, user="a")
    socket.receive(json.dumps(PING).encode())
    (text,) = socket.take()
    assert text.startswith(b'{\n  "type": "RESTResponse"')
    assert "\n" not in json.loads(text)["message_body"]
