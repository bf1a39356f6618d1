"""What every request meets, and in which order. The names say what surprises people."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_notebook.simulator.config import read_config
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.messages import Request, Response
from ari_notebook.spec import builtin

KEY = "api_key=asterisk:asterisk"
READER = "api_key=observer:observer"
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.fixture(scope="module")
def exchange():
    return Exchange(read_config(), start=1_800_000_000.0, seed=1)


@pytest.fixture
def configured(tmp_path):
    """Makes an exchange from lines of ari.conf and http.conf."""

    def make(ari, http=""):
        (tmp_path / "http.conf").write_text(f"[general]\nenabled=yes\n{http}\n")
        (tmp_path / "ari.conf").write_text(ari)
        (tmp_path / "extensions.conf").write_text("[default]\nexten => 1,1,Answer()\n")
        return Exchange(read_config(tmp_path), start=0.0)

    return make


def ask(exchange, method, target, *headers, body=b"", remote="127.0.0.1"):
    answer = exchange.request(Request(method, target, list(headers), body, remote))
    assert isinstance(answer, Response)
    return answer


def said(answer):
    return json.loads(answer.body)["message"]


def test_a_bad_body_is_refused_before_anyone_asks_who_sent_it(exchange):
    answer = ask(exchange, "POST", "/ari/channels", JSON, body=b"{")
    assert (answer.status, said(answer)) == (400, "Error parsing request body")


def test_a_password_comes_before_everything_that_concerns_the_path(exchange):
    for method, path in [
        ("GET", "nope"),
        ("OPTIONS", "channels"),
        ("GET", "api-docs/x"),
        ("PUT", ""),
    ]:
        answer = ask(exchange, method, f"/ari/{path}")
        assert (answer.status, said(answer)) == (401, "Authentication required")
        assert dict(answer.headers)["WWW-Authenticate"] == 'Basic realm="Asterisk REST Interface"'


def test_a_reader_is_denied_before_learning_that_nothing_is_there(exchange):
    for path in ("nope", "channels/", "api-docs/x", "asterisk/ping"):
        answer = ask(exchange, "POST", f"/ari/{path}?{READER}")
        assert (answer.status, said(answer)) == (403, "Write access denied")
    assert ask(exchange, "OPTIONS", f"/ari/channels?{READER}").status == 204
    assert ask(exchange, "GET", f"/ari/channels?{READER}").status == 200


def test_a_trailing_slash_is_told_so_even_where_nothing_is(exchange):
    answer = ask(exchange, "GET", f"/ari/nope//?{KEY}")
    assert said(answer) == "ARI URLs do not end with a slash. Try /ari/nope/"


def test_what_can_be_done_is_told_in_asterisks_order(exchange):
    answer = ask(exchange, "PATCH", f"/ari/deviceStates/x?{KEY}")
    assert (answer.status, said(answer)) == (405, "Invalid method")
    assert dict(answer.headers)["Allow"] == "OPTIONS,GET,PUT,DELETE"
    assert dict(ask(exchange, "OPTIONS", f"/ari/events?{KEY}").headers)["Allow"] == "OPTIONS"


def test_204_has_neither_a_body_nor_a_content_type(exchange):
    answer = ask(exchange, "POST", f"/ari/asterisk/variable?variable=A&value=1&{KEY}")
    assert (answer.status, answer.body) == (204, b"")
    assert "Content-type" not in dict(answer.headers)


def test_the_query_beats_the_form_and_json_beats_both(exchange):
    path = f"/ari/asterisk/variable?variable=V&{KEY}"

    def kept():
        return json.loads(ask(exchange, "GET", path).body)["value"]

    ask(exchange, "POST", f"{path}&value=query", FORM, body=b"value=form")
    assert kept() == "query"
    ask(exchange, "POST", path, FORM, body=b"value=form+1%2B")
    assert kept() == "form 1+"
    ask(exchange, "POST", f"{path}&value=query", JSON, body=b'{"value": "json"}')
    assert kept() == "json"


def test_json_is_read_whatever_the_method(exchange):
    ask(exchange, "POST", f"/ari/asterisk/variable?variable=W&value=1&{KEY}")
    answer = ask(exchange, "GET", f"/ari/asterisk/variable?{KEY}", JSON, body=b'{"variable": "W"}')
    assert json.loads(answer.body) == {"value": "1"}


def test_pretty_is_a_setting_and_not_a_parameter(exchange, configured):
    compact = ask(exchange, "GET", f"/ari/asterisk/ping?pretty=yes&{KEY}").body
    assert b"\n" not in compact
    pretty = configured("[general]\npretty=yes\n[a]\ntype=user\npassword=a\n")
    assert ask(pretty, "GET", "/ari/asterisk/ping?api_key=a:a").body.startswith(
        b'{\n  "ping": "pong"'
    )


def test_a_user_may_be_kept_to_addresses(configured):
    exchange = configured(
        "[general]\nenabled=yes\n[a]\ntype=user\npassword=a\ndeny=0.0.0.0/0\npermit=192.0.2.0/24\n"
    )
    target = "/ari/channels?api_key=a:a"
    assert ask(exchange, "GET", target, remote="192.0.2.9").status == 200
    answer = ask(exchange, "GET", target, remote="127.0.0.1")
    assert (answer.status, said(answer)) == (403, "Access denied by ACL")


def test_a_password_may_be_kept_as_a_hash(configured):
    kept = (
        "$6$XevmtyGCOxvJLqaH$JbSu7JsEDURTSATqaDXhN3aySuR5oi/cYKP"
        "/voPu1bVeAmWfJh.tPwhvIYWrW7Il9kd9LJ1u3jF3anP3/SwD10"
    )
    exchange = configured(f"[a]\ntype=user\npassword_format=crypt\npassword={kept}\n")
    assert ask(exchange, "GET", "/ari/channels?api_key=a:secret").status == 200
    assert ask(exchange, "GET", "/ari/channels?api_key=a:wrong").status == 401
    assert ask(exchange, "GET", f"/ari/channels?api_key=a:{kept}").status == 401


def test_the_realm_and_the_origins_are_settings(configured):
    exchange = configured(
        "[general]\nauth_realm=Here\nallowed_origins=http://a, http://b\n"
        "[a]\ntype=user\npassword=a\n"
    )
    refused = ask(exchange, "GET", "/ari/channels", ("Origin", "http://b"))
    assert dict(refused.headers)["WWW-Authenticate"] == 'Basic realm="Here"'
    assert dict(refused.headers)["Access-Control-Allow-Origin"] == "http://b"
    other = ask(exchange, "GET", "/ari/channels", ("Origin", "http://c"))
    assert other.status == 401
    assert "Access-Control-Allow-Origin" not in dict(other.headers)


def test_a_prefix_goes_before_everything(configured):
    exchange = configured("[a]\ntype=user\npassword=a\n", http="prefix=pbx")
    assert ask(exchange, "GET", "/pbx/ari/channels?api_key=a:a").status == 200
    assert ask(exchange, "GET", "/ari/channels?api_key=a:a").status == 404
    docs = ask(exchange, "GET", "/pbx/ari/api-docs/sounds.json?api_key=a:a", ("Host", "h:1"))
    assert json.loads(docs.body)["basePath"] == "http://h:1/pbx/ari"


def test_api_docs_point_at_where_they_were_asked_for(exchange):
    path = f"/ari/api-docs/resources.json?{KEY}"
    docs = json.loads(ask(exchange, "GET", path, ("Host", "pbx:8088")).body)
    assert docs["basePath"] == "http://pbx:8088/ari"
    assert "basePath" not in json.loads(ask(exchange, "GET", path).body)
    for listed in docs["apis"]:
        name = listed["path"].replace("{format}", "json")
        assert ask(exchange, "GET", f"/ari{name}?{KEY}").status == 200
    for bad in ("", "nope.json", "../ari.conf"):
        assert ask(exchange, "GET", f"/ari/api-docs/{bad}?{KEY}").status in (403, 404)


def test_every_declared_operation_is_there(exchange):
    for operation in builtin().operations:
        path = operation.path
        for parameter in operation.parameters:
            path = path.replace(f"{{{parameter.name}}}", "x")
        answer = ask(exchange, "OPTIONS", f"/ari{path}?{KEY}")
        allowed = dict(answer.headers)["Allow"].split(",")
        assert operation.websocket or operation.method in allowed, path


def test_an_operation_that_breaks_is_a_500_and_the_exchange_goes_on(exchange, monkeypatch):
    from ari_notebook.simulator.rest.handlers import handlers

    def broken(exchange, arguments):
        raise ZeroDivisionError

    monkeypatch.setitem(handlers()["asterisk"], "ping", broken)
    assert ask(exchange, "GET", f"/ari/asterisk/ping?{KEY}").status == 500
    monkeypatch.undo()
    assert ask(exchange, "GET", f"/ari/asterisk/ping?{KEY}").status == 200


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "X"]),
    st.sampled_from([each.path for each in builtin().operations]),
    st.text(st.characters(exclude_characters="\r\n ", codec="utf-8"), max_size=30),
    st.binary(max_size=40),
)
def test_no_request_breaks_anything(method, path, text, body):
    exchange = Exchange(read_config(), start=0.0, seed=1)
    target = f"/ari{path}?{text}&{KEY}"
    answer = exchange.request(Request(method, target, [JSON], body))
    assert answer.status < 500 or answer.status == 501 or b"Internal" not in answer.body
