"""`accept`, and the `OutboundServer` that it starts: Asterisk connects to this program.

Asterisk's outbound WebSockets (20.15, 21.10, 22.5 and later) carry events and REST. A persistent
connection is one session, also after Asterisk has connected again; a connection per call is a
session for that call, whose application is named ``APP:CHANNEL``.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar, overload

from ari_notebook.background import THREADS
from ari_notebook.client.accepted_stream import AcceptedLine, AcceptedStream, NoHttp
from ari_notebook.client.accepted_websocket import AcceptedWebSocket, AcceptingSocket, Refusal
from ari_notebook.client.address import Address, application_names
from ari_notebook.client.credentials import HiddenPassword
from ari_notebook.client.errors import AriError, EventTimeout, SessionClosed, UsageProblem
from ari_notebook.client.rest_over_websocket import PendingRequests, WebSocketTransport
from ari_notebook.connection import registry
from ari_notebook.connection.caller import NoCallers
from ari_notebook.connection.link import Link
from ari_notebook.connection.outbound_config import ConnectionType, OutboundConfig, outbound_config
from ari_notebook.connection.parts import Parts, Settings
from ari_notebook.connection.signals import Signal
from ari_notebook.connection.spawner import LoopThread, Spawner
from ari_notebook.schema import builtin
from ari_notebook.schema.versions import NEWEST, parse_version
from ari_notebook.sessions.session import Session
from ari_notebook.store.plain_text import printable

__all__ = ["OutboundServer", "accept"]

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

_CALL_PATIENCE = 30.0  # seconds for a connection of one call to come again, after it was lost
_MOST_REFUSALS = 100


def accept(
    port: int = 8765,
    app: str | Iterable[str] = "hello-world",
    user: str = "asterisk",
    password: str | None = None,
    host: str = "127.0.0.1",
    *,
    certificate: str | None = None,
    key: str | None = None,
    subscribe_all: bool = False,
    keep: int | None = 1_000_000,
    tidy: bool | None = None,
    timeout: float = 10.0,
    spawner: Callable[[], Spawner] = LoopThread,
) -> OutboundServer:
    """Listen for the outbound WebSockets of an Asterisk; each becomes a session.

    Args:
        port: TCP port to listen on; 0: any free port.
        app: the Stasis applications, as in ``apps`` of ari.conf.
        user: the user of ari.conf with whose rights requests run (``local_ari_user``). Asterisk
            gives the same name as ``username`` of websocket_client.conf.
        password: what Asterisk gives as ``password`` of websocket_client.conf; None:
            ARI_OUTBOUND_PASSWORD, or else a new one, which `OutboundServer.config_for` shows.
        host: address of this machine to listen on. The default can be reached from this machine
            only; ``"0.0.0.0"`` from everywhere.
        certificate: PEM file of a certificate, for TLS (``wss://``).
        key: PEM file of its private key; None: it is in the same file.
        subscribe_all: whether ``subscribe_all`` of ari.conf is to be set.
        keep: maximum number of events that a session keeps; None: all.
        tidy: when a session closes, delete what it created; None: only if used in ``with``.
        timeout: seconds to wait for a response.
        spawner: makes, for each session, what runs the tasks of its coroutine handlers and flows.

    Returns:
        The server; also a context manager.

    Raises:
        UsageProblem: the port, an application's name or the certificate cannot be used.
    """
    given = HiddenPassword(password) if password is not None else None
    password = None
    return OutboundServer(
        port,
        application_names(app),
        user,
        given,
        host,
        certificate=certificate,
        key=key,
        subscribe_all=subscribe_all,
        keep=keep,
        tidy=tidy,
        timeout=timeout,
        spawner=spawner,
    )


class OutboundServer:
    """Accepts Asterisk's outbound WebSockets; made by `accept`, whose arguments these are.

    Attributes:
        apps: the Stasis applications.
        user: the user of ari.conf.
        refused: the last connections that were not accepted, each with its reason.
    """

    def __init__(
        self,
        port: int,
        apps: tuple[str, ...],
        user: str,
        password: str | None,
        host: str,
        *,
        certificate: str | None,
        key: str | None,
        subscribe_all: bool,
        keep: int | None,
        tidy: bool | None,
        timeout: float,
        spawner: Callable[[], Spawner],
    ) -> None:
        self.apps = apps
        self.user = user
        self.refused: deque[Refusal] = deque(maxlen=_MOST_REFUSALS)
        self._subscribe_all = subscribe_all
        self._keep, self._tidy, self._timeout = keep, tidy, timeout
        self._spawner = spawner
        secret = HiddenPassword(
            password or os.getenv("ARI_OUTBOUND_PASSWORD") or secrets.token_urlsafe(24)
        )
        password = None
        self._password: Callable[[], str] = lambda: secret  # hidden from tracebacks
        self._changed = threading.Condition()
        self._signals: set[Signal] = set()  # of coroutines that wait for a session
        self._sessions: dict[str, tuple[Session, AcceptedLine]] = {}  # by application
        self._new: deque[Session] = deque()
        self._prepare: list[Callable[[Session], object]] = []
        self._closed = False
        self._listener = AcceptingSocket(
            host,
            port,
            accepted=self._accepted,
            refused=self._refuse,
            user=user,
            password=secret,
            certificate=certificate,
            key=key,
        )

    # What is done with each session.

    def on_session(self, function: F) -> F:
        """Call a function with each new session, before its first event, as a decorator.

        The function adds handlers and flows: ``ari.on(...)``, ``ari.flow(...)``. It runs in a
        thread of the connection and must not wait for events.
        """
        self._prepare.append(function)
        for session in self.sessions.values():
            function(session)
        return function

    @overload
    def flow(self, function: F, /) -> F: ...
    @overload
    def flow(
        self,
        *,
        args: str | Iterable[str] | None = None,
        exten: str | None = None,
        app: str | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Callable[[F], F]: ...
    def flow(
        self,
        function: Callable[..., Any] | None = None,
        *,
        args: str | Iterable[str] | None = None,
        exten: str | None = None,
        app: str | None = None,
        where: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Any:
        """Run a function for each call that enters the application, as a decorator.

        As `Session.flow`, for every session of this server.

        Args:
            function: for ``@server.flow`` without arguments: every call.
            args: the arguments of Stasis() in the dialplan.
            exten: the dialled extension.
            app: the Stasis application, as in ari.conf.
            where: fields of StasisStart that must have a value.
            name: what to call it; the function's name if None.

        Raises:
            UsageProblem: no such application.
        """
        if app is not None and app not in self.apps:
            raise UsageProblem(
                f"no connection has the application {app!r}", f"There are: {', '.join(self.apps)}."
            )

        def add(function: F) -> F:
            def prepare(session: Session) -> None:
                full = next((each for each in session.apps if _plain(each) == app), None)
                if app is None or full is not None:
                    session.flows.add(
                        function, args=args, exten=exten, app=full, where=where, name=name
                    )

            self.on_session(prepare)
            return function

        return add if function is None else add(function)

    # What there is.

    @property
    def sessions(self) -> dict[str, Session]:
        """The open sessions by name."""
        with self._changed:
            return {session.name: session for session, _ in self._sessions.values()}

    @property
    def port(self) -> int:
        """The port."""
        return self._listener.port

    @property
    def url(self) -> str:
        """Where Asterisk connects to, from this machine."""
        return self._uri({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._listener.host))  # noqa: S104

    def _uri(self, host: str | None) -> str:
        name = host or self._listener.host
        place = f"[{name}]" if ":" in name else name
        return f"{'wss' if self._listener.secure else 'ws'}://{place}:{self.port}/"

    def config_for(
        self,
        host: str | None = None,
        connection_type: ConnectionType = "persistent",
        *,
        authority: str | None = None,
        verify: bool = True,
    ) -> OutboundConfig:
        """Return the stanzas of ari.conf and websocket_client.conf, with the password.

        Args:
            host: name or address of this machine, as Asterisk reaches it; None: the address on
                which it listens.
            connection_type: ``"persistent"``, or ``"per_call"``: a connection for each call.
            authority: file on Asterisk's machine with the authority of the certificate; None: one
                that the machine trusts.
            verify: whether Asterisk is to verify the certificate.

        Raises:
            UsageProblem: no such connection type.
        """
        if connection_type not in ("persistent", "per_call"):
            raise UsageProblem(
                f"unknown connection type: {connection_type!r}", "Use persistent or per_call."
            )
        return outbound_config(
            self.url if host is None else self._uri(host),
            self.apps,
            self.user,
            str(self._password()),
            connection_type=connection_type,
            subscribe_all=self._subscribe_all,
            authority=authority,
            verify=verify,
        )

    def wait(self, timeout: float = 30) -> Session:
        """Return the next session that was not returned yet.

        Args:
            timeout: seconds.

        Raises:
            EventTimeout: Asterisk did not connect; the message says what was refused.
            SessionClosed: the server is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._new or self._closed, timeout)
            found = self._take()
        if found is None:
            raise self._timed_out(timeout)
        return found

    async def next_session(self, timeout: float = 30) -> Session:
        """Return the next session, as `wait` does, in a coroutine."""
        end = time.monotonic() + timeout
        while True:
            signal = Signal()
            with self._changed:
                if (found := self._take()) is not None:
                    return found
                self._signals.add(signal)
            try:
                came = await signal.wait(max(0.0, end - time.monotonic()))
            finally:
                with self._changed:
                    self._signals.discard(signal)
            if not came:
                raise self._timed_out(timeout)

    def _take(self) -> Session | None:
        """Return the next new session, if there is one."""
        if self._closed:
            raise SessionClosed("the server is closed", "Call accept again.")
        return self._new.popleft() if self._new else None

    def _wake(self) -> None:
        """Continue what waits for a session."""
        self._changed.notify_all()
        for signal in self._signals:
            signal.set()

    def _timed_out(self, timeout: float) -> EventTimeout:
        return EventTimeout(
            f"Asterisk did not connect to {self.url} in {timeout:g} s{self._last_refusal()}",
            "config_for() shows what its ari.conf and websocket_client.conf need; `ari-notebook"
            f" doctor URL --accept {self.port}`, without this server, checks the way.",
        )

    def _last_refusal(self) -> str:
        if not self.refused:
            return ""
        return f"; refused: {self.refused[-1].peer}, since {self.refused[-1].reason}"

    # Called in threads of the connections.

    def _refuse(self, refusal: Refusal) -> None:
        self.refused.append(refusal)
        log.warning("refused a connection from %s", refusal)

    def _accepted(self, connection: AcceptedWebSocket) -> None:
        application = connection.application
        if _plain(application) not in self.apps:
            connection.refuse(f"the application {application} is not served here")
            connection.release()
            self._refuse(_wrong_application(connection, self.apps))
            return
        key = application if ":" in application else ""
        with self._changed:
            known = self._sessions.get(key)
            if known is not None and not known[0].closed:
                known[1].offer(connection)
                return
        try:
            self._open(key, connection)
        except AriError as error:
            log.warning("the connection from %s has ended at once: %s", connection.peer, error)

    def _open(self, key: str, connection: AcceptedWebSocket) -> None:
        per_call = bool(key)
        line, pending = AcceptedLine(connection), PendingRequests()
        settings = Settings(
            Address(f"http://{connection.peer}:8088"),
            (key,) if per_call else self.apps,
            self.user,
            self._subscribe_all,
            transport="websocket",
            tidy=self._tidy,
        )
        try:
            declaration = builtin(parse_version(connection.version.split("~")[0].split("-")[0]))
        except ValueError:
            declaration = builtin(NEWEST)
        parts = Parts.build(
            settings,
            declaration,
            link=Link(
                THREADS,
                WebSocketTransport(line.send, pending, NoHttp()),
                partial(
                    AcceptedStream,
                    line,
                    _CALL_PATIENCE if per_call else None,
                    lambda: self._ended(key),
                ),
                lambda _rest, _notify: NoCallers(
                    "a session on a connection that Asterisk opened has no callers",
                    "Use a session over HTTP for this: ari_notebook.connect(URL).",
                ),
            ),
            credentials=None,
            local_host=line.local_host,
            pending=pending,
            keep=self._keep,
            timeout=self._timeout,
            spawner=self._spawner(),
        )
        name = key.partition(":")[2] if per_call else f"outbound-{self.port}"
        session = Session(settings, parts, f"Asterisk/{connection.version}", declaration, name)
        with self._changed:
            closed = self._closed
            if not closed:
                self._sessions[key] = session, line
        if closed:
            session.close()
            return
        registry.add(session, current=not per_call)
        for function in self._prepare:
            try:
                function(session)
            except Exception:
                log.exception("preparing the session %s failed", session.name)
        try:
            parts.synchronizer.start()
        except BaseException:
            self._forget(key)
            session.close()
            raise
        served = {str(each["name"]) for each in session.listed("applications")}
        if missing := [each for each in session.apps if each not in served]:
            session.notices.publish(
                f"Asterisk does not serve {', '.join(missing)} on this connection: see apps in"
                " ari.conf",
                logging.WARNING,
            )
        with self._changed:
            self._new.append(session)
            self._wake()
        log.info("%s connected as %s", connection.peer, printable(", ".join(session.apps)))

    def _forget(self, key: str) -> Session | None:
        with self._changed:
            found = self._sessions.pop(key, None)
            if found is not None and found[0] in self._new:
                self._new.remove(found[0])
        return found[0] if found is not None else None

    def _ended(self, key: str) -> None:
        """Close a session whose call is over; in its stream's thread, which closing waits for."""
        session = self._forget(key)
        if session is not None:
            threading.Thread(target=session.close, name="ari-closing", daemon=True).start()

    # Closing.

    def close(self) -> None:
        """Listen no longer, and close the sessions; idempotent."""
        self._listener.close()
        with self._changed:
            self._closed = True
            opened = [session for session, _ in self._sessions.values()]
            self._sessions.clear()
            self._wake()
        for session in opened:
            session.close()

    def __enter__(self) -> OutboundServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        count = len(self.sessions)
        state = "closed" if self._closed else f"{count} session{'' if count == 1 else 's'}"
        return printable(
            f"<accepting {', '.join(self.apps)} on {self.url}: {state}{self._last_refusal()}>"
        )


def _plain(application: str) -> str:
    """Return the name of an application without the channel of a connection per call."""
    return application.partition(":")[0]


def _wrong_application(connection: AcceptedWebSocket, apps: tuple[str, ...]) -> Refusal:
    return Refusal(
        time.time(),
        connection.peer,
        f"it serves the application {connection.application!r}",
        f"Set apps = {','.join(apps)} in ari.conf, or accept(app=...) to that name.",
    )
