"""A recording's server side: a program that was recorded can be run again, against the same day.

It is the simulator with the recording in its exchange's place: the same HTTP and WebSocket, users
and checks, but what is asked is answered as it was then, and the events are those that came then.

Time is the program's: where it asked for a change, what came after it then comes after it now, as
much later as it did, divided by the speed. The day waits for a change that the program has not
asked for yet, and goes on without it once its patience is over.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from ari_notebook.captures.answers import Answered, Answers, wanted
from ari_notebook.captures.files import Reader, Record
from ari_notebook.captures.playing import checked_speed
from ari_notebook.captures.progress import shown
from ari_notebook.captures.retelling import Retelling
from ari_notebook.live import EventLog, Tables
from ari_notebook.requestlog import RequestLog
from ari_notebook.simulator.config import Config, User, read_config
from ari_notebook.simulator.exchange import Exchange
from ari_notebook.simulator.messages import REASONS, Later, Refused, Reply, Request, Response
from ari_notebook.simulator.running import RunningSimulator
from ari_notebook.spec import builtin

if TYPE_CHECKING:
    from ari_notebook.simulator.rest.pipeline import Asked
    from ari_notebook.simulator.sockets import Socket

__all__ = ["PlayedExchange", "ServedCapture"]

PATIENCE = 10.0
_AT_ONCE = 500  # events played before others have their turn
_PAUSE = 0.002
# Seconds for a program that has connected, and asked what it asks at first, to add its handlers.
_LEAD = 0.3
# Paths of what the live tables hold → the table, and what ARI calls such an object.
_TABLES = {
    "/channels": ("channels", "Channel"),
    "/bridges": ("bridges", "Bridge"),
    "/endpoints": ("endpoints", "Endpoint"),
    "/deviceStates": ("device_states", "DeviceState"),
    "/playbacks": ("playbacks", "Playback"),
    "/recordings/live": ("recordings", "LiveRecording"),
}
# What is asked of the server itself, before a recording begins: the simulator knows.
_OWN = ("/applications", "/asterisk/info", "/asterisk/ping")


class PlayedExchange(Exchange):
    """An exchange in which a recorded day happens again.

    Args:
        config: whose users may ask.
        start: the time at its beginning, seconds since 1970.
        reader: the recording.
        speed: 1 as it was, 10 ten times as fast, ``math.inf`` as fast as it goes.
        patience: seconds for which the day waits for a request that is due.

    Attributes:
        problems: what went otherwise than it was recorded, counted by what it was.
        finished: whether the day is over.
        waiting_for: the recorded request that it waits for; None where it waits for none.
    """

    def __init__(
        self, config: Config, start: float, reader: Reader, speed: float, patience: float
    ) -> None:
        super().__init__(config, start)
        self.waiting_for: Answered | None = None
        self.instead = self._answer
        self._speed, self._patience = speed, patience
        self._answers = Answers(shown(reader, f"reading {reader.path.name}"))
        self._tables = Tables(subscribe_all=bool(reader.header.get("subscribe_all")))
        log = EventLog(keep=_AT_ONCE)
        self._told = Retelling(log, self._tables, RequestLog(), reader.header)
        self.problems = self._told.problems
        self.problems.update(self._answers.problems)
        self._day = self._in_order(reader)
        self._next = next(self._day, None)
        while self._next and not isinstance(self._next[1], Answered):
            if self._next[1].kind in ("event", "malformed"):
                break  # before that is what stood when the recording began
            self._play(self._next[1])
            self._next = next(self._day, None)
        self._moment = reader.started  # how far the day has come
        self._anchor: tuple[float, float] | None = None  # a time now, and the one then
        self._begun = False

    @property
    def finished(self) -> bool:
        """Whether everything has been played."""
        return self._next is None

    def request(self, request: Request) -> Response | Later[Response] | Socket:
        """Answer a request; the day begins when the first application connects."""
        answered = super().request(request)
        if self._anchor is None and not isinstance(answered, Response | Later):
            self._anchor = (self.now + _LEAD, self._moment)
            self.after(_LEAD, self._go_on)
        return answered

    # The day.

    def _in_order(self, reader: Reader) -> Iterator[tuple[float, Record | Answered]]:
        """Records, and changes that were asked for, by when they were: those are written late."""
        asked = deque(one for one in self._answers.all if one.changes)
        moment = 0.0
        for record in reader:
            if record.kind in ("request", "response"):
                continue
            moment = max(moment, record.at)  # where the clock ran backwards, no time passes
            while asked and asked[0].at <= moment:
                yield asked[0].at, asked.popleft()
            yield moment, record
        for one in asked:
            yield one.at, one

    def _due(self, at: float) -> float:
        assert self._anchor is not None  # noqa: S101  the day has begun
        now, then = self._anchor
        return now + max(0.0, at - then) / self._speed

    def _go_on(self) -> None:
        """Let everything happen whose time has come."""
        for _ in range(_AT_ONCE):
            if self._next is None:
                return
            at, what = self._next
            due = self._due(at)
            if isinstance(what, Answered):
                if not what.used:
                    self._begun = True
                    self.waiting_for = what
                    if self.now < due + self._patience:
                        self.after(due + self._patience - self.now, self._go_on)
                        return
                    what.used = True
                    self.problems["recorded request that was not made"] += 1
                    self._anchor = (self.now, max(at, self._moment))
                self.waiting_for = None
            else:
                if due > self.now:
                    self.after(due - self.now, self._go_on)
                    return
                self._play(what)
            self._moment = max(self._moment, at)
            self._next = next(self._day, None)
        self.after(_PAUSE, self._go_on)

    def _play(self, record: Record) -> None:
        self._told.take(record)
        self._told.flush()
        if record.kind != "event":
            return
        self._begun = True
        try:
            event = orjson.loads(self._answers.names.mine(record.raw))
            app, kind = event["application"], event["type"]
        except (ValueError, TypeError, KeyError):
            self.problems["event that names no application"] += 1
            return
        if kind == "ApplicationReplaced":  # of a connection of that day
            return
        if not self.applications.registered(app):
            self.problems[f"event for {app}, which is not connected"] += 1
            return
        deliver = self.applications.get(app).deliver
        if deliver is not None:
            deliver(app, event)

    # Requests.

    def _answer(self, asked: Asked) -> Reply | None:
        path = "/" + unquote(asked.path)
        ask = wanted(asked.query, asked.body)
        found = self._answers.find(asked.method, path, ask)
        if asked.method == "GET":
            if self._anchor is not None and not self._begun:  # who still asks is not ready
                self._anchor = (self.now + _LEAD, self._anchor[1])
            if path.startswith(_OWN) and (found is None or found.at > self._moment):
                return None
            if found is None or found.at > self._moment:
                state = self._state(self._answers.names.recorded(path))
                if state is not None:
                    return state
            found = found or self._answers.last(asked.method, path, ask)
        if found is None:
            self.problems["request that was never recorded"] += 1
            waits = self._answers.next()
            then = f"the next one that was is {waits}" if waits else "no change is left that was"
            one = Answered(0, asked.method, path, ask)
            raise Refused(501, f"{one} was never recorded; {then}", "Not Implemented")
        found.used = True
        if found.changes and self._anchor is not None:
            if found.at > self._moment:
                self._anchor = (self.now, found.at)
            self.soon(self._go_on)
        return self._reply(found)

    def _state(self, path: str) -> Reply | None:
        """What the live tables say; None where the path is not theirs."""
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
        return orjson.loads(self._answers.names.mine(orjson.dumps(value)))

    def _reply(self, found: Answered) -> Reply:
        response = found.response
        status = response.get("status")
        if not isinstance(status, int) or "bytes" in response:
            what = "the answer" if status is None else "the file that it was answered with"
            raise Refused(501, f"{found}: {what} was not recorded", "Not Implemented")
        reason = REASONS.get(status, "as recorded")
        body = response.get("body")
        return Reply(status, None if body is None else self._renamed(body), reason=reason)


@cache
def _fields(model: str) -> frozenset[str]:
    return frozenset(field.name for field in builtin().models[model].fields)


class ServedCapture(RunningSimulator):
    """A recording's server side on a real port; made by ``open_capture(path).serve()``.

    As a context manager it stops at the end of the block.

    Args:
        path: the recording.
        host: the address to answer on.
        port: the port; 0: a free one.
        speed: 1 as it was, 10 ten times as fast, ``math.inf`` as fast as it goes.
        patience: seconds for which the day waits for a request that is due.
        user: who may ask; the recorded user if None.
        password: that user's.

    Raises:
        UsageProblem: there is no such file, it is no capture, or the speed is none.
        CannotStart: the port is in use, or the address is not this machine's.
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
        password: str = "asterisk",  # noqa: S107  of the demonstration set-up
    ) -> None:
        self._reader = Reader(path)
        self._speed, self._patience = checked_speed(speed), patience
        header = self._reader.header
        name = user or header.get("user") or "asterisk"
        given = read_config()
        config = replace(
            given,
            http=replace(given.http, server_name=header.get("asterisk") or given.http.server_name),
            ari=replace(
                given.ari,
                users={name: User(name, password)},
                outbound_websockets={},
                websocket_write_timeout=PATIENCE,  # a whole day may come at once
            ),
        )
        super().__init__(config, host, port)

    def _make(self) -> PlayedExchange:
        from time import time

        return PlayedExchange(self._config, time(), self._reader, self._speed, self._patience)

    def _ask(self, name: str) -> Any:
        return self.run(lambda exchange: getattr(exchange, name))

    @property
    def finished(self) -> bool:
        """Whether the recorded day is over."""
        return bool(self._ask("finished"))

    @property
    def waiting_for(self) -> str:
        """The recorded request that the day waits for; empty where it waits for none."""
        return str(self._ask("waiting_for") or "")

    @property
    def problems(self) -> Counter[str]:
        """What went otherwise than it was recorded, counted by what it was."""
        return Counter(self._ask("problems")) + self._reader.problems

    def __repr__(self) -> str:
        return f"<{self._reader.path.name} served at {self.url}>"
