"""The event stream where things are not as they should be: it goes on and says why."""

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
from ari_notebook.client import stream
from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import NotSent, RequestFailed
from ari_notebook.client.rest import Call, HttpTransport, Rest
from ari_notebook.client.stream import State, StateChange, Stream
from tests.trust.proxy import wait_until

CREDENTIALS = Credentials("asterisk", "s3cret-word")


class Answering:
    """Answers every connection with the same octets; keeps what it was sent."""

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
    told: dict[str, Any] = {"on_batch": lambda *_: None, "on_state": lambda *_: None, **more}
    return Stream(address, ("app",), CREDENTIALS, **told)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_does_not_take_the_password_elsewhere(answering: Any, status: int) -> None:
    thief = answering(b"")
    location = f"Location: ws://{thief.place}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    server = answering(f"HTTP/1.1 {status} Elsewhere\r\n{location}".encode())
    with pytest.raises(NotSent):
        open_stream(server.place).start()
    rest = Rest(HttpTransport(Address.parse(f"http://{server.place}"), CREDENTIALS))
    for method in ("GET", "DELETE"):
        with pytest.raises(RequestFailed, match="where ARI itself answers"):
            rest.send(Call(method, "/channels/1"))
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
def test_whatever_answers_a_handshake_is_no_more_than_a_failure(
    answering: Any, answer: bytes
) -> None:
    with pytest.raises((NotSent, RequestFailed)):
        open_stream(answering(answer).place).start()


@pytest.mark.parametrize("what", ["a request", "a handshake"])
def test_an_interrupt_shows_no_password(answering: Any, what: str) -> None:
    server = answering(b"")  # which says nothing

    def interrupt() -> None:
        assert wait_until(lambda: server.asked, 5)
        os.kill(os.getpid(), signal.SIGINT)

    transport = HttpTransport(Address.parse(f"http://{server.place}"), CREDENTIALS)
    ask = Rest(transport).send if what == "a request" else open_stream(server.place).start
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt) as caught:
        ask(*[Call("GET", "/channels")] * (what == "a request"))
    transport.close()
    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(lines.format())
    coded = CREDENTIALS.header().split()[1]
    assert coded.encode() in server.asked[0]
    assert "client" in text
    assert "s3cret-word" not in text
    assert coded not in text


@pytest.fixture
def asterisk(simulator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ARI_PASSWORD", simulator.password)
    monkeypatch.setattr(stream, "_BACKOFF_FIRST", 0.02)
    return simulator


def test_what_cannot_be_taken_in_is_a_gap_and_not_the_end(asterisk: Any) -> None:
    with ari_notebook.connect(asterisk.url, subscribe_all=True) as ari:

        class Broken:
            def __getattr__(self, name: str) -> Any:
                return lambda *_: 1 / 0 if name == "took" else None

        broken = Broken()
        ari.following.listeners += (broken,)
        ari.device_states.update("Stasis:lamp", "INUSE")
        assert wait_until(lambda: ari.gaps)
        assert "ZeroDivisionError" in ari.gaps[0].reason
        ari.following.listeners = ()
        ari.device_states.update("Stasis:lamp", "BUSY")
        assert wait_until(lambda: ari.tables.device_states["Stasis:lamp"]["state"] == "BUSY")


def test_a_process_may_have_thousands_of_files_open(asterisk: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with ari_notebook.connect(asterisk.url, subscribe_all=True) as ari:
            ari.device_states.update("Stasis:lamp", "INUSE")
            ari.wait_for("DeviceStateChanged", timeout=5)
            assert ari.status.reconnects == 0
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_password_that_was_changed_meanwhile_is_said(asterisk: Any) -> None:
    told: list[str] = []
    with ari_notebook.connect(asterisk.url) as ari:
        ari.tell = told.append
        users = asterisk.exchange.config.ari.users
        right = dict(users)
        users["asterisk"] = replace(users["asterisk"], password="?")
        asterisk.faults.drop()
        assert wait_until(lambda: "401" in ari.status.reason), ari.status
        assert ari.status.state == "reconnecting"
        assert len([line for line in told if "ari.conf" in line]) == 1, told
        users.update(right)
        assert wait_until(lambda: ari.gaps)
        assert "401" not in ari.gaps[0].reason


def test_states_follow_one_another(asterisk: Any) -> None:
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
