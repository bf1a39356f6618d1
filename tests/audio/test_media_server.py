"""`MediaServer`: calls that Asterisk brings by AudioSocket or by its media WebSocket."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

import ari_notebook
from ari_notebook import ConnectionLost, NotSent, Sound, UsageProblem
from ari_notebook.audio import audiosocket
from ari_notebook.client import media_server
from ari_notebook.client.media_server import MediaServer
from ari_notebook.client.media_stream import AudioStream
from ari_notebook.client.websocket_frames import TEXT, frame
from tests.audio.conftest import UUID, Exchange
from tests.audio.sounds import speech
from tests.helpers.waiting import until

WAIT = 30.0


def _echoes(stream: AudioStream) -> None:
    """Play until what comes back is what was played."""
    said = speech(stream.rate)
    deadline = time.monotonic() + WAIT
    while True:
        stream.play(said)
        begin, alike = stream.record(2).find(said)
        if alike > 0.9 and begin < 1:
            return
        assert time.monotonic() < deadline, (begin, alike)


@pytest.mark.parametrize(
    ("exten", "rate", "format"),
    [
        ("application", 8000, "slin"),
        ("channel", 16000, "slin16"),
        ("json", 16000, "slin16"),
        ("plain", 8000, "ulaw"),
    ],
)
def test_call_arrives_with_its_audio(
    exchange: Exchange, exten: str, rate: int, format: str
) -> None:
    with exchange.ari.media_server(
        exchange.port, host="127.0.0.1", rate=rate, user="bot", password="secret"
    ) as server:
        exchange.call(exten, "slin" if rate == 8000 else "slin16")
        stream = server.accept(WAIT)
        assert (stream.rate, stream.format) == (rate, format)
        assert stream.id == UUID if exten in ("application", "channel") else stream.id
        _echoes(stream)
        stream.close()
        if exten == "application":
            until(lambda: "Wait" in exchange.running())
    assert server.refused == 0


def test_hangup_of_the_caller_ends_the_stream(exchange: Exchange) -> None:
    with exchange.ari.media_server(exchange.port, host="127.0.0.1") as server:
        exchange.call("application")
        stream = server.accept(WAIT)
        stream.play(Sound.tone(440, 60))
        until(lambda: stream.level > -30)
        first = exchange.ari.request("GET", "/channels").json()[0]["id"]
        exchange.ari.request("DELETE", f"/channels/{first}")
        assert stream.wait(WAIT)


def test_function_serves_each_call_and_its_failure_is_logged(
    exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    ids: list[str] = []
    with exchange.ari.media_server(exchange.port, host="127.0.0.1") as server:

        @server.on_call
        def bot(audio: AudioStream) -> None:
            ids.append(audio.id)
            _echoes(audio)
            raise RuntimeError("of the user")

        with pytest.raises(UsageProblem, match="one function"):
            server.on_call(bot)
        exchange.call("application")
        until(lambda: "Wait" in exchange.running())
    assert ids == [UUID]
    until(lambda: "bot failed" in caplog.text)


def test_wrong_password_and_invalid_uuid_bring_no_call(exchange: Exchange) -> None:
    ari = exchange.ari
    with ari.media_server(exchange.port, host="127.0.0.1", user="bot", password="secret") as server:
        exchange.call("denied")
        until(lambda: server.refused == 1)
        exchange.call("invalid")
        until(lambda: not ari.request("GET", "/channels").json())
        with pytest.raises(TimeoutError, match="did not connect"):
            server.accept(0.1)
    assert server.refused == 1


def test_closing_the_session_closes_its_media_server(exchange: Exchange) -> None:
    server = exchange.ari.media_server(exchange.port, host="127.0.0.1")
    exchange.call("application")
    stream = server.accept(WAIT)
    exchange.ari.close()
    assert stream.ended
    with pytest.raises(NotSent, match="closed"):
        server.accept()
    with pytest.raises(ConnectionLost):
        stream.record(1)


# Peers that are no Asterisk.


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MediaServer]:
    monkeypatch.setattr(media_server, "_GREETING_SECONDS", 0.3)
    with MediaServer() as made:
        yield made
    until(lambda: not any(t.name.startswith("ari-media") for t in threading.enumerate()))


def _peer(server: MediaServer, data: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", server.port))
    made.settimeout(WAIT)
    made.sendall(data)
    return made


def _greeting() -> bytes:
    return audiosocket.message(audiosocket.UUID, bytes(16))


REQUEST = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(bytes(16)) + b"\r\n"
    b"Sec-WebSocket-Protocol: media\r\n\r\n"
)
START = frame(TEXT, b'{"event":"MEDIA_START","format":"slin","channel_id":"c"}')


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x00\x00\x00",
        audiosocket.message(audiosocket.UUID, b"no UUID at all"),
        audiosocket.message(audiosocket.UUID, bytes(17)),
        audiosocket.message(0x10, bytes(320)),
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000,
        b"GET \xff\xfe\r\n\r\n",
        REQUEST.replace(b"media", b"chat"),
        REQUEST + START.replace(b"\x81", b"\xf1", 1),
        REQUEST + frame(TEXT, b'{"event":"MEDIA_START"}', masked=False),
        REQUEST + frame(TEXT, b'{"event":"MEDIA_START","format":"gsm"}'),
        REQUEST + frame(TEXT, b"hello"),
        REQUEST + frame(TEXT, b"[" * 100_000),
    ],
)
def test_invalid_greeting_closes_its_connection_alone(server: MediaServer, data: bytes) -> None:
    bad = _peer(server, data)
    good = _peer(server, _greeting())
    assert server.accept(WAIT).id == "00000000-0000-0000-0000-000000000000"
    until(lambda: server.refused == 1)
    with contextlib.suppress(ConnectionResetError):
        while bad.recv(4096):
            pass
    bad.close()
    good.close()


def test_audio_before_media_start_is_kept(server: MediaServer) -> None:
    from ari_notebook.client.websocket_frames import BINARY

    tone = Sound.tone(440, 0.2)
    peer = _peer(server, REQUEST + frame(BINARY, tone.int16.tobytes()) + START)
    stream = server.accept(WAIT)
    assert stream.id == "c"
    peer.sendall(frame(BINARY, tone.int16.tobytes()))
    until(lambda: stream.time >= 0.4)
    peer.close()
    assert stream.wait(WAIT)


def test_flood_of_silent_connections_is_bounded_and_ends(server: MediaServer) -> None:
    peers = [_peer(server) for _ in range(100)]
    until(lambda: server.refused == 100)
    good = _peer(server, _greeting())
    assert not server.accept(WAIT).ended
    for each in (*peers, good):
        each.close()


def test_calls_that_nothing_accepts_are_bounded(
    server: MediaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server._waiting.maxsize = 2
    peers = [_peer(server, _greeting()) for _ in range(5)]

    def closed() -> int:
        return sum(_is_closed(each) for each in peers)

    until(lambda: closed() == 3)
    for each in peers:
        each.close()


def _is_closed(peer: socket.socket) -> bool:
    peer.setblocking(False)
    try:
        while data := peer.recv(4096):
            if data.endswith(audiosocket.message(audiosocket.HANGUP)):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def test_port_in_use_is_a_clear_error(server: MediaServer) -> None:
    with pytest.raises(NotSent, match=f"port {server.port} of 127.0.0.1 cannot be opened"):
        MediaServer(port=server.port)
    with pytest.raises(NotSent, match="cannot be opened"):
        MediaServer(port=70_000)
    with pytest.raises(NotSent, match="no IP address"):
        MediaServer("nowhere.invalid")
    with pytest.raises(ari_notebook.AudioError, match="no audio at 11025"):
        MediaServer(rate=11025)


def test_iteration_ends_when_the_server_is_closed(server: MediaServer) -> None:
    taken: list[AudioStream] = []

    def take() -> None:
        taken.extend(server)

    consumer = threading.Thread(target=take)
    consumer.start()
    peer = _peer(server, _greeting())
    until(lambda: taken)
    server.close()
    consumer.join(WAIT)
    assert not consumer.is_alive()
    assert taken[0].ended
    peer.close()
