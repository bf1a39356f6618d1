"""HTTP as Asterisk's server reads and writes it, without I/O.

Asterisk has its own HTTP parser, which is both laxer and stricter than RFC 9112: a line may end in
a bare LF, the version may be missing, any word is accepted as a method and judged by the resource,
and a failing ``HEAD`` has a body; but a line is limited to 4,095 octets and a request to 100
headers. Strict parsers refuse the former and do not count the latter, hence this parser; `server`
has the figures.
"""

from __future__ import annotations

import re
from email.utils import formatdate
from functools import lru_cache
from html import escape

from ari_notebook.simulator.messages import Headers, Request, Response

MAX_LINE = 4095  # octets, including the line's end
MAX_HEADERS = 100
MAX_BODY = 40960  # octets of a form or of JSON; other bodies are read and discarded

_LENGTH = re.compile(r"\s*([+-]?\d{1,9})", re.ASCII)
READ_TYPES = ("application/json", "application/x-www-form-urlencoded")


def media_type(headers: Headers) -> str:
    """Return the request's media type in lower case without parameters, or ""."""
    return header(headers, "content-type").split(";", 1)[0].lower()


def header(headers: Headers, name: str) -> str:
    """Return the first header of a lower-case name, or ""."""
    return next((value for key, value in headers if key.lower() == name), "")


class Unreadable(Exception):
    """The request cannot be parsed; the connection closes after the response.

    Attributes:
        status: status code.
        reason: the phrase after it.
        text: text of the page.
    """

    def __init__(self, status: int, reason: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.text = text


class RequestReader:
    """Parses received octets into requests.

    Args:
        remote: address of the client, copied to each request.
    """

    def __init__(self, remote: str = "127.0.0.1") -> None:
        self._remote = remote
        self._buffer = bytearray()
        self._seen = 0  # where the search for the end of a line continues
        self._lines: list[bytes] = []  # of an incomplete head, without blank lines before it
        self._head: tuple[str, str, list[tuple[str, str]]] | None = None
        self._body: _Body | None = None

    @property
    def idle(self) -> bool:
        """Return whether no part of the next request has arrived."""
        return not (self._buffer or self._lines) and self._head is None

    @property
    def rest(self) -> bytes:
        """Return the octets after the last request: the first frames after an upgrade."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add received octets."""
        self._buffer += data

    def next(self) -> Request | None:
        """Return the next complete request, or None.

        Raises:
            Unreadable: invalid request.
        """
        if self._head is None:
            lines = self._take_head()
            if lines is None:
                return None
            self._head = self._read_head(lines)
            self._body = _Body(self._head[2])
        assert self._body is not None  # noqa: S101 - set together with the head
        if not self._body.take(self._buffer):
            return None
        (method, target, headers), self._head = self._head, None
        body = self._body
        return Request(method, target, headers, bytes(body.kept), self._remote, body.oversized)

    def _take_head(self) -> list[bytes] | None:
        """Take the lines of a request's head, up to the blank line, from the buffer."""
        buffer, lines = self._buffer, self._lines
        while (end := buffer.find(b"\n", self._seen) + 1) > 0:
            if end > MAX_LINE:
                raise _line_too_long(len(lines))
            line = bytes(buffer[:end]).strip()
            del buffer[:end]
            self._seen = 0
            if not lines:
                _check_request_line(line)
                lines.append(line)
            elif not line:
                self._lines = []
                return lines
            elif _is_header(line):
                if len(lines) > MAX_HEADERS:
                    raise Unreadable(413, "Request Entity Too Large", "Too many headers")
                lines.append(line)
        self._seen = len(buffer)
        if self._seen >= MAX_LINE:
            raise _line_too_long(len(lines))
        return None

    @staticmethod
    def _read_head(lines: list[bytes]) -> tuple[str, str, list[tuple[str, str]]]:
        method, target = lines[0].split(None, 2)[:2]
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            headers.append((name.rstrip().decode("latin-1"), value.strip().decode("latin-1")))
        return method.decode("latin-1").upper(), target.decode("latin-1"), headers


def _check_request_line(line: bytes) -> None:
    if len(line.split(None, 2)) < 2:
        raise Unreadable(400, "Bad Request", "Invalid Request")


def _is_header(line: bytes) -> bool:
    name, _, value = line.partition(b":")
    return bool(name and value.strip())


def _line_too_long(lines: int) -> Unreadable:
    which = "Header line" if lines else "Request line"
    return Unreadable(400, "Bad Request", f"{which} too long")


class _Body:
    """Reads one body by length or chunks; keeps it only if it is used."""

    def __init__(self, headers: Headers) -> None:
        self.kept = bytearray()
        self.oversized = False
        self._keep = media_type(headers) in READ_TYPES
        coding = header(headers, "transfer-encoding").lower() or "identity"
        if coding not in ("identity", "chunked"):
            raise Unreadable(501, "Unimplemented", "Unsupported Transfer-Encoding.")
        self._chunked = coding == "chunked"
        self._left = 0 if self._chunked else _content_length(headers)
        self._trailers = False
        self._refuse_if_large()

    def take(self, buffer: bytearray) -> bool:
        """Take the received part of the body; return whether it is complete."""
        return self._take_chunks(buffer) if self._chunked else self._take_octets(buffer)

    def _take_octets(self, buffer: bytearray) -> bool:
        part = buffer[: self._left]
        if self._keep:
            self.kept += part
        self._left -= len(part)
        del buffer[: len(part)]
        return self._left == 0

    def _take_chunks(self, buffer: bytearray) -> bool:
        while True:
            if self._left and not self._take_octets(buffer):
                return False
            end = buffer.find(b"\n")
            if end < 0:
                if len(buffer) >= MAX_LINE:
                    raise _bad_body()
                return False
            line = bytes(buffer[:end]).strip()
            del buffer[: end + 1]
            if self._trailers:
                if not line:
                    return True
            elif line:  # the blank line ends the previous chunk
                self._left = _chunk_length(line)
                self._trailers = self._left == 0
                self._refuse_if_large()
                if self.oversized:
                    return True

    def _refuse_if_large(self) -> None:
        """Refuse a body to keep that is too large, without reading it."""
        if self._keep and len(self.kept) + self._left > MAX_BODY:
            self.oversized, self._left = True, 0


def _content_length(headers: Headers) -> int:
    # Only its leading digits count.
    found = _LENGTH.match(header(headers, "content-length") or "0")
    length = int(found[1]) if found else -1
    if length < 0:
        raise Unreadable(400, "Bad Request", "Invalid Content-Length in request!")
    return length


def _chunk_length(line: bytes) -> int:
    try:
        length = int(line.split(b";", 1)[0], 16)
    except ValueError:
        length = -1
    if length < 0:
        raise _bad_body()
    return length


def _bad_body() -> Unreadable:
    return Unreadable(400, "Bad Request", "Error parsing request body")


def html_error(
    status: int, reason: str, text: str, *, server: str = "", close: bool = False
) -> Response:
    """Return the error page of Asterisk's HTTP server, outside ARI."""
    address = f"<address>{escape(server, quote=False)}</address>\r\n" if server else ""
    page = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\r\n'
        f"<html><head>\r\n<title>{status} {reason}</title>\r\n</head><body>\r\n"
        f"<h1>{reason}</h1>\r\n<p>{escape(text)}</p>\r\n<hr />\r\n{address}</body></html>\r\n"
    )
    return Response(status, reason, [("Content-type", "text/html")], page.encode(), close)


def render(response: Response, *, server: str, now: float, head: bool = False) -> bytes:
    """Encode a response.

    Args:
        response: the response.
        server: value of the ``Server`` header; "" omits it.
        now: time for the ``Date`` header, in seconds since 1970.
        head: whether the request was HEAD, for which only an error has a body.
    """
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    if server:
        lines.append(f"Server: {server}")
    lines.append(f"Date: {_date(int(now))}")
    if response.close:
        lines.append("Connection: close")
    lines.append("Cache-Control: no-cache, no-store")
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines.append(f"Content-Length: {len(response.body)}\r\n\r\n")
    body = b"" if head and response.status < 400 else response.body
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)
