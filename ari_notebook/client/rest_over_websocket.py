"""REST over the event WebSocket (Asterisk 20.14, 21.9, 22.4 and later).

A request is a text message of type RESTRequest with a ``request_id``; its response is a
RESTResponse with the same id among the events (``res/ari/ari_websocket_requests.c``). A stored
recording's file or a message above Asterisk's limit is sent over HTTP.
"""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable
from typing import Any

import orjson

from ari_notebook.background import THREADS, Background, Mailbox
from ari_notebook.client.errors import AriError, NotSent, OutcomeUnknown
from ari_notebook.client.rest import RestRequest, RestResponse, Transport

__all__ = ["PendingRequests", "WebSocketTransport"]

# Asterisk closes the socket with 1009 above 65,535 bytes, including the header
_LARGEST_MESSAGE = 65_000
_MARK = b'"RESTResponse"'


_Outcome = dict[str, Any] | AriError


class PendingRequests:
    """Requests sent over the event socket that await their response.

    The transport adds requests; the reader of the socket passes their responses to `take`.

    Args:
        background: what waits for responses wait with.
    """

    def __init__(self, background: Background = THREADS) -> None:
        self._background = background
        self._queues: dict[str, Mailbox] = {}

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, number: str) -> Mailbox:
        """Register a request; return the queue that receives its response."""
        outcome = self._background.mailbox()
        self._queues[number] = outcome
        return outcome

    def discard(self, number: str) -> None:
        """Unregister a request."""
        self._queues.pop(number, None)

    def take(self, messages: list[bytes]) -> list[bytes]:
        """Deliver the responses among received messages and return the events."""
        if not any(_MARK in message for message in messages):
            return messages
        return [m for m in messages if _MARK not in m or not self._deliver(m)]

    def _deliver(self, message: bytes) -> bool:
        try:
            answer = orjson.loads(message)
        except orjson.JSONDecodeError:
            return False
        if not isinstance(answer, dict) or answer.get("type") != "RESTResponse":
            return False
        waiting = self._queues.get(str(answer.get("request_id")))
        if waiting is not None:
            waiting.put(answer)
        return True

    def fail(self, reason: str) -> None:
        """Fail every request because the connection ended before its response."""
        for waiting in list(self._queues.values()):
            waiting.put(
                OutcomeUnknown(
                    reason or "the event socket ended before the response",
                    "It may have been carried out: look before sending it again.",
                )
            )

    def close(self) -> None:
        """Fail every request because the session is closed."""
        for waiting in list(self._queues.values()):
            waiting.put(NotSent("the session was closed"))


class WebSocketTransport:
    """Sends requests over the event socket.

    Args:
        send: sends one text message; raises NotSent without a connection.
        pending: receives the responses from the event socket's reader.
        http: transport for requests that the WebSocket cannot carry.
    """

    def __init__(
        self, send: Callable[[bytes], None], pending: PendingRequests, http: Transport
    ) -> None:
        self._send = send
        self._pending = pending
        self._http = http
        self._numbers = itertools.count(1)

    def send(self, call: RestRequest, timeout: float) -> RestResponse:
        """See `Transport.send`."""
        if call.path.endswith("/file") and call.path.startswith("/recordings/stored/"):
            return self._http.send(call, timeout)
        number = f"r{next(self._numbers)}"
        request = {
            "type": "RESTRequest",
            "request_id": number,
            "method": call.method,
            "uri": call.uri.removeprefix("/"),
        }
        if call.body is not None:
            request["content_type"] = "application/json"
            request["message_body"] = orjson.dumps(call.body).decode()
        message = orjson.dumps(request)
        if len(message) > _LARGEST_MESSAGE:
            return self._http.send(call, timeout)
        answers = self._pending.add(number)
        started = time.perf_counter()
        try:
            self._send(message)
            answer: _Outcome = answers.get(timeout=timeout)
        except queue.Empty:
            answer = OutcomeUnknown(
                f"no response over the WebSocket in {timeout:g} s",
                "It may have been executed. REST over WebSocket needs Asterisk 20.14, 21.9 or 22.4."
                " An event filter without RESTResponse also blocks responses.",
                request=str(call),
            )
        finally:
            self._pending.discard(number)
        if isinstance(answer, AriError):
            raise answer
        body = answer.get("message_body")
        return RestResponse(
            int(answer.get("status_code", 0)),
            str(answer.get("reason_phrase", "")),
            {"Content-Type": str(answer.get("content_type", ""))},
            body.encode() if isinstance(body, str) else b"",
            (time.perf_counter() - started) * 1000,
        )

    def close(self) -> None:
        """Fail pending requests and close the HTTP connections."""
        self._pending.close()
        self._http.close()
