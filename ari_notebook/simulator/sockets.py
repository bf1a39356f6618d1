"""Event sockets, without I/O: the handshake's verdict, events out, REST requests in.

`handshake` judges ``GET /ari/events`` and makes a `Socket`; whatever carries it (`shell` a real
connection, a test nothing at all) takes messages from it and gives it those that arrive.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from ari_notebook.simulator import frames
from ari_notebook.simulator.http11 import header, html_error
from ari_notebook.simulator.messages import Later, Refused, Reply, Request, Response
from ari_notebook.simulator.rest import parameters, pipeline
from ari_notebook.simulator.rest.routes import METHODS

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange

log = logging.getLogger(__name__)

MAX_APP_NAME = 73
VERSIONS = ("7", "8", "13")


class Socket:
    """A connection that receives the events of applications and may send REST requests.

    Args:
        exchange: whose events.
        headers: of the request that opened it; its requests are made in that user's name.
        query: likewise, for ``api_key``.
        outbound: whether it was Asterisk that connected: then the applications are told of
            themselves (ApplicationRegistered), which those that came by themselves never are.

    Attributes:
        apps: the applications it stands for now, in the order they were asked for.
        accept: the headers of the 101 answer that opens it.
        on_ready: called when there is something to take after there was nothing.
        closed: whether it is closed; then it neither takes nor gives.
    """

    def __init__(
        self,
        exchange: Exchange,
        headers: parameters.Pairs,
        query: parameters.Pairs,
        *,
        outbound: bool = False,
    ) -> None:
        self.apps: list[str] = []
        self.accept: list[tuple[str, str]] = []
        self.on_ready: Callable[[], None] = _nobody
        self.closed = False
        self._exchange = exchange
        self._headers = headers
        self._api_key = [pair for pair in query if pair[0] == "api_key"][:1]
        self._first_app = ""
        self._outbound = outbound
        self._watched = ("", _nobody)
        self._waiting: list[bytes] = []
        self._option = orjson.OPT_INDENT_2 if exchange.config.ari.pretty else 0

    def register(self, apps: str, *, subscribe_all: bool) -> bool:
        """Register the applications of a comma-separated list; False where a name is not legal."""
        for name in (each.strip() for each in apps.split(",")):
            if not name or len(name.encode()) > MAX_APP_NAME:
                log.warning("WebSocket application %r: no name, or over %d", name, MAX_APP_NAME)
                return False
            known = self._exchange.applications.known(name)
            self._exchange.applications.register(name, self.deliver, subscribe_all=subscribe_all)
            if self._outbound and not known:
                self._tell("ApplicationRegistered", name)
            self.apps.append(name)
            self._first_app = self._first_app or name
        return True

    def announce(self) -> None:
        """Tell the applications, after a reconnect, that they are registered."""
        for app in self.apps:
            self._tell("ApplicationRegistered", app)

    def watch(self, channel: str, ended: Callable[[], None]) -> None:
        """Call ``ended`` when this channel has left the application."""
        self._watched = (channel, ended)

    def _tell(self, kind: str, app: str) -> None:
        self._put(
            {
                "type": kind,
                "timestamp": self._exchange.timestamp(),
                "application": app,
                "asterisk_id": self._exchange.asterisk_id,
            }
        )

    def deliver(self, app: str, event: Mapping[str, Any]) -> None:
        """Take an event for one of the applications; the application's filter let it pass."""
        kind = event["type"]
        if kind == "ApplicationReplaced" and not self._outbound and app in self.apps:
            self.apps.remove(app)
        self._put(event)
        if kind == "StasisEnd" and event["channel"]["id"] == self._watched[0]:
            self._watched[1]()

    def take(self) -> list[bytes]:
        """Take the messages that wait to be sent, each a JSON text."""
        taken, self._waiting = self._waiting, []
        return taken

    def close(self) -> None:
        """The connection is gone: its applications have nobody to tell any more."""
        if self.closed:
            return
        self.closed = True
        for app in self.apps:
            self._exchange.applications.unregister(app, self.deliver)
        self.apps.clear()
        self._waiting.clear()

    def receive(self, text: bytes) -> None:
        """Take a message from the client: a RESTRequest, which is answered by a RESTResponse."""
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, (dict, list)):
            log.warning("WebSocket input failed to parse")
            self._answer({}, Reply(400, reason="Failed to parse request message JSON"), "")
            return
        fields = message if isinstance(message, dict) else {}
        path, reply = _perform(self._exchange, fields, self._headers, self._api_key)
        reply.then(lambda known: self._answer(fields, known, path))

    def _answer(self, fields: dict[str, Any], reply: Reply, path: str) -> None:
        status, reason = reply.status, reply.phrase
        if reply.file is not None:
            status, reason = 406, "Not Acceptable.  Use HTTP GET"
        response: dict[str, Any] = {
            "type": "RESTResponse",
            "transaction_id": _text(fields, "transaction_id"),
            "request_id": _text(fields, "request_id"),
            "status_code": status,
            "reason_phrase": reason,
            "uri": path,
        }
        if reply.file is None and reply.body is not None:
            response["content_type"] = "application/json"
            response["message_body"] = orjson.dumps(reply.body).decode()
        response["application"] = self._first_app
        response["timestamp"] = self._exchange.timestamp()
        response["asterisk_id"] = self._exchange.asterisk_id
        if self._exchange.applications.allows(self._first_app, response):
            self._put(response)

    def _put(self, message: Mapping[str, Any]) -> None:
        if self.closed:
            return
        self._waiting.append(orjson.dumps(message, option=self._option))
        if len(self._waiting) == 1:
            self.on_ready()


def _nobody() -> None:
    """Nobody waits for a socket that is not carried yet."""


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _perform(
    exchange: Exchange,
    fields: Mapping[str, Any],
    headers: parameters.Pairs,
    api_key: parameters.Pairs,
) -> tuple[str, Later[Reply]]:
    """Do what a RESTRequest asks for: the path that the answer names, and the reply."""
    kind = _text(fields, "type")
    if kind != "RESTRequest":
        return "", _bad_request("Unknown request type." if kind else "No 'type' property.")
    path, _, query_string = _text(fields, "uri").partition("?")
    try:
        query, body = _read(fields, query_string)
    except Refused as refused:
        return path, _bad_request(refused.message)
    method = _text(fields, "method")
    asked = pipeline.Asked(method, path, [*query, *api_key], headers, body)
    return path, pipeline.answer(exchange, asked)


def _bad_request(message: str) -> Later[Reply]:
    return Later.of(Reply(400, {"message": message}, reason="Bad request"))


def _read(fields: Mapping[str, Any], query_string: str) -> tuple[list[tuple[str, str]], Any]:
    """The parameters and the JSON body of a RESTRequest."""
    if not _text(fields, "uri"):
        raise Refused(400, "Empty or missing 'uri' property.")
    if _text(fields, "method") not in METHODS:
        raise Refused(400, "Unknown or missing 'method' property.")
    query = parameters.pairs(query_string)
    given = fields.get("query_strings")
    for each in given if isinstance(given, list) else []:
        pair = each if isinstance(each, dict) else {}
        name, value = pair.get("name"), pair.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            raise Refused(400, "Unable to parse 'query_strings' array.")
        query.append((name, value))
    text = _text(fields, "message_body")
    if not text:
        return query, None
    match _text(fields, "content_type"):
        case "":
            raise Refused(400, "No 'content_type' for 'message_body'.")
        case "application/x-www-form-urlencoded":
            return [*query, *parameters.pairs(text)], None
        case "application/json":
            try:
                return query, pipeline.load_json(text.encode())
            except ValueError:
                message = "Unable to parse 'message_body' as 'application/json'."
                raise Refused(400, message) from None
        case _:
            raise Refused(400, "Unknown content type.")


def _last(headers: parameters.Pairs, name: str) -> str:
    """The last header of this name (in lower case), which the handshake goes by."""
    return header(list(reversed(headers)), name)


def handshake(exchange: Exchange, request: Request, query: parameters.Pairs) -> Socket | Response:
    """Judge a request for the events' WebSocket, whose sender is known already.

    Where Asterisk answers one request more than once, as it does when an application's name is
    missing or bad, the answers come together.
    """
    headers = list(request.headers)
    server = exchange.config.http.server_name
    upgrade = _last(headers, "upgrade")
    if upgrade.lower() != "websocket":
        return html_error(426, "Upgrade Required", "", server=server)
    offered = _last(headers, "sec-websocket-protocol")
    protocol = next((each for each in offered.split(",") if each.strip().lower() == "ari"), None)
    key = _last(headers, "sec-websocket-key")
    bad_request = Response(400, "Bad Request", [("Sec-WebSocket-Version", ", ".join(VERSIONS))])
    if (
        (offered and protocol is None)
        or _last(headers, "sec-websocket-version") not in VERSIONS
        or not key
    ):
        return bad_request
    apps = next((value for name, value in query if name == "app"), "")
    if not apps:
        missing = "HTTP request is missing param: [app]"
        return html_error(400, "Bad Request", missing, server=server).then(bad_request)
    subscribe_all = next((value for name, value in query if name == "subscribeAll"), "")
    socket = Socket(exchange, headers, query)
    if not socket.register(apps, subscribe_all=parameters.is_true(subscribe_all)):
        socket.close()
        registration = "Stasis app registration failed"
        session = "Failed to create ARI websocket session"
        return (
            html_error(500, "Internal Server Error", registration, server=server)
            .then(html_error(500, "Server Error", session, server=server))
            .then(bad_request)
        )
    socket.accept = [
        ("Upgrade", upgrade),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", frames.accept_key(key)),
    ]
    if protocol is not None:
        socket.accept.append(("Sec-WebSocket-Protocol", protocol))
    return socket
