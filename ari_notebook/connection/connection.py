"""One connection to one Asterisk: its REST methods, events, live tables, handlers and waits.

`Connection.open` builds the parts and connects them. `ari_notebook.sessions.session.Session` adds
views and captures.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from ari_notebook.audio.journal import MOST_USES, Journal
from ari_notebook.client.address import Address, application_names
from ari_notebook.client.api_discovery import read_declaration
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import (
    OutcomeUnknown,
    PreconditionFailed,
    UsageProblem,
)
from ari_notebook.client.rest import Rest, RestRequest, RestResponse
from ari_notebook.client.stream_state import State
from ari_notebook.client.tracebacks import NoAttribute
from ari_notebook.connection import registry
from ari_notebook.connection.call_audio import AudioOptions, CallAudio
from ari_notebook.connection.caller import (
    Caller,
)
from ari_notebook.connection.cleanup import CLOSING_SECONDS
from ari_notebook.connection.event_filter import EventFilter, EventPattern, FirstOf
from ari_notebook.connection.event_order import subject
from ari_notebook.connection.event_types import EventTypes, typed_event
from ari_notebook.connection.followed_events import MOST_EVENTS, FollowedEvents
from ari_notebook.connection.gaps import Gap
from ari_notebook.connection.generated.events import Event
from ari_notebook.connection.generated.typed_connection import TypedConnection
from ari_notebook.connection.handlers import (
    Handler,
    Handlers,
    LoggedEvent,
    event_program,
    live_object,
)
from ari_notebook.connection.link import Link
from ari_notebook.connection.lookup import CurrentChannel, find, name_the_state, name_what_runs
from ari_notebook.connection.object_events import (
    follow,
    follow_media,
    is_over,
    not_over,
    wait_until_over,
)
from ari_notebook.connection.operation_methods import make_resources, wrap
from ari_notebook.connection.parts import Parts, Settings
from ari_notebook.connection.resources import LiveObject, Resource, listed_frame
from ari_notebook.connection.signals import in_worker
from ari_notebook.connection.spawner import Spawner
from ari_notebook.connection.status import Status
from ari_notebook.connection.timers import Timer, Timers
from ari_notebook.schema import Declaration, Operation, UnknownName, nearest
from ari_notebook.store.dataframes import nested_frame
from ari_notebook.store.event_log import EventLog
from ari_notebook.store.plain_text import printable
from ari_notebook.store.request_log import RequestLog
from ari_notebook.store.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.audio.sound import Sound
    from ari_notebook.client.media_server import MediaServer
    from ari_notebook.client.media_sockets import MediaPorts
    from ari_notebook.connection.call_audio import MediaSource
    from ari_notebook.connection.caller import Simulator
    from ari_notebook.connection.generated.objects import Bridge, Channel

__all__ = ["Connection"]

_WORKERS = 16


class Connection(TypedConnection):
    """A connection to one Asterisk.

    Args:
        settings: how it was opened.
        parts: its parts, connected.
        server: the server's name and version.
        declaration: what the server declares.
        name: its name, changed if taken; "": host and port.
    """

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        server: str,
        declaration: Declaration,
        name: str | None = None,
    ) -> None:
        self.address = settings.address
        self.url = settings.address.base
        self.apps = settings.applications
        self.user = settings.user
        self.subscribe_all = settings.subscribe_all
        self.read_only = settings.read_only
        self.transport = settings.transport
        self.server = server
        self.declaration = declaration
        self.opened = parts.background.time()
        self.synchronizer = parts.synchronizer
        self.sender = parts.sender
        self.notices = parts.notices
        self.spawner = parts.spawner
        # Requests of coroutines: threads of a pool, not one a call.
        self.background = parts.background
        self.workers = parts.background.executor(_WORKERS, "ari-worker")
        # The last ten errors of views that update in the background, such as the panel.
        self.view_problems: deque[str] = deque(maxlen=10)
        self._parts = parts
        self._tidy = settings.tidy
        self._closed = self._abandoned = False
        self._deleted = False  # whether closing has deleted its objects
        self._closing = threading.Lock()
        self._media_servers: list[MediaServer] = []
        self._timers = Timers(
            lambda name, trace: self._publish_failure(name, "timer", trace), parts.background
        )
        self._audio_uses: Journal = deque(maxlen=MOST_USES)
        self._current_channel = CurrentChannel(self)
        classes, self.objects = make_resources(declaration)
        self._resources = {key: cls(self) for key, cls in classes.items()}
        parts.waiter.begin()
        self.name = registry.free_name(name or self.address.host)

    @classmethod
    def open(
        cls,
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
        timeout: float = 10.0,
        embedded: Simulator | None = None,
        spawner: Spawner | None = None,
        prepare: Callable[[Self], object] | None = None,
    ) -> Self:
        """Connect to an Asterisk.

        Args:
            url: ``http://host:8088``.
            app: the Stasis applications to register, a name or a list.
            credentials: the ARI user and its password.
            name: its name; None: the host.
            subscribe_all: receive the events of every channel, bridge, endpoint and device.
            read_only: refuse requests that could change something.
            transport: transport of REST: ``"http"`` or ``"websocket"``.
            verify: verify TLS certificates, or a CA bundle's path.
            keep: maximum number of events to keep; None: all.
            timeout: seconds to wait for a response.
            tidy: when it closes, delete the channels, snoops, bridges and subscriptions that it
                created; None: only if used in ``with``.
            embedded: the simulator to stop when the connection closes.
            spawner: starts the tasks of coroutines; if None, in a loop that runs beside the caller.
            prepare: called with the connection before its first event.

        Raises:
            AriError: it could not be opened; nothing is left running.
        """
        if transport not in ("http", "websocket"):
            raise UsageProblem(f"unknown transport: {transport!r}", "Use http or websocket.")
        settings = Settings(
            Address.parse(url),
            application_names(app),
            credentials.user,
            subscribe_all,
            read_only,
            transport,
            tidy,
        )
        link: Link
        if settings.address.in_process:
            from ari_notebook.connection.in_process import in_process_link  # noqa: PLC0415  70 ms

            link = in_process_link(settings, credentials, own=embedded is not None)
        else:
            from ari_notebook.connection.socket_link import (  # noqa: PLC0415  no sockets in a browser
                socket_link,
            )

            link = socket_link(settings, credentials, verify, embedded)
        with ExitStack() as undo:  # also for an interrupt, which may come between any two lines
            undo.callback(link.rest.close)
            server, declaration = read_declaration(
                Rest(link.rest), settings.address, link.background
            )
            parts = Parts.build(
                settings,
                declaration,
                link=link,
                credentials=credentials,
                verify=verify,
                keep=keep,
                timeout=timeout,
                spawner=spawner,
            )
            undo.callback(parts.synchronizer.close)
            opened = cls(settings, parts, server, declaration, name)
            if prepare is not None:
                prepare(opened)
            parts.synchronizer.start()
            registry.add(opened)
            undo.pop_all()
        return opened

    # Its parts and resources.

    if not TYPE_CHECKING:  # checkers know the declared resources, so that they report a typo

        def __getattr__(self, name: str) -> Any:
            """Return a resource that the server declares: ``channels``, ``bridges`` …."""
            found = self.__dict__.get("_resources", {}).get(name)
            if found is None:
                raise NoAttribute(f"a session has no {name!r}{self._instead(name)}")
            return found

    def _instead(self, name: str) -> str:
        """Return a hint for an unknown attribute."""
        resources: dict[str, Resource] = self.__dict__.get("_resources", {})
        methods = [
            f"ari.{key}.{name}" for key, each in resources.items() if name in each.operations
        ]
        if not methods:
            near = nearest(name, [each for each in dir(self) if not each.startswith("_")], 1)
            methods = [f"ari.{each}" for each in near]
        return f". Did you mean {' or '.join(methods[:3])}?" if methods else ""

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._resources]

    @property
    def log(self) -> EventLog:
        """The event log; ``ari.events`` is it and ARI's events resource in one."""
        self.background.catch_up()
        return self.synchronizer.log

    @property
    def tables(self) -> Tables:
        """The live tables."""
        self.background.catch_up()
        return self.synchronizer.tables

    @property
    def handlers(self) -> Handlers:
        """The handlers by name."""
        self.background.catch_up()
        return self.synchronizer.handlers

    @property
    def requests(self) -> RequestLog:
        """Every request sent; ``ari.requests.df`` is a DataFrame of them."""
        self.background.catch_up()
        return self.sender.log

    @property
    def gaps(self) -> list[Gap]:
        """The periods without a connection, and the changes in them."""
        return list(self.synchronizer.gaps)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """ARI's resources by name, each with its ``operations``."""
        return dict(self._resources)

    @property
    def recorded(self) -> bool:
        """Whether its events come from a recording, not from a server."""
        return False

    @property
    def simulator(self) -> Simulator | None:
        """The simulator in this process, or None."""
        return self._parts.simulator

    @property
    def status(self) -> Status:
        """The current status."""
        synchronizer = self.synchronizer
        if not self._closed:
            synchronizer.look_at_event_filters()
        return Status(
            name=self.name,
            url=self.url,
            user=self.user,
            applications=self.apps,
            state="closed" if self.closed else synchronizer.state.value,
            reason=synchronizer.reason,
            asterisk=self.server,
            since=self.opened,
            read_only=self.read_only,
            subscribe_all=self.subscribe_all,
            transport=self.transport,
            events=self.log.count,
            dropped=self.log.dropped,
            malformed=self.log.malformed,
            drift=len(self._parts.drift),
            requests=self.requests.count,
            reconnects=synchronizer.reconnects,
            gaps=tuple(synchronizer.gaps),
            gap_count=synchronizer.gaps.total,
            channels=len(self.tables.channels),
            bridges=len(self.tables.bridges),
            handlers=len(self.handlers),
            handler_failures=self.handlers.failures,
            tidy=self._parts.created.tracking,
            event_filters=tuple(synchronizer.event_filters.items()),
            problems=tuple(self.view_problems),
        )

    # Requests.

    def invoke(
        self, operation: Operation, arguments: Mapping[str, Any], most: int | None = None
    ) -> Any:
        """Perform a declared operation.

        Args:
            operation: of this session's declaration.
            arguments: by parameter name; live objects stand for their ids.
            most: maximum number of octets of a file to read; None: all.

        Returns:
            The response as live objects, plain JSON, bytes of a file, or None.

        Raises:
            InvalidParameter: the arguments do not fit the declaration; nothing was sent.
            AriError: see the tree in `ari_notebook.client.errors`.
        """
        place = self.log.count
        try:
            answer = self.sender.perform(operation, arguments, most)
        except PreconditionFailed as error:
            name_the_state(error, self.tables)
            raise
        except OutcomeUnknown as error:
            name_what_runs(error, self.tables)
            raise
        if not answer.content:
            return b"" if operation.response == "binary" else None
        if not answer.is_json:
            return answer.content
        # The response to a GET is current; an object may have changed again before the response to
        # a POST.
        as_of = self.log.count if operation.method == "GET" else 0
        result = wrap(self, operation.response, answer.json(), as_of)
        if operation.method == "POST" and isinstance(result, LiveObject):
            result.made_at(place)
        return result

    def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> RestResponse:
        """Send a request to any path.

        Args:
            method: GET, POST, PUT or DELETE.
            path: below ``/ari``, as ``/channels``.
            params: query parameters.
            body: sent as JSON.

        Returns:
            The response: ``status``, ``reason``, ``headers``, ``content``, ``json()``.
        """
        try:
            return self.sender.request(method, path, params, body)
        except OutcomeUnknown as error:
            name_what_runs(error, self.tables)
            raise

    def insist(self) -> AbstractContextManager[None]:
        """Send requests even if they are known to crash Asterisk; otherwise they are refused.

        For a ``with`` statement; it holds in this thread or task.
        docs/reference/simulator/differences.md lists the requests.
        """
        return self.sender.insist()

    def operation(self, name: str) -> Operation:
        """Return a declared operation.

        Args:
            name: its name, such as ``channels.play``.

        Raises:
            UsageProblem: the server declares no such operation.
        """
        try:
            return self.declaration.operation(name)
        except UnknownName as error:
            raise UsageProblem(str(error)) from None

    def listed(self, resource: str) -> list[dict[str, Any]]:
        """Return all objects of a resource from the server.

        Args:
            resource: name of the resource, such as ``channels``.

        Returns:
            ARI's objects, as JSON.

        Raises:
            AriError: see the tree in `ari_notebook.client.errors`.
        """
        path = {"recordings": "/recordings/stored"}.get(resource, "/" + self._path_name(resource))
        found: list[dict[str, Any]] = self._parts.rest.send(RestRequest("GET", path)).json()
        return found

    def audio_of(self, channel: str, options: AudioOptions) -> CallAudio:
        """Return the audio of a channel, to be opened; see `Channel.audio`."""
        return CallAudio(self, channel, options)

    def media_source(self) -> MediaSource:
        """Return what opens the connections that carry audio.

        Raises:
            UsageProblem: the session has no connection to Asterisk.
        """
        return self._media_ports() if self._parts.media is None else self._parts.media()

    def _media_ports(self) -> MediaPorts:
        from ari_notebook.client.media_sockets import (  # noqa: PLC0415  numpy: 70 ms
            MediaPorts,
            MediaSockets,
        )

        credentials, host = self._parts.credentials, self._parts.local_host
        if host is not None:
            return MediaPorts(host)
        if credentials is None:
            raise UsageProblem(
                "this session has no connection to Asterisk for audio",
                "Use a session of ari_notebook.connect(URL).",
            )
        return MediaSockets(self.address, credentials, self._parts.verify)

    @property
    def audio_uses(self) -> Journal:
        """The sounds that were played to calls and recorded of them, oldest first."""
        return self._audio_uses

    def media_server(
        self,
        port: int = 0,
        *,
        host: str | None = None,
        rate: int = 8000,
        user: str | None = None,
        password: str = "",
    ) -> MediaServer:
        """Open a port to which Asterisk connects: AudioSocket, or its media WebSocket.

        Use it as a context manager; `close` of the session closes it, too.

        Args:
            port: port to listen on; 0: any free one.
            host: address to listen on; None: the one of this machine that Asterisk reaches.
            rate: samples per second of AudioSocket: 8000 for the dialplan application.
            user: name that a WebSocket has to give, as in websocket_client.conf; None: any.
            password: its password.

        Raises:
            NotSent: the port cannot be opened.
        """
        if self._parts.media is not None:
            raise UsageProblem(
                "the simulator in this process connects to no port",
                "Use a simulator with a port: ari_notebook.connect() without 'simulator:'.",
            )
        from ari_notebook.client.media_server import MediaServer  # noqa: PLC0415  numpy: 70 ms

        host = self._media_ports().local_host() if host is None else host
        server = MediaServer(host, port, rate=rate, user=user, password=password)
        self._media_servers.append(server)
        return server

    def wait_for_start(self, channel: str, timeout: float) -> None:
        """Wait until a channel that this thread has just made is in the application.

        Raises:
            EventTimeout: it did not come.
        """
        event_filter = EventFilter("StasisStart", {"channel": channel}, self.declaration)
        self._parts.waiter.wait(event_filter, timeout)

    def on_channel_event(
        self, type: str, channel: str, function: Callable[[Event], None]
    ) -> Callable[[], None]:
        """Call a function with each event of a type about a channel, also one that carries audio.

        Returns:
            A function that ends that.
        """

        def handler(event: Event) -> None:
            function(event)

        handler.__name__ = f"{type} of {channel}, for {uuid.uuid4().hex[:8]}"
        event_filter = EventFilter(type, {"channel": channel}, self.declaration)
        self.handlers.add(self.make_handler(handler, event_filter))
        return partial(self.off, handler)

    def stored_sound(self, name: str, format: str) -> Sound:
        """Return the audio of a stored recording.

        Args:
            name: name of the recording.
            format: its file format, such as ``wav``.

        Raises:
            NotFound: there is none.
            AudioError: the format has no reader here.
        """
        from ari_notebook.audio.sound import Sound  # noqa: PLC0415  numpy: 70 ms of a connect

        operation = self.operation("recordings.get_stored_file")
        return Sound.decode(self.invoke(operation, {"recording_name": name}), format)

    def _path_name(self, resource: str) -> str:
        operations = self._resources[resource].operations.values()
        return str(next(iter(operations)).path.split("/")[1])

    def frame(self, resource: str) -> pd.DataFrame:
        """Return a new DataFrame of a resource's current objects, indexed by id.

        Channels, bridges and playbacks come from the live tables; endpoints and device states
        too, if the session is subscribed to all; everything else is requested from the server.

        Args:
            resource: name of the resource, such as ``channels``.

        Raises:
            AriError: see the tree in `ari_notebook.client.errors`.
        """
        self.synchronizer.look_at_event_filters()
        if resource == "bridges":
            self.synchronizer.refresh_bridges()
        if resource in ("channels", "bridges", "playbacks"):
            return self.tables.frame(resource)
        if resource in ("endpoints", "device_states") and self.subscribe_all:
            return self.tables.frame(resource)
        if resource == "asterisk":
            return nested_frame(self._parts.rest.send(RestRequest("GET", "/asterisk/info")).json())
        live = list(self.tables.recordings.values())
        return listed_frame(resource, self.listed(resource), live, self.declaration)

    # Events.

    def _on(self, type: EventTypes, where: Mapping[str, Any]) -> Callable[[Any], Any]:
        event_filter = EventFilter(type, where, self.declaration)

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            self.handlers.add(self.make_handler(function, event_filter))
            return function

        return decorate

    def make_handler(
        self,
        function: Callable[..., Any],
        event_filter: EventFilter,
        output: Callable[[], AbstractContextManager[Any]] = nullcontext,
        wrap: Callable[[Any], Any] = lambda argument: argument,
    ) -> Handler:
        """Return a handler of this connection, not yet added to its handlers; see `on`.

        Args:
            function: its parameter names select its arguments, see `on`.
            event_filter: the events it runs for.
            output: the context in which it runs, so that its output appears there.
            wrap: changes each argument.
        """
        return event_program(
            self,
            function,
            event_filter,
            failed=self.record_failure,
            before=self._begin_handling,
            output=output,
            spawner=self.spawner,
            background=self.background,
            wrap=wrap,
        )

    def _begin_handling(self, logged: LoggedEvent) -> None:
        """Make verbs in this thread use the event's channel, and waits start at the event."""
        self._current_channel.bind(live_object(self, logged.event, "channel"))
        self._parts.waiter.begin_at(logged.sequence + 1, [subject(logged.event)])

    def record_failure(self, handler: Handler, logged: LoggedEvent, trace: str) -> None:
        """Report a handler's exception as an event `HandlerFailed`, to `logging` and to the user.

        An exception in a handler of `HandlerFailed` publishes no further event, which would fail
        again.
        """
        self._publish_failure(handler.name, str(logged.event.get("type")), trace)

    def _publish_failure(self, name: str, type: str, trace: str) -> None:
        last = trace.rstrip().splitlines()[-1]
        event = {
            "type": "HandlerFailed",
            "handler": name,
            "event": type,
            "error": last,
            "traceback": trace,
        }
        if type == "HandlerFailed":
            with self.synchronizer.arrived:
                self.synchronizer.add_row("handler", event, f"{name}: {last}")
        else:
            self.synchronizer.add_event("handler", event, f"{name}: {last}")
        self.notices.publish(f"handler {name} failed on {type}: {last}", logging.ERROR, trace)

    def after(self, seconds: float, function: Callable[..., object], *arguments: Any) -> Timer:
        """Call a function once, some seconds from now.

        Unlike `threading.Timer` it ends with the session, reports an exception as a handler's, and
        works with the simulator in process, also in a browser, where it is called during a wait
        (`wait_for` and others) or between two cells. With virtual time the seconds are virtual.

        Args:
            seconds: when to call it.
            function: the function; its result is not used.
            arguments: its arguments.

        Returns:
            The timer; ``cancel()`` ends it.

        Raises:
            UsageProblem: a negative time, or no function.
        """
        return self._timers.add(seconds, function, arguments)

    def wait_from(self, sequence: int) -> None:
        """Make this thread's waits search the log from a sequence number on.

        Args:
            sequence: a sequence number of the event log, such as its ``count``.
        """
        self._parts.waiter.begin_at(sequence)

    def off(self, name: str | Callable[..., Any]) -> None:
        """Remove a handler.

        Args:
            name: its name, or its function.

        Raises:
            UsageProblem: no handler has that name.
        """
        key = name if isinstance(name, str) else name.__name__
        try:
            self.handlers.remove(key)
        except KeyError:
            raise UsageProblem(
                f"unknown handler: {key!r}", f"Handlers: {', '.join(self.handlers) or 'none'}."
            ) from None

    def _wait_for(
        self,
        type: EventTypes,
        where: Mapping[str, Any],
        timeout: float,
        progress: Callable[[float], None] | None,
    ) -> Event:
        event_filter = EventFilter(type, where, self.declaration)
        return typed_event(self._parts.waiter.wait(event_filter, timeout, progress=progress))

    async def _next_event(
        self, type: EventTypes, where: Mapping[str, Any], timeout: float
    ) -> Event:
        event_filter = EventFilter(type, where, self.declaration)
        return typed_event(await self._parts.waiter.next(event_filter, timeout))

    def follow(
        self,
        type: EventTypes = "*",
        *,
        channel: Any = None,
        bridge: Any = None,
        playback: Any = None,
        recording: Any = None,
        most: int = MOST_EVENTS,
        **where: Any,
    ) -> FollowedEvents:
        """Return the events about some objects, in order, from the moment they exist.

        A channel's events include those of its playbacks and recordings. None is left out or
        returned twice, however late it is read: unlike `wait_for`, this keeps its place whatever
        requests are sent meanwhile.

        Args:
            type: only these types of events, by name or class.
            channel: a channel or its id, or a list of several.
            bridge: likewise.
            playback: likewise.
            recording: likewise, by name.
            most: how many events to hold; older ones are dropped then, and counted in ``lost``.
            **where: fields that must have a value. Without objects these select the events, from
                now on.

        Returns:
            An iterator and context manager, each also for ``async``.

        Raises:
            UsageProblem: no such event or field.
        """
        given = [
            each
            for one in (channel, bridge, playback, recording)
            for each in (one if isinstance(one, list | tuple | set) else [one])
            if each is not None
        ]
        chosen = EventFilter(type, where, self.declaration)
        everything = type == "*" and not where
        return follow(
            self.synchronizer,
            given,
            None if everything and given else chosen,
            most=most,
            until_destroyed=self.subscribe_all,
        )

    def wait_any(
        self, *patterns: EventPattern | str, timeout: float = 10, **named: EventPattern | str
    ) -> tuple[str, Event]:
        """Wait for the first of several events.

        Args:
            *patterns: event types, or ``ari_notebook.event(TYPE, FIELD=VALUE)``.
            timeout: seconds.
            **named: the same, under names of your own.

        Returns:
            The name of the pattern that fits (else its type), and the event.

        Raises:
            EventTimeout: none came; the message says what did.
            UsageProblem: no pattern, or no such event or field.
        """
        chosen = self._first_of(patterns, named)
        event = self._parts.waiter.wait(chosen, timeout)
        return chosen.name_of(event), typed_event(event)

    async def next_any(
        self, *patterns: EventPattern | str, timeout: float = 10, **named: EventPattern | str
    ) -> tuple[str, Event]:
        """Wait as `wait_any` does, for coroutines: other tasks run meanwhile."""
        chosen = self._first_of(patterns, named)
        event = await self._parts.waiter.next(chosen, timeout)
        return chosen.name_of(event), typed_event(event)

    def _first_of(
        self, patterns: Iterable[EventPattern | str], named: Mapping[str, EventPattern | str]
    ) -> FirstOf:
        every = [
            (name, EventPattern(each) if isinstance(each, str) else each)
            for name, each in (*((None, each) for each in patterns), *named.items())
        ]
        return FirstOf(
            {
                name or str(each.type): EventFilter(each.type, each.where, self.declaration)
                for name, each in every
            }
        )

    def wait_until_over(
        self, kind: str, id: str, since: int | None, timeout: float | None = None
    ) -> None:
        """Wait until a playback or recording is over.

        Args:
            kind: ``playback`` or ``recording``.
            id: its id, or name.
            since: the place in the log from which it exists, where it is known.
            timeout: seconds; None: without limit.

        Raises:
            AriError: it failed, or its channel has hung up.
            EventTimeout: it is not over in time.
        """
        wait_until_over(self.synchronizer, self._parts.rest, kind, id, since, timeout)

    async def until_over(
        self, kind: str, id: str, since: int | None, timeout: float | None = None
    ) -> None:
        """Wait as `wait_until_over` does, for coroutines: other tasks run meanwhile."""
        rest = self._parts.rest
        with follow_media(self.synchronizer, id, since) as followed:
            async for event in followed.until(timeout):
                judge = partial(is_over, self.synchronizer, rest, kind, id, event)
                if await in_worker(self.workers, judge):
                    return
        raise not_over(kind, id, timeout)

    # Calls.

    def call(
        self, extension: str = "1000", context: str = "default", caller: str | None = None
    ) -> Caller:
        """Dial an extension as a caller.

        Args:
            extension: extension to dial.
            context: the dialplan context.
            caller: caller ID name and number, as ``"Alice <5551>"``.

        Returns:
            The caller, with ``press``, ``talk``, ``quiet`` and ``hangup``: a simulated phone of the
            embedded simulator, a Local channel on any other server.
        """
        self.sender.allow(f"a call to {extension}@{context}")
        self._parts.waiter.begin()
        self._current_channel.expect()
        return self._parts.callers.call(str(extension), context, caller)

    # Selection of channels and bridges.

    @property
    def current_channel(self) -> Channel:
        """The channel that verbs act on: the selected one, or the newest in Stasis.

        While a handler runs it is the channel of the event.

        Raises:
            NotFound: no such object.
        """
        return cast("Channel", self._current_channel.find())

    @current_channel.setter
    def current_channel(self, channel: Channel | str | None) -> None:
        self._current_channel.choose(channel)

    def bind_channel(self, channel: Any) -> None:
        """Make a channel the current one in this thread.

        Args:
            channel: the channel, live or by id; None: the thread has no channel of its own.
        """
        self._current_channel.bind(channel)

    def find_channel(self, text: str) -> Channel:
        """Return a live channel.

        Args:
            text: its id, or an unambiguous part of its id or name.

        Raises:
            NotFound: no such channel.
            UsageProblem: there are several; the message lists them.
        """
        return cast("Channel", find(self, "channels", text))

    def find_bridge(self, text: str) -> Bridge:
        """Return a live bridge.

        Args:
            text: its id, or an unambiguous part of its id or name.

        Raises:
            NotFound: no such bridge.
            UsageProblem: there are several; the message lists them.
        """
        return cast("Bridge", find(self, "bridges", text))

    # Closing.

    def close(self) -> None:
        """Close the connection: end its threads, close its sockets, stop an embedded simulator.

        A session opened with ``tidy=True`` or ``with`` first deletes what it created. After an
        interrupt, call it again to complete the work.
        """
        self._closed = True
        self.sender.close()
        if self._abandoned:
            return
        try:
            with self._closing:
                created = self._parts.created
                if created.tracking and self.simulator is None and not self._deleted:
                    self.sender.wait_for_answers(CLOSING_SECONDS)
                    for line in created.delete_all(self.apps):
                        self.notices.publish(f"not deleted: {line}")
                    self._deleted = True
        finally:
            self._end()

    def abandon(self) -> None:
        """Close without sending anything: in a forked child, the session belongs to the parent."""
        self._abandoned = self._closed = True
        self.sender.close()

    def _end(self) -> None:
        with ExitStack() as leaving:  # each is closed, even if an earlier one raises
            leaving.callback(registry.remove, self)
            if self.simulator is not None:
                leaving.callback(self.simulator.stop)
            leaving.callback(self._parts.rest.transport.close)
            leaving.callback(self.workers.shutdown, wait=False, cancel_futures=True)
            leaving.callback(self.synchronizer.close)
            leaving.callback(self._parts.callers.close)
            leaving.callback(self._timers.stop)
            leaving.callback(self.spawner.close)
            for server in self._media_servers:
                leaving.callback(server.close)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @property
    def connected(self) -> bool:
        """Whether the event stream is connected."""
        return not self._closed and self.synchronizer.state is State.CONNECTED

    def __enter__(self) -> Self:
        if self._tidy is None:
            self._parts.created.track()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else self.synchronizer.state.value
        return printable(f"<session {self.name}: {state}, {', '.join(self.apps)} at {self.url}>")
