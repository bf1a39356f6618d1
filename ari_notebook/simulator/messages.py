"""Requests, responses and refusals between a backend and the server around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

ValueT = TypeVar("ValueT")
MadeT = TypeVar("MadeT")
Headers = Sequence[tuple[str, str]]

REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    422: "Unprocessable Entity",
    426: "Upgrade Required",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    Attributes:
        method: in upper case.
        target: path and query string, still encoded.
        headers: names and values in the order received.
        body: octets of a form or of JSON; other bodies are discarded.
        remote: the client's address.
        oversized: whether the body was too large to read; the connection then ends.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    remote: str = "127.0.0.1"
    oversized: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response, without the headers the server adds (Server, Date, Content-Length).

    Attributes:
        status: the code.
        reason: the phrase after it.
        headers: names and values in the order they are sent.
        body: the octets.
        close: whether the connection ends after it.
        more: responses that Asterisk sends after it to the same request.
    """

    status: int
    reason: str
    headers: Headers = ()
    body: bytes = b""
    close: bool = False
    more: tuple[Response, ...] = ()

    def then(self, another: Response) -> Response:
        """Return this response followed by another."""
        return replace(self, more=(*self.more, another))


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of an operation, before it becomes an HTTP response or a RESTResponse.

    Attributes:
        status: the code.
        body: JSON to send; None for no body.
        location: the path of what was created, without ``/ari`` (201).
        file: a stored file to send instead of JSON.
        content_type: the file's media type.
        reason: reason phrase, if not the usual one.
        headers: further headers over HTTP.
    """

    status: int = 200
    body: Any = None
    location: str = ""
    file: Path | None = None
    content_type: str = ""
    reason: str = ""
    headers: Headers = ()

    @property
    def phrase(self) -> str:
        """Return the reason phrase."""
        return self.reason or REASONS[self.status]


class Deferred(Generic[ValueT]):
    """A value that becomes known later."""

    def __init__(self) -> None:
        self._values: list[ValueT] = []
        self._callback: Callable[[ValueT], object] | None = None

    @classmethod
    def of(cls, value: ValueT) -> Deferred[ValueT]:
        """Return a deferred that is already resolved."""
        later: Deferred[ValueT] = cls()
        later.resolve(value)
        return later

    @property
    def value(self) -> ValueT | None:
        """Return the value, or None before it is resolved."""
        return self._values[0] if self._values else None

    def resolve(self, value: ValueT) -> None:
        """Set the value and call the callback."""
        self._values.append(value)
        if self._callback is not None:
            self._callback(value)

    def then(self, callback: Callable[[ValueT], object]) -> None:
        """Set the callback for the value; called at once if it is resolved."""
        self._callback = callback
        for value in self._values:
            callback(value)

    def map(self, make: Callable[[ValueT], MadeT]) -> Deferred[MadeT]:
        """Return a deferred with a function applied to the value."""
        made: Deferred[MadeT] = Deferred()
        self.then(lambda value: made.resolve(make(value)))
        return made


class AriRefusal(Exception):
    """Raised when Asterisk refuses an operation.

    Attributes:
        status: HTTP status code.
        message: Asterisk's message.
        reason: reason phrase, if not the usual one.
        headers: further headers over HTTP.
        field: key of the message in the body; ``error`` if an object cannot be created.
    """

    def __init__(
        self,
        status: int,
        message: str,
        reason: str = "",
        headers: Headers = (),
        field: str = "message",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason
        self.headers = headers
        self.field = field
