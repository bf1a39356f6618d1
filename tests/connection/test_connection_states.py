"""Connections in any order of connect, lose, resync, move, fork and close, on both exchanges."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar, Literal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import ari_notebook
from ari_notebook.client import event_stream
from ari_notebook.sessions.session import Session
from ari_notebook.simulator import RunningSimulator
from tests.conftest import RealAsterisk
from tests.connection.server_tables import assert_tables_match_server
from tests.helpers.servers import Server
from tests.helpers.waiting import until
from tests.trust.proxy import Proxy

APPLICATIONS = ["one", "two"]
MOST_SESSIONS = 3
PATIENCE = 60.0  # seconds: a loaded machine takes long, a state that never comes takes longer
PICK = st.integers(0, 99)  # which of those that there are


def threads() -> list[str]:
    """Return the names of our threads that live."""
    return sorted(each.name for each in threading.enumerate() if each.name.startswith("ari-"))


@contextlib.contextmanager
def noted_exceptions(found: list[str]) -> Iterator[None]:
    """Note every exception that ends a thread."""
    before = threading.excepthook
    threading.excepthook = lambda args: found.append(f"in {args.thread}: {args.exc_value!r}")
    try:
        yield
    finally:
        threading.excepthook = before


class Connections(RuleBasedStateMachine):
    """Several sessions on one exchange, reached through a proxy that loses connections.

    The model: a session is closed once it was closed; one whose application another session took
    is replaced permanently; every other one is connected again after each loss, and of each
    application one at most. All that a session raises is an `AriError`.
    """

    server: ClassVar[Server]
    restart_server: ClassVar[Callable[[], None]]
    most_restarts: ClassVar[int]
    # Asterisk 22.10 hangs where a connection that gets all device states is lost while one of them
    # is published: there nothing is lost before events cease.
    quiet_before_loss: ClassVar[bool]

    @initialize()
    def begin(self) -> None:
        self.before = threads()
        self.failures: list[str] = []
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(noted_exceptions(self.failures))
        self.proxy = self.stack.enter_context(Proxy(self.server.url, record=False))
        self.sessions: list[Session] = []
        self.closed: list[Session] = []
        self.replaced: set[Session] = set()
        self.lost: set[Session] = set()
        self.restarts = 0

    def teardown(self) -> None:
        if not hasattr(self, "stack"):
            return
        with self.stack:
            for session in self.sessions:
                session.close()
            until(lambda: threads() == self.before, PATIENCE)
            assert not [each for each in ari_notebook.sessions.opened() if each in self.sessions]
        assert self.failures == []

    def pick(self, number: int) -> Session:
        return self.sessions[number % len(self.sessions)]

    def prepare_loss(self) -> None:
        if not self.quiet_before_loss:
            return
        before, now = [-1], [0]
        while before != now:
            before = now
            time.sleep(0.5)
            now = [each.log.count for each in self.sessions]

    # What happens.

    @precondition(lambda self: len(self.sessions) < MOST_SESSIONS)
    @rule(
        app=st.sampled_from(APPLICATIONS),
        transport=st.sampled_from(["http", "websocket"]),
        subscribe_all=st.booleans(),
    )
    def connect(
        self, app: str, transport: Literal["http", "websocket"], subscribe_all: bool
    ) -> None:
        with contextlib.suppress(ari_notebook.AriError):  # the proxy may cut what comes next
            self.sessions.append(
                ari_notebook.connect(
                    self.proxy.url,
                    app=app,
                    user=self.server.user,
                    password=self.server.password,
                    transport=transport,
                    subscribe_all=subscribe_all,
                )
            )

    @precondition(lambda self: self.sessions)
    @rule(which=PICK)
    def lose_one(self, which: int) -> None:
        self.prepare_loss()
        self.lost.add(self.pick(which))
        self.pick(which).synchronizer.stream.drop()

    @precondition(lambda self: self.sessions)
    @rule(how=st.sampled_from(["drop", "reset", "truncate"]))
    def lose_all(self, how: str) -> None:
        self.prepare_loss()
        getattr(self.proxy, how)()

    @precondition(lambda self: self.sessions and self.restarts < self.most_restarts)
    @rule()
    def restart(self) -> None:
        self.prepare_loss()
        self.restarts += 1
        type(self).restart_server()

    @precondition(lambda self: self.sessions)
    @rule(which=PICK)
    def call(self, which: int) -> None:
        session = self.pick(which)
        with contextlib.suppress(ari_notebook.AriError):
            session.channels.originate("Local/1002@default", app=session.apps[0])

    @precondition(lambda self: self.sessions)
    @rule(which=PICK, channel=PICK, app=st.sampled_from([*APPLICATIONS, "of-nosuch"]))
    def move(self, which: int, channel: int, app: str) -> None:
        session = self.pick(which)
        ids = sorted(session.tables.channels)
        with contextlib.suppress(ari_notebook.AriError):
            session.channels.move(ids[channel % len(ids)] if ids else "none", app)

    @precondition(lambda self: self.sessions)
    @rule(exits=st.booleans())
    def fork(self, exits: bool) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, since Python 3.12
            child = os.fork()
        if child == 0:
            status = 1
            try:
                for session in self.sessions:
                    assert session.closed
                    session.close()
                if exits:  # what this package does then, not pytest and its worker
                    ari_notebook.sessions.close_all()
                    weakref.finalize._exitfunc()  # type: ignore[attr-defined]
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    @precondition(lambda self: self.sessions)
    @rule(which=PICK)
    def close(self, which: int) -> None:
        session = self.pick(which)
        self.sessions.remove(session)
        session.close()
        session.close()  # does nothing
        self.closed.append(session)

    @precondition(lambda self: self.sessions)
    @rule()
    def resync(self) -> None:
        """Wait until every session has its expected state, and tables equal the server."""
        until(self.all_settled, PATIENCE)
        for session in self.sessions:
            status = session.status
            if status.state == "replaced":
                self.replaced.add(session)
                with pytest.raises(ari_notebook.ApplicationTaken):
                    session.wait_for("ChannelTalkingStarted", timeout=1)
                continue
            assert status.gap_count <= status.reconnects
            until(partial(self.answers, session), PATIENCE)
            if session.subscribe_all and session.status.state != "replaced":
                assert_tables_match_server(session, PATIENCE)
        self.lost.clear()

    @staticmethod
    def answers(session: Session) -> bool:
        """Return whether a request is answered; a pending disconnect may interrupt it."""
        with contextlib.suppress(ari_notebook.AriError):
            session.request("GET", "/asterisk/ping")
            return True
        return session.status.state == "replaced"

    def all_settled(self) -> bool:
        """Return whether each session has its expected state: at most one per application."""
        if not all(map(self.settled, self.sessions)):
            return False
        owners = [each.apps[0] for each in self.sessions if each.status.state != "replaced"]
        return len(owners) == len(set(owners))

    def settled(self, session: Session) -> bool:
        status = session.status
        if status.state == "replaced":
            return True
        if status.state != "connected" or session.synchronizer._held is not None:
            return False
        return bool(status.gap_count) or session not in self.lost

    # What is always so.

    @invariant()
    def what_is_closed_stays_closed(self) -> None:
        for session in getattr(self, "closed", ()):
            assert session.closed
            assert not session.connected
            with pytest.raises(ari_notebook.SessionClosed):
                session.request("GET", "/asterisk/ping")

    @invariant()
    def what_is_replaced_stays_replaced(self) -> None:
        for session in getattr(self, "sessions", ()):
            assert session not in self.replaced or session.status.state == "replaced"

    @invariant()
    def what_is_open_is_registered(self) -> None:
        if hasattr(self, "sessions"):
            assert set(self.sessions) == set(ari_notebook.sessions.opened())
            assert self.failures == []

    @invariant()
    def no_thread_is_left(self) -> None:
        if hasattr(self, "sessions"):
            names = threads()
            for name in ("ari-events", "ari-settle"):
                assert names.count(name) <= len(self.sessions) + self.before.count(name), names


def run(machine: type[Connections], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],  # shrinking fails: it depends on time
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_BACKOFF_FIRST", 0.02)
    monkeypatch.setattr(event_stream, "_BACKOFF_MOST", 1.0)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "examples", [6, pytest.param(60, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_any_order_of_actions_on_the_simulator(simulator: RunningSimulator, examples: int) -> None:
    class OnSimulator(Connections):
        server = simulator
        restart_server = staticmethod(simulator.restart)
        most_restarts = 99
        quiet_before_loss = False

    run(OnSimulator, examples, 20)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_order_of_actions_on_a_real_asterisk(real_asterisk: RealAsterisk) -> None:
    class OnAsterisk(Connections):
        server = real_asterisk
        restart_server = staticmethod(real_asterisk.restart)
        most_restarts = 1
        quiet_before_loss = True

        def teardown(self) -> None:
            super().teardown()
            real_asterisk.restore()

    run(OnAsterisk, 5, 12)
