"""A recording played again as a session: the same log, tables, handlers, waits and views."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import orjson

from ari_notebook.captures.files import Reader, Record
from ari_notebook.captures.playing import Player
from ari_notebook.captures.retelling import Retelling
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import UsageProblem
from ari_notebook.client.rest import Answer, Call
from ari_notebook.client.stream import State
from ari_notebook.drift import Drift
from ari_notebook.following import Follower, Gap
from ari_notebook.live import KINDS, Tables
from ari_notebook.requestlog import RequestLog
from ari_notebook.session import Session

__all__ = ["Replay", "replay"]

_HANDLER_MAY_LAG = 1000  # events; a handler's queue is ten times as long


def replay(
    path: str | Path,
    speed: float = 1,
    *,
    paused: bool = False,
    at: float | datetime = 0,
    name: str | None = None,
    keep: int | None = 1_000_000,
) -> Replay:
    """Play a recording again.

    Args:
        path: what `ari.capture` wrote.
        speed: 1 as it was, 10 ten times as fast, ``math.inf`` as fast as it goes.
        paused: stand still at first, so that handlers can be added before ``play()``.
        at: begin at this moment: seconds from its beginning, or a time.
        name: what to call the session; the file's name if None.
        keep: how many events to hold; None for all.

    Returns:
        A session that can be looked at and programmed like the one that was recorded; what would
        change something is refused. Beside a session's members it has ``play``, ``pause``,
        ``step``, ``seek``, ``speed``, ``position``, ``finished`` and ``wait``.

    Raises:
        UsageProblem: there is no such file, it is no capture, or the speed is none.
    """
    session = Replay(Reader(path), speed, name=name, keep=keep)
    if at:
        session.seek(at)
    if not paused:
        session.play()
    return session


class Replay(Session):
    """A recording as a session; made by `replay`."""

    _follower: _Told

    def __init__(
        self,
        reader: Reader,
        speed: float = 1,
        *,
        name: str | None = None,
        keep: int | None = 1_000_000,
    ) -> None:
        header = reader.header
        self.path = reader.path
        recorded = _Recorded(header)
        self._transport_class = lambda *_: recorded
        self._follower_class = _Told
        super().__init__(
            header.get("url", "http://localhost:8088"),
            header.get("applications") or ["recorded"],
            Credentials(header.get("user", "asterisk"), ""),
            name=name or self.path.name,
            subscribe_all=bool(header.get("subscribe_all")),
            read_only=True,
            keep=keep,
        )
        recorded.tables = self.tables
        self._retelling = self._told_from_the_start(header)
        self._player = Player(reader, self._take, self._settle, self._restart, speed)

    # How it is played.

    @property
    def speed(self) -> float:
        """How fast it plays; may be set while it does."""
        return self._player.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._player.speed = speed

    @property
    def position(self) -> float:
        """Where it is, in seconds from its beginning."""
        return self._player.position

    @property
    def finished(self) -> bool:
        """Whether it has played to its end."""
        return self._player.finished

    @property
    def problems(self) -> Counter[str]:
        """What was left out so far, counted by reason."""
        return self._player.problems + self._retelling.problems

    def play(self) -> None:
        """Play on; from the beginning where it had finished."""
        self._player.play()

    def pause(self) -> None:
        """Stand still."""
        self._player.pause()

    def step(self, events: int = 1) -> None:
        """Play so many events, and stand still."""
        self._player.step(events)

    def seek(self, moment: float | datetime) -> None:
        """Go to a moment: seconds from the beginning, or a time. Handlers do not run meanwhile."""
        self._player.seek(moment)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has played to its end, and handlers are done; False if time was up."""
        until = None if timeout is None else time.monotonic() + timeout
        if not self._player.wait(timeout):
            return False
        while any(self.handlers[name].waiting for name in self.handlers):
            if until is not None and time.monotonic() > until:
                return False
            time.sleep(0.002)
        return True

    def capture(self, path: str | Path, *, overwrite: bool = False) -> NoReturn:
        """A recording is not recorded again.

        Raises:
            UsageProblem: always.
        """
        del path, overwrite
        raise UsageProblem("this is a recording already", f"Copy {self.path}.")

    def close(self) -> None:
        """Leave."""
        player = self.__dict__.get("_player")
        if player is not None:
            player.close()
        super().close()

    def __repr__(self) -> str:
        state = (
            "finished" if self.finished else "playing" if self._player.playing else "standing still"
        )
        return (
            f"<replay {self.name}: {state} at {self.position:.1f} s,"
            f" {self._player.events} events, speed {self.speed:g}>"
        )

    # The player's calls, in its thread.

    def _told_from_the_start(self, header: Mapping[str, Any]) -> _IntoSession:
        return _IntoSession(self._follower, self.requests, header)

    def _take(self, record: Record, to_handlers: bool) -> None:
        with self._follower.arrived:
            self._retelling.quiet = not to_handlers
            self._retelling.take(record)
        if record.kind != "event":
            self._follower.wake()
        while to_handlers and self._some_handler_lags() and not self.closed:
            time.sleep(0.001)

    def _settle(self) -> None:
        with self._follower.arrived:
            self._retelling.flush()
        self._follower.wake()

    def _restart(self) -> None:
        follower = self._follower
        with follower.arrived:
            follower.log.clear()
            self.calls.clear()
            self._drift = follower.log.look = Drift(self.declaration)
            follower.tables.replace(dict.fromkeys(KINDS, ()))
            follower.gaps.clear()
            follower.reconnects = 0
            self.requests.clear()
            self._retelling = self._told_from_the_start(self._retelling.header)

    def _some_handler_lags(self) -> bool:
        handlers = self.handlers
        return len(handlers) > 0 and any(
            handlers[name].waiting > _HANDLER_MAY_LAG for name in handlers if name in handlers
        )


class _Told(Follower):
    """A follower that no server tells anything."""

    def start(self) -> None:
        """There is nothing to connect to."""
        self.state = State.CONNECTED

    def wake(self) -> None:
        """Wake whoever waits for events."""
        with self.arrived:
            self.arrived.notify_all()


class _IntoSession(Retelling):
    """Retells into a session's follower, with its handlers, gaps and state."""

    def __init__(self, follower: Follower, requests: RequestLog, header: Mapping[str, Any]) -> None:
        super().__init__(follower.log, follower.tables, requests, header, self._to_handlers)
        self.quiet = False
        self._follower = follower

    def _to_handlers(self, events: list[dict[str, Any]], first: int) -> None:
        if not self.quiet:
            self._follower.handlers.offer(events, first)

    def _take_row(self, record: Record) -> None:
        if record.data["origin"] == "gap":
            event = record.data["event"]
            self._follower.reconnects += 1
            self._follower.gaps.append(
                Gap(
                    datetime.fromisoformat(event["from"]).timestamp(),
                    datetime.fromisoformat(event["to"]).timestamp(),
                    event["reason"],
                    event["vanished"],
                    event["appeared"],
                    event["lost_subscriptions"],
                )
            )
        super()._take_row(record)

    def _take_state(self, record: Record) -> None:
        super()._take_state(record)
        self._follower.state = State(record.data["state"])
        self._follower.reason = record.data["reason"]


class _Recorded:
    """Answers what a recording can: what lives at its moment."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        self.tables = Tables()
        self._server = str(header.get("asterisk", "a recorded server"))

    def send(self, call: Call, timeout: float) -> Answer:
        """Answer from the tables."""
        del timeout
        kind = {"/deviceStates": "device_states"}.get(call.path, call.path.removeprefix("/"))
        if call.path == "/asterisk/ping":
            return self._answer(200, "OK", {"ping": "pong"})
        if kind in KINDS:
            return self._answer(200, "OK", list(getattr(self.tables, kind).values()))
        if call.path == "/recordings/stored":
            return self._answer(200, "OK", [])
        return self._answer(404, "Not Found", {"message": "A recording cannot be asked for this"})

    def _answer(self, status: int, reason: str, body: Any) -> Answer:
        headers = {"Content-Type": "application/json", "Server": self._server}
        return Answer(status, reason, headers, orjson.dumps(body), 0.0)

    def close(self) -> None:
        """Nothing is open."""
