"""Event sockets, sans-I/O: handshake, outgoing events, incoming REST requests.

`handshake` checks ``GET /ari/events`` and creates an `EventSocket`; its carrier (a real connection
in `server`, or a test) takes messages from it and passes received ones to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.messages import AriRefusal, Deferred, Reply, Request, Response
from ari_notebook.simulator.rest import parameters
from ari_notebook.simulator.rest.pipeline import ApiRequest, AriPipeline, load_json
from ari_notebook.simulator.rest.routes import METHODS
from ari_notebook.simulator.utf8 import octets
from ari_notebook.simulator.wire import websocket_frames
from ari_notebook.simulator.wire.http11 import header, html_error

log = logging.getLogger(__name__)

MAX_APP_NAME = 73
VERSIONS = ("7", "8", "13")


class EventSocket:
    """A connection that receives the events of applications and may send REST requests.

    Args:
        pipeline: pipeline for its requests.
        headers: headers of the opening request, whose credentials apply to its requests.
        query: query of the opening request, for ``api_key``.
        outbound: whether Asterisk opened the connection; only then ApplicationRegistered is sent.

    Attributes:
        apps: its current applications, in the order requested.
        accept: headers of the 101 response that opens it.
        closed: whether it is closed; it then neither sends nor receives.
    """

    def __init__(
        self,
        pipeline: AriPipeline,
        headers: parameters.Pairs,
        query: parameters.Pairs,
        *,
        outbound: bool = False,
    ) -> None:
        self.apps: list[str] = []
        self.accept: list[tuple[str, str]] = []
        self.closed = False
        self._pipeline = pipeline
        self._exchange = exchange = pipeline.ari.exchange
        self._headers = headers
        self._api_key = [pair for pair in query if pair[0] == "api_key"][:1]
        self._first_app = ""
        self._outbound = outbound
        self._subscribe_all = False
        self._stasis_end = ("", _do_nothing)
        self._on_ready: Callable[[], None] = _do_nothing
        self._waiting: list[bytes] = []
        self._option = orjson.OPT_INDENT_2 if exchange.config.ari.pretty else 0

    def register(self, apps: str, *, subscribe_all: bool) -> bool:
        """Register a comma-separated list of applications; return False for an illegal name."""
        for name in (each.strip() for each in apps.split(",")):
            if not name or len(octets(name)) > MAX_APP_NAME:
                log.warning("WebSocket application %r: no name, or over %d", name, MAX_APP_NAME)
                return False
            known = self._exchange.event_bus.known(name)
            self._subscribe_all = subscribe_all
            self._exchange.event_bus.register(name, self.deliver, subscribe_all=subscribe_all)
            if self._outbound and not known:
                self._put_registration("ApplicationRegistered", name)
            self.apps.append(name)
            self._first_app = self._first_app or name
        return True

    def move(self, pipeline: AriPipeline) -> None:
        """Register its applications in another exchange, which replaces the current one."""
        self._pipeline, self._exchange = pipeline, pipeline.ari.exchange
        for app in self.apps:
            bus = self._exchange.event_bus
            bus.register(app, self.deliver, subscribe_all=self._subscribe_all)

    def announce_registration(self) -> None:
        """Send ApplicationRegistered for each application, after a reconnect."""
        for app in self.apps:
            self._put_registration("ApplicationRegistered", app)

    def on_stasis_end(self, channel: str, ended: Callable[[], None]) -> None:
        """Register ``ended``, called after this channel has left the application."""
        self._stasis_end = (channel, ended)

    def _put_registration(self, kind: str, app: str) -> None:
        self._put(
            {
                "type": kind,
                "timestamp": self._exchange.timestamp(),
                "application": app,
                "asterisk_id": self._exchange.asterisk_id,
            }
        )

    def deliver(self, app: str, event: Mapping[str, Any]) -> None:
        """Queue an event that an application's filter has passed."""
        kind = event["type"]
        if self._pipeline.journal is not None:
            self._pipeline.journal.add_event(self._exchange.now, app, event)
        if kind == "ApplicationReplaced" and not self._outbound and app in self.apps:
            self.apps.remove(app)
        shown = self._pipeline.filter.event(event)
        if shown is not None:
            self._put(shown)
        if kind == "StasisEnd" and event["channel"]["id"] == self._stasis_end[0]:
            self._stasis_end[1]()

    def attach(self, on_ready: Callable[[], None]) -> None:
        """Attach a carrier: ``on_ready`` is called when messages are queued for `take`."""
        self._on_ready = on_ready

    def detach(self) -> None:
        """Detach the carrier; messages are queued for the next one."""
        self._on_ready = _do_nothing

    def take(self) -> list[bytes]:
        """Return and remove the queued messages, each a JSON text."""
        taken, self._waiting = self._waiting, []
        return taken

    def close(self) -> None:
        """Unregister the applications after the connection was lost; idempotent."""
        if self.closed:
            return
        self.closed = True
        for app in self.apps:
            self._exchange.event_bus.unregister(app, self.deliver)
        self.apps.clear()
        self._waiting.clear()

    def receive(self, text: bytes) -> None:
        """Handle a message from the client: a RESTRequest, answered by a RESTResponse."""
        if not self._exchange.config.has(ReleaseBehaviour.REST_OVER_WEBSOCKET):
            return
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        if not isinstance(message, (dict, list)):
            log.warning("WebSocket input failed to parse")
            self._answer({}, Reply(400, reason="Failed to parse request message JSON"), "")
            return
        fields = message if isinstance(message, dict) else {}
        path, reply = _perform(self._pipeline, fields, self._headers, self._api_key)
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
        if self._exchange.event_bus.allows(self._first_app, response):
            self._put(response)

    def _put(self, message: Mapping[str, Any]) -> None:
        if self.closed:
            return
        self._waiting.append(orjson.dumps(message, option=self._option))
        if len(self._waiting) == 1:
            self._on_ready()


def _do_nothing() -> None:
    """Do nothing, without a carrier."""


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _perform(
    pipeline: AriPipeline,
    fields: Mapping[str, Any],
    headers: parameters.Pairs,
    api_key: parameters.Pairs,
) -> tuple[str, Deferred[Reply]]:
    """Perform a RESTRequest; return the path to name in the response, and the reply."""
    kind = _text(fields, "type")
    if kind != "RESTRequest":
        return "", _bad_request("Unknown request type." if kind else "No 'type' property.")
    path, _, query_string = _text(fields, "uri").partition("?")
    try:
        query, body = _read(fields, query_string)
    except AriRefusal as refused:
        return path, _bad_request(refused.message)
    method = _text(fields, "method")
    asked = ApiRequest(method, path, [*query, *api_key], headers, body)
    return path, pipeline.answer(asked)


def _bad_request(message: str) -> Deferred[Reply]:
    return Deferred.of(Reply(400, {"message": message}, reason="Bad request"))


def _read(fields: Mapping[str, Any], query_string: str) -> tuple[list[tuple[str, str]], Any]:
    """Return the parameters and the JSON body of a RESTRequest."""
    if not _text(fields, "uri"):
        raise AriRefusal(400, "Empty or missing 'uri' property.")
    if _text(fields, "method") not in METHODS:
        raise AriRefusal(400, "Unknown or missing 'method' property.")
    query = parameters.pairs(query_string)
    given = fields.get("query_strings")
    for each in given if isinstance(given, list) else []:
        pair = each if isinstance(each, dict) else {}
        name, value = pair.get("name"), pair.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            raise AriRefusal(400, "Unable to parse 'query_strings' array.")
        query.append((name, value))
    text = _text(fields, "message_body")
    if not text:
        return query, None
    match _text(fields, "content_type"):
        case "":
            raise AriRefusal(400, "No 'content_type' for 'message_body'.")
        case "application/x-www-form-urlencoded":
            return [*query, *parameters.pairs(text)], None
        case "application/json":
            try:
                return query, load_json(text.encode())
            except ValueError:
                message = "Unable to parse 'message_body' as 'application/json'."
                raise AriRefusal(400, message) from None
        case _:
            raise AriRefusal(400, "Unknown content type.")


def _last(headers: parameters.Pairs, name: str) -> str:
    """Return the last header of a lower-case name, as the handshake does."""
    return header(list(reversed(headers)), name)


def handshake(
    pipeline: AriPipeline, request: Request, query: parameters.Pairs
) -> EventSocket | Response:
    """Open an event socket for an authenticated request, or refuse it.

    If Asterisk answers a request more than once, as for a missing or invalid application name, the
    responses are combined.
    """
    headers = list(request.headers)
    server = pipeline.ari.exchange.config.server_name
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
    socket = EventSocket(pipeline, headers, query)
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
        ("Sec-WebSocket-Accept", websocket_frames.accept_key(key)),
    ]
    if protocol is not None:
        socket.accept.append(("Sec-WebSocket-Protocol", protocol))
    return socket
