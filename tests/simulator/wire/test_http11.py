"""HTTP as Asterisk's server parses it, unusual requests included."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_notebook.simulator.messages import Request, Response
from ari_notebook.simulator.wire.http11 import (
    MAX_BODY,
    RequestReader,
    Unreadable,
    html_error,
    render,
)

POST = (
    b"POST /ari/channels?a=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 9\r\n\r\n" + b'{"a": 10}'
)


def read(data: bytes) -> Request | None:
    reader = RequestReader()
    reader.feed(data)
    return reader.next()


def whole(reader: RequestReader) -> Request:
    request = reader.next()
    assert request is not None
    return request


def complete(data: bytes) -> Request:
    reader = RequestReader()
    reader.feed(data)
    return whole(reader)


def refused(data: bytes) -> tuple[int, str]:
    with pytest.raises(Unreadable) as fault:
        read(data)
    return fault.value.status, fault.value.text


def test_request_with_a_body() -> None:
    request = complete(POST)
    assert (request.method, request.target) == ("POST", "/ari/channels?a=1")
    assert ("Host", "x") in request.headers
    assert request.body == b'{"a": 10}'


@given(st.integers(1, 60))
def test_request_may_arrive_in_any_pieces(size: int) -> None:
    reader, found = RequestReader(), []
    stream = POST * 3
    for start in range(0, len(stream), size):
        reader.feed(stream[start : start + size])
        while (request := reader.next()) is not None:
            found.append(request)
    assert [each.body for each in found] == [b'{"a": 10}'] * 3
    assert reader.idle


@pytest.mark.parametrize(
    "text", [b"get /x\n\n", b"GET /x\r\n\r\n", b"  GET   /x HTTP/9.9 more\r\nbroken line\r\n\r\n"]
)
def test_requests_that_strict_servers_refuse_are_read(text: bytes) -> None:
    request = complete(text)
    assert (request.method, request.target, list(request.headers)) == ("GET", "/x", [])


def test_any_word_is_a_method() -> None:
    assert complete(b"FOO /x HTTP/1.1\r\n\r\n").method == "FOO"


def test_request_line_without_a_target_is_invalid() -> None:
    assert refused(b"GET\r\n") == (400, "Invalid Request")


def test_line_holds_4095_octets() -> None:
    line = b"GET /" + b"a" * (4095 - 7) + b"\r\n"
    assert read(line + b"\r\n") is not None
    assert refused(b"GET /" + b"a" * 4095) == (400, "Request line too long")
    assert refused(b"GET / \r\nX: " + b"a" * 4095) == (400, "Header line too long")


def test_request_has_at_most_100_headers() -> None:
    headers = b"".join(b"X%d: a\r\n" % number for number in range(101))
    assert refused(b"GET / HTTP/1.1\r\n" + headers + b"\r\n") == (413, "Too many headers")
    hundred = headers.split(b"\r\n", 1)[1]
    assert len(complete(b"GET / HTTP/1.1\r\n" + hundred + b"\r\n").headers) == 100


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (b"Transfer-Encoding: gzip", (501, "Unsupported Transfer-Encoding.")),
        (b"Content-Length: abc", (400, "Invalid Content-Length in request!")),
        (b"Content-Length: -1", (400, "Invalid Content-Length in request!")),
    ],
)
def test_body_of_unknown_length_is_refused(header: bytes, answer: tuple[int, str]) -> None:
    assert refused(b"POST / HTTP/1.1\r\n" + header + b"\r\n\r\n") == answer


def test_chunked_body_is_put_together() -> None:
    request = complete(
        b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'3;x=y\r\n{"a\r\n4\r\n":1}\r\n0\r\nTrailer: x\r\n\r\n'
    )
    assert request.body == b'{"a":1}'


def test_unused_body_is_not_kept() -> None:
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n")
    assert reader.next() is None
    reader.feed(b"x" * 100_000 + b"GET /next\r\n\r\n")
    assert whole(reader).body == b""
    assert whole(reader).target == "/next"


def test_chunked_body_without_end_is_given_up_at_the_limit() -> None:
    reader = RequestReader()
    reader.feed(b"POST / HTTP/1.1\r\nContent-Type: application/json\r\n")
    reader.feed(b"Transfer-Encoding: chunked\r\n\r\n9000\r\n" + b"x" * 0x9000 + b"\r\n")
    assert reader.next() is None
    reader.feed(b"1001\r\n")
    assert whole(reader).oversized


def test_body_over_40960_octets_is_refused_unread() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    assert complete(head % (MAX_BODY + 1)).oversized
    assert not complete(head % MAX_BODY + b"x" * MAX_BODY).oversized


@given(st.binary(max_size=400))
def test_any_input_is_request_refusal_or_incomplete(noise: bytes) -> None:
    reader = RequestReader()
    reader.feed(noise)
    try:
        while reader.next() is not None:
            pass
    except Unreadable as fault:
        assert fault.status in (400, 413, 501)  # noqa: PT017 - either is fine


def test_page_and_the_headers_are_asterisks() -> None:
    page = html_error(404, "Not Found", "a < b", server="Asterisk/x")
    wire = render(page, server="Asterisk/x", now=1_800_000_000).decode()
    head, body = wire.split("\r\n\r\n", 1)
    assert head.split("\r\n") == [
        "HTTP/1.1 404 Not Found",
        "Server: Asterisk/x",
        "Date: Fri, 15 Jan 2027 08:00:00 GMT",
        "Cache-Control: no-cache, no-store",
        "Content-type: text/html",
        f"Content-Length: {len(body)}",
    ]
    assert "<p>a &lt; b</p>" in body
    assert re.search("<address>Asterisk/x</address>", body)


def test_head_that_fails_has_a_body_and_one_that_does_not_has_none() -> None:
    failed = render(Response(405, "Method Not Allowed", (), b"{}"), server="", now=0, head=True)
    assert failed.endswith(b"{}")
    assert not render(Response(200, "OK", (), b"{}"), server="", now=0, head=True).endswith(b"{}")
