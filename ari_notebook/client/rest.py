"""REST: send a request over a transport, return the response or raise its error."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import orjson

from ari_notebook.client.errors import AriError, OutcomeUnknown, ServerError, error_for

__all__ = ["Rest", "RestRequest", "RestResponse", "Transport", "encode"]


@dataclass(frozen=True, slots=True)
class RestRequest:
    """One request, independent of its transport.

    ``path`` is below ``/ari`` and percent-encoded; ``params`` are those of the query, ``body``
    becomes JSON. At most ``most`` octets of the response's body are read; None: all of it.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    most: int | None = None

    @property
    def uri(self) -> str:
        """Path and query, as sent."""
        return (
            f"{self.path}?{urlencode(self.params, quote_via=quote)}" if self.params else self.path
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class RestResponse:
    """One response of Asterisk."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes
    milliseconds: float

    @property
    def is_json(self) -> bool:
        """Whether the body is declared as JSON."""
        return "json" in self.headers.get("Content-Type", "")

    def json(self) -> Any:
        """Return the decoded body, or None without a body.

        Raises:
            ServerError: the body is declared as JSON but invalid.
        """
        if not self.content:
            return None
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError:
            pass
        raise ServerError(
            f"the response is not valid JSON: {self.content[:60]!r}",
            "A proxy on the way may have changed or truncated it.",
            status=self.status,
        )

    @property
    def message(self) -> str:
        """Return Asterisk's error message."""
        if self.is_json:
            try:
                body = self.json()
            except AriError:
                body = None
            if isinstance(body, dict):
                text = body.get("message", body.get("error"))
                if isinstance(text, str):
                    return text
        title = re.search(rb"<title>(?:\d+ )?([^<]{1,200})</title>", self.content)
        return title[1].decode("utf-8", "replace") if title else self.reason


class Transport(Protocol):
    """Sends requests to Asterisk and returns responses."""

    def send(self, call: RestRequest, timeout: float) -> RestResponse:
        """Send a request and return its response, of any status.

        Raises:
            NotSent: it did not reach Asterisk.
            OutcomeUnknown: it was sent without a response.
        """

    def close(self) -> None:
        """Close connections."""


def encode(value: Any) -> str:
    """Return a query parameter's value for Asterisk: lists with commas, booleans as words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set):
        return ",".join(encode(item) for item in value)
    return str(value)


class Rest:
    """Sends requests over a transport and raises error responses as exceptions.

    Args:
        transport: the transport.
        observe: called with every request, its response (or None) and its error, for the request
            log.
        timeout: seconds to wait for a response.
    """

    def __init__(
        self,
        transport: Transport,
        observe: Callable[[RestRequest, RestResponse | None, AriError | None, float], None]
        | None = None,
        timeout: float = 10.0,
    ) -> None:
        self.transport = transport
        self.timeout = timeout
        self._observe = observe

    def send(self, call: RestRequest) -> RestResponse:
        """Send a request.

        Returns:
            The response, of a status below 300.

        Raises:
            RequestFailed: the subclass of the status.
            NotSent: it did not reach Asterisk.
            OutcomeUnknown: it was sent without a response.
        """
        answer: RestResponse | None = None
        failure: AriError | None = None
        sent = time.time()
        # A GET changes nothing, so one without a response is repeated once.
        for _ in range(2 if call.method == "GET" else 1):
            try:
                answer, failure = self.transport.send(call, self.timeout), None
                break
            except OutcomeUnknown as error:
                failure = error
            except AriError as error:
                failure = error
                break
        # ARI never redirects (3xx); a server that does has not executed the request.
        if answer is not None and answer.status >= 300:
            failure = error_for(answer.status, answer.message, str(call))
        if self._observe:
            self._observe(call, answer, failure, sent)
        if failure is not None:
            raise failure
        assert answer is not None  # noqa: S101  one of the two is set
        return answer
