"""A server that replays a capture, so that a recorded program can run again.

It is the simulator with the capture in place of its operations: same HTTP and WebSocket, users and
checks, but responses and events are the recorded ones. Timing follows the program: events recorded
after a change follow the program's request for that change, with the recorded delay divided by the
speed. Replay waits for a change that the program has not requested yet, and continues without it
after a timeout (``patience``).
"""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from ari_notebook.captures.file_format import Reader, Record
from ari_notebook.captures.progress import shown
from ari_notebook.captures.replay.applier import RecordApplier
from ari_notebook.captures.replay.player import checked_speed
from ari_notebook.captures.replay.request_matcher import RecordedRequest, RequestMatcher, wanted
from ari_notebook.schema import builtin
from ari_notebook.simulator import (
    REASONS,
    ApiRequest,
    AriRefusal,
    Config,
    Deferred,
    EventSocket,
    OutboundWebsocket,
    Reply,
    Request,
    Response,
    RunningServer,
    SimulatedAsterisk,
    User,
    read_config,
)
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.request_log import RequestLog
from ari_notebook.store.tables import Tables

if TYPE_CHECKING:
    from ari_notebook.simulator import WebSocketMedia  # numpy: 70 ms

__all__ = ["RecordedBackend", "ServedCapture"]

PATIENCE = 10.0
_AT_ONCE = 500  # events played before other tasks of the loop run
_PAUSE = 0.002
# Seconds for a connected program to add its handlers after its first requests.
_LEAD = 0.3
# Paths of objects in the live tables → the table, and ARI's name of such an object.
_TABLES = {
    "/channels": ("channels", "Channel"),
    "/bridges": ("bridges", "Bridge"),
    "/endpoints": ("endpoints", "Endpoint"),
    "/deviceStates": ("device_states", "DeviceState"),
    "/playbacks": ("playbacks", "Playback"),
    "/recordings/live": ("recordings", "LiveRecording"),
}
# Requests about the server, sent before recording starts: the simulator answers them.
_OWN = ("/applications", "/asterisk/info", "/asterisk/ping")


class RecordedBackend:
    """A backend that replays a capture (`ari_notebook.simulator.AriBackend`).

    Args:
        config: configuration with the users.
        start: initial time, in seconds since 1970.
        reader: reader of the capture.
        speed: 1: recorded speed, 10: ten times as fast, ``math.inf``: without pauses.
        patience: seconds to wait for a request that is due.

    Attributes:
        problems: differences from the capture, counted by kind.
        finished: whether replay has ended.
        waiting_for: the recorded request it waits for, or None.
    """

    def __init__(
        self, config: Config, start: float, reader: Reader, speed: float, patience: float
    ) -> None:
        self._asterisk = SimulatedAsterisk(config, start, request_override=self._answer)
        self._clock = self._asterisk.clock
        self.waiting_for: RecordedRequest | None = None
        self._speed, self._patience = speed, patience
        self._matcher = RequestMatcher(shown(reader, f"reading {reader.path.name}"))
        self._tables = Tables(subscribe_all=bool(reader.header.get("subscribe_all")))
        log = EventLog(keep=_AT_ONCE)
        self._applier = RecordApplier(log, self._tables, RequestLog(), reader.header)
        self.problems = self._applier.problems
        self.problems.update(self._matcher.problems)
        self._day = self._in_order(reader)
        self._next = next(self._day, None)
        while self._next and not isinstance(self._next[1], RecordedRequest):
            if self._next[1].kind in ("event", "malformed"):
                break  # earlier records are the state at the start of recording
            self._play(self._next[1])
            self._next = next(self._day, None)
        self._moment = reader.started  # position in the capture
        # a current time, and the recorded time at it
        self._anchor: tuple[float, float] | None = None
        self._begun = False

    @property
    def finished(self) -> bool:
        """Return whether everything has been played."""
        return self._next is None

    def adopt(self, socket: EventSocket) -> None:
        """Register the applications of an open event socket of a previous backend."""
        self._asterisk.adopt(socket)

    def request(
        self, request: Request
    ) -> Response | Deferred[Response] | EventSocket | WebSocketMedia:
        """Answer a request; replay starts when the first application connects."""
        answered = self._asterisk.request(request)
        if self._anchor is None and isinstance(answered, EventSocket):
            self._anchor = (self.now + _LEAD, self._moment)
            self._clock.after(_LEAD, self._go_on)
        return answered

    @property
    def now(self) -> float:
        """Return the time, in seconds since 1970."""
        return self._clock.now

    def advance(self, to: float) -> None:
        """Advance the clock to ``to``."""
        self._clock.advance(to)

    def next_due(self) -> float | None:
        """Return the time of the next scheduled action, or None."""
        return self._clock.next_due()

    def busy(self) -> bool:
        """Return whether an action is scheduled that does not repeat forever."""
        return self._clock.busy()

    def outbound_socket(self, outbound: OutboundWebsocket) -> EventSocket:
        """Create an event socket for a connection that the server opens."""
        return self._asterisk.outbound_socket(outbound)

    def close(self) -> None:
        """Release resources when the server stops."""
        self._asterisk.close()

    # Replay.

    def _in_order(self, reader: Reader) -> Iterator[tuple[float, Record | RecordedRequest]]:
        """Yield records and requested changes by their time; changes are written late."""
        asked = deque(one for one in self._matcher.all if one.changes)
        moment = 0.0
        for record in reader:
            if record.kind in ("request", "response"):
                continue
            moment = max(moment, record.at)  # no time passes where the recorded clock ran backwards
            while asked and asked[0].at <= moment:
                yield asked[0].at, asked.popleft()
            yield moment, record
        for one in asked:
            yield one.at, one

    def _due(self, at: float) -> float:
        assert self._anchor is not None  # noqa: S101  replay has started
        now, then = self._anchor
        return now + max(0.0, at - then) / self._speed

    def _go_on(self) -> None:
        """Play everything that is due."""
        for _ in range(_AT_ONCE):
            if self._next is None:
                return
            at, what = self._next
            due = self._due(at)
            if isinstance(what, RecordedRequest):
                if not what.used:
                    self._begun = True
                    self.waiting_for = what
                    if self.now < due + self._patience:
                        self._clock.after(due + self._patience - self.now, self._go_on)
                        return
                    what.used = True
                    self.problems["recorded request not made"] += 1
                    self._anchor = (self.now, max(at, self._moment))
                self.waiting_for = None
            else:
                if due > self.now:
                    self._clock.after(due - self.now, self._go_on)
                    return
                self._play(what)
            self._moment = max(self._moment, at)
            self._next = next(self._day, None)
        self._clock.after(_PAUSE, self._go_on)

    def _play(self, record: Record) -> None:
        self._applier.take(record)
        self._applier.flush()
        if record.kind != "event":
            return
        self._begun = True
        try:
            event = orjson.loads(self._matcher.ids.ours(record.raw))
            app, kind = event["application"], event["type"]
        except (ValueError, TypeError, KeyError):
            self.problems["event without application"] += 1
            return
        if kind == "ApplicationReplaced":  # of a connection during recording
            return
        if not self._asterisk.deliver(app, event):
            self.problems[f"event for {app}, which is not connected"] += 1

    # Requests.

    def _answer(self, asked: ApiRequest) -> Reply | None:
        path = "/" + unquote(asked.path)
        ask = wanted(asked.query, asked.body)
        found = self._matcher.find(asked.method, path, ask)
        if asked.method == "GET":
            # a program that still sends such requests is not ready
            if self._anchor is not None and not self._begun:
                self._anchor = (self.now + _LEAD, self._anchor[1])
            if path.startswith(_OWN) and (found is None or found.at > self._moment):
                return None
            if found is None or found.at > self._moment:
                state = self._state(self._matcher.ids.recorded(path))
                if state is not None:
                    return state
            found = found or self._matcher.last(asked.method, path, ask)
        if found is None:
            self.problems["request without a recorded match"] += 1
            waits = self._matcher.next()
            then = f"the next recorded one is {waits}" if waits else "no recorded change is left"
            one = RecordedRequest(0, asked.method, path, ask)
            raise AriRefusal(501, f"{one} has no recorded match; {then}", "Not Implemented")
        found.used = True
        if found.changes and self._anchor is not None:
            if found.at > self._moment:
                self._anchor = (self.now, found.at)
            self._clock.soon(self._go_on)
        return self._reply(found)

    def _state(self, path: str) -> Reply | None:
        """Return a response from the live tables, or None for other paths."""
        for stem, (kind, model) in _TABLES.items():
            rows: dict[str, dict[str, Any]] = getattr(self._tables, kind)
            if path == stem:
                return Reply(200, self._as_ari(model, list(rows.values())))
            if path.startswith(stem + "/") and path.removeprefix(stem + "/") in rows:
                return Reply(200, self._as_ari(model, rows[path.removeprefix(stem + "/")]))
        return None

    def _as_ari(self, model: str, value: Any) -> Any:
        known = _fields(model)
        rows = value if isinstance(value, list) else [value]
        shown = [{name: item for name, item in row.items() if name in known} for row in rows]
        return self._renamed(shown if isinstance(value, list) else shown[0])

    def _renamed(self, value: Any) -> Any:
        return orjson.loads(self._matcher.ids.ours(orjson.dumps(value)))

    def _reply(self, found: RecordedRequest) -> Reply:
        response = found.response
        status = response.get("status")
        if not isinstance(status, int) or "bytes" in response:
            what = "the answer" if status is None else "the file in its response"
            raise AriRefusal(501, f"{found}: {what} was not recorded", "Not Implemented")
        reason = REASONS.get(status, "as recorded")
        body = response.get("body")
        return Reply(status, None if body is None else self._renamed(body), reason=reason)


@cache
def _fields(model: str) -> frozenset[str]:
    return frozenset(field.name for field in builtin().models[model].fields)


def _header_text(value: object) -> str:
    """Return a text of a capture's header, safe as an HTTP header value."""
    return re.sub(r"[^\x20-\x7e]", "", value)[:100] if isinstance(value, str) else ""


class ServedCapture(RunningServer[RecordedBackend]):
    """A server that replays a capture, on a real port; made by ``open_capture(path).serve()``.

    As a context manager it stops at the end of the block.

    Args:
        path: path of the capture.
        host: address to listen on.
        port: TCP port; 0: any free port.
        speed: 1: recorded speed, 10: ten times as fast, ``math.inf``: without pauses.
        patience: seconds to wait for a request that is due.
        user: the ARI user; None: the recorded user.
        password: password of that user; None: a random one, in the attribute ``password``.

    Raises:
        UsageProblem: missing or invalid capture, or invalid speed.
        CannotStart: the port is in use, or the host has no such address.
    """

    def __init__(
        self,
        path: str | Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        speed: float = 1,
        patience: float = PATIENCE,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        self._reader = Reader(path)
        self._speed, self._patience = checked_speed(speed), patience
        header = self._reader.header
        name = user or _header_text(header.get("user")) or "asterisk"
        given = read_config()
        config = replace(
            given,
            http=replace(
                given.http,
                server_name=_header_text(header.get("asterisk")) or given.server_name,
            ),
            ari=replace(
                given.ari,
                users={name: User(name, password or secrets.token_urlsafe(16))},
                outbound_websockets={},
                websocket_write_timeout=PATIENCE,  # a whole day may be sent at once
            ),
        )
        self._config = config
        super().__init__(config, host, port, self._make)

    def _make(self, _connect_per_call_app: object, _media_network: object) -> RecordedBackend:
        return RecordedBackend(self._config, time.time(), self._reader, self._speed, self._patience)

    @property
    def finished(self) -> bool:
        """Return whether replay has ended."""
        return self.run(lambda backend: backend.finished)

    @property
    def waiting_for(self) -> str:
        """Return the recorded request that replay waits for, or ""."""
        return str(self.run(lambda backend: backend.waiting_for) or "")

    @property
    def problems(self) -> Counter[str]:
        """Return the differences from the capture, counted by kind."""
        return self.run(lambda backend: Counter(backend.problems)) + self._reader.problems

    def __repr__(self) -> str:
        return f"<{self._reader.path.name} served at {self.url}>"
