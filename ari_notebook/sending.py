"""What a session sends: checked against the declaration, refused where read-only, logged."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from ari_notebook.belongings import Belongings
from ari_notebook.client.address import Address
from ari_notebook.client.advice import MEDIA_KINDS
from ari_notebook.client.errors import (
    AriError,
    InvalidParameter,
    ReadOnly,
    SessionClosed,
    UsageProblem,
)
from ari_notebook.client.rest import Answer, Call, Rest, Transport, encode
from ari_notebook.requestlog import RequestLog, SentRequest, made_by
from ari_notebook.spec import InvalidArguments, Operation
from ari_notebook.subscriptions import Subscriptions

__all__ = ["Sender"]

_ASKING = ("GET", "OPTIONS", "HEAD")


class Sender:
    """Sends a user's requests.

    Args:
        address: where Asterisk answers.
        user: the ARI user, for the curl that a request is shown as.
        transport: what carries requests.
        read_only: refuse what could change something.
        before: called before a request that could change something leaves.
    """

    def __init__(
        self,
        address: Address,
        user: str,
        transport: Transport,
        *,
        read_only: bool,
        before: Callable[[], None],
    ) -> None:
        self.log = RequestLog()
        self.subscriptions = Subscriptions()
        self.closed = False
        # Notes what is made here, where it is to be taken away in the end.
        self.belongings: Belongings | None = None
        # Told of every request and its answer; None where none came.
        self.listeners: tuple[Callable[[SentRequest, Answer | None], None], ...] = ()
        self._observing = threading.Lock()
        self._address = address
        self._user = user
        self._read_only = read_only
        self._before = before
        self._rest = Rest(transport, self._observe)

    def carry_over(self, transport: Transport) -> None:
        """Use another transport from now on."""
        self._rest = Rest(transport, self._observe)

    def perform(self, operation: Operation, arguments: Mapping[str, Any]) -> Answer:
        """Send a declared operation.

        Raises:
            InvalidParameter: the arguments do not fit the declaration; nothing was sent.
            AriError: see the tree in `ari_notebook.client.errors`.
        """
        if operation.websocket:
            raise UsageProblem("the session itself is this connection", "See ari.status.")
        try:
            checked = operation.check(arguments)
        except InvalidArguments as error:
            request = f"{operation.method} {operation.path}"
            raise InvalidParameter(str(error), request=request) from None
        _refuse_unplayable(checked.arguments.get("media"), operation)
        return self.send(Call(operation.method, checked.path, checked.params, checked.body))

    def request(
        self, method: str, path: str, params: Mapping[str, Any] | None, body: Any
    ) -> Answer:
        """Send any request."""
        path = "/" + path.removeprefix("/ari/").lstrip("/")
        if any(c.isspace() or ord(c) < 32 for c in path):
            path = quote(path, safe="/?&=%:;@+,~")
        query = {key: encode(value) for key, value in (params or {}).items() if value is not None}
        return self.send(Call(method.upper(), path, query, body))

    def allow(self, what: str) -> None:
        """Check that something that changes the exchange may be done now.

        Raises:
            SessionClosed: the session is closed.
            ReadOnly: it is read-only.
        """
        if self.closed:
            raise SessionClosed("the session is closed", "Type: %ari connect")
        if self._read_only:
            raise ReadOnly(
                "this session is read-only: nothing was sent",
                "Connect without --read-only (read_only=False) to change things.",
                request=what,
            )

    def send(self, call: Call) -> Answer:
        """Send a call."""
        if self.closed:
            raise SessionClosed("the session is closed", "Type: %ari connect")
        if call.method != "GET":
            self.allow(str(call))
        if call.method not in _ASKING:  # asking changes nothing, so that no event can come of it
            self._before()
        if self.belongings is None:
            return self._rest.send(call)
        return self.belongings.send(call, self._rest.send)

    def _observe(
        self, call: Call, answer: Answer | None, failure: AriError | None, sent: float
    ) -> None:
        self.subscriptions.observe(call, answer)
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
        with self._observing:  # two threads' requests have one order, in the log and in a capture
            self.log.append(request)
            for listener in self.listeners:
                listener(request, answer)


def _made(call: Call, answer: Answer | None) -> str:
    """The id of what a call made; whoever sent it is told where the answer is no JSON."""
    try:
        return made_by(call.method, answer.json() if answer and answer.is_json else None)
    except AriError:
        return ""


def _refuse_unplayable(media: object, operation: Operation) -> None:
    """Refuse media of no known kind.

    Asterisk accepts it, plays nothing and never sends PlaybackFinished: a program would wait for
    ever (``res/res_stasis_playback.c``).
    """
    for uri in media if isinstance(media, list | tuple) else [media]:
        if isinstance(uri, str) and uri.partition(":")[0] not in MEDIA_KINDS:
            better = uri if ":" not in uri and uri else "hello-world"
            raise InvalidParameter(
                f"media {uri!r} is of no kind that Asterisk plays",
                f"Write sound:{better} for a sound; other kinds are"
                f" {', '.join(f'{kind}:' for kind in MEDIA_KINDS[1:])}.",
                request=f"{operation.method} {operation.path}",
            )
