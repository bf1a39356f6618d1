"""What every request meets before, and after, the operation it asks for.

`respond` is ARI over HTTP; `answer` is the part that REST over a WebSocket shares with it. The
order of the checks is Asterisk's and can be seen from outside: a body that cannot be parsed is
refused before anyone asks who sent it, a read-only user learns that writing is denied before
learning that there is nothing at that path, and OPTIONS needs a password like everything else.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from ari_notebook.simulator import sockets
from ari_notebook.simulator.http11 import MAX_BODY, header, html_error, media_type
from ari_notebook.simulator.messages import Later, Refused, Reply, Request, Response
from ari_notebook.simulator.rest import apidocs, auth, cors, parameters, routes
from ari_notebook.simulator.rest.handlers import handlers

if TYPE_CHECKING:
    from ari_notebook.simulator.exchange import Exchange
    from ari_notebook.simulator.rest.parameters import Pairs
    from ari_notebook.spec import Operation

log = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, however it came.

    Attributes:
        method: in upper case.
        path: below ``/ari/``, still encoded.
        query: the form's fields, then the query string's.
        headers: of the request, or of the one that opened the WebSocket it came by.
        body: the JSON body; None where there is none.
        remote: the client's address; None by WebSocket, where no ACL is looked at again.
    """

    method: str
    path: str
    query: Pairs
    headers: Pairs
    body: Any = None
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The operation that a request asks for, and the variables of its path."""

    operation: Operation
    path: dict[str, str]


def respond(exchange: Exchange, request: Request) -> Response | Later[Response] | sockets.Socket:
    """Answer an HTTP request; a socket where it opens one."""
    http = exchange.config.http
    target, _, query_string = request.target.partition("?")
    path = _below_ari(target, http.prefix)
    if path is None:
        text = "The requested URL was not found on this server."
        return _closing(request, html_error(404, "Not Found", text, server=http.server_name))
    try:
        form, body = _read_body(request)
        query = [*form, *parameters.pairs(query_string)]
        asked = Asked(request.method, path, query, request.headers, body, request.remote)
        found = _find(exchange, asked)
        reply: Reply | Later[Reply]
        if isinstance(found, Reply):
            reply = found
        elif found.operation.websocket:
            answered = sockets.handshake(exchange, request, query)
            return _closing(request, answered) if isinstance(answered, Response) else answered
        else:
            reply = _perform(exchange, found, asked)
    except Refused as refused:
        reply = _refusal(refused)

    def made(reply: Reply) -> Response:
        return _closing(request, _over_http(exchange, request, reply))

    return reply.mapped(made) if isinstance(reply, Later) else made(reply)


def answer(exchange: Exchange, asked: Asked) -> Later[Reply]:
    """Answer a request that came by a WebSocket."""
    reply = _answer(exchange, asked)
    return reply if isinstance(reply, Later) else Later.of(reply)


def _answer(exchange: Exchange, asked: Asked) -> Reply | Later[Reply]:
    try:
        found = _find(exchange, asked)
        if isinstance(found, Reply):
            return found
        if found.operation.websocket:
            raise Refused(400, "Can't upgrade to websocket from a websocket", reason="Bad request")
        return _perform(exchange, found, asked)
    except Refused as refused:
        return _refusal(refused)


def load_json(text: bytes) -> Any:
    """Read a JSON body; like Asterisk, only an object or an array is one.

    Raises:
        ValueError: it is not.
    """
    value = orjson.loads(text)
    if not isinstance(value, (dict, list)):
        raise ValueError("neither an object nor an array")
    return value


def _below_ari(path: str, prefix: str) -> str | None:
    """The part of a path below ``/ari/``; None where it is not ARI's."""
    start = f"{prefix}/ari"
    rest = path[len(start) :]
    if path[: len(start)].lower() != start.lower() or (rest and rest[0] != "/"):
        return None
    return rest[1:]


def _read_body(request: Request) -> tuple[list[tuple[str, str]], Any]:
    """The fields of a form, or JSON."""
    kind = media_type(request.headers)
    if kind not in (FORM, JSON):
        return [], None
    if request.oversized or len(request.body) > MAX_BODY:
        raise Refused(413, "Request body too large")
    if kind == FORM:
        return parameters.pairs(request.body.decode("utf-8", "surrogateescape")), None
    try:
        return [], load_json(request.body) if request.body else None
    except ValueError:
        raise Refused(400, "Error parsing request body") from None


def _find(exchange: Exchange, asked: Asked) -> Found | Reply:
    """Do Asterisk's checks in Asterisk's order; a reply where no operation is needed for it."""
    _admit(exchange, asked)
    if asked.path.endswith("/"):
        path = asked.path.removesuffix("/")
        raise Refused(404, f"ARI URLs do not end with a slash. Try /ari/{path}")
    if asked.path.startswith("api-docs/"):
        if asked.method != "GET":
            raise Refused(405, "Unsupported method")
        host = header(asked.headers, "host") or None
        name = asked.path.removeprefix("api-docs/")
        return Reply(200, apidocs.document(name, host, exchange.config.http.prefix))
    place = routes.find(routes.builtin_tree(), asked.path)
    if place is None:
        raise Refused(404, "Resource not found")
    node, values = place
    allow = ("Allow", ",".join(["OPTIONS", *node.methods]))
    if asked.method == "OPTIONS":
        origins = exchange.config.ari.allowed_origins
        more = cors.preflight(asked.headers, origins, node.methods)
        return Reply(204, headers=[allow, *more])
    operation = node.operations.get(asked.method)
    if operation is None:
        raise Refused(405, "Invalid method", headers=[allow])
    return Found(operation, values)


def _admit(exchange: Exchange, asked: Asked) -> None:
    """Refuse whoever may not ask this."""
    ari = exchange.config.ari
    given = auth.credentials(asked.headers, asked.query)
    user = ari.users.get(given[0]) if given else None
    if not given or not user or not auth.matches(given[1], user.password, user.password_format):
        challenge = ("WWW-Authenticate", f'Basic realm="{ari.auth_realm}"')
        raise Refused(401, "Authentication required", headers=[challenge])
    if asked.remote is not None and not user.permits(asked.remote):
        raise Refused(403, "Access denied by ACL")
    if user.read_only and asked.method not in ("GET", "OPTIONS"):
        raise Refused(403, "Write access denied")


def _perform(exchange: Exchange, found: Found, asked: Asked) -> Reply | Later[Reply]:
    if exchange.instead is not None and (reply := exchange.instead(asked)) is not None:
        return reply
    operation = found.operation
    handler = handlers()[operation.resource][operation.nickname]
    arguments = parameters.read(operation, found.path, asked.query, asked.body)
    try:
        return handler(exchange, arguments)
    except Refused:
        raise
    except Exception:  # one operation's fault must not take the exchange down with it
        log.exception("%s %s failed", asked.method, asked.path)
        raise Refused(500, "Internal Server Error") from None


def _refusal(refused: Refused) -> Reply:
    return Reply(
        refused.status,
        {refused.field: refused.message},
        reason=refused.reason,
        headers=refused.headers,
    )


def _over_http(exchange: Exchange, request: Request, reply: Reply) -> Response:
    """Make a reply into an HTTP answer."""
    ari = exchange.config.ari
    headers = [*cors.simple(request.headers, ari.allowed_origins), *reply.headers]
    content = b""
    if reply.location:
        headers.append(("Location", f"/ari{reply.location}"))
    if reply.file is not None:
        headers.append(("Content-Type", reply.content_type))
        content = reply.file.read_bytes()
    elif reply.body is not None:
        headers.append(("Content-type", JSON))
        content = orjson.dumps(reply.body, option=orjson.OPT_INDENT_2 if ari.pretty else None)
    return Response(reply.status, reply.phrase, headers, content, reply.status == 413)


def _closing(request: Request, response: Response) -> Response:
    """The answer, the connection's last where the client asked for that."""
    if header(request.headers, "connection").lower() != "close":
        return response
    return replace(response, close=True)
