"""Programs that misbehave at the far end of a call: their call may end, nothing else does."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import websocket

import ari_notebook
from ari_notebook import Session
from ari_notebook.audio import audiosocket
from tests.helpers.servers import Server
from tests.helpers.waiting import until

WAIT = 30.0
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def pbx(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url) as session:
        yield session
        until(lambda: not session.request("GET", "/channels").json())


def _audiosocket(ari: Session) -> tuple[socket.socket, str]:
    """Return the program's end of an AudioSocket channel, and the channel's id."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        made = ari.request(
            "POST",
            "/channels/externalMedia",
            {
                "app": ari.apps[0],
                "external_host": f"127.0.0.1:{listener.getsockname()[1]}",
                "encapsulation": "audiosocket",
                "transport": "tcp",
                "data": str(uuid.uuid4()),
                "format": "slin",
            },
        ).json()
        peer, _ = listener.accept()
    peer.settimeout(WAIT)
    ari.wait_for("StasisStart", channel=made["id"], timeout=WAIT)
    return peer, str(made["id"])


def _websocket(ari: Session, server: Server) -> tuple[websocket.WebSocket, str]:
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
            "transport_data": "f(json)",
        },
    ).json()
    id = made["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
    ws = websocket.create_connection(
        f"ws{server.url[4:]}/media/{id}", timeout=WAIT, subprotocols=["media"]
    )
    ari.wait_for("StasisStart", channel=made["id"], timeout=WAIT)
    return ws, str(made["id"])


def _answers(ari: Session) -> None:
    """Check that the server still serves others."""
    assert ari.request("GET", "/asterisk/info").status == 200


@pytest.mark.parametrize(
    "data",
    [
        audiosocket.message(0x10, b"odd"),
        audiosocket.message(0x10, bytes(65_534)),
        b"\x10\x01",
        bytes(320) * 200,
    ],
    ids=["half a sample", "too long", "cut off", "no headers"],
)
def test_invalid_audiosocket_data_ends_at_most_its_call(pbx: Session, data: bytes) -> None:
    peer, id = _audiosocket(pbx)
    peer.sendall(data)
    peer.close()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    _answers(pbx)


def test_peer_that_never_reads_does_not_hold_the_server(pbx: Session) -> None:
    peer, id = _audiosocket(pbx)
    for _ in range(20):
        _answers(pbx)
    pbx.channels[id].hangup()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    peer.close()


def test_flood_of_audio_over_audiosocket_does_not_hold_the_server(pbx: Session) -> None:
    peer, id = _audiosocket(pbx)
    peer.settimeout(1.0)
    frame = audiosocket.message(0x10, bytes(320))
    try:
        for _ in range(3000):
            peer.sendall(frame)
    except TimeoutError:
        pass  # the server reads at its own pace
    _answers(pbx)
    peer.close()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)


@pytest.mark.parametrize("size", [1, 319, 321, 65_500])
def test_frames_of_any_size_keep_the_media_websocket(
    pbx: Session, exchange_server: Server, size: int
) -> None:
    ws, id = _websocket(pbx, exchange_server)
    ws.send_binary(bytes(size))
    ws.send('{"command":"GET_STATUS"}')
    while ws.recv_data()[0] != websocket.ABNF.OPCODE_TEXT:
        pass
    ws.close()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    _answers(pbx)


def test_media_websocket_that_breaks_off_ends_its_call(
    pbx: Session, exchange_server: Server
) -> None:
    ws, id = _websocket(pbx, exchange_server)
    ws.send_binary(bytes(3200))
    ws.sock.close()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    _answers(pbx)


@pytest.mark.parametrize(
    "params",
    [
        {"format": "nonsense"},
        {"encapsulation": "audiosocket", "transport": "tcp", "data": "no-uuid"},
        {"encapsulation": "audiosocket", "transport": "tcp"},
    ],
    ids=["unknown format", "invalid UUID", "no UUID"],
)
def test_invalid_external_media_is_refused(pbx: Session, params: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        given = {"app": pbx.apps[0], "external_host": host, "format": "slin", **params}
        with pytest.raises(ari_notebook.RequestFailed):
            pbx.request("POST", "/channels/externalMedia", given)
