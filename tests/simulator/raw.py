"""Raw octets over a socket, for requests that no HTTP library would send."""

from __future__ import annotations

import base64
import re
import socket
from urllib.parse import urlsplit

from tests.helpers.servers import Server


def basic(user: str, password: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def send(url: str, data: bytes, *, quiet: float = 0.3) -> tuple[str, bool]:
    """Send octets; return everything received until the server is quiet, and whether it closed."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), 5) as connection:
        connection.settimeout(quiet)
        connection.sendall(data)
        answer = b""
        while True:
            try:
                part = connection.recv(65536)
            except TimeoutError:
                return answer.decode("utf-8", "replace"), False
            except ConnectionResetError:
                return answer.decode("utf-8", "replace"), True
            if not part:
                return answer.decode("utf-8", "replace"), True
            answer += part


def first_line(url: str, data: bytes) -> str:
    """Send octets; return the first line of the response."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), 5) as connection:
        connection.sendall(data)
        return connection.makefile("rb").readline().decode()


def request(
    server: Server, method: str, target: str, *headers: str, body: str = "", auth: bool = True
) -> bytes:
    """Return a complete request; with a body it has a Content-Length."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost:1"]
    if auth:
        lines.append(basic(server.user, server.password))
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join([*lines, *headers, "", body]).encode()


def same(text: str) -> str:
    """Return a response without ids and times, which differ."""
    text = re.sub(r"(?m)^Date: .*GMT", "Date: now", text)
    text = re.sub(r"Asterisk/[^<\r\n]*", "Asterisk/x", text)
    text = re.sub(r"(?m)^Content-Length: [1-9]\d*", "Content-Length: n", text)
    text = re.sub(r'"timestamp":"[^"]*"', '"timestamp":"now"', text)
    return re.sub(r'"asterisk_id":"[^"]*"', '"asterisk_id":"x"', text)
