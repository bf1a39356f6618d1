from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import NotSent, OutcomeUnknown, ServerError
from ari_notebook.client.http_transport import HttpTransport
from ari_notebook.client.rest import Rest, RestRequest, encode

CREDENTIALS = Credentials("asterisk", "s3cret-word")


class Server:
    """A socket that answers each connection with the next of some bytes, then closes it."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = Address.parse(f"http://127.0.0.1:{self._listener.getsockname()[1]}")
        self._answers = answers
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._listener.accept()
            with connection:
                self.requests.append(connection.recv(65536))
                connection.sendall(answer)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exception: Any) -> None:
        self._listener.close()
        self._thread.join(timeout=5)


@pytest.fixture
def rest_of() -> Iterator[Callable[..., Rest]]:
    made = []

    def make(server: Server, timeout: float = 5.0) -> Rest:
        transport = HttpTransport(server.address, CREDENTIALS)
        made.append(transport)
        return Rest(transport, timeout=timeout)

    yield make
    for transport in made:
        transport.close()


PONG = (
    b"HTTP/1.1 200 OK\r\nContent-type: application/json\r\nContent-Length: 15\r\n\r\n"
    b'{"ping":"pong"}'
)


def test_closed_port_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
    transport = HttpTransport(address, CREDENTIALS)
    with pytest.raises(NotSent, match=r"nothing listens.*http\.conf"):
        Rest(transport).send(RestRequest("POST", "/channels"))


def test_command_without_response_is_outcome_unknown(rest_of: Callable[..., Rest]) -> None:
    with Server(b"") as server, pytest.raises(OutcomeUnknown, match="look before sending"):
        rest_of(server).send(RestRequest("POST", "/channels"))


@pytest.mark.parametrize("octets", range(1, len(PONG)))
def test_truncated_response_is_outcome_unknown(rest_of: Callable[..., Rest], octets: int) -> None:
    """Also within the headers: the outcome of the request is unknown."""
    with Server(PONG[:octets]) as server, pytest.raises(OutcomeUnknown):
        rest_of(server).send(RestRequest("POST", "/channels"))


def test_get_without_response_is_repeated(rest_of: Callable[..., Rest]) -> None:
    with Server(b"", PONG) as server:
        assert rest_of(server).send(RestRequest("GET", "/asterisk/ping")).json() == {"ping": "pong"}
        assert len(server.requests) == 2


def test_command_timeout_is_outcome_unknown(rest_of: Callable[..., Rest]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        address = Address.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
        transport = HttpTransport(address, CREDENTIALS)
        with pytest.raises(OutcomeUnknown, match="no response"):
            Rest(transport, timeout=0.2).send(RestRequest("POST", "/channels"))
        transport.close()


def test_invalid_json_response_is_server_error(rest_of: Callable[..., Rest]) -> None:
    broken = PONG.replace(b'{"ping":"pong"}', b'{"ping":"pong"]')
    with Server(broken) as server:
        answer = rest_of(server).send(RestRequest("GET", "/asterisk/ping"))
        with pytest.raises(ServerError, match="not valid JSON"):
            answer.json()


def test_html_error_page_gives_its_title(rest_of: Callable[..., Rest]) -> None:
    page = b"<html><head><title>404 Not Found</title></head></html>"
    head = b"HTTP/1.1 404 Not Found\r\nContent-type: text/html\r\nContent-Length: %d\r\n\r\n"
    with Server(head % len(page) + page) as server:
        try:
            rest_of(server).send(RestRequest("GET", "/asterisk/ping"))
        except Exception as error:  # noqa: BLE001
            assert str(error) == "404 Not Found (GET /asterisk/ping)"  # noqa: PT017


def test_password_is_in_no_traceback_repr_or_vars(rest_of: Callable[..., Rest]) -> None:
    with Server(b"") as server:
        try:
            rest_of(server).send(RestRequest("POST", "/channels"))
        except OutcomeUnknown as error:
            lines = traceback.TracebackException.from_exception(error, capture_locals=True)
            text = "".join(lines.format())
            assert error.__context__ is None  # noqa: PT017
    for secret in ("s3cret-word", CREDENTIALS.header().split()[1]):
        assert secret not in text
        assert secret not in repr(CREDENTIALS) + str(vars(CREDENTIALS))


def test_values_are_encoded_as_asterisk_reads_them() -> None:
    assert encode(True) == "true"
    assert encode(["a", 1]) == "a,1"
    call = RestRequest("GET", "/channels", {"q": "a b&c=ü"})
    assert call.uri == "/channels?q=a%20b%26c%3D%C3%BC"
