"""Replay of a capture as a session, with the same log, tables, handlers, waits and views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import orjson

from ari_notebook.background.pump import Pump
from ari_notebook.captures.file_format import Reader, Record
from ari_notebook.captures.replay.applier import RecordApplier
from ari_notebook.captures.replay.player import Player
from ari_notebook.client.address import Address, application_names
from ari_notebook.client.api_discovery import read_declaration
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import NotSent, UsageProblem
from ari_notebook.client.rest import Rest, RestRequest, RestResponse
from ari_notebook.client.stream_state import State
from ari_notebook.connection import registry
from ari_notebook.connection.caller import NoCallers
from ari_notebook.connection.event_sync import EventSynchronizer
from ari_notebook.connection.gaps import Gap
from ari_notebook.connection.link import Link
from ari_notebook.connection.parts import Parts, Settings
from ari_notebook.sessions.session import Session
from ari_notebook.store.history import History
from ari_notebook.store.request_log import RequestLog
from ari_notebook.store.tables import KINDS, Tables

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
    """Replay a capture.

    Args:
        path: a file written by `ari.capture`.
        speed: 1: recorded speed; 10: ten times as fast; ``math.inf``: without delays.
        paused: start paused, so that handlers can be added before ``play()``.
        at: position to begin at: seconds from its beginning, or a time.
        name: name of the session; None: the file's name.
        keep: maximum number of events to keep; None: all.

    Returns:
        A session that can be viewed and programmed like the recorded one; requests that would
        change something are refused. In addition to a session's members it has ``play``, ``pause``,
        ``step``, ``seek``, ``speed``, ``position``, ``finished`` and ``wait``.

    Raises:
        UsageProblem: missing or invalid capture, or invalid speed.
    """
    session = Replay(Reader(path), speed, name=name, keep=keep)
    registry.add(session)
    if at:
        session.seek(at)
    if not paused:
        session.play()
    return session


class Replay(Session):
    """A replayed capture as a session; created by `replay`."""

    synchronizer: ReplaySynchronizer

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
        settings = Settings(
            Address.parse(header.get("url", "http://localhost:8088")),
            application_names(header.get("applications") or ["recorded"]),
            header.get("user", "asterisk"),
            subscribe_all=bool(header.get("subscribe_all")),
            read_only=True,
        )
        tables = Tables(subscribe_all=settings.subscribe_all)
        recorded = _RecordedTransport(header, tables)
        server, declaration = read_declaration(Rest(recorded), settings.address)
        parts = Parts.build(
            settings,
            declaration,
            link=Link(
                registry.background().fresh(),
                recorded,
                _ReplaySource,
                lambda _rest, _notify: NoCallers("a recording cannot call", "Use a session."),
            ),
            credentials=Credentials(settings.user, ""),
            keep=keep,
            tables=tables,
            synchronizer=ReplaySynchronizer,
        )
        parts.synchronizer.start()
        super().__init__(settings, parts, server, declaration, name or self.path.name)
        self._applier = self._new_applier(header)
        self._player = Player(
            reader, self._take, self._settle, self._restart, speed, self.background
        )

    @property
    def recorded(self) -> bool:
        """Whether its events come from a recording: always."""
        return True

    # Playback controls.

    @property
    def speed(self) -> float:
        """The speed; may be set during playback."""
        return self._player.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._player.speed = speed

    @property
    def position(self) -> float:
        """The position, in seconds from the beginning."""
        return self._player.position

    @property
    def finished(self) -> bool:
        """Whether the end was reached."""
        return self._player.finished

    @property
    def problems(self) -> Counter[str]:
        """Records skipped so far, counted by reason."""
        return self._player.problems + self._applier.problems

    def play(self) -> None:
        """Continue; from the beginning if the end was reached."""
        self._player.play()

    def pause(self) -> None:
        """Stop until `play`, `step` or `seek`."""
        self._player.pause()

    def step(self, events: int = 1) -> None:
        """Play a number of events, then pause."""
        self._player.step(events)

    def seek(self, moment: float | datetime) -> None:
        """Jump to a position: seconds from the beginning, or a time. Handlers do not run."""
        self._player.seek(moment)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until playback and handlers have finished; return False on timeout."""
        until = None if timeout is None else self.background.monotonic() + timeout
        if not self._player.wait(timeout):
            return False
        while any(self.handlers[name].waiting for name in self.handlers):
            if until is not None and self.background.monotonic() > until:
                return False
            self.background.sleep(0.002)
        return True

    def capture(self, path: str | Path, **options: Any) -> NoReturn:
        """Raise `UsageProblem`: a replay cannot be captured.

        Raises:
            UsageProblem: always.
        """
        del path, options
        raise UsageProblem("a replay cannot be captured", f"Copy {self.path}.")

    def close(self) -> None:
        """Stop the player and close the session."""
        player = self.__dict__.get("_player")
        if player is not None:
            player.close()
        super().close()
        if isinstance(self.background, Pump):  # its own, with a loop
            self.background.close()

    def __repr__(self) -> str:
        state = "finished" if self.finished else "playing" if self._player.playing else "paused"
        return (
            f"<replay {self.name}: {state} at {self.position:.1f} s,"
            f" {self._player.events} events, speed {self.speed:g}>"
        )

    # The player's calls, in its thread.

    def _new_applier(self, header: Mapping[str, Any]) -> _SessionApplier:
        return _SessionApplier(self.synchronizer, self.requests, header, self.history)

    def _take(self, record: Record, to_handlers: bool) -> None:
        with self.synchronizer.arrived:
            self._applier.quiet = not to_handlers
            self._applier.take(record)
        if record.kind != "event":
            self.synchronizer.wake()
        while to_handlers and self._some_handler_lags() and not self.closed:
            self.background.sleep(0.001)

    def _settle(self) -> None:
        with self.synchronizer.arrived:
            self._applier.flush()
        self.synchronizer.wake()

    def _restart(self) -> None:
        synchronizer = self.synchronizer
        with synchronizer.arrived:
            synchronizer.log.clear()
            self.calls.clear()
            self._parts.drift.clear()
            synchronizer.tables.replace(dict.fromkeys(KINDS, ()))
            self.history.clear()
            synchronizer.gaps.clear()
            synchronizer.reconnects = 0
            self.requests.clear()
            self._applier = self._new_applier(self._applier.header)

    def _some_handler_lags(self) -> bool:
        handlers = self.handlers
        return len(handlers) > 0 and any(
            handlers[name].waiting > _HANDLER_MAY_LAG for name in handlers if name in handlers
        )


class ReplaySynchronizer(EventSynchronizer):
    """A synchronizer without a connection: a `Player` supplies the records."""

    def start(self) -> None:
        """Set the state to connected."""
        self.state = State.CONNECTED

    def wake(self) -> None:
        """Wake the threads that wait for events."""
        with self.arrived:
            self.arrived.notify_all()


class _ReplaySource:
    """The event source of a replay: records come from its player instead."""

    asleep_from: float | None = None

    def __init__(self, *, on_batch: object, on_state: object, max_read_delay: object) -> None:
        del on_batch, on_state, max_read_delay

    def start(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def send(self, text: bytes) -> None:
        """Raise `NotSent`: there is no server."""
        del text
        raise NotSent("a capture has no answer to this")

    def wake(self) -> None:
        """Do nothing: a record is processed as soon as it is played."""

    def replaced(self) -> None:
        """Do nothing: nothing reconnects."""

    def drop(self) -> None:
        """Do nothing: there is no connection."""


class _SessionApplier(RecordApplier):
    """Applies records to a session: its log, tables, requests, handlers, gaps and state."""

    def __init__(
        self,
        synchronizer: EventSynchronizer,
        requests: RequestLog,
        header: Mapping[str, Any],
        history: History,
    ) -> None:
        super().__init__(
            synchronizer.log,
            synchronizer.tables,
            requests,
            header,
            self._to_handlers,
            history=history,
        )
        self.quiet = False
        self._synchronizer = synchronizer

    def _to_handlers(self, events: Sequence[dict[str, Any]], first: int) -> None:
        if not self.quiet:
            self._synchronizer.handlers.offer(events, first)

    def _take_snapshot(self, record: Record) -> None:
        super()._take_snapshot(record)
        self._synchronizer.first_snapshot = self.first_snapshot

    def _take_row(self, record: Record) -> None:
        if record.data["origin"] == "gap":
            event = record.data["event"]
            self._synchronizer.reconnects += 1
            self._synchronizer.gaps.append(
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
        self._synchronizer.state = State(record.data["state"])
        self._synchronizer.reason = record.data["reason"]


class _RecordedTransport:
    """Answers requests from the live tables, as far as possible."""

    def __init__(self, header: Mapping[str, Any], tables: Tables) -> None:
        self._tables = tables
        self._server = str(header.get("asterisk", "a recorded server"))

    def send(self, call: RestRequest, timeout: float) -> RestResponse:
        """Answer from the tables."""
        del timeout
        kind = {"/deviceStates": "device_states"}.get(call.path, call.path.removeprefix("/"))
        if call.path == "/asterisk/ping":
            return self._answer(200, "OK", {"ping": "pong"})
        if kind in KINDS:
            return self._answer(200, "OK", list(getattr(self._tables, kind).values()))
        if call.path == "/recordings/stored":
            return self._answer(200, "OK", [])
        return self._answer(404, "Not Found", {"message": "A capture has no answer to this"})

    def _answer(self, status: int, reason: str, body: Any) -> RestResponse:
        headers = {"Content-Type": "application/json", "Server": self._server}
        return RestResponse(status, reason, headers, orjson.dumps(body), 0.0)

    def close(self) -> None:
        """Do nothing: nothing is open."""
