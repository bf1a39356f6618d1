"""`accept`: Asterisk connects to the program, on the simulator and on a real Asterisk."""

from __future__ import annotations

import base64
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as open_socket

import ari_notebook
from ari_notebook import EventTimeout, NotSent, Sound, UsageProblem
from ari_notebook.connection.outbound_config import OutboundConfig
from ari_notebook.flows.call import AsyncCall, Call
from ari_notebook.sessions.outbound_server import OutboundServer
from tests.helpers.outbound import Exchange
from tests.helpers.waiting import until


@pytest.fixture
def server() -> Iterator[OutboundServer]:
    with ari_notebook.accept(0, "flows") as server:
        yield server


def test_persistent_connection_is_a_session(exchange: Exchange, server: OutboundServer) -> None:
    exchange.connect_to(server.config_for())
    ari = server.wait(60)
    assert ari.transport == "websocket"
    assert ari.server.startswith("Asterisk/22.10")
    exchange.call()
    channel = ari.wait_for("StasisStart").channel
    with ari.follow(channel=channel) as events:
        ari.channels[channel.id].play("sound:beep", wait=True)
        ari.channels[channel.id].hangup()
        seen = [event.type for event in events.until(timeout=60)]
    assert seen[-1] in ("StasisEnd", "ChannelDestroyed")
    assert "PlaybackFinished" in seen
    assert [ari] == list(server.sessions.values())
    assert "hello-world" not in str(ari.asterisk.get_info())
    with pytest.raises(NotSent):
        ari.recordings.get_stored_file("none")
    with pytest.raises(UsageProblem):
        ari.call("1")


@pytest.mark.slow
def test_flow_over_a_persistent_connection(exchange: Exchange, server: OutboundServer) -> None:
    typed: list[str] = []

    @server.flow(args=["one"])
    def greet(call: Call) -> None:
        call.answer()
        call.say("beep", 42)
        typed.append(call.digits(3))
        leg = call.dial("Local/answers@default/n")
        call.connect(leg, until="#")

    exchange.connect_to(server.config_for())
    ari = server.wait(60)
    caller = exchange.call()
    caller.press("471")
    until(lambda: any(len(each.get("channels", ())) == 2 for each in ari.tables.bridges.values()))
    caller.press("#")
    until(lambda: ari.flows.runs and ari.flows.runs[-1].over.is_set())
    assert (typed, ari.flows.runs[-1].state) == (["471"], "done")


@pytest.mark.slow
def test_coroutine_flow_over_a_connection_per_call(
    exchange: Exchange, server: OutboundServer, caplog: pytest.LogCaptureFixture
) -> None:
    typed: list[str] = []

    @server.flow(app="flows")
    async def greet(call: AsyncCall) -> None:
        await call.answer()
        typed.append(await call.ask("tt-weasels", keys="12"))
        leg = await call.dial("Local/answers@default/n")
        typed.append(leg.status)

    exchange.connect_to(server.config_for(connection_type="per_call"))
    callers = [exchange.call(), exchange.call()]
    sessions = [server.wait(60), server.wait(60)]
    assert len({ari.apps for ari in sessions}) == 2
    for ari in sessions:
        assert ari.apps[0].partition(":") == ("flows", ":", ari.name)
    for caller in callers:
        caller.press("2")
    until(lambda: sorted(typed) == ["2", "2", "ANSWER", "ANSWER"])
    until(lambda: all(ari.closed for ari in sessions))
    assert server.sessions == {}
    assert "connection lost" not in caplog.text  # Asterisk has closed it, and nothing waits for it


@pytest.mark.parametrize("connection_type", ["persistent", "per_call"])
def test_audio_of_a_call_comes_over_a_port_of_this_machine(
    exchange: Exchange, server: OutboundServer, connection_type: Any
) -> None:
    heard: list[Any] = []

    @server.flow
    def listen(call: Call) -> None:
        call.answer()
        with call.audio(rate=16000) as audio:
            audio.play(Sound.tone(440, 0.3, 16000)).wait()
            heard.append(audio.record(0.5).rate)
        with pytest.raises(UsageProblem, match="HTTP server"):
            call.channel.audio(transport="websocket").open()

    exchange.connect_to(server.config_for(connection_type=connection_type))
    if connection_type == "persistent":
        server.wait(60)
    exchange.call()
    until(lambda: heard)
    until(lambda: not exchange.callers.channels.list() and not exchange.callers.bridges.list())
    assert heard == [16000]


def test_session_survives_a_restart_of_asterisk(exchange: Exchange, server: OutboundServer) -> None:
    exchange.connect_to(server.config_for())
    ari = server.wait(60)
    exchange.restart()
    until(lambda: ari.gaps and ari.connected)
    exchange.call()
    channel = ari.wait_for("StasisStart", timeout=60).channel
    ari.channels[channel.id].hangup()
    assert list(server.sessions.values()) == [ari]


def test_wrong_password_is_refused_with_advice(exchange: Exchange, server: OutboundServer) -> None:
    config = server.config_for()
    wrong = config.websocket_client.replace("password = ", "password = not-")
    exchange.connect_to(OutboundConfig(config.ari, wrong))
    until(lambda: server.refused)
    assert "wrong password for asterisk" in server.refused[-1].reason
    assert "websocket_client.conf" in server.refused[-1].advice
    with pytest.raises(EventTimeout, match="wrong password"):
        server.wait(0.1)


def test_wrong_application_is_refused_with_advice(
    exchange: Exchange, server: OutboundServer
) -> None:
    config = server.config_for()
    exchange.connect_to(
        OutboundConfig(config.ari.replace("= flows", "= other"), config.websocket_client)
    )
    until(lambda: server.refused)
    assert "'other'" in server.refused[-1].reason
    assert "apps = flows" in server.refused[-1].advice


def test_tls_connection_is_accepted(
    exchange: Exchange, tmp_path_factory: pytest.TempPathFactory
) -> None:
    certificate, key = make_certificate(tmp_path_factory.mktemp("tls"))
    with ari_notebook.accept(0, "flows", certificate=certificate, key=key) as server:
        assert server.url.startswith("wss://")
        exchange.connect_to(server.config_for(verify=False))
        ari = server.wait(60)
        assert ari.listed("applications")[0]["name"] == "flows"


def make_certificate(folder: Path) -> tuple[str, str]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return str(certificate), str(key)


# Peers that are no Asterisk.


def headers(server: OutboundServer) -> dict[str, str]:
    config = server.config_for().websocket_client
    password = config.partition("password = ")[2].partition("\n")[0]
    token = base64.b64encode(f"asterisk:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_notebook.client.accepted_websocket._HANDSHAKE_SECONDS", 0.5)


@pytest.mark.usefixtures("impatient")
def test_peer_that_never_speaks_is_refused(server: OutboundServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        until(lambda: server.refused)
    assert "no request for a WebSocket" in server.refused[-1].reason


@pytest.mark.usefixtures("impatient")
def test_websocket_that_never_speaks_is_refused(server: OutboundServer) -> None:
    with open_socket(server.url, additional_headers=headers(server)):
        until(lambda: server.refused)
    assert "sent no event" in server.refused[-1].reason


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "WebSocket"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "WebSocket"),
        (b"\r\n\r\n\r\n", "WebSocket"),
    ],
)
def test_peer_without_websocket_is_refused(
    server: OutboundServer, sent: bytes, reason: str
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as peer:
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        until(lambda: server.refused)
    assert reason in server.refused[-1].reason


def test_messages_that_are_not_of_ari_are_refused(server: OutboundServer) -> None:
    with open_socket(server.url, additional_headers=headers(server)) as peer:
        peer.send("hello")
        until(lambda: server.refused)
    assert "not those of ARI" in server.refused[-1].reason


def test_plain_peer_of_a_tls_port_is_refused(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    with ari_notebook.accept(0, "flows", certificate=certificate, key=key) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as peer:
            peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
            until(lambda: server.refused)
        assert "TLS failed" in server.refused[-1].reason


def test_peer_without_a_password_is_answered_with_401(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(cafile=certificate)
    with ari_notebook.accept(0, "flows", certificate=certificate, key=key) as server:
        with pytest.raises(InvalidStatus, match="401"):
            open_socket(server.url, ssl=context)
        until(lambda: server.refused)
        assert "no user and password" in server.refused[-1].reason


def test_used_port_is_an_error(server: OutboundServer) -> None:
    with pytest.raises(UsageProblem, match="cannot listen"):
        ari_notebook.accept(server.port, "flows")


def test_configuration_has_a_new_password_that_nothing_else_shows(
    server: OutboundServer,
) -> None:
    config = server.config_for("notebook.example", "per_call")
    assert "uri = ws://notebook.example" in str(config)
    assert "connection_type = per_call_config" in config.websocket_client
    password = config.websocket_client.partition("password = ")[2].partition("\n")[0]
    assert len(password) > 20
    assert password not in repr(server)
    assert password not in repr(vars(server))
    with ari_notebook.accept(0, "flows") as other:
        assert password not in str(other.config_for())
