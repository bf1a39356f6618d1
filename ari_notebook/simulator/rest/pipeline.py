"""Checks before an operation and the response after it, for every request.

`AriPipeline.respond` is ARI over HTTP; `AriPipeline.answer` is the part shared with REST over
WebSocket. The order of the checks is Asterisk's and visible to clients: an unparsable body is
refused before authentication, a read-only user gets "write access denied" before "not found", and
OPTIONS requires a password like every other method.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import orjson

from ari_notebook.schema import Operation
from ari_notebook.simulator.config.behaviours import ReleaseBehaviour
from ari_notebook.simulator.messages import AriRefusal, Deferred, Reply, Request, Response
from ari_notebook.simulator.rest import apidocs, auth, cors, parameters, routes
from ari_notebook.simulator.rest.context import AriContext
from ari_notebook.simulator.rest.journal import JournalEntry, RequestJournal
from ari_notebook.simulator.rest.operation_faults import OperationFaults
from ari_notebook.simulator.rest.operations.registry import HANDLERS
from ari_notebook.simulator.rest.parameters import Pairs
from ari_notebook.simulator.rest.versioned import VersionFilter
from ari_notebook.simulator.utf8 import is_json
from ari_notebook.simulator.wire.http11 import MAX_BODY, header, html_error, media_type

log = logging.getLogger(__name__)

# RFC 7234, section 5.5: 199 is a warning without a code of its own.
_WARNING = (
    '199 ari-notebook-simulator "the dialplan uses the {}:'
    ' a real Asterisk has it, this simulator has not"'
)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request over HTTP or WebSocket.

    Attributes:
        method: in upper case.
        path: path below ``/ari/``, still encoded.
        query: fields of the form, then of the query string.
        headers: headers of the request, or of the request that opened its WebSocket.
        body: JSON body, or None.
        remote: address of the client; None over WebSocket, where the ACL is not checked again.
    """

    method: str
    path: str
    query: Pairs
    headers: Pairs
    body: Any = None
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """The operation of a request, and the variables of its path."""

    operation: Operation
    path: dict[str, str]


@dataclass(frozen=True, slots=True)
class SocketUpgrade:
    """A request for the event WebSocket that passed all checks.

    Attributes:
        query: fields of the form, then of the query string.
    """

    query: Pairs


# Answers a request in place of ARI's operations, or returns None.
RequestOverride: TypeAlias = Callable[[ApiRequest], Reply | None]


class AriPipeline:
    """Checks requests, performs their operations and responds.

    Args:
        ari: context of the operations.
        request_override: called before any operation.
        journal: takes every request and its answer; None: nothing does.
        faults: faults of operations; None: there are none.

    Attributes:
        ari: context of the operations.
        journal: takes every request and its answer.
        filter: removes from events and answers what the release of Asterisk lacks.
    """

    def __init__(
        self,
        ari: AriContext,
        request_override: RequestOverride | None = None,
        journal: RequestJournal | None = None,
        faults: OperationFaults | None = None,
    ) -> None:
        self.ari = ari
        self.journal = journal
        self._request_override = request_override
        self._faults = faults
        self._config = ari.exchange.config
        self.filter = VersionFilter(self._config.version)

    def respond(self, request: Request) -> Response | Deferred[Response] | SocketUpgrade:
        """Answer an HTTP request, or return a WebSocket upgrade."""
        http = self._config.http
        target, _, query_string = request.target.partition("?")
        path = _below_ari(target, http.prefix)
        if path is None or not self._config.ari.enabled:
            text = "The requested URL was not found on this server."
            return closing(
                request, html_error(404, "Not Found", text, server=self._config.server_name)
            )
        try:
            form, body = _read_body(request)
            query = [*form, *parameters.pairs(query_string)]
        except AriRefusal as refused:
            reply: Reply | Deferred[Reply] | SocketUpgrade = _refusal(refused)
        else:
            asked = ApiRequest(request.method, path, query, request.headers, body, request.remote)
            reply = self._answer(asked)
        if isinstance(reply, SocketUpgrade):
            return reply

        def made(reply: Reply) -> Response:
            return closing(request, self._over_http(request, reply))

        return reply.map(made) if isinstance(reply, Deferred) else made(reply)

    def answer(self, asked: ApiRequest) -> Deferred[Reply]:
        """Answer a request received over WebSocket."""
        reply = self._answer(asked)
        if isinstance(reply, SocketUpgrade):
            message = "Can't upgrade to websocket from a websocket"
            reply = _refusal(AriRefusal(400, message, reason="Bad request"))
        return reply if isinstance(reply, Deferred) else Deferred.of(reply)

    def _answer(self, asked: ApiRequest) -> Reply | Deferred[Reply] | SocketUpgrade:
        """Check and perform a request, and note it in the journal."""
        entry = None if self.journal is None else self._entry(self.journal, asked)
        reply: Reply | Deferred[Reply]
        try:
            found = self._find(asked)
            if isinstance(found, Reply):
                reply = found
            elif found.operation.websocket:
                if entry is not None and self.journal is not None:
                    entry.operation, entry.declared = (
                        found.operation.qualified_name,
                        found.operation,
                    )
                    self.journal.answered(entry, 101, "")
                return SocketUpgrade(asked.query)
            else:
                reply = self._perform_or_fail(found, asked, entry)
        except AriRefusal as refused:
            reply = _refusal(refused)

        def answered(reply: Reply) -> Reply:
            reply = _encodable(reply)
            if self.journal is not None and entry is not None:
                message = reply.body.get("message") if isinstance(reply.body, dict) else None
                self.journal.answered(entry, reply.status, message or "")
            return reply

        return reply.map(answered) if isinstance(reply, Deferred) else answered(reply)

    def _entry(self, journal: RequestJournal, asked: ApiRequest) -> JournalEntry:
        given = auth.credentials(asked.headers, asked.query)
        return journal.add(
            self.ari.exchange.now,
            asked.method,
            f"/{parameters.decode(asked.path)}",
            _parameters(asked),
            given[0] if given else "",
            "websocket" if asked.remote is None else "http",
        )

    def _perform_or_fail(
        self, found: RouteMatch, asked: ApiRequest, entry: JournalEntry | None
    ) -> Reply | Deferred[Reply]:
        """Perform an operation, with its fault if it has one."""
        if entry is None and not self._faults:
            return self._perform(found, asked)
        operation = found.operation
        given = _parameters(asked) if entry is None else entry.parameters
        channels = self._channels(found, given)
        if entry is not None:
            entry.operation, entry.declared = operation.qualified_name, operation
            entry.channels = channels
        if not self._faults:
            return self._perform(found, asked)
        path = f"/{parameters.decode(asked.path)}"
        fault = self._faults.take(operation, asked.method, path, given, channels)
        if fault is None:
            return self._perform(found, asked)
        if fault.status is not None:
            message = fault.message or "Simulated fault"
            reply: Reply | Deferred[Reply] = Reply(fault.status, {"message": message})
        else:
            reply = self._perform(found, asked)
        return self._delayed(reply, fault.delay) if fault.delay else reply

    def _delayed(self, reply: Reply | Deferred[Reply], seconds: float) -> Deferred[Reply]:
        late: Deferred[Reply] = Deferred()
        known = reply if isinstance(reply, Deferred) else Deferred.of(reply)
        known.then(lambda value: self.ari.exchange.after(seconds, lambda: late.resolve(value)))
        return late

    def _channels(self, found: RouteMatch, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the ids and names of the channels that a request names."""
        named = (found.path.get("channelId", ""), given.get("channel", ""))
        texts = [
            each for text in named if isinstance(text, str) for each in text.split(",") if each
        ]
        live = [self.ari.exchange.channel(text) for text in texts]
        more = [text for each in live if each is not None for text in (each.id, each.name)]
        return tuple(dict.fromkeys([*texts, *more]))

    def _find(self, asked: ApiRequest) -> RouteMatch | Reply:
        """Check a request in Asterisk's order; return a reply if no operation is needed."""
        self._admit(asked)
        if asked.path.endswith("/"):
            path = asked.path.removesuffix("/")
            raise AriRefusal(404, f"ARI URLs do not end with a slash. Try /ari/{path}")
        if asked.path.startswith("api-docs/"):
            if asked.method != "GET":
                raise AriRefusal(405, "Unsupported method")
            host = header(asked.headers, "host") or None
            name = asked.path.removeprefix("api-docs/")
            version, prefix = self._config.version, self._config.http.prefix
            return Reply(200, apidocs.document(name, host, prefix, version))
        place = routes.find(routes.builtin_tree(self._config.version), asked.path)
        if place is None:
            raise AriRefusal(404, "Resource not found")
        node, values = place
        allow = ("Allow", ",".join(["OPTIONS", *node.methods]))
        if asked.method == "OPTIONS":
            origins = self._config.ari.allowed_origins
            more = cors.preflight(asked.headers, origins, node.methods)
            return Reply(204, headers=[allow, *more])
        operation = node.operations.get(asked.method)
        if operation is None:
            raise AriRefusal(405, "Invalid method", headers=[allow])
        return RouteMatch(operation, values)

    def _admit(self, asked: ApiRequest) -> None:
        """Raise if the user may not make the request."""
        ari = self._config.ari
        given = auth.credentials(asked.headers, asked.query)
        user = ari.users.get(given[0]) if given else None
        if not given or not user or not auth.matches(given[1], user.password, user.password_format):
            challenge = ("WWW-Authenticate", f'Basic realm="{ari.auth_realm}"')
            raise AriRefusal(401, "Authentication required", headers=[challenge])
        if asked.remote is not None and not user.permits(asked.remote):
            raise AriRefusal(403, "Access denied by ACL")
        checked = asked.remote is not None or self._config.has(
            ReleaseBehaviour.READ_ONLY_ON_WEBSOCKET
        )
        if user.read_only and checked and asked.method not in ("GET", "OPTIONS"):
            raise AriRefusal(403, "Write access denied")

    def _perform(self, found: RouteMatch, asked: ApiRequest) -> Reply | Deferred[Reply]:
        if self._request_override is not None:
            reply = self._request_override(asked)
            if reply is not None:
                return reply
        operation = found.operation
        handler = HANDLERS[operation.resource][operation.nickname]
        query, body = asked.query, asked.body
        if hidden := self.filter.hidden(operation):
            query = [pair for pair in query if pair[0] not in hidden]
            if isinstance(body, dict):
                body = {name: value for name, value in body.items() if name not in hidden}
        arguments = parameters.read(operation, found.path, query, body)
        try:
            answer = handler(self.ari, arguments)
        except AriRefusal:
            raise
        except Exception:  # an error in one operation must not stop the exchange
            log.exception("%s %s failed", asked.method, asked.path)
            raise AriRefusal(500, "Internal Server Error") from None

        def shown(reply: Reply) -> Reply:
            if reply.status >= 400 or reply.body is None:
                return reply
            return replace(reply, body=self.filter.body(operation, reply.body))

        if not self._config.version.lacks():
            return answer
        return answer.map(shown) if isinstance(answer, Deferred) else shown(answer)

    def _over_http(self, request: Request, reply: Reply) -> Response:
        """Return a reply as an HTTP response."""
        ari = self._config.ari
        headers = [*cors.simple(request.headers, ari.allowed_origins), *reply.headers]
        headers += [
            ("Warning", _WARNING.format(each)) for each in self.ari.exchange.unsupported.take()
        ]
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


def _encodable(reply: Reply) -> Reply:
    """Return a reply that JSON can carry: texts that are not UTF-8 make it empty or an error."""
    if reply.body is None or is_json(reply.body):
        return reply
    if reply.status >= 400 or (isinstance(reply.body, dict) and "id" in reply.body):
        return replace(reply, body=None)
    return Reply(500, {"error": "Allocation failed"})


def load_json(text: bytes) -> Any:
    """Parse a JSON body, which must be an object or an array, as in Asterisk.

    Raises:
        ValueError: it is neither.
    """
    value = orjson.loads(text)
    if not isinstance(value, (dict, list)):
        raise ValueError("neither an object nor an array")
    return value


def _below_ari(path: str, prefix: str) -> str | None:
    """Return the part of a path below ``/ari/``, or None."""
    start = f"{prefix}/ari"
    rest = path[len(start) :]
    if path[: len(start)].lower() != start.lower() or (rest and rest[0] != "/"):
        return None
    return rest[1:]


def _parameters(asked: ApiRequest) -> dict[str, Any]:
    """Return the values of a request by name, without its password."""
    body = asked.body if isinstance(asked.body, dict) else {}
    return {name: value for name, value in asked.query if name != "api_key"} | body


def _read_body(request: Request) -> tuple[list[tuple[str, str]], Any]:
    """Return the fields of a form and the JSON body."""
    kind = media_type(request.headers)
    if kind not in (FORM, JSON):
        return [], None
    if request.oversized or len(request.body) > MAX_BODY:
        raise AriRefusal(413, "Request body too large")
    if kind == FORM:
        return parameters.pairs(request.body.decode("utf-8", "surrogateescape")), None
    try:
        return [], load_json(request.body) if request.body else None
    except ValueError:
        raise AriRefusal(400, "Error parsing request body") from None


def _refusal(refused: AriRefusal) -> Reply:
    return Reply(
        refused.status,
        {refused.field: refused.message},
        reason=refused.reason,
        headers=refused.headers,
    )


def closing(request: Request, response: Response) -> Response:
    """Return a response, closing the connection if the client asked for that."""
    if header(request.headers, "connection").lower() != "close":
        return response
    return replace(response, close=True)
