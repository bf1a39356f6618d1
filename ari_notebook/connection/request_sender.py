"""Sending of requests: checked against the declaration, refused if read-only, logged."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, unquote

from ari_notebook.background import Background
from ari_notebook.client.address import Address
from ari_notebook.client.errors import (
    AriError,
    InvalidParameter,
    NotFound,
    ReadOnly,
    SessionClosed,
    UsageProblem,
)
from ari_notebook.client.rest import Rest, RestRequest, RestResponse, Transport, encode
from ari_notebook.connection.cleanup import CreatedResources
from ari_notebook.connection.fatal_requests import fatal
from ari_notebook.connection.subscriptions import Subscriptions
from ari_notebook.schema import InvalidArguments, Operation, check
from ari_notebook.schema.media import problem
from ari_notebook.store.request_log import RequestLog, SentRequest, made_by

__all__ = ["RequestSender"]

RequestListener = Callable[[SentRequest, RestResponse | None], None]

_insisting: ContextVar[bool] = ContextVar("insisting", default=False)
_ASKING = ("GET", "OPTIONS", "HEAD")
_CHANNEL = re.compile(r"/channels(/[^/?]+)?(/snoop(/[^/?]+)?)?(\?|$)")  # where a POST makes one


class RequestSender:
    """Sends a user's requests.

    Args:
        address: address of Asterisk.
        user: the ARI user, for the curl form of a request.
        transport: transport of the requests.
        timeout: seconds to wait for a response.
        questions: REST client for queries needed before a request is sent; not logged.
        subscriptions: records the subscriptions of the session's applications.
        created: records created objects, so that they can be deleted when the session closes.
        read_only: refuse requests that could change something.
        background: reads the responses to requests that create something.
        before: called with a request that could change something before it is sent.
        done: called with each request, its response (None for 404) and the status.
    """

    def __init__(
        self,
        address: Address,
        user: str,
        transport: Transport,
        *,
        timeout: float,
        questions: Rest,
        subscriptions: Subscriptions,
        created: CreatedResources,
        read_only: bool,
        background: Background,
        before: Sequence[Callable[[RestRequest], None]],
        done: Sequence[Callable[[RestRequest, RestResponse | None, int], None]],
    ) -> None:
        self.log = RequestLog()
        self._closed = False
        self._background = background
        self._questions = questions
        self.under_way: dict[int, float] = {}  # pending request → time of sending
        self._subscriptions = subscriptions
        self._created = created
        self._underway: set[Future[RestResponse]] = set()  # requests that create something
        self._making: set[Future[None]] = set()  # pending requests for a new channel
        self._listeners: tuple[RequestListener, ...] = ()
        self._observing = threading.Lock()
        self._answered = background.condition()  # no request that creates something is under way
        self._address = address
        self._user = user
        self._read_only = read_only
        self._before = before
        self._done = done
        self._rest = Rest(transport, self._observe, timeout)

    def add_listener(self, listener: RequestListener) -> None:
        """Call a function with every request and its response, or None without one."""
        self._listeners += (listener,)

    def remove_listener(self, listener: RequestListener) -> None:
        """Unregister a function; idempotent."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    def close(self) -> None:
        """Send nothing from now on; every method then raises `SessionClosed`."""
        self._closed = True

    def perform(
        self, operation: Operation, arguments: Mapping[str, Any], most: int | None = None
    ) -> RestResponse:
        """Send a declared operation; ``most`` is `RestRequest`'s.

        Raises:
            InvalidParameter: the arguments do not fit the declaration; nothing was sent.
            AriError: see the tree in `ari_notebook.client.errors`.
        """
        if operation.websocket:
            raise UsageProblem("the session already has this WebSocket", "See ari.status.")
        try:
            checked = check(operation, arguments)
        except InvalidArguments as error:
            request = f"{operation.method} {operation.path}"
            raise InvalidParameter(str(error), request=request) from None
        _refuse_unplayable(checked.arguments.get("media"), operation)
        return self.send(
            RestRequest(operation.method, checked.path, checked.params, checked.body, most)
        )

    def request(
        self, method: str, path: str, params: Mapping[str, Any] | None, body: Any
    ) -> RestResponse:
        """Send any request."""
        path = "/" + path.removeprefix("/ari/").lstrip("/")
        for part in path.partition("?")[0].split("/"):
            if unquote(part) in (".", ".."):  # an HTTP library would resolve it as a folder
                raise UsageProblem(
                    f"{path} would be sent as a different path", f"Leave out {part}."
                )
        if any(c.isspace() or ord(c) < 32 for c in path):
            path = quote(path, safe="/?&=%:;@+,~")
        query = {key: encode(value) for key, value in (params or {}).items() if value is not None}
        return self.send(RestRequest(method.upper(), path, query, body))

    def allow(self, what: str) -> None:
        """Raise if a change is not allowed now.

        Raises:
            SessionClosed: the session is closed.
            ReadOnly: it is read-only.
        """
        if self._closed:
            raise SessionClosed("the session is closed", "Type: %ari connect")
        if self._read_only:
            raise ReadOnly(
                "this session is read-only: nothing was sent",
                "Connect without --read-only (read_only=False) to change things.",
                request=what,
            )

    def send(self, call: RestRequest) -> RestResponse:
        """Send a call."""
        if self._closed:
            raise SessionClosed("the session is closed", "Type: %ari connect")
        if call.method != "GET":
            self.allow(str(call))
        self._refuse_fatal(call)
        if call.method not in _ASKING:  # a GET changes nothing and causes no event
            for before in self._before:
                before(call)
        creates = self._created.creates(call)
        making = self._making_channel(call)
        self.under_way[id(call)] = self._background.monotonic()
        try:
            answer = self._create(call) if creates else self._rest.send(call)
        except NotFound:
            self._report(call, None, 404)
            raise
        finally:
            self.under_way.pop(id(call), None)
            if making is not None:
                with self._answered:
                    making.set_result(None)
                    self._making.discard(making)
                    self._answered.notify_all()
        self._report(call, answer, answer.status)
        return answer

    @contextmanager
    def insist(self) -> Iterator[None]:
        """Send requests even if they are known to crash Asterisk, in this thread or task."""
        token = _insisting.set(True)
        try:
            yield
        finally:
            _insisting.reset(token)

    def _refuse_fatal(self, call: RestRequest) -> None:
        """Refuse a request that is known to crash Asterisk.

        Raises:
            InvalidParameter: it is one, outside `insist`.
        """
        if _insisting.get():
            return
        if reason := fatal(call, self._has_contact):
            raise InvalidParameter(
                f"this request would crash Asterisk 22.10: {reason}",
                "Nothing was sent. `with ari.insist():` sends it, `--insist` at the prompt.",
                request=str(call),
            )

    def _has_contact(self, endpoint: str) -> bool:
        """Return whether a PJSIP endpoint is reachable; also for an unknown one."""
        try:
            path = f"/endpoints/PJSIP/{quote(endpoint, safe='')}"
            found = self._questions.send(RestRequest("GET", path)).json()
        except NotFound:
            return True
        return bool(found.get("state") == "online")

    def _report(self, call: RestRequest, answer: RestResponse | None, status: int) -> None:
        for done in self._done:
            done(call, answer, status)

    def _making_channel(self, call: RestRequest) -> Future[None] | None:
        if call.method != "POST" or not _CHANNEL.match(call.path):
            return None
        making: Future[None] = Future()
        self._making.add(making)
        return making

    @property
    def making_channels(self) -> set[Future[None]]:
        """The requests for a new channel that have no answer yet."""
        return set(self._making)

    def wait_until_made(self, making: Iterable[Future[None]], timeout: float) -> None:
        """Wait at most ``timeout`` seconds for the answers to requests of `making_channels`."""
        requests = list(making)
        with self._answered:
            end = self._background.monotonic() + timeout
            while not all(each.done() for each in requests):
                left = end - self._background.monotonic()
                if left <= 0:
                    return
                self._answered.wait(left)

    def wait_for_answers(self, timeout: float) -> None:
        """Wait at most ``timeout`` seconds for the responses to requests that create something."""
        with self._answered:
            end = self._background.monotonic() + timeout
            while self._underway and (left := end - self._background.monotonic()) > 0:
                self._answered.wait(left)

    def _create(self, call: RestRequest) -> RestResponse:
        """Send a request that creates something.

        The response is read beside the caller, so that the created object is recorded even if the
        caller is interrupted.
        """
        answer: Future[RestResponse] = Future()
        self._underway.add(answer)
        self._background.shield("ari-make", lambda: self._send_creation(call, answer))
        return answer.result()

    def _send_creation(self, call: RestRequest, future: Future[RestResponse]) -> None:
        try:
            creation = self._created.started(call)
            answer = self._rest.send(call)
            self._created.succeeded(creation, answer)
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            self._created.failed(call, error)
            future.set_exception(error)
        else:
            future.set_result(answer)
        finally:
            with self._answered:
                self._underway.discard(future)
                self._answered.notify_all()

    def _observe(
        self, call: RestRequest, answer: RestResponse | None, failure: AriError | None, sent: float
    ) -> None:
        self._subscriptions.observe(call, answer)
        request = SentRequest(
            at=sent,
            method=call.method,
            path=call.path,
            params=dict(call.params),
            body=call.body,
            status=answer.status if answer else None,
            milliseconds=answer.milliseconds if answer else None,
            message=failure.message if failure else answer.reason if answer else "",
            url=self._address.ari + call.uri,
            user=self._user,
            made=_made(call, answer),
        )
        with self._observing:  # the log and a capture have one order
            self.log.append(request)
            for listener in self._listeners:
                listener(request, answer)


def _made(call: RestRequest, answer: RestResponse | None) -> str:
    """Return the id of the created object; empty if the response is not JSON."""
    try:
        return made_by(call.method, answer.json() if answer and answer.is_json else None)
    except AriError:
        return ""


def _refuse_unplayable(media: object, operation: Operation) -> None:
    """Refuse media that Asterisk accepts but never finishes: a program would wait forever."""
    for uri in media if isinstance(media, list | tuple) else [media]:
        if isinstance(uri, str) and (advice := problem(uri)):
            raise InvalidParameter(
                f"Asterisk cannot play {uri!r}",
                advice,
                request=f"{operation.method} {operation.path}",
            )
