"""The checks of every request, and their order; surprising cases have a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.schema import builtin
from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.config.settings import read_config
from ari_notebook.simulator.messages import Request, Response
from tests.demonstration import demonstration

KEY = "api_key=asterisk:asterisk"
READER = "api_key=observer:observer"
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.fixture(scope="module")
def asterisk() -> SimulatedAsterisk:
    return SimulatedAsterisk(demonstration(), start=1_800_000_000.0, seed=1)


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., SimulatedAsterisk]:
    """Creates a simulator from lines of ari.conf and http.conf."""

    def make(ari: str, http: str = "") -> SimulatedAsterisk:
        (tmp_path / "http.conf").write_text(f"[general]\nenabled=yes\n{http}\n")
        (tmp_path / "ari.conf").write_text(ari)
        (tmp_path / "extensions.conf").write_text("[default]\nexten => 1,1,Answer()\n")
        return SimulatedAsterisk(read_config(tmp_path), start=0.0)

    return make


def ask(
    asterisk: SimulatedAsterisk,
    method: str,
    target: str,
    *headers: tuple[str, str],
    body: bytes = b"",
    remote: str = "127.0.0.1",
) -> Response:
    answer = asterisk.request(Request(method, target, list(headers), body, remote))
    assert isinstance(answer, Response)
    return answer


def said(answer: Response) -> str:
    return str(json.loads(answer.body)["message"])


def test_invalid_body_is_refused_before_authentication(asterisk: SimulatedAsterisk) -> None:
    answer = ask(asterisk, "POST", "/ari/channels", JSON, body=b"{")
    assert (answer.status, said(answer)) == (400, "Error parsing request body")


def test_authentication_precedes_routing(
    asterisk: SimulatedAsterisk,
) -> None:
    for method, path in [
        ("GET", "nope"),
        ("OPTIONS", "channels"),
        ("GET", "api-docs/x"),
        ("PUT", ""),
    ]:
        answer = ask(asterisk, method, f"/ari/{path}")
        assert (answer.status, said(answer)) == (401, "Authentication required")
        assert dict(answer.headers)["WWW-Authenticate"] == 'Basic realm="Asterisk REST Interface"'


def test_read_only_user_is_refused_before_404(
    asterisk: SimulatedAsterisk,
) -> None:
    for path in ("nope", "channels/", "api-docs/x", "asterisk/ping"):
        answer = ask(asterisk, "POST", f"/ari/{path}?{READER}")
        assert (answer.status, said(answer)) == (403, "Write access denied")
    assert ask(asterisk, "OPTIONS", f"/ari/channels?{READER}").status == 204
    assert ask(asterisk, "GET", f"/ari/channels?{READER}").status == 200


def test_trailing_slash_is_named_for_unknown_paths(asterisk: SimulatedAsterisk) -> None:
    answer = ask(asterisk, "GET", f"/ari/nope//?{KEY}")
    assert said(answer) == "ARI URLs do not end with a slash. Try /ari/nope/"


def test_allowed_methods_are_in_asterisks_order(asterisk: SimulatedAsterisk) -> None:
    answer = ask(asterisk, "PATCH", f"/ari/deviceStates/x?{KEY}")
    assert (answer.status, said(answer)) == (405, "Invalid method")
    assert dict(answer.headers)["Allow"] == "OPTIONS,GET,PUT,DELETE"
    assert dict(ask(asterisk, "OPTIONS", f"/ari/events?{KEY}").headers)["Allow"] == "OPTIONS"


def test_204_has_neither_a_body_nor_a_content_type(asterisk: SimulatedAsterisk) -> None:
    answer = ask(asterisk, "POST", f"/ari/asterisk/variable?variable=A&value=1&{KEY}")
    assert (answer.status, answer.body) == (204, b"")
    assert "Content-type" not in dict(answer.headers)


def test_json_overrides_query_and_query_overrides_form(asterisk: SimulatedAsterisk) -> None:
    path = f"/ari/asterisk/variable?variable=V&{KEY}"

    def kept() -> Any:
        return json.loads(ask(asterisk, "GET", path).body)["value"]

    ask(asterisk, "POST", f"{path}&value=query", FORM, body=b"value=form")
    assert kept() == "query"
    ask(asterisk, "POST", path, FORM, body=b"value=form+1%2B")
    assert kept() == "form 1+"
    ask(asterisk, "POST", f"{path}&value=query", JSON, body=b'{"value": "json"}')
    assert kept() == "json"


def test_json_is_read_whatever_the_method(asterisk: SimulatedAsterisk) -> None:
    ask(asterisk, "POST", f"/ari/asterisk/variable?variable=W&value=1&{KEY}")
    answer = ask(asterisk, "GET", f"/ari/asterisk/variable?{KEY}", JSON, body=b'{"variable": "W"}')
    assert json.loads(answer.body) == {"value": "1"}


def test_pretty_is_a_setting_and_not_a_parameter(
    asterisk: SimulatedAsterisk, configured: Callable[..., SimulatedAsterisk]
) -> None:
    compact = ask(asterisk, "GET", f"/ari/asterisk/ping?pretty=yes&{KEY}").body
    assert b"\n" not in compact
    pretty = configured("[general]\npretty=yes\n[a]\ntype=user\npassword=a\n")
    assert ask(pretty, "GET", "/ari/asterisk/ping?api_key=a:a").body.startswith(
        b'{\n  "ping": "pong"'
    )


def test_user_may_be_limited_to_addresses(configured: Callable[..., SimulatedAsterisk]) -> None:
    asterisk = configured(
        "[general]\nenabled=yes\n[a]\ntype=user\npassword=a\ndeny=0.0.0.0/0\npermit=192.0.2.0/24\n"
    )
    target = "/ari/channels?api_key=a:a"
    assert ask(asterisk, "GET", target, remote="192.0.2.9").status == 200
    answer = ask(asterisk, "GET", target, remote="127.0.0.1")
    assert (answer.status, said(answer)) == (403, "Access denied by ACL")


def test_password_may_be_stored_as_hash(configured: Callable[..., SimulatedAsterisk]) -> None:
    kept = (
        "$6$XevmtyGCOxvJLqaH$JbSu7JsEDURTSATqaDXhN3aySuR5oi/cYKP"
        "/voPu1bVeAmWfJh.tPwhvIYWrW7Il9kd9LJ1u3jF3anP3/SwD10"
    )
    asterisk = configured(f"[a]\ntype=user\npassword_format=crypt\npassword={kept}\n")
    assert ask(asterisk, "GET", "/ari/channels?api_key=a:secret").status == 200
    assert ask(asterisk, "GET", "/ari/channels?api_key=a:wrong").status == 401
    assert ask(asterisk, "GET", f"/ari/channels?api_key=a:{kept}").status == 401


def test_realm_and_the_origins_are_settings(
    configured: Callable[..., SimulatedAsterisk],
) -> None:
    asterisk = configured(
        "[general]\nauth_realm=Here\nallowed_origins=http://a, http://b\n"
        "[a]\ntype=user\npassword=a\n"
    )
    refused = ask(asterisk, "GET", "/ari/channels", ("Origin", "http://b"))
    assert dict(refused.headers)["WWW-Authenticate"] == 'Basic realm="Here"'
    assert dict(refused.headers)["Access-Control-Allow-Origin"] == "http://b"
    other = ask(asterisk, "GET", "/ari/channels", ("Origin", "http://c"))
    assert other.status == 401
    assert "Access-Control-Allow-Origin" not in dict(other.headers)


def test_prefix_precedes_all_paths(configured: Callable[..., SimulatedAsterisk]) -> None:
    asterisk = configured("[a]\ntype=user\npassword=a\n", http="prefix=pbx")
    assert ask(asterisk, "GET", "/pbx/ari/channels?api_key=a:a").status == 200
    assert ask(asterisk, "GET", "/ari/channels?api_key=a:a").status == 404
    docs = ask(asterisk, "GET", "/pbx/ari/api-docs/sounds.json?api_key=a:a", ("Host", "h:1"))
    assert json.loads(docs.body)["basePath"] == "http://h:1/pbx/ari"


def test_api_docs_point_at_where_they_were_asked_for(asterisk: SimulatedAsterisk) -> None:
    path = f"/ari/api-docs/resources.json?{KEY}"
    docs = json.loads(ask(asterisk, "GET", path, ("Host", "pbx:8088")).body)
    assert docs["basePath"] == "http://pbx:8088/ari"
    assert "basePath" not in json.loads(ask(asterisk, "GET", path).body)
    for listed in docs["apis"]:
        name = listed["path"].replace("{format}", "json")
        assert ask(asterisk, "GET", f"/ari{name}?{KEY}").status == 200
    for bad in ("", "nope.json", "../ari.conf"):
        assert ask(asterisk, "GET", f"/ari/api-docs/{bad}?{KEY}").status in (403, 404)


def test_every_declared_operation_is_there(asterisk: SimulatedAsterisk) -> None:
    for operation in builtin().operations:
        path = operation.path
        for parameter in operation.parameters:
            path = path.replace(f"{{{parameter.name}}}", "x")
        answer = ask(asterisk, "OPTIONS", f"/ari{path}?{KEY}")
        allowed = dict(answer.headers)["Allow"].split(",")
        assert operation.websocket or operation.method in allowed, path


def test_failing_operation_is_500_and_server_continues(
    asterisk: SimulatedAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ari_notebook.simulator.rest.operations.registry import HANDLERS

    def broken(asterisk: SimulatedAsterisk, arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(HANDLERS["asterisk"], "ping", broken)
    assert ask(asterisk, "GET", f"/ari/asterisk/ping?{KEY}").status == 500
    monkeypatch.undo()
    assert ask(asterisk, "GET", f"/ari/asterisk/ping?{KEY}").status == 200


@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "X"]),
    st.sampled_from([each.path for each in builtin().operations]),
    st.text(st.characters(exclude_characters="\r\n ", codec="utf-8"), max_size=30),
    st.binary(max_size=40),
)
def test_no_request_breaks_anything(method: str, path: str, text: str, body: bytes) -> None:
    asterisk = SimulatedAsterisk(demonstration(), start=0.0, seed=1)
    target = f"/ari{path}?{text}&{KEY}"
    answer = asterisk.request(Request(method, target, [JSON], body))
    assert isinstance(answer, Response)
    assert answer.status < 500 or answer.status == 501 or b"Internal" not in answer.body
