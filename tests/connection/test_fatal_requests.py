"""Requests that would crash Asterisk are refused in every form, except with `insist`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ari_notebook
from ari_notebook.client.rest import RestRequest
from ari_notebook.connection.fatal_requests import fatal
from ari_notebook.simulator import RunningSimulator

EXTERNAL = {
    "app": "hello-world",
    "external_host": "INCOMING",
    "format": "ulaw",
    "transport": "websocket",
    "encapsulation": "none",
    "connection_type": "server",
}


@pytest.mark.parametrize(
    ("method", "path", "params", "body"),
    [
        ("POST", "/channels/externalMedia", {"transport_data": "f(xml)"}, None),
        ("POST", "/channels/externalMedia", {}, {"transport_data": "c(ulaw)f()"}),
        ("POST", "/channels/externalMedia?transport_data=f%28x%29", {}, None),
        ("POST", "/channels", {"endpoint": "WebSocket/INCOMING/f(xml)"}, None),
        ("POST", "/channels/create", {"endpoint": "websocket/INCOMING/f(xml)"}, None),
        ("PUT", "/endpoints/sendMessage", {"to": "pjsip:away"}, None),
        ("PUT", "/endpoints/sendMessage", {"to": "PJSIP:away/other"}, None),
        ("PUT", "/endpoints/sendMessage", {"to": "pjsip:away@example.com"}, None),
        ("PUT", "/endpoints/sendMessage?to=pjsip%3Aaway", {}, None),
        ("PUT", "/endpoints/sendMessage", {}, {"to": "pjsip:away"}),
        ("PUT", "/endpoints/PJSIP/away/sendMessage", {}, None),
        ("PUT", "/endpoints/pjsip/a%77ay/sendMessage", {}, None),
        ("POST", "/endpoints/refer", {"to": "pjsip:away"}, None),
        ("POST", "/endpoints/PJSIP/away/refer", {}, None),
        ("POST", "/channels/1.2/variable", {"variable": "CHANNEL(language)"}, None),
        ("POST", "/channels/1.2/variable?variable=SHARED(x)", {}, None),
        ("POST", "/channels/1.2/move", {}, None),
        ("POST", "/bridges/b/record", {"name": "x"}, None),
        ("POST", "/bridges/b/variable", {}, None),
        ("POST", "/applications/a/subscription", {}, {"eventSource": 7}),
    ],
)
def test_fatal_request_is_refused(
    method: str, path: str, params: dict[str, str], body: Any
) -> None:
    call = RestRequest(method, path, params, body)
    assert fatal(call, lambda name: name != "away")


@pytest.mark.parametrize(
    ("method", "path", "params"),
    [
        ("POST", "/channels/externalMedia", {"transport_data": "f(json)c(ulaw)"}),
        ("POST", "/channels/externalMedia", {"transport_data": "f(plain-text)"}),
        ("POST", "/channels", {"endpoint": "Local/f(xml)@default"}),
        ("PUT", "/endpoints/sendMessage", {"to": "pjsip:here"}),
        ("PUT", "/endpoints/sendMessage", {"to": "pjsip:away/sip:x@127.0.0.1:9"}),
        ("PUT", "/endpoints/sendMessage", {"to": "pjsip:sip:x@127.0.0.1:9"}),
        ("PUT", "/endpoints/sendMessage", {"to": "xmpp:away"}),
        ("GET", "/endpoints/PJSIP/away", {}),
        ("POST", "/endpoints/PJSIP/here/refer", {}),
        ("GET", "/channels/1.2/variable", {"variable": "CHANNEL(language)"}),
        ("POST", "/channels/1.2/variable", {"variable": "CHANNEL(language)", "value": ""}),
        ("POST", "/channels/1.2/variable", {"variable": "X"}),
        ("POST", "/channels/1.2/move", {"app": "x"}),
        ("POST", "/applications/a/subscription", {"eventSource": "channel:1"}),
    ],
)
def test_harmless_request_is_sent(method: str, path: str, params: dict[str, str]) -> None:
    assert not fatal(RestRequest(method, path, params), lambda name: name != "away")


def test_external_media_format_is_refused_in_every_form(ari: Any) -> None:
    asked = {**EXTERNAL, "transport_data": "f(xml)"}
    sent = len(ari.requests)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: ari.channels.external_media(**asked),
        lambda: ari.request("POST", "/channels/externalMedia", asked),
        lambda: ari.request("POST", "/channels/externalMedia", body=asked),
        lambda: ari.channels.originate("WebSocket/INCOMING/f(xml)", app="hello-world"),
    )
    for attempt in attempts:
        with pytest.raises(ari_notebook.InvalidParameter, match="would crash Asterisk"):
            attempt()
    assert len(ari.requests) == sent
    assert ari.request("GET", "/asterisk/ping").status == 200


def test_message_to_endpoint_without_contact_is_refused(ari: Any) -> None:
    offline = [each for each in ari.endpoints if each.technology == "PJSIP"]
    away = next(each for each in offline if each.state != "online")
    message = {"from_": "a", "body": "hi"}
    attempts: tuple[Callable[[], object], ...] = (
        lambda: ari.endpoints.send_message(f"pjsip:{away.resource}", **message),
        lambda: away.send_message_to_endpoint(**message),
        lambda: ari.request("PUT", "/endpoints/sendMessage", {"to": f"pjsip:{away.resource}"}),
    )
    for attempt in attempts:
        with pytest.raises(ari_notebook.InvalidParameter, match="has no reachable contact"):
            attempt()
    assert ari.request("GET", "/asterisk/ping").status == 200


def test_insist_sends_fatal_request(simulator: RunningSimulator) -> None:
    with ari_notebook.connect() as ari:
        with ari.insist(), pytest.raises(ari_notebook.RequestFailed):
            ari.request("POST", "/channels/1.2/move")
        last = ari.requests.last
        assert last is not None
        assert last.path == "/channels/1.2/move"
        with pytest.raises(ari_notebook.InvalidParameter, match="app is missing"):
            ari.request("POST", "/channels/1.2/move")


@pytest.mark.parametrize("path", ["/channels/..", "/channels/%2e%2e", "/bridges/./x"])
def test_raw_path_that_libraries_resolve_is_refused(ari: Any, path: str) -> None:
    with pytest.raises(ari_notebook.UsageProblem, match="would be sent as a different path"):
        ari.request("DELETE", path)
