import socket
import threading
import traceback

import pytest

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import NotSent, OutcomeUnknown, ServerError
from ari_notebook.client.rest import Call, HttpTransport, Rest, encode

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

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._listener.close()
        self._thread.join(timeout=5)


@pytest.fixture
def rest_of():
    made = []

    def make(server, timeout=5.0):
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


def test_closed_port_is_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
    transport = HttpTransport(address, CREDENTIALS)
    with pytest.raises(NotSent, match=r"nothing listens.*http\.conf"):
        Rest(transport).send(Call("POST", "/channels"))


def test_break_before_the_answer_of_a_command_is_unknown(rest_of):
    with Server(b"") as server, pytest.raises(OutcomeUnknown, match="look before sending"):
        rest_of(server).send(Call("POST", "/channels"))


@pytest.mark.parametrize("octets", range(1, len(PONG)))
def test_an_answer_that_is_cut_anywhere_is_none(rest_of, octets):
    """Also among the headers: what was answered is not known, and nothing was not."""
    with Server(PONG[:octets]) as server, pytest.raises(OutcomeUnknown):
        rest_of(server).send(Call("POST", "/channels"))


def test_question_without_an_answer_is_asked_again(rest_of):
    with Server(b"", PONG) as server:
        assert rest_of(server).send(Call("GET", "/asterisk/ping")).json() == {"ping": "pong"}
        assert len(server.requests) == 2


def test_silence_is_unknown(rest_of):
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        address = Address.parse(f"http://127.0.0.1:{listener.getsockname()[1]}")
        transport = HttpTransport(address, CREDENTIALS)
        with pytest.raises(OutcomeUnknown, match="no answer"):
            Rest(transport, timeout=0.2).send(Call("POST", "/channels"))
        transport.close()


def test_answer_that_is_not_the_json_it_claims_to_be(rest_of):
    broken = PONG.replace(b'{"ping":"pong"}', b'{"ping":"pong"]')
    with Server(broken) as server:
        answer = rest_of(server).send(Call("GET", "/asterisk/ping"))
        with pytest.raises(ServerError, match="not the JSON"):
            answer.json()


def test_html_error_page_gives_its_title(rest_of):
    page = b"<html><head><title>404 Not Found</title></head></html>"
    head = b"HTTP/1.1 404 Not Found\r\nContent-type: text/html\r\nContent-Length: %d\r\n\r\n"
    with Server(head % len(page) + page) as server:
        try:
            rest_of(server).send(Call("GET", "/asterisk/ping"))
        except Exception as error:  # noqa: BLE001
            assert str(error) == "404 Not Found (GET /asterisk/ping)"  # noqa: PT017


def test_password_is_in_no_traceback_repr_or_vars(rest_of):
    with Server(b"") as server:
        try:
            rest_of(server).send(Call("POST", "/channels"))
        except OutcomeUnknown as error:
            lines = traceback.TracebackException.from_exception(error, capture_locals=True)
            text = "".join(lines.format())
            assert error.__context__ is None  # noqa: PT017
    for secret in ("s3cret-word", CREDENTIALS.header().split()[1]):
        assert secret not in text
        assert secret not in repr(CREDENTIALS) + str(vars(CREDENTIALS))


def test_values_are_encoded_as_asterisk_reads_them():
    assert encode(True) == "true"
    assert encode(["a", 1]) == "a,1"
    call = Call("GET", "/channels", {"q": "a b&c=ü"})
    assert call.uri == "/channels?q=a%20b%26c%3D%C3%BC"
