"""REST over the event WebSocket (Asterisk 20.14, 21.9, 22.4 and later).

A request is a text message of type RESTRequest with a ``request_id``; its answer comes back among
the events as a RESTResponse with the same id (``res/ari/ari_websocket_requests.c``). What cannot
travel that way, a stored recording's file or a message over Asterisk's limit, goes over HTTP.
"""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Callable
from typing import Any

import orjson

from ari_notebook.client.errors import AriError, NotSent, OutcomeUnknown
from ari_notebook.client.rest import Answer, Call, Transport

__all__ = ["WebSocketTransport"]

_LARGEST_MESSAGE = 65_000  # Asterisk closes the socket with 1009 past 65,535 bytes, head included
_MARK = b'"RESTResponse"'


class WebSocketTransport:
    """Carries calls over the event socket.

    Args:
        send: sends one text message; raises NotSent where there is no connection.
        http: takes what the WebSocket cannot carry.
    """

    def __init__(self, send: Callable[[bytes], None], http: Transport) -> None:
        self._send = send
        self._http = http
        self._numbers = itertools.count(1)
        self._waiting: dict[str, queue.SimpleQueue[dict[str, Any] | AriError]] = {}

    def send(self, call: Call, timeout: float) -> Answer:
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
        answers: queue.SimpleQueue[dict[str, Any] | AriError] = queue.SimpleQueue()
        self._waiting[number] = answers
        started = time.perf_counter()
        try:
            self._send(message)
            answer = answers.get(timeout=timeout)
        except queue.Empty:
            answer = OutcomeUnknown(
                f"no answer over the WebSocket in {timeout:g} s",
                "It may have been carried out. Does the server know REST over WebSocket (22.4)?"
                " An event filter without RESTResponse also hides answers.",
                request=str(call),
            )
        finally:
            self._waiting.pop(number, None)
        if isinstance(answer, AriError):
            raise answer
        body = answer.get("message_body")
        return Answer(
            int(answer.get("status_code", 0)),
            str(answer.get("reason_phrase", "")),
            {"Content-Type": str(answer.get("content_type", ""))},
            body.encode() if isinstance(body, str) else b"",
            (time.perf_counter() - started) * 1000,
        )

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for an answer."""
        return bool(self._waiting)

    def take(self, messages: list[bytes]) -> list[bytes]:
        """Hand out the answers among received messages; the events are left."""
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
        waiting = self._waiting.get(str(answer.get("request_id")))
        if waiting is not None:
            waiting.put(answer)
        return True

    def lost(self, reason: str) -> None:
        """The connection ended: nobody waits for an answer any longer."""
        for waiting in list(self._waiting.values()):
            waiting.put(
                OutcomeUnknown(
                    reason or "the event socket ended before the answer",
                    "It may have been carried out: look before sending it again.",
                )
            )

    def close(self) -> None:
        """Let go of what waits."""
        for waiting in list(self._waiting.values()):
            waiting.put(NotSent("the session was closed"))
        self._http.close()
