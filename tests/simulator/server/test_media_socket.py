"""Media WebSockets by a minimal client of this test, on the simulator and a real Asterisk."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import websocket

import ari_notebook
from ari_notebook import Session
from tests.helpers.servers import Server

WAIT = 30.0
FRAME = 320  # octets of 20 ms of slin


@pytest.fixture
def pbx(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url, user=exchange_server.user) as session:
        yield session


def _channel(ari: Session, transport_data: str = "f(json)") -> dict[str, Any]:
    made: dict[str, Any] = ari.request(
        "POST",
        "/channels/externalMedia",
        {
            "app": ari.apps[0],
            "external_host": "INCOMING",
            "encapsulation": "none",
            "transport": "websocket",
            "connection_type": "server",
            "format": "slin",
            **({"transport_data": transport_data} if transport_data else {}),
        },
    ).json()
    return made


def _open(server: Server, id: str, password: str | None = None) -> websocket.WebSocket:
    given = f"{server.user}:{server.password if password is None else password}"
    token = base64.b64encode(given.encode()).decode()
    return websocket.create_connection(
        f"ws{server.url[4:]}/media/{id}",
        timeout=WAIT,
        subprotocols=["media"],
        header=[f"Authorization: Basic {token}"],
    )


def _event(ws: websocket.WebSocket, name: str) -> dict[str, Any]:
    while True:
        opcode, data = ws.recv_data()
        if opcode == websocket.ABNF.OPCODE_TEXT:
            event: dict[str, Any] = json.loads(data)
            if event["event"] == name:
                return event


def _connected(ari: Session, server: Server) -> tuple[websocket.WebSocket, dict[str, Any]]:
    channel = _channel(ari)
    ws = _open(server, channel["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"])
    return ws, channel


def _send(ws: websocket.WebSocket, command: str, **fields: str) -> None:
    ws.send(json.dumps({"command": command, **fields}))


def test_start_names_the_channel_and_its_format(pbx: Session, exchange_server: Server) -> None:
    ws, channel = _connected(pbx, exchange_server)
    started = _event(ws, "MEDIA_START")
    assert started["channel_id"] == channel["id"]
    assert started["channel"] == channel["name"]
    assert (started["format"], started["optimal_frame_size"], started["ptime"]) == ("slin", 320, 20)
    pbx.wait_for("StasisStart", channel=channel["id"], timeout=WAIT)
    ws.close()
    pbx.wait_for("StasisEnd", channel=channel["id"], timeout=WAIT)


def test_queue_stops_at_900_frames_and_resumes_at_800(
    pbx: Session, exchange_server: Server
) -> None:
    ws, channel = _connected(pbx, exchange_server)
    pbx.wait_for("StasisStart", channel=channel["id"], timeout=WAIT)
    for _ in range(10):
        ws.send_binary(bytes(FRAME * 91))
    _event(ws, "MEDIA_XOFF")
    _send(ws, "GET_STATUS")
    status = _event(ws, "STATUS")
    assert (status["xon_level"], status["xoff_level"], status["queue_full"]) == (800, 900, True)
    assert status["queue_length"] > 800
    _send(ws, "FLUSH_MEDIA")
    _send(ws, "GET_STATUS")
    assert _event(ws, "STATUS")["queue_length"] == 0
    ws.close()


def test_mark_comes_when_what_was_before_it_is_played(
    pbx: Session, exchange_server: Server
) -> None:
    ws, channel = _connected(pbx, exchange_server)
    pbx.wait_for("StasisStart", channel=channel["id"], timeout=WAIT)
    begun = time.monotonic()
    ws.send_binary(bytes(FRAME * 25))
    _send(ws, "MARK_MEDIA", correlation_id="here")
    assert _event(ws, "MEDIA_MARK_PROCESSED")["correlation_id"] == "here"
    assert time.monotonic() - begun > 0.4
    ws.close()


@pytest.mark.parametrize("text", ["", "{", "NONSENSE", '{"command":7}', '{"command":"NONE"}', "[]"])
def test_unknown_commands_do_not_end_the_call(
    pbx: Session, exchange_server: Server, text: str
) -> None:
    ws, channel = _connected(pbx, exchange_server)
    pbx.wait_for("StasisStart", channel=channel["id"], timeout=WAIT)
    ws.send(text)
    _send(ws, "GET_STATUS")
    assert _event(ws, "STATUS")["queue_length"] == 0
    ws.close()


def test_hangup_closes_the_socket(pbx: Session, exchange_server: Server) -> None:
    ws, channel = _connected(pbx, exchange_server)
    pbx.wait_for("StasisStart", channel=channel["id"], timeout=WAIT)
    pbx.channels[channel["id"]].hangup()
    assert _closed(ws)
    ws.close()


def _closed(ws: websocket.WebSocket) -> bool:
    try:
        while ws.recv_data()[0] != websocket.ABNF.OPCODE_CLOSE:
            pass
    except (websocket.WebSocketConnectionClosedException, ConnectionError):
        pass
    return True


def test_unknown_id_is_refused(exchange_server: Server) -> None:
    refused = requests.get(f"{exchange_server.url}/media/none", timeout=WAIT)
    assert (refused.status_code, refused.reason) == (404, "Not found")
    assert "WebSocket instance not found" in refused.text


def test_id_is_the_only_secret_of_a_media_socket(pbx: Session, exchange_server: Server) -> None:
    id = _channel(pbx)["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
    ws = _open(exchange_server, id, "wrong")
    assert _event(ws, "MEDIA_START")["connection_id"] == id
    ws.close()
