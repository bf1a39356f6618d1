"""The routes of the control API as data, and the check of a request against them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ari_notebook.schema.suggest import did_you_mean, nearest
from ari_notebook.simulator.phones.scenario import VERBS

__all__ = [
    "BASE",
    "CALL_ACTIONS",
    "PHONE_ACTIONS",
    "ROUTES",
    "ControlError",
    "Field",
    "Route",
    "find",
]

BASE = "/_simulator"

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


class ControlError(Exception):
    """Raised to refuse a request of the control API.

    Attributes:
        status: HTTP status code.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, in the JSON body or in the query string.

    Attributes:
        name: its name.
        type: JSON's name of its type.
        text: its meaning.
        required: whether it must be given.
        nullable: whether null is allowed.
    """

    name: str
    type: str
    text: str
    required: bool = False
    nullable: bool = False

    def check(self, value: object) -> None:
        """Raise if a value has another type.

        Raises:
            ControlError: 400.
        """
        if value is None and self.nullable:
            return
        wrong = isinstance(value, bool) and self.type != "boolean"
        if wrong or not isinstance(value, _KINDS[self.type]):
            a = "an" if self.type[0] in "aio" else "a"
            raise ControlError(400, f"{self.name} must be {a} {self.type}, not {value!r}"[:200])

    def parse(self, text: str) -> Any:
        """Return the value of a text in a query string.

        Raises:
            ControlError: 400.
        """
        if self.type == "integer":
            if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
                raise ControlError(400, f"{self.name} must be a whole number, not {text!r}"[:200])
            return int(text)
        return text


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the control API.

    Attributes:
        method: HTTP method.
        path: path below `BASE`, variables in braces.
        handler: name of the method that performs it.
        summary: its effect, in a sentence.
        body: fields of the JSON body.
        query: parameters of the query string.
        answer: the fields of the answer, in words.
        open: whether it needs no token.
    """

    method: str
    path: str
    handler: str
    summary: str
    body: tuple[Field, ...] = ()
    query: tuple[Field, ...] = ()
    answer: str = ""
    open: bool = False

    def values(self, path: str) -> dict[str, str] | None:
        """Return the variables of a path, or None if it is another path."""
        segments, given = self.path.split("/"), path.split("/")
        if len(segments) != len(given):
            return None
        values = {}
        for segment, text in zip(segments, given, strict=True):
            if segment.startswith("{"):
                values[segment[1:-1]] = text
            elif segment != text:
                return None
        return values

    def check(self, body: Mapping[str, Any]) -> None:
        """Raise if a body does not fit.

        Raises:
            ControlError: 400, with the reason.
        """
        fields = {field.name: field for field in self.body}
        for name, value in body.items():
            if name not in fields:
                known = ", ".join(fields) or "nothing"
                near = did_you_mean(nearest(name, fields))
                raise ControlError(400, f"{name!r} is unknown here, which takes {known}{near}")
            fields[name].check(value)
        for field in self.body:
            if field.required and field.name not in body:
                raise ControlError(400, f"{field.name} is missing")


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """Return the route of a request and the variables of its path.

    Args:
        method: in upper case.
        path: decoded path below `BASE`.

    Raises:
        ControlError: 404 or 405.
    """
    found = [(route, route.values(path)) for route in ROUTES]
    matching = [(route, values) for route, values in found if values is not None]
    if not matching:
        raise ControlError(404, f"{BASE} has no {path}: {BASE}/openapi.json lists what there is")
    for route, values in matching:
        if route.method == method:
            return route, values
    methods = " and ".join(sorted({route.method for route, _ in matching}))
    raise ControlError(405, f"{BASE}{path} takes {methods}, not {method}")


_PATTERN = (
    Field("operation", "string", "operation of ARI, such as channels.play"),
    Field("method", "string", "HTTP method, such as POST"),
    Field("path", "string", "path below /ari; * matches any text of a segment"),
    Field("channel", "string", "id or name of the channel that the request is about"),
    Field("parameters", "object", "values by name; * matches any text"),
)
_WITHIN = Field("within", "number", "real seconds to wait for it; 0: check what has arrived")
_QUIET = Field("quiet", "number", "real seconds without messages after which programs have reacted")
_BEHAVIOUR = (
    Field("ring_after", "number", "seconds until it reports ringing; null: never", nullable=True),
    Field(
        "answer_after", "number", "seconds of ringing until it answers; null: never", nullable=True
    ),
    Field("lines", "integer", "number of simultaneous calls; further ones are busy"),
    Field("talk", "boolean", "whether its owner talks after the answer"),
    Field("press", "string", "keys its owner presses then"),
    Field("hangup_after", "number", "seconds until its owner hangs up; null: never", nullable=True),
    Field(
        "refuse", "string", "busy, congestion, unavailable or decline; null: none", nullable=True
    ),
)
_CONVERSATION = (
    Field("talk", "boolean", "whether the caller talks after the answer"),
    Field("press", "string", "keys the caller presses then"),
    Field("hangup_after", "number", "seconds until the caller hangs up", nullable=True),
)
_ACTION = (
    Field("digits", "string", "press: keys, of 0123456789*#ABCD"),
    Field("to", "string", "call, transfer, send: an extension or a recipient"),
    Field("caller", "string", "call: caller ID, such as Alice <5551>"),
    Field("how", "string", "reject: busy, congestion, unavailable or decline"),
    Field("text", "string", "send: the message"),
    Field("cause", "integer", "hangup: Q.850 cause"),
    *_CONVERSATION,
)
_NAME = Field("name", "string", "name of the snapshot", required=True)
_CALL = "id, name, state, phone"

CALL_ACTIONS = (
    "ring", "answer", "press", "talk", "quiet", "hold", "unhold", "transfer", "hangup",
)  # fmt: skip
PHONE_ACTIONS = tuple(VERBS)

ROUTES = (
    Route("GET", "/health", "health", "Return 200 while the simulator runs", open=True,
          answer="status, version"),
    Route("GET", "/ready", "ready", "Return 200 if an application can work, else 503", open=True,
          query=(Field("app", "string", "a Stasis application that must be connected"),),
          answer="ready, apps"),
    Route("GET", "/openapi.json", "openapi", "Describe this API", open=True,
          answer="this document"),
    Route("GET", "/requests", "requests", "List the requests that programs sent, oldest first",
          query=(*_PATTERN[:4], Field("last", "integer", "how many, from the end")),
          answer="number, time, method, path, parameters, user, transport, operation, status,"
          " message of each"),
    Route("DELETE", "/requests", "forget_requests", "Forget the requests and events so far"),
    Route("POST", "/requests/verify", "verify",
          "Check the number of requests that match: 200, or 409 with the reason",
          body=(*_PATTERN, Field("times", "integer", "the exact number; without it, at least one"),
                _WITHIN),
          answer="verified, count, message, requests"),
    Route("POST", "/requests/verify-order", "verify_order",
          "Check that requests came in an order, others between them allowed: 200, or 409",
          body=(Field("requests", "array", "objects with operation, method, path, channel and"
                      " parameters", required=True), _WITHIN),
          answer="verified, count, message"),
    Route("GET", "/ladder", "ladder", "Show the last requests and events as text",
          query=(Field("last", "integer", "number of lines"),), answer="text"),
    Route("GET", "/calls", "calls", "List the channels of the simulated phones", answer=_CALL),
    Route("POST", "/calls", "call", "Dial an extension as an outside caller",
          body=(Field("extension", "string", "extension to dial", required=True),
                Field("context", "string", "its context, usually default"),
                Field("caller", "string", "caller ID, such as Alice <5551>"), *_CONVERSATION),
          answer=_CALL),
    Route("GET", "/calls/{id}", "get_call", "Return one call", answer=f"{_CALL}, heard"),
    Route("POST", "/calls/{id}/{action}", "act_on_call",
          f"Perform an action of the phone of a call: {', '.join(CALL_ACTIONS)}",
          body=(*_ACTION[:2], _ACTION[5],
                Field("milliseconds", "integer", "press: how long each key is held")),
          answer=_CALL),
    Route("GET", "/phones", "phones", "List the phones", answer="name, registered, calls"),
    Route("POST", "/phones", "add_phone", "Add an endpoint with a phone, or change one",
          body=(Field("name", "string", "name of the endpoint", required=True),
                Field("caller", "string", "its caller ID"),
                Field("context", "string", "context of its calls"), *_BEHAVIOUR),
          answer="name, registered, calls"),
    Route("POST", "/phones/{name}/{action}", "act_on_phone",
          f"Perform an action of a phone: {', '.join(PHONE_ACTIONS)}", body=_ACTION,
          answer="name, registered, calls"),
    Route("GET", "/faults", "faults", "List the faults of operations", answer="faults by number"),
    Route("POST", "/faults", "add_fault", "Add a fault of the requests that match",
          body=(*_PATTERN, Field("status", "integer", "status of the answer; the operation is not"
                                 " performed", nullable=True),
                Field("message", "string", "text of the refusal"),
                Field("delay", "number", "simulated seconds until the answer"),
                Field("probability", "number", "above 0 and at most 1"),
                Field("times", "integer", "number of requests; otherwise all", nullable=True)),
          answer="number"),
    Route("DELETE", "/faults", "clear_faults", "End all faults"),
    Route("DELETE", "/faults/{number}", "remove_fault", "End one fault of an operation"),
    Route("POST", "/faults/drop", "drop", "Cut every WebSocket",
          body=(Field("code", "integer", "close code; otherwise no close frame"),),
          answer="dropped"),
    Route("POST", "/faults/freeze", "freeze", "Keep every WebSocket open but silent",
          body=(Field("frozen", "boolean", "false ends it"),)),
    Route("POST", "/faults/delay", "delay", "Answer every ARI request late",
          body=(Field("seconds", "number", "real seconds; 0 ends it", required=True),)),
    Route("POST", "/faults/fail", "fail", "Answer ARI requests with 500 without performing them",
          body=(Field("requests", "integer", "number of next requests"),
                Field("rate", "number", "share of the other requests, from 0 to 1"))),
    Route("POST", "/faults/refuse", "refuse", "Refuse new connections for a time",
          body=(Field("seconds", "number", "real seconds", required=True),)),
    Route("POST", "/faults/restart", "restart", "Restart the exchange: every connection is cut",
          body=(Field("downtime", "number", "real seconds without an exchange"),)),
    Route("GET", "/clock", "clock", "Return the simulated time",
          answer="now, timestamp, paused, next"),
    Route("POST", "/clock/pause", "pause", "Stop the simulated time", answer="as of GET /clock"),
    Route("POST", "/clock/resume", "resume", "Resume the time", answer="as of GET /clock"),
    Route("POST", "/clock/advance", "advance",
          "Move time forward; programs get time to react to each event",
          body=(Field("seconds", "number", "simulated seconds", required=True), _QUIET),
          answer="as of GET /clock"),
    Route("POST", "/clock/run-until-idle", "run_until_idle",
          "Move time forward until nothing is scheduled",
          body=(Field("limit", "number", "simulated seconds after which it ends anyway, usually"
                      " 3600"), _QUIET),
          answer="as of GET /clock, with advanced and idle"),
    Route("POST", "/reset", "reset",
          "Start again; connected applications stay connected, calls are gone without an event"),
    Route("GET", "/snapshots", "snapshots", "List the names of the snapshots", answer="names"),
    Route("POST", "/snapshots", "take_snapshot",
          "Keep the state: dialplan, phones, variables, device states, recordings",
          body=(_NAME,), answer="names"),
    Route("POST", "/snapshots/{name}/restore", "restore", "Reset, and put a kept state back"),
    Route("DELETE", "/snapshots/{name}", "delete_snapshot", "Forget a snapshot"),
    Route("POST", "/scenario", "scenario", "Start a scenario",
          body=(Field("text", "string", "TOML; or as the whole body, not JSON", required=True),)),
    Route("GET", "/dialplan", "dialplan", "Return extensions.conf", answer="text"),
    Route("PUT", "/dialplan", "set_dialplan", "Replace extensions.conf",
          body=(Field("text", "string", "extensions.conf; or as the whole body", required=True),)),
    Route("POST", "/events", "send_event", "Send an application an event",
          body=(Field("app", "string", "the application", required=True),
                Field("event", "object", "the event, sent as it is", required=True))),
)  # fmt: skip
