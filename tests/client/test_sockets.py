from __future__ import annotations

import gc
import gzip
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import ari_notebook
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import AriError, NotSent, OutcomeUnknown, UsageProblem
from ari_notebook.client.event_stream import Stream
from ari_notebook.client.http_transport import HttpTransport
from ari_notebook.client.rest import RestRequest
from ari_notebook.client.sockets import listening_socket, proxy_of, shown

CREDENTIALS = Credentials("asterisk", "s3cret-word")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@contextmanager
def serving(answer: Callable[[socket.socket, bytes], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Provide a server that answers connections by a function; yield its URL and requests."""
    requests: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                requests.append(connection.recv(65536))
                answer(connection, requests[-1])
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def drip(head: bytes) -> Callable[[socket.socket, bytes], None]:
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        for _number in range(200):
            time.sleep(0.1)
            connection.sendall(b" ")

    return answer


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
)
def test_slow_response_ends_at_the_time_limit(head: bytes) -> None:
    with serving(drip(head)) as (url, _):
        transport = HttpTransport(Address.parse(url), CREDENTIALS)
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match="no response"):
            transport.send(RestRequest("POST", "/channels"), 1.0)
        assert time.monotonic() - began < 4
        transport.close()


def test_slow_handshake_ends_at_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_notebook.client.websocket_connection.HANDSHAKE_SECONDS", 1.0)
    head = b"HTTP/1.1 101 Switching Protocols\r\nX: "
    with serving(drip(head)) as (url, _):
        stream = Stream(
            Address.parse(url),
            ("a",),
            CREDENTIALS,
            on_batch=lambda *_: None,
            on_state=lambda _: None,
        )
        began = time.monotonic()
        with pytest.raises(NotSent, match="opened no WebSocket in 1 s"):
            stream.start()
        assert time.monotonic() - began < 4


def test_compressed_answer_is_neither_asked_for_nor_unpacked() -> None:
    bomb = gzip.compress(b" " * 20_000_000)

    def answer(connection: socket.socket, _: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
        connection.sendall(head.encode() + bomb)

    with serving(answer) as (url, requests):
        transport = HttpTransport(Address.parse(url), CREDENTIALS)
        with pytest.raises(OutcomeUnknown, match="compressed"):
            transport.send(RestRequest("GET", "/channels"), 5.0)
        assert b"accept-encoding: identity" in requests[0].lower()
        transport.close()


def test_endless_response_is_cut_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_notebook.client.http_transport._LARGEST", 1 << 20)

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)

    with serving(answer) as (url, _):
        transport = HttpTransport(Address.parse(url), CREDENTIALS)
        with pytest.raises(OutcomeUnknown, match="larger than 1 MiB"):
            transport.send(RestRequest("GET", "/channels"), 5.0)
        transport.close()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_loopback_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def refuse(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with serving(refuse) as (url, requests):
        monkeypatch.setenv(name, url)
        with ari_notebook.connect() as ari:
            ari.call("1000")
            ari.wait_for("StasisStart")
        assert requests == []


@pytest.mark.parametrize(
    ("base", "environment", "proxy"),
    [
        ("http://pbx.example:8088", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("http://pbx.example:8088", {"HTTP_PROXY": "p:1"}, "http://p:1"),
        ("https://pbx.example:8089", {"HTTP_PROXY": "http://p:1"}, ""),
        ("https://pbx.example:8089", {"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ("http://pbx.example", {"HTTP_PROXY": "http://p:1", "NO_PROXY": ".example"}, ""),
        ("http://127.1.2.3:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://[::1]:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://localhost:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://LOCALHOST:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://localhost.:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://pbx.localhost:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://127.1:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://2130706433:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://0x7f000001:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://[::ffff:127.0.0.1]:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://0.0.0.0:1", {"ALL_PROXY": "http://p:1"}, ""),
        ("http://128.1:1", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ("http://localhost.example:1", {"ALL_PROXY": "http://p:1"}, "http://p:1"),
    ],
)
def test_proxy_is_used_for_its_schemes(
    monkeypatch: pytest.MonkeyPatch, base: str, environment: dict[str, str], proxy: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name.lower(), value)
    assert proxy_of(Address.parse(base)) == proxy


def test_proxy_other_than_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://user:word@p:1")
    with pytest.raises(UsageProblem, match=r"socks5://p:1 is not an HTTP proxy") as raised:
        proxy_of(Address.parse("http://pbx.example:8088"))
    assert "word" not in str(raised.value)
    assert shown("http://user:word@p:1") == "http://p:1"


@pytest.mark.parametrize(
    "status", ["403 Forbidden", "407 Proxy Authentication Required", "502 Bad Gateway", ""]
)
def test_error_of_a_proxy_names_it(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    def refuse(connection: socket.socket, _: bytes) -> None:
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    with serving(refuse) as (url, requests):
        place = url if status else "http://127.0.0.1:9"
        monkeypatch.setenv("http_proxy", place)
        with (
            pytest.warns(UserWarning, match="is plain HTTP"),
            pytest.raises(AriError, match=f"the proxy {place}") as raised,
        ):
            ari_notebook.connect("http://pbx.example:8088", password="s3cret-word")
        assert "NO_PROXY" in str(raised.value)
        assert not any(b"s3cret" in each for each in requests)


def test_event_stream_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def refuse(connection: socket.socket, request: bytes) -> None:
        asked.append(request.split(b"\r\n")[0])
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with serving(refuse) as (url, _):
        monkeypatch.setenv("http_proxy", url)
        stream = Stream(
            Address.parse("http://pbx.example:8088"),
            ("a",),
            CREDENTIALS,
            on_batch=lambda *_: None,
            on_state=lambda _: None,
        )
        with pytest.raises(NotSent, match=f"the proxy {url}"):
            stream.start()
    assert asked[0].startswith(b"CONNECT pbx.example:8088 ")


def test_listening_on_an_impossible_port_leaves_no_socket_open() -> None:
    gc.collect()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(OverflowError, match="0 to 65535"):
            listening_socket("127.0.0.1", 70_000, socket.AF_INET)
        gc.collect()
    assert not [each for each in caught if "laddr=('0.0.0.0', 0)" in str(each.message)]
