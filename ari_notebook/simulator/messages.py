"""What passes between the exchange and whatever carries it: requests, answers, refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

Told = TypeVar("Told")
Made = TypeVar("Made")
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


class Later(Generic[Told]):
    """What is known only once something else is over, and told then."""

    def __init__(self) -> None:
        self._known: list[Told] = []
        self._tell: Callable[[Told], object] | None = None

    @classmethod
    def of(cls, value: Told) -> Later[Told]:
        """One that is known."""
        later: Later[Told] = cls()
        later.settle(value)
        return later

    @property
    def known(self) -> Told | None:
        """What it is; None where that is not known yet."""
        return self._known[0] if self._known else None

    def settle(self, value: Told) -> None:
        """It is known now."""
        self._known.append(value)
        if self._tell is not None:
            self._tell(value)

    def then(self, tell: Callable[[Told], object]) -> None:
        """Have it told; at once, where it is known."""
        self._tell = tell
        for value in self._known:
            tell(value)

    def mapped(self, make: Callable[[Told], Made]) -> Later[Made]:
        """What is made of it."""
        made: Later[Made] = Later()
        self.then(lambda value: made.settle(make(value)))
        return made

    @staticmethod
    def last(several: Sequence[Later[Told]]) -> Later[Told]:
        """The one of several that is known last."""
        latest: Later[Told] = Later()
        missing = len(several)

        def heard(value: Told) -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                latest.settle(value)

        for each in several:
            each.then(heard)
        return latest


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
