"""The control API: answers requests below ``/_simulator``."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import orjson

from ari_notebook.schema import Declaration
from ari_notebook.simulator.asterisk import SimulatedAsterisk
from ari_notebook.simulator.config.syntax import ConfigError
from ari_notebook.simulator.control import openapi, verification
from ari_notebook.simulator.control.routes import BASE, CALL_ACTIONS, ControlError, Route, find
from ari_notebook.simulator.control.snapshot import ExchangeSnapshot, SnapshotRefused
from ari_notebook.simulator.messages import REASONS, Deferred, Request, Response
from ari_notebook.simulator.numbers import is_measure
from ari_notebook.simulator.phones.call import NotPossible, PhoneCall
from ari_notebook.simulator.phones.scenario import VERBS, check_verb, parse_scenario
from ari_notebook.simulator.rest.journal import RequestJournal
from ari_notebook.simulator.rest.operation_faults import OperationFault
from ari_notebook.simulator.rest.request_pattern import RequestPattern
from ari_notebook.simulator.server import clock_control
from ari_notebook.simulator.server.server import Server
from ari_notebook.simulator.utf8 import is_json
from ari_notebook.simulator.wire.http11 import header, media_type

__all__ = ["ControlApi", "ControlledSimulator"]

log = logging.getLogger(__name__)

_LONGEST_WAIT = 600.0  # seconds
_IDLE_LIMIT = 3600.0  # simulated seconds


class ControlledSimulator(Protocol):
    """A simulator with the state that outlives its exchange."""

    @property
    def journal(self) -> RequestJournal:
        """Return the journal of requests."""

    @property
    def declaration(self) -> Declaration:
        """Return the declaration of its version of Asterisk."""

    @property
    def version(self) -> str:
        """Return its version of Asterisk."""

    @property
    def dialplan(self) -> str:
        """Return the extensions.conf in use."""

    def replace_dialplan(self, asterisk: SimulatedAsterisk, text: str) -> None:
        """Replace extensions.conf, also for later exchanges.

        Raises:
            ConfigError: invalid dialplan; the old one stays in effect.
        """

    def take_snapshot(self, asterisk: SimulatedAsterisk) -> ExchangeSnapshot:
        """Return a snapshot.

        Raises:
            SnapshotRefused: calls or bridges exist.
        """

    async def restore_snapshot(
        self, server: Server[SimulatedAsterisk], snapshot: ExchangeSnapshot | None
    ) -> None:
        """Reset, and restore a snapshot's state unless it is None."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A checked request: the variables of its path, its query and its body."""

    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]

    def number(self, name: str, default: float, limit: float = math.inf) -> float:
        """Return a number from 0 to a limit.

        Raises:
            ControlError: 400.
        """
        value = self.body.get(name, default)
        if not is_measure(value) or value > limit:
            most = f" to {limit:g}" if limit < math.inf else ""
            raise ControlError(400, f"{name} is a number from 0{most or ' on'}, not {value}")
        return float(value)


class ControlApi:
    """Answers the requests of the control API.

    Args:
        simulator: the state that outlives the exchange.
        server: the server.
        token: the token that requests must have.
    """

    def __init__(
        self, simulator: ControlledSimulator, server: Server[SimulatedAsterisk], token: str
    ) -> None:
        self._simulator = simulator
        self._server = server
        self._token = token
        self._kept: dict[str, ExchangeSnapshot] = {}
        self._tasks: set[asyncio.Task[Response]] = set()

    def controls(self, request: Request) -> bool:
        """Return whether a request is one of the control API."""
        path = request.target.partition("?")[0]
        return path == BASE or path.startswith(f"{BASE}/")

    def respond(self, request: Request) -> Deferred[Response]:
        """Answer a request for which `controls` is true."""
        later: Deferred[Response] = Deferred()
        task = self._server.loop.create_task(self._respond(request))
        self._tasks.add(task)

        def done(task: asyncio.Task[Response]) -> None:
            self._tasks.discard(task)
            if not task.cancelled():
                later.resolve(task.result())

        task.add_done_callback(done)
        return later

    def close(self) -> None:
        """Cancel waiting requests."""
        for task in self._tasks:
            task.cancel()

    async def _respond(self, request: Request) -> Response:
        try:
            route, call = self._read(request)
            answer = await getattr(self, f"_{route.handler}")(call)
        except ControlError as error:
            return _json(error.status, {"message": str(error)})
        except (NotPossible, SnapshotRefused) as error:
            return _json(409, {"message": str(error)})
        except LookupError as error:
            return _json(404, {"message": str(error.args[0])})
        except (ValueError, ConfigError) as error:
            return _json(400, {"message": str(error)})
        except Exception:  # an error in one request must not stop the simulator
            log.exception("%s %s failed", request.method, request.target)
            return _json(500, {"message": "an error in the simulator; its log has it"})
        if isinstance(answer, Response):
            return answer
        return Response(204, REASONS[204]) if answer is None else _json(200, answer)

    def _read(self, request: Request) -> tuple[Route, _Call]:
        """Check a request.

        Raises:
            ControlError: it is refused.
        """
        target, _, text = request.target.partition("?")
        route, path = find(request.method, unquote(target.removeprefix(BASE)))
        given = header(request.headers, "authorization")
        expected = f"Bearer {self._token}"
        if not route.open and not hmac.compare_digest(given.encode(), expected.encode()):
            raise ControlError(401, "send the header Authorization: Bearer TOKEN, with the token")
        query: dict[str, Any] = {}
        fields = {field.name: field for field in route.query}
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name not in fields:
                known = ", ".join(fields) or "no parameters"
                raise ControlError(400, f"{name!r} is unknown here, which takes {known}")
            query[name] = fields[name].parse(value)
        body = self._body(request, route)
        route.check(body)
        return route, _Call(path, query, body)

    @staticmethod
    def _body(request: Request, route: Route) -> dict[str, Any]:
        if request.oversized:
            raise ControlError(413, "the body is larger than 40,960 octets")
        if media_type(request.headers) != "application/json":
            # curl --data-binary @file sends a file as it is, under the type of a form.
            if request.body and [each.name for each in route.body if each.required] == ["text"]:
                return {"text": _utf8(request.body)}
            if request.body:
                raise ControlError(
                    400, "the body must be JSON, with Content-Type: application/json"
                )
            return {}
        try:
            body = orjson.loads(request.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise ControlError(400, f"the body is not JSON: {error}") from None
        if not isinstance(body, dict):
            raise ControlError(400, "the body must be a JSON object")
        return body

    # Health

    async def _health(self, _call: _Call) -> dict[str, Any]:
        return {"status": "up", "version": self._simulator.version}

    async def _ready(self, call: _Call) -> Response:
        apps = self._server.backend.exchange.event_bus.names()
        app = call.query.get("app")
        ready = app is None or app in apps
        return _json(200 if ready else 503, {"ready": ready, "apps": apps})

    async def _openapi(self, _call: _Call) -> dict[str, Any]:
        return openapi.document()

    # Journal

    async def _requests(self, call: _Call) -> list[dict[str, Any]]:
        last = call.query.get("last")
        pattern = self._pattern({k: v for k, v in call.query.items() if k != "last"})
        found = self._simulator.journal.requests(pattern)
        return [each.json() for each in (found if last is None else found[-last:] if last else [])]

    async def _forget_requests(self, _call: _Call) -> None:
        self._simulator.journal.clear()

    async def _verify(self, call: _Call) -> Response:
        times = call.body.get("times")
        if times is not None and times < 0:
            raise ControlError(400, f"times is a number from 0 on, not {times}")
        within = call.number("within", 0, _LONGEST_WAIT)
        message, entries = await verification.verify(
            self._simulator.journal, self._pattern(call.body), times, within
        )
        shown: dict[str, Any] = {"verified": not message, "count": len(entries), "message": message}
        shown["requests"] = [each.json() for each in entries[-100:]]
        return _json(409 if message else 200, shown)

    async def _verify_order(self, call: _Call) -> Response:
        within = call.number("within", 0, _LONGEST_WAIT)
        patterns = []
        for each in call.body["requests"]:
            if not isinstance(each, dict):
                raise ControlError(400, f"requests has objects, not {each!r}"[:200])
            find("POST", "/requests/verify")[0].check(each)
            patterns.append(self._pattern(each))
        message, count = await verification.verify_order(self._simulator.journal, patterns, within)
        shown = {"verified": not message, "count": count, "message": message}
        return _json(409 if message else 200, shown)

    async def _ladder(self, call: _Call) -> Response:
        text = self._simulator.journal.ladder(call.query.get("last", 40))
        return Response(200, REASONS[200], _TEXT, f"{text}\n".encode())

    def _pattern(self, given: Mapping[str, Any]) -> RequestPattern:
        names = ("method", "path", "operation", "channel")
        texts = {name: given.get(name, "") for name in names}
        pattern = RequestPattern(**texts, parameters=given.get("parameters") or {})
        pattern.check(self._simulator.declaration)
        return pattern

    # Calls and phones

    async def _calls(self, _call: _Call) -> list[dict[str, Any]]:
        with self._server.now() as asterisk:
            return [_call_json(each) for each in asterisk.phones.calls()]

    async def _call(self, call: _Call) -> Response:
        given = dict(call.body)
        hangup_after = given.get("hangup_after")
        if hangup_after is not None:
            call.number("hangup_after", 0)
        with self._server.now() as asterisk:
            return _json(201, _call_json(asterisk.phones.call(**given)))

    async def _get_call(self, call: _Call) -> dict[str, Any]:
        with self._server.now() as asterisk:
            return _call_json(asterisk.phones.call_of(call.path["id"]))

    async def _act_on_call(self, call: _Call) -> dict[str, Any]:
        action, given = call.path["action"], dict(call.body)
        if action not in CALL_ACTIONS:
            raise ControlError(404, f"a call has no {action}: use {', '.join(CALL_ACTIONS)}")
        allowed = {"press": ("digits", "milliseconds"), "transfer": ("to",), "hangup": ("cause",)}
        for name in given:
            if name not in allowed.get(action, ()):
                raise ControlError(400, f"{action} takes no {name}")
        if action == "press" and not given.get("digits"):
            raise ControlError(400, "digits is missing")
        if action == "transfer" and "to" not in given:
            raise ControlError(400, "to is missing")
        if "milliseconds" in given:
            call.number("milliseconds", 0)
        with self._server.now() as asterisk:
            found = asterisk.phones.call_of(call.path["id"])
            do: Callable[..., object] = getattr(found, action)
            do(**given)
        return _call_json(found)

    async def _phones(self, _call: _Call) -> list[dict[str, Any]]:
        with self._server.now() as asterisk:
            return [_phone_json(asterisk, name) for name in asterisk.phones]

    async def _add_phone(self, call: _Call) -> Response:
        with self._server.now() as asterisk:
            asterisk.phones.add(**call.body)
            return _json(201, _phone_json(asterisk, call.body["name"]))

    async def _act_on_phone(self, call: _Call) -> dict[str, Any]:
        name, action = call.path["name"], call.path["action"]
        if action not in VERBS:
            raise ControlError(404, f"a phone has no {action}: use {', '.join(VERBS)}")
        check_verb(action, call.body)
        with self._server.now() as asterisk:
            VERBS[action].do(asterisk.phones[name], **call.body)
            return _phone_json(asterisk, name)

    # Faults

    async def _faults(self, _call: _Call) -> dict[str, Any]:
        faults = self._server.faults.operations.all()
        return {str(number): fault.json() for number, fault in faults.items()}

    async def _add_fault(self, call: _Call) -> Response:
        given = call.body
        fault = OperationFault(
            self._pattern(given),
            given.get("status"),
            given.get("message", ""),
            given.get("delay", 0.0),
            given.get("probability", 1.0),
            given.get("times"),
        )
        return _json(201, {"number": self._server.faults.operations.add(fault)})

    async def _clear_faults(self, _call: _Call) -> None:
        self._server.faults.clear_now()
        await self._server.listen()

    async def _remove_fault(self, call: _Call) -> None:
        text = call.path["number"]
        if not text.isdecimal() or not self._server.faults.operations.remove(int(text[:9])):
            raise ControlError(404, f"no fault {text}: GET {BASE}/faults lists them")

    async def _drop(self, call: _Call) -> dict[str, Any]:
        code = call.body.get("code")
        if code is not None and not 1000 <= code <= 4999:
            raise ControlError(400, f"a close code is from 1000 to 4999, not {code}")
        return {"dropped": self._server.faults.drop_now(code)}

    async def _freeze(self, call: _Call) -> None:
        self._server.faults.freeze_now(call.body.get("frozen", True))

    async def _delay(self, call: _Call) -> None:
        self._server.faults.delay(call.number("seconds", 0, _LONGEST_WAIT))

    async def _fail(self, call: _Call) -> None:
        requests, rate = call.body.get("requests", 0), call.body.get("rate", 0.0)
        self._server.faults.fail(requests, rate=rate)

    async def _refuse(self, call: _Call) -> None:
        seconds = call.number("seconds", 0, _LONGEST_WAIT)
        await self._server.listen(False)
        self._later(seconds, self._server.listen)

    async def _restart(self, call: _Call) -> Response:
        downtime = call.number("downtime", 0, _LONGEST_WAIT)
        # Not at once: it cuts the connection of this request, too.
        self._later(0.05, lambda: self._server.restart(downtime))
        return _json(202, {"message": "restarts"})

    def _later(self, seconds: float, do: Callable[[], Any]) -> None:
        loop = self._server.loop

        def start() -> None:
            task = loop.create_task(do())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        loop.call_later(seconds, start)

    # Clock

    async def _clock(self, _call: _Call) -> dict[str, Any]:
        with self._server.now() as asterisk:
            due = asterisk.next_due()
            return {
                "now": asterisk.now,
                "timestamp": asterisk.clock.timestamp(),
                "paused": self._server.time.paused,
                "next": None if due is None else round(due - asterisk.now, 6),
            }

    async def _pause(self, call: _Call) -> dict[str, Any]:
        self._server.pause()
        return await self._clock(call)

    async def _resume(self, call: _Call) -> dict[str, Any]:
        self._server.resume()
        return await self._clock(call)

    async def _advance(self, call: _Call) -> dict[str, Any]:
        quiet = call.number("quiet", clock_control.QUIET_SECONDS, _LONGEST_WAIT)
        await clock_control.advance(self._server, call.number("seconds", 0), quiet)
        return await self._clock(call)

    async def _run_until_idle(self, call: _Call) -> dict[str, Any]:
        limit = call.number("limit", _IDLE_LIMIT)
        quiet = call.number("quiet", clock_control.QUIET_SECONDS, _LONGEST_WAIT)
        passed, idle = await clock_control.run_until_idle(self._server, limit, quiet)
        return {**await self._clock(call), "advanced": passed, "idle": idle}

    # State

    async def _reset(self, _call: _Call) -> None:
        await self._simulator.restore_snapshot(self._server, None)

    async def _snapshots(self, _call: _Call) -> list[str]:
        return list(self._kept)

    async def _take_snapshot(self, call: _Call) -> Response:
        with self._server.now() as asterisk:
            self._kept[call.body["name"]] = self._simulator.take_snapshot(asterisk)
        return _json(201, list(self._kept))

    async def _restore(self, call: _Call) -> None:
        snapshot = self._snapshot(call)
        await self._simulator.restore_snapshot(self._server, snapshot)

    async def _delete_snapshot(self, call: _Call) -> None:
        self._snapshot(call)
        del self._kept[call.path["name"]]

    def _snapshot(self, call: _Call) -> ExchangeSnapshot:
        name = call.path["name"]
        if name not in self._kept:
            known = ", ".join(self._kept) or "none"
            raise ControlError(404, f"no snapshot {name!r}; there is {known}")
        return self._kept[name]

    async def _scenario(self, call: _Call) -> None:
        scenario = parse_scenario(call.body["text"])
        with self._server.now() as asterisk:
            asterisk.phones.follow(scenario)

    async def _dialplan(self, _call: _Call) -> Response:
        return Response(200, REASONS[200], _TEXT, self._simulator.dialplan.encode())

    async def _set_dialplan(self, call: _Call) -> None:
        with self._server.now() as asterisk:
            self._simulator.replace_dialplan(asterisk, call.body["text"])

    async def _send_event(self, call: _Call) -> None:
        app, event = call.body["app"], call.body["event"]
        if not isinstance(event.get("type"), str):
            raise ControlError(400, "event has no type")
        with self._server.now() as asterisk:
            if not asterisk.deliver(app, event):
                apps = ", ".join(asterisk.exchange.event_bus.names()) or "none"
                raise ControlError(404, f"no application {app!r} is connected; there is {apps}")


_TEXT = [("Content-Type", "text/plain; charset=utf-8")]


def _json(status: int, value: object) -> Response:
    headers = [("Content-Type", "application/json")]
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    # Requests in the journal may contain octets that are not UTF-8; json escapes them.
    content = orjson.dumps(value) if is_json(value) else json.dumps(value).encode()
    return Response(status, REASONS[status], headers, content)


def _utf8(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ControlError(400, "the body is not UTF-8 text") from None


def _call_json(call: PhoneCall) -> dict[str, Any]:
    device = call.channel.device.partition("/")[2]
    shown = {"id": call.id, "name": call.name, "state": call.state, "phone": device}
    return {**shown, "heard": call.heard, "holding": call.holding}


def _phone_json(asterisk: SimulatedAsterisk, name: str) -> dict[str, Any]:
    phone = asterisk.phones[name]
    calls = [_call_json(each) for each in phone.calls]
    return {"name": name, "registered": phone.registered, "calls": calls}
