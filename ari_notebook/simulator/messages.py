"""What passes between the exchange and whatever carries it: requests, answers, refusals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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
        target: path and query string as they came, still encoded.
        headers: names and values in the order they came.
        body: the octets of a form or of JSON; other bodies are not kept.
        remote: the client's address.
        oversized: whether the body is too large and was not read; nothing can be read after it.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    remote: str = "127.0.0.1"
    oversized: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer, without what the server adds to every one (Server, Date, Content-Length).

    Attributes:
        status: the code.
        reason: the phrase after it.
        headers: names and values in the order they are sent.
        body: the octets.
        close: whether the connection ends after it.
        more: answers that Asterisk sends after it to the same request.
    """

    status: int
    reason: str
    headers: Headers = ()
    body: bytes = b""
    close: bool = False
    more: tuple[Response, ...] = ()

    def then(self, another: Response) -> Response:
        """This answer with another after it."""
        return replace(self, more=(*self.more, another))


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation answers, before it is made into HTTP or into a RESTResponse.

    Attributes:
        status: the code.
        body: JSON to send; None for no body.
        location: the path of what was created, without ``/ari`` (201).
        file: a stored file to send instead of JSON.
        content_type: the file's media type.
        reason: the phrase, where it is not the usual one.
        headers: others to send with it over HTTP.
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
        """The phrase after the code."""
        return self.reason or REASONS[self.status]


class Refused(Exception):
    """An operation cannot be done.

    Attributes:
        status: the code to answer with.
        message: Asterisk's own words.
        reason: the phrase, where it is not the usual one.
        headers: others to send with it over HTTP.
        field: what the message is called in the body; ``error`` where something cannot be made.
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
