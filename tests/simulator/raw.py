"""Octets to a server and back, for requests that no HTTP library would send."""

import base64
import re
import socket
from urllib.parse import urlsplit


def basic(user, password):
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def send(url, data, *, quiet=0.3):
    """Send octets; everything that comes until the server is quiet, and whether it closed."""
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


def first_line(url, data):
    """Send octets; the first line of the answer."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), 5) as connection:
        connection.sendall(data)
        return connection.makefile("rb").readline().decode()


def request(server, method, target, *headers, body="", auth=True):
    """A request in full; one with a body says how long it is."""
    lines = [f"{method} {target} HTTP/1.1", "Host: example.com:1"]
    if auth:
        lines.append(basic(server.user, server.password))
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join([*lines, *headers, "", body]).encode()


def same(text):
    """An answer without what differs from one server and moment to the next."""
    text = re.sub(r"(?m)^Date: .*GMT", "Date: now", text)
    text = re.sub(r"Asterisk/[^<\r\n]*", "Asterisk/x", text)
    text = re.sub(r"(?m)^Content-Length: [1-9]\d*", "Content-Length: n", text)
    text = re.sub(r'"timestamp":"[^"]*"', '"timestamp":"now"', text)
    return re.sub(r'"asterisk_id":"[^"]*"', '"asterisk_id":"x"', text)
