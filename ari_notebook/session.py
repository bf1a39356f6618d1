"""A connection to an Asterisk as its user meets it.

`connect` opens a `Session`: REST methods made from the server's declaration, events followed in
the background, live tables, handlers, waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

from ari_notebook import sessions
from ari_notebook.belongings import Belongings
from ari_notebook.callers import Caller, Telephone
from ari_notebook.client.address import Address, application_names
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import NotFound, PreconditionFailed, UsageProblem
from ari_notebook.client.rest import Answer, Call, HttpTransport, Rest, Transport
from ari_notebook.client.stream import State
from ari_notebook.client.websocket_rest import WebSocketTransport
from ari_notebook.declared import read_declaration
from ari_notebook.drift import Drift
from ari_notebook.finding import name_the_state
from ari_notebook.following import Follower, Gap
from ari_notebook.handlers import Handler, Handlers, Sighting
from ari_notebook.keeping import Keeping
from ari_notebook.live import EventLog, Tables
from ari_notebook.matching import Pattern
from ari_notebook.pointing import Pointing
from ari_notebook.programs import event_program
from ari_notebook.requestlog import RequestLog
from ari_notebook.resources import Fields, Kind, Resource, frame, make_resources, wrap
from ari_notebook.sending import Sender
from ari_notebook.spec import Operation, UnknownName
from ari_notebook.status import Status
from ari_notebook.waiting import Waits

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.simulator import RunningSimulator

__all__ = ["Session"]


def _tell_nobody(_line: str) -> None:
    """Outside a notebook nobody is there to be told; the log has it all."""


class Session(Keeping, Pointing):
    """A connection to one Asterisk. Made by `ari_notebook.connect`.

    Args:
        url: ``http://host:8088``.
        app: the Stasis applications to register, a name or a list.
        credentials: the ARI user and its password.
        name: what to call it; the host if None.
        subscribe_all: be told about every channel, bridge, endpoint and device.
        read_only: refuse everything that could change something.
        transport: what carries REST: ``"http"`` or ``"websocket"``.
        verify: verify TLS certificates, or a CA bundle's path.
        keep: how many events to hold; None for all.
        tidy: when it closes, take away the channels, snoops, bridges and subscriptions that it
            made; None: only where it is used with ``with``.
        embedded: the simulator to stop when the session closes.

    Raises:
        AriError: it could not be opened; nothing is left running.
    """

    # What a session stands on; a replay's stand on a recording.
    _transport_class: Callable[..., Transport] = HttpTransport
    _follower_class: Callable[..., Follower] = Follower

    def __init__(
        self,
        url: str,
        app: str | Iterable[str],
        credentials: Credentials,
        *,
        name: str | None = None,
        subscribe_all: bool = False,
        read_only: bool = False,
        transport: Literal["http", "websocket"] = "http",
        verify: bool | str = True,
        keep: int | None = 1_000_000,
        tidy: bool | None = None,
        embedded: RunningSimulator | None = None,
    ) -> None:
        if transport not in ("http", "websocket"):
            raise UsageProblem(f"no transport is called {transport!r}", "Use http or websocket.")
        self.address = Address.parse(url)
        self.url = self.address.base
        self.apps = application_names(app)
        self.user = credentials.user
        self.subscribe_all = subscribe_all
        self.read_only = read_only
        self.transport = transport
        self.opened = time.time()
        # Where lines for the user go (connection lost, handler failed); the notebook changes it.
        self.tell: Callable[[str], None] = _tell_nobody
        self._tidy = tidy
        self._closed = False
        self._tidied = False  # what was to be taken away is
        self._closing = threading.Lock()
        self._verify = verify
        self._credentials = credentials
        self._simulator = embedded
        self._telephone: Telephone | None = None
        # The session's own questions, unlike the user's, are in no log.
        http = self._transport_class(self.address, credentials, verify)
        self._own_rest = Rest(http)
        self._sender = Sender(
            self.address,
            self.user,
            http,
            read_only=read_only,
            before=lambda: self._waits.begin(),
        )
        if tidy:
            self._sender.belongings = Belongings(self._own_rest)
        try:
            self.server, self.declaration = read_declaration(self._own_rest, self.address)
            classes, self.objects = make_resources(self.declaration)
            self._resources = {key: cls(self) for key, cls in classes.items()}
            self._follower = self._follower_class(
                self.address,
                self.apps,
                credentials,
                rest=self._own_rest,
                subscriptions=self._sender.subscriptions,
                subscribe_all=subscribe_all,
                verify=verify,
                keep=keep,
                tell=lambda line: self.tell(line),
            )
            self._drift = self._follower.log.look = Drift(self.declaration)
            self._waits = Waits(self._follower)
            self._follower.start()
            if transport == "websocket":
                carrier = WebSocketTransport(self._follower.stream.send, http)
                self._follower.answers = carrier
                self._sender.carry_over(carrier)
            self._waits.begin()
            self.name = sessions.free_name(name or self.address.base.split("//", 1)[1])
            sessions.add(self)
        except BaseException:  # also an interrupt, which may come between any two lines
            if follower := self.__dict__.get("_follower"):
                follower.close()
            http.close()
            raise

    # What there is.

    def __getattr__(self, name: str) -> Any:
        """ARI's resources, as the server declares them: ``channels``, ``bridges`` …."""
        found = self.__dict__.get("_resources", {}).get(name)
        if found is None:
            raise AttributeError(f"a session has no {name!r}")
        return found

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._resources]

    @property
    def log(self) -> EventLog:
        """The event log; ``ari.events`` is it and ARI's events resource in one."""
        return self._follower.log

    @property
    def tables(self) -> Tables:
        """The live tables."""
        return self._follower.tables

    @property
    def handlers(self) -> Handlers:
        """The handlers by name."""
        return self._follower.handlers

    @property
    def requests(self) -> RequestLog:
        """Every request sent; ``ari.requests.df`` is a DataFrame of them."""
        return self._sender.log

    @property
    def gaps(self) -> list[Gap]:
        """The times without a connection, and what they changed."""
        return list(self._follower.gaps)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """ARI's resources by name, each with its ``operations``."""
        return dict(self._resources)

    @property
    def simulator(self) -> RunningSimulator | None:
        """The embedded exchange, where the session has one."""
        return self._simulator

    @property
    def status(self) -> Status:
        """How things stand now."""
        return Status.of(self, len(self._drift))

    # Asking.

    def invoke(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        """Perform a declared operation.

        Args:
            operation: of this session's declaration.
            arguments: by parameter name; live objects stand for their ids.

        Returns:
            What the answer is about: live objects, plain JSON, bytes of a file, or None.

        Raises:
            InvalidParameter: the arguments do not fit the declaration; nothing was sent.
            AriError: see the tree in `ari_notebook.client.errors`.
        """
        try:
            answer = self._sender.perform(operation, arguments)
        except PreconditionFailed as error:
            name_the_state(error, self.tables)
            raise
        self._follower.carried_out(operation, arguments, answer)
        if not answer.content:
            return None
        if not answer.is_json:
            return answer.content
        # What was asked for is as it is now; what was ordered may have changed before the answer.
        as_of = self.log.count if operation.method == "GET" else 0
        return wrap(self, operation.response, answer.json(), as_of)

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Answer:
        """Send any request.

        Args:
            method: GET, POST, PUT or DELETE.
            path: below ``/ari``, as ``/channels``.
            params: the query's.
            body: sent as JSON.

        Returns:
            The answer: ``status``, ``reason``, ``headers``, ``content``, ``json()``.
        """
        return self._sender.request(method, path, params, body)

    def operation(self, name: str) -> Operation:
        """A declared operation by its name, as ``channels.play``.

        Raises:
            UsageProblem: there is none.
        """
        try:
            return self.declaration.operation(name)
        except UnknownName as error:
            raise UsageProblem(str(error)) from None

    def listed(self, resource: str) -> list[dict[str, Any]]:
        """All of a resource, asked of the server."""
        path = {"recordings": "/recordings/stored"}.get(resource, "/" + self._path_name(resource))
        found: list[dict[str, Any]] = self._own_rest.send(Call("GET", path)).json()
        return found

    def _path_name(self, resource: str) -> str:
        operations = self._resources[resource].operations.values()
        return str(next(iter(operations)).path.split("/")[1])

    def frame(self, resource: str) -> pd.DataFrame:
        """A fresh DataFrame of a resource as it stands now, indexed by id.

        Channels, bridges and playbacks come from the live tables; endpoints and device states
        too, where the session is told about all of them; everything else is asked for.
        """
        import pandas as pd

        if resource in ("channels", "bridges", "playbacks"):
            return self.tables.frame(resource)
        if resource in ("endpoints", "device_states") and self.subscribe_all:
            return self.tables.frame(resource)
        if resource == "asterisk":
            return pd.json_normalize(self._own_rest.send(Call("GET", "/asterisk/info")).json())
        return frame(resource, self.listed(resource), self.tables, self.declaration)

    # Events.

    def last_words(self, kind: Kind, id: str, since: int = 0) -> dict[str, Any] | None:
        """What the latest of the last 2,000 events said of one object; None where none did."""
        for event in reversed(self.log.since(max(since, self.log.count - 2000))):
            item = event.get(kind.event_field)
            if not isinstance(item, dict) or not all(name in item for name in kind.identity):
                continue
            if kind.id_of(item) == id:
                return item
        return None

    def on(
        self, type: str | Iterable[str], **where: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Run a function whenever an event comes.

        Args:
            type: the event's type, several, or ``"*"``; ``"Gap"`` is a lost connection.
            **where: fields that must have a value, as ``digit="1"`` or ``channel=ch``.

        Returns:
            A decorator. The function gets what it asks for by parameter name: ``event``,
            ``channel``, ``bridge``, ``playback``, ``recording``, ``ari``. It may be a coroutine.

        Raises:
            UsageProblem: no such event, field or argument.
        """
        pattern = Pattern(type, where, self.declaration)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            self.handlers.add(self.make_handler(function, pattern))
            return function

        return decorate

    def make_handler(self, function: Callable[..., Any], pattern: Pattern) -> Handler:
        """A handler of this session, not yet added to its handlers; see `on`."""
        return event_program(self, function, pattern)

    def record_failure(self, handler: Handler, sighting: Sighting, trace: str) -> None:
        """A handler failed: say so in the log, with its traceback, and to the user."""
        last = trace.rstrip().splitlines()[-1]
        with self._follower.arrived:
            self._follower.add_row(
                "handler",
                {"type": "HandlerFailed", "handler": handler.name, "traceback": trace},
                f"{handler.name}: {last}",
            )
        self.tell(f"handler {handler.name} failed on {sighting.event.get('type')}: {last}")

    def wait_from(self, sequence: int) -> None:
        """Let this thread's waits look from a place in the log on."""
        self._waits.begin(sequence)

    def off(self, name: str | Callable[..., Any]) -> None:
        """Take a handler away, by its name or its function.

        Raises:
            UsageProblem: there is none of that name.
        """
        key = name if isinstance(name, str) else name.__name__
        try:
            self.handlers.remove(key)
        except KeyError:
            raise UsageProblem(
                f"no handler is called {key!r}", f"There are: {', '.join(self.handlers) or 'none'}."
            ) from None

    def wait_for(
        self,
        type: str | Iterable[str],
        timeout: float = 10,
        *,
        progress: Callable[[float], None] | None = None,
        **where: Any,
    ) -> dict[str, Any]:
        """The next event of a type, counting those since the last request that was sent.

        An event is returned once: waiting again for the same gives the next one. The request is
        the last one of this thread that could change something.

        Args:
            type: the event's type, several, or ``"*"``.
            timeout: seconds.
            progress: called now and then with the seconds that have passed.
            **where: fields that must have a value.

        Returns:
            The event as received.

        Raises:
            EventTimeout: it did not come; the message says what did.
        """
        pattern = Pattern(type, where, self.declaration)
        return Fields(self._waits.wait(pattern, timeout, progress=progress))

    async def next_event(
        self, type: str | Iterable[str], timeout: float = 10, **where: Any
    ) -> dict[str, Any]:
        """`wait_for` for coroutines: other tasks run meanwhile."""
        pattern = Pattern(type, where, self.declaration)
        return Fields(await self._waits.next(pattern, timeout))

    # Calls.

    def call(
        self, extension: str = "1000", context: str = "default", caller: str | None = None
    ) -> Caller:
        """A caller dials an extension.

        Args:
            extension: what is dialled.
            context: the dialplan context.
            caller: name and number, as ``"Alice <5551>"``.

        Returns:
            The caller, who can ``press`` keys, ``talk``, be ``quiet`` and ``hangup``: a simulated
            phone in the embedded exchange, a Local channel on any other.
        """
        self._sender.allow(f"a call to {extension}@{context}")
        self._waits.begin()
        self._called_at = time.monotonic()
        if self._simulator is not None:
            try:
                made: Caller = self._simulator.call(str(extension), context, caller)
            except LookupError as error:
                raise NotFound(str(error), "`%ari dialplan` shows what can be dialled.") from None
            return made
        if self._telephone is None:
            self._telephone = Telephone(
                self.address, self._credentials, self._verify, self._own_rest
            )
        return self._telephone.call(str(extension), context, caller)

    # Leaving.

    def close(self) -> None:
        """Leave: end the threads, close the sockets, stop an embedded exchange.

        A session opened with ``tidy=True`` or ``with`` first takes away what it made. Where this is
        interrupted, calling it again does what was left to do.
        """
        self._closed = self._sender.closed = True
        try:
            with self._closing:
                belongings = self._sender.belongings
                if belongings is not None and self._simulator is None and not self._tidied:
                    for line in belongings.take_away(self.apps):
                        self.tell(f"left behind: {line}")
                    self._tidied = True
        finally:
            self._end()

    def _end(self) -> None:
        with ExitStack() as leaving:  # each is left, whatever the one before it raises
            leaving.callback(sessions.remove, self)
            if self._simulator is not None:
                leaving.callback(self._simulator.stop)
            leaving.callback(self._own_rest.transport.close)
            leaving.callback(self._follower.close)
            if self._telephone is not None:
                leaving.callback(self._telephone.close)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def connected(self) -> bool:
        """Whether events come in now."""
        return not self._closed and self._follower.state is State.CONNECTED

    def __enter__(self) -> Session:
        if self._tidy is None and self._sender.belongings is None:
            self._sender.belongings = Belongings(self._own_rest)
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else self._follower.state.value
        return f"<session {self.name}: {state}, {', '.join(self.apps)} at {self.url}>"
