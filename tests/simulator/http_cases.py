"""HTTP requests, sent to the simulator alone and to both servers side by side.

Each case has a name, the request's octets made by `raw.request`, and the response's status line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.helpers.servers import Server
from tests.simulator.raw import request

UPGRADE = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)
FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"
CORS = ("Origin: http://a.b", "Access-Control-Request-Method: POST")
KEY = "api_key=asterisk:asterisk"


def upgrade(server: Server, target: str, *more: str, without: str = "", **options: Any) -> bytes:
    headers = [each for each in UPGRADE if not without or not each.startswith(without)]
    return request(server, "GET", target, *headers, *more, **options)


def case(
    status: int, method: str, target: str, *headers: str, **options: Any
) -> tuple[int, Callable[[Server], bytes]]:
    return status, lambda server: request(server, method, target, *headers, **options)


CASES = {
    "ping": case(200, "GET", "/ari/asterisk/ping"),
    "no password": case(401, "GET", "/ari/asterisk/ping", auth=False),
    "OPTIONS without a password": case(401, "OPTIONS", "/ari/channels", auth=False),
    "api_key": case(200, "GET", f"/ari/asterisk/ping?{KEY}", auth=False),
    "api_key, encoded": case(
        200, "GET", f"/ari/asterisk/ping?{KEY.replace(':', '%3a')}", auth=False
    ),
    "wrong api_key": case(401, "GET", "/ari/asterisk/ping?api_key=asterisk:x", auth=False),
    "Basic beats a wrong api_key": case(200, "GET", "/ari/asterisk/ping?api_key=asterisk:x"),
    "api_key beside a Basic header without a colon": case(
        200, "GET", f"/ari/asterisk/ping?{KEY}", "Authorization: Basic YXN0", auth=False
    ),
    "a length with more behind it": case(400, "POST", "/ari/channels", "Content-Length: 0abc"),
    "api_key in a form": case(405, "POST", "/ari/asterisk/ping", FORM, body=KEY, auth=False),
    "trailing slash": case(404, "GET", "/ari/asterisk/ping/"),
    "/ari": case(405, "GET", "/ari"),
    "/ari/": case(405, "GET", "/ari/"),
    "/": case(404, "GET", "/"),
    "not ARI": case(404, "GET", "/ariX"),
    "ARI in capitals": case(200, "GET", "/ARI/asterisk/ping"),
    "a resource in capitals": case(404, "GET", "/ari/Asterisk/ping"),
    "two slashes end the path": case(405, "GET", "/ari/asterisk//ping"),
    "no such resource": case(404, "POST", "/ari/nope"),
    "HEAD": case(405, "HEAD", "/ari/asterisk/ping"),
    "PATCH": case(405, "PATCH", "/ari/channels/x"),
    "a method of no kind": case(405, "FOO", "/ari/channels"),
    "a method in small letters": case(200, "get", "/ari/asterisk/ping"),
    "OPTIONS": case(204, "OPTIONS", "/ari/channels/x"),
    "OPTIONS of the events": case(204, "OPTIONS", "/ari/events"),
    "OPTIONS nowhere": case(404, "OPTIONS", "/ari/bridges/x/y"),
    "preflight": case(
        204, "OPTIONS", "/ari/channels", *CORS, "Access-Control-Request-Headers: X-A"
    ),
    "preflight of a method that is not there": case(204, "OPTIONS", "/ari/asterisk/ping", *CORS),
    "another origin": case(200, "GET", "/ari/asterisk/ping", "Origin: http://a.b"),
    "an origin without a password": case(
        401, "GET", "/ari/channels", "Origin: http://a.b", auth=False
    ),
    "close": case(200, "GET", "/ari/asterisk/ping", "Connection: close"),
    "api-docs by POST": case(405, "POST", "/ari/api-docs/resources.json"),
    "api-docs that are not there": case(404, "GET", "/ari/api-docs/nope.json"),
    "api-docs outside": case(404, "GET", "/ari/api-docs/../x"),
    "the folder of the api-docs": case(404, "GET", "/ari/api-docs"),
    "a channel named externalMedia, by accident": case(404, "GET", "/ari/channels/externalMedia/x"),
    "no channel named create": case(404, "GET", "/ari/channels/create/x"),
    "plus is a space in a path": case(404, "GET", "/ari/channels/a+b%2fc"),
    "bad JSON": case(400, "POST", "/ari/channels", JSON, body="{bad"),
    "bad JSON without a password": case(
        400, "POST", "/ari/channels", JSON, body="{bad", auth=False
    ),
    "JSON that is a number": case(400, "POST", "/ari/channels", JSON, body="5"),
    "JSON that is an array": case(400, "POST", "/ari/channels", JSON, body="[1]"),
    "a body of another type": case(
        400, "POST", "/ari/channels", "Content-Type: text/plain", body="{}"
    ),
    "a body that is too large": case(413, "POST", "/ari/channels", JSON, body=" " * 40961),
    "no endpoint": case(400, "POST", "/ari/channels", f"{JSON}; charset=utf-8", body="{}"),
    "128 values": case(400, "POST", "/ari/channels/x/play?media=" + ",".join("a" * 128)),
    "an unknown coding": case(501, "POST", "/ari/channels", "Transfer-Encoding: gzip"),
    "an invalid length": case(400, "POST", "/ari/channels", "Content-Length: abc"),
    "no target": (400, lambda server: b"GET\r\n\r\n"),
    "a long line": (400, lambda server: b"GET /" + b"a" * 4100 + b"\r\n\r\n"),
    "a long header": (400, lambda server: b"GET / HTTP/1.1\r\nX: " + b"a" * 4100 + b"\r\n\r\n"),
    "101 headers": case(413, "GET", "/ari/channels", *(f"X{each}: a" for each in range(100))),
    "events without an upgrade": case(426, "GET", "/ari/events?app=x"),
    "events without an app": (400, lambda server: upgrade(server, "/ari/events")),
    "events for a bad app": (500, lambda server: upgrade(server, "/ari/events?app=x,")),
    "events for a long app": (500, lambda server: upgrade(server, f"/ari/events?app={'a' * 74}")),
    "events": (101, lambda server: upgrade(server, "/ari/events?app=x")),
    "events without a password": (
        401,
        lambda server: upgrade(server, "/ari/events?app=x", auth=False),
    ),
    "events, protocol ari": (
        101,
        lambda server: upgrade(server, "/ari/events?app=x", "Sec-WebSocket-Protocol: ari"),
    ),
    "events, one of two protocols": (
        101,
        lambda server: upgrade(server, "/ari/events?app=x", "Sec-WebSocket-Protocol: foo, ari"),
    ),
    "events, another protocol": (
        400,
        lambda server: upgrade(server, "/ari/events?app=x", "Sec-WebSocket-Protocol: foo"),
    ),
    "events, a protocol in capitals": (
        101,
        lambda server: upgrade(server, "/ari/events?app=x", "Sec-WebSocket-Protocol: ARI"),
    ),
    "events, two headers of protocols": (
        101,
        lambda server: upgrade(
            server,
            "/ari/events?app=x",
            "Sec-WebSocket-Protocol: foo",
            "Sec-WebSocket-Protocol: ari",
        ),
    ),
    "events, two keys": (
        101,
        lambda server: upgrade(server, "/ari/events?app=x", "Sec-WebSocket-Key: x"),
    ),
    "events, two upgrades": (
        426,
        lambda server: upgrade(server, "/ari/events?app=x", "Upgrade: foo"),
    ),
    "events without a key": (
        400,
        lambda server: upgrade(server, "/ari/events?app=x", without="Sec-WebSocket-Key"),
    ),
    "events without a version": (
        400,
        lambda server: upgrade(server, "/ari/events?app=x", without="Sec-WebSocket-Version"),
    ),
    "an upgrade of something else": (200, lambda server: upgrade(server, "/ari/asterisk/ping")),
}
