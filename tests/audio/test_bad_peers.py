"""Programs that misbehave at the far end of a call: their call may end, nothing else does."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
import websocket

import ari_notebook
from ari_notebook import Session
from ari_notebook.audio import audiosocket
from tests.helpers.servers import Server
from tests.helpers.waiting import until

WAIT = 30.0
SMALL_BUFFER = (socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def pbx(exchange_server: Server) -> Iterator[Session]:
    with ari_notebook.connect(exchange_server.url) as session:
        yield session
        until(lambda: not session.request("GET", "/channels").json())


def _audiosocket(ari: Session, format: str = "slin") -> tuple[socket.socket, str]:
    """Return the program's end of an AudioSocket channel, and the channel's id."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(*SMALL_BUFFER)
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
                "format": format,
            },
        ).json()
        peer, _ = listener.accept()
    peer.settimeout(WAIT)
    ari.wait_for("StasisStart", channel=made["id"], timeout=WAIT)
    return peer, str(made["id"])


def _websocket(
    ari: Session, server: Server, format: str = "slin"
) -> tuple[websocket.WebSocket, str]:
    """Return the program's end of a media WebSocket, and the channel's id."""
    made: dict[str, Any] = ari.request(
        "POST",
        "/channels/externalMedia",
        {
            "app": ari.apps[0],
            "external_host": "INCOMING",
            "encapsulation": "none",
            "transport": "websocket",
            "connection_type": "server",
            "format": format,
            "transport_data": "f(json)",
        },
    ).json()
    id = made["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]
    ws = websocket.create_connection(
        f"ws{server.url[4:]}/media/{id}",
        timeout=WAIT,
        subprotocols=["media"],
        sockopt=[SMALL_BUFFER],
    )
    ari.wait_for("StasisStart", channel=made["id"], timeout=WAIT)
    return ws, str(made["id"])


def _rtp(ari: Session) -> tuple[socket.socket, str]:
    """Return the program's end of an RTP channel, and the channel's id."""
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    peer.bind(("127.0.0.1", 0))
    peer.settimeout(WAIT)
    made = ari.request(
        "POST",
        "/channels/externalMedia",
        {
            "app": ari.apps[0],
            "external_host": f"127.0.0.1:{peer.getsockname()[1]}",
            "format": "ulaw",
        },
    ).json()
    port = int(made["channelvars"]["UNICASTRTP_LOCAL_PORT"])
    peer.connect((made["channelvars"]["UNICASTRTP_LOCAL_ADDRESS"], port))
    ari.wait_for("StasisStart", channel=made["id"], timeout=WAIT)
    return peer, str(made["id"])


Close: TypeAlias = Callable[[], object]


def _silent_peer(ari: Session, server: Server, transport: str) -> tuple[Close, str]:
    """Return what closes a program's end that does nothing, and the channel's id.

    It is sent 96 kB of audio a second, 16 kB over RTP.
    """
    if transport == "audiosocket":
        peer, id = _audiosocket(ari, "slin48")
        return peer.close, id
    if transport == "rtp":
        peer, id = _rtp(ari)
        return peer.close, id
    ws, id = _websocket(ari, server, "slin48")
    return ws.sock.close, id


def _status(ws: websocket.WebSocket) -> dict[str, Any]:
    """Return the answer to GET_STATUS."""
    ws.send('{"command":"GET_STATUS"}')
    while True:
        opcode, data = ws.recv_data()
        assert opcode != websocket.ABNF.OPCODE_CLOSE
        if opcode == websocket.ABNF.OPCODE_TEXT and json.loads(data)["event"] == "STATUS":
            return dict(json.loads(data))


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
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"",
    ],
    ids=["half a sample", "too long", "cut off", "no headers", "text", "nothing"],
)
def test_invalid_audiosocket_data_ends_at_most_its_call(pbx: Session, data: bytes) -> None:
    peer, id = _audiosocket(pbx)
    peer.sendall(data)
    peer.close()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    _answers(pbx)


@pytest.mark.parametrize("transport", ["websocket", "audiosocket", "rtp"])
def test_peer_that_neither_reads_nor_writes_does_not_hold_the_server(
    pbx: Session, exchange_server: Server, transport: str
) -> None:
    close, id = _silent_peer(pbx, exchange_server, transport)
    pbx.channels[id].play(media="tone:440")
    end = time.monotonic() + 4
    while time.monotonic() < end:
        _answers(pbx)
        time.sleep(0.05)
    with contextlib.suppress(ari_notebook.NotFound):  # the server has ended it: nothing was read
        pbx.channels[id].hangup()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    close()


@pytest.mark.parametrize("transport", ["websocket", "audiosocket", "rtp"])
def test_peer_that_only_reads_keeps_its_call(
    pbx: Session, exchange_server: Server, transport: str
) -> None:
    if transport == "websocket":
        ws, id = _websocket(pbx, exchange_server)
        peer = ws.sock
    else:
        peer, id = _audiosocket(pbx) if transport == "audiosocket" else _rtp(pbx)
    pbx.channels[id].play(media="tone:440")
    end, octets = time.monotonic() + 4, 0
    while time.monotonic() < end:
        octets += len(peer.recv(1 << 16))
    assert octets > 16_000
    assert id in [each["id"] for each in pbx.request("GET", "/channels").json()]
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


def test_flood_of_audio_over_media_websocket_is_bounded(
    pbx: Session, exchange_server: Server
) -> None:
    ws, id = _websocket(pbx, exchange_server)
    for _ in range(100):
        ws.send_binary(bytes(65_280))  # 204 frames, 4 s
    assert 900 <= _status(ws)["queue_length"] < 1000 + 204  # the last message is queued as a whole
    _answers(pbx)
    ws.close()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)


@pytest.mark.parametrize(
    "text",
    ["no command", "", "x" * 200, '{"command":', '{"command":"NONE"}', '{"command":7}', "[]"],
)
def test_unknown_text_keeps_the_media_websocket(
    pbx: Session, exchange_server: Server, text: str
) -> None:
    ws, id = _websocket(pbx, exchange_server)
    ws.send(text)
    assert _status(ws)["event"] == "STATUS"
    ws.close()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    _answers(pbx)


@pytest.mark.parametrize(
    "packet",
    [b"", b"\x80", b"no packet at all", bytes(12), b"\x80\x00" + bytes(10) + bytes(1), bytes(9000)],
    ids=["empty", "one octet", "text", "no version", "one sample", "too long"],
)
def test_invalid_rtp_keeps_its_call(pbx: Session, packet: bytes) -> None:
    peer, id = _rtp(pbx)
    for _ in range(2000):
        peer.send(packet)
    _answers(pbx)
    assert id in [each["id"] for each in pbx.request("GET", "/channels").json()]
    pbx.channels[id].hangup()
    pbx.wait_for("StasisEnd", channel=id, timeout=WAIT)
    peer.close()


@pytest.mark.parametrize("size", [1, 319, 321, 65_500])
def test_frames_of_any_size_keep_the_media_websocket(
    pbx: Session, exchange_server: Server, size: int
) -> None:
    ws, id = _websocket(pbx, exchange_server)
    ws.send_binary(bytes(size))
    assert _status(ws)["event"] == "STATUS"
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
