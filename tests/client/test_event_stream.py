"""Failures of the event stream: it continues and reports the reason."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import ari_notebook
from ari_notebook.client import event_stream
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import NotSent, RequestFailed
from ari_notebook.client.event_stream import Stream
from ari_notebook.client.http_transport import HttpTransport
from ari_notebook.client.rest import Rest, RestRequest
from ari_notebook.client.stream_state import State, StateChange
from ari_notebook.simulator import RunningSimulator
from benchmarks.source import Server, frame
from tests.trust.proxy import wait_until

CREDENTIALS = Credentials("asterisk", "s3cret-word")


class Answering:
    """Answers every connection with the same octets; stores what it receives."""

    def __init__(self, answer: bytes) -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.asked.append(connection.recv(65536))
            if self._answer:
                with contextlib.suppress(OSError):  # read enough, and left
                    connection.sendall(self._answer)
                    connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in (self._listener, *self._open):
            each.close()


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], Answering]]:
    made: list[Answering] = []

    def make(answer: bytes) -> Answering:
        made.append(Answering(answer))
        return made[-1]

    yield make
    for each in made:
        each.close()


def open_stream(place: str, **more: Any) -> Stream:
    address = Address.parse(f"http://{place}")
    published: dict[str, Any] = {"on_batch": lambda *_: None, "on_state": lambda *_: None, **more}
    return Stream(address, ("app",), CREDENTIALS, **published)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_does_not_take_the_password_elsewhere(answering: Any, status: int) -> None:
    thief = answering(b"")
    location = f"Location: ws://{thief.place}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    server = answering(f"HTTP/1.1 {status} Elsewhere\r\n{location}".encode())
    with pytest.raises(NotSent):
        open_stream(server.place).start()
    rest = Rest(HttpTransport(Address.parse(f"http://{server.place}"), CREDENTIALS))
    for method in ("GET", "DELETE"):
        with pytest.raises(RequestFailed, match="use the URL of ARI itself"):
            rest.send(RestRequest(method, "/channels/1"))
    rest.transport.close()
    assert len(server.asked) == 3
    assert thief.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        b"\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 none of it\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 400 No\r\nContent-Length: much\r\n\r\n",
        b"HTTP/1.1 101 Yes\r\nSet-Cookie: \x01=;;a b=c\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_invalid_handshake_response_is_a_failure(answering: Any, answer: bytes) -> None:
    with pytest.raises((NotSent, RequestFailed)):
        open_stream(answering(answer).place).start()


@pytest.mark.parametrize("what", ["a request", "a handshake"])
def test_interrupt_shows_no_password(answering: Any, what: str) -> None:
    server = answering(b"")  # which says nothing

    def interrupt() -> None:
        assert wait_until(lambda: server.asked, 30)
        os.kill(os.getpid(), signal.SIGINT)

    transport = HttpTransport(Address.parse(f"http://{server.place}"), CREDENTIALS)
    ask = Rest(transport).send if what == "a request" else open_stream(server.place).start
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt) as caught:
        ask(*[RestRequest("GET", "/channels")] * (what == "a request"))
    transport.close()
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(lines.format())
    coded = CREDENTIALS.header().split()[1]
    assert coded.encode() in server.asked[0]
    assert "client" in text
    assert "s3cret-word" not in text
    assert coded not in text


@pytest.fixture
def asterisk(simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    monkeypatch.setattr(event_stream, "_BACKOFF_FIRST", 0.02)
    return simulator


def test_failure_to_process_events_is_a_gap(asterisk: Any) -> None:
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as ari:

        class Broken:
            def __getattr__(self, name: str) -> Any:
                return lambda *_: 1 / 0 if name == "took" else None

        broken = Broken()
        ari.synchronizer.add_listener(broken)
        ari.device_states.update("Stasis:lamp", "INUSE")
        assert wait_until(lambda: ari.gaps)
        assert "ZeroDivisionError" in ari.gaps[0].reason
        ari.synchronizer.remove_listener(broken)
        ari.device_states.update("Stasis:lamp", "BUSY")
        assert wait_until(lambda: ari.tables.device_states["Stasis:lamp"]["state"] == "BUSY")


def test_stream_works_with_thousands_of_open_files(asterisk: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with ari_notebook.connect(asterisk.url, subscribe_all=True) as ari:
            ari.device_states.update("Stasis:lamp", "INUSE")
            ari.wait_for("DeviceStateChanged", timeout=30)
            assert ari.status.reconnects == 0
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_changed_password_is_reported(asterisk: Any) -> None:
    published: list[str] = []
    with ari_notebook.connect(asterisk.url) as ari:
        ari.notices.add_listener(published.append)
        users = asterisk.exchange.config.ari.users
        right = dict(users)
        users["asterisk"] = replace(users["asterisk"], password="?")
        asterisk.faults.drop()
        assert wait_until(lambda: "401" in ari.status.reason), ari.status
        assert ari.status.state == "reconnecting"
        assert len([line for line in published if "ari.conf" in line]) == 1, published
        users.update(right)
        assert wait_until(lambda: ari.gaps)
        assert "401" not in ari.gaps[0].reason


def test_states_change_in_order(asterisk: Any) -> None:
    seen: list[StateChange] = []
    with ari_notebook.connect(asterisk.url) as ari:
        address = ari.address
        follower = Stream(
            address,
            ("other",),
            Credentials(asterisk.user, asterisk.password),
            on_batch=lambda *_: None,
            on_state=seen.append,
        )
        follower.start()
        follower.drop()
        assert wait_until(lambda: len(seen) == 3)
        follower.close()
    states = [change.state for change in seen]
    assert states == [State.CONNECTED, State.RECONNECTING, State.CONNECTED, State.CLOSED]


def test_delayed_stream_is_read_when_much_arrives_or_when_woken() -> None:
    text = b'{"type": "X", "text": "%s"}' % (b"x" * 1000)
    delayed = threading.Event()
    received: list[bytes] = []

    def send() -> Iterator[bytes]:
        yield frame(text) * 20  # a dense read, after which the next one is delayed
        delayed.wait(60)
        yield frame(text) * 4000

    def delay() -> float:
        delayed.set()
        return 3600.0

    server = Server(send)
    stream = Stream(
        Address.parse(f"http://127.0.0.1:{server.port}"),
        ("hello-world",),
        CREDENTIALS,
        on_batch=lambda messages, _: received.extend(messages),
        on_state=lambda _: None,
        max_read_delay=delay,
    )
    stream.start()
    try:
        assert wait_until(lambda: len(received) > 1000)

        def woken() -> bool:
            stream.wake()
            return len(received) == 4020

        assert wait_until(woken)
    finally:
        stream.close()
    assert received == [text] * 4020
    assert not stream.alive
