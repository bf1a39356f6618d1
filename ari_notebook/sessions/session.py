"""`connect`, and `Session`: a connection with views, captures and calls."""

from __future__ import annotations

import getpass
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload
from urllib.parse import parse_qsl

from ari_notebook.client.address import Address
from ari_notebook.client.credentials import Credentials
from ari_notebook.client.errors import UsageProblem
from ari_notebook.connection.config_file import ServerConfig
from ari_notebook.connection.config_file import server as named
from ari_notebook.connection.connection import Connection
from ari_notebook.connection.parts import Parts, Settings
from ari_notebook.schema import Declaration
from ari_notebook.store.history import History
from ari_notebook.store.plain_text import printable

if TYPE_CHECKING:
    import pandas as pd

    from ari_notebook.analysis.figures import Figures
    from ari_notebook.analysis.leak_watch import LeakWatch
    from ari_notebook.analysis.measures import Measures
    from ari_notebook.analysis.why import Why
    from ari_notebook.captures.charts import Pictures
    from ari_notebook.captures.recorder import Capture
    from ari_notebook.connection.spawner import Spawner
    from ari_notebook.flows.runtime import Flows
    from ari_notebook.store.calls import Calls, Legs
    from ari_notebook.store.schema_drift import Drift
    from ari_notebook.views.diagrams.drawing import Drawing
    from ari_notebook.views.diagrams.moment import Moment
    from ari_notebook.views.display.watch import Watch
    from ari_notebook.views.panel.widget import Panel

__all__ = ["Session", "connect", "password_for"]

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

# Views, captures and pictures are imported by the methods that use them: together they take several
# times as long as all that a program needs to connect.


class Session(Connection):
    """A connection to one Asterisk, with views and captures. Made by `ari_notebook.connect`.

    Its arguments are those of `ari_notebook.connection.connection.Connection`.
    """

    _calls: Calls | None = None

    def __init__(
        self,
        settings: Settings,
        parts: Parts,
        server: str,
        declaration: Declaration,
        name: str | None = None,
    ) -> None:
        super().__init__(settings, parts, server, declaration, name)
        with self.synchronizer.arrived:  # no event between tables and listener
            self.history = History(self.log, self.tables)
            self.synchronizer.add_listener(self.history)
        self._starting_flows = threading.Lock()
        self._flows: Flows | None = None

    @property
    def flows(self) -> Flows:
        """The session's flows; ``ari.flows.df`` shows the calls in them."""
        with self._starting_flows:
            if self._flows is None:
                from ari_notebook.flows.runtime import Flows  # noqa: PLC0415  5 ms

                self._flows = Flows(self)
            return self._flows

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

        A plain function gets a thread for each call and a `Call`; a coroutine function gets a task
        and an `AsyncCall`. The first flow that matches a call takes it; channels that the session
        itself made start none. When the function ends, its call is hung up and what it made is
        removed, unless the call was transferred.

        Args:
            function: for ``@ari.flow`` without arguments: every call.
            args: the arguments of Stasis() in the dialplan.
            exten: the dialled extension.
            app: the Stasis application, one of the session's.
            where: fields of StasisStart that must have a value, as `on` takes them.
            name: what to call it; the function's name if None. It replaces a flow of this name.

        Raises:
            UsageProblem: the function has no parameter, or no such application or field.
        """

        def add(function: F) -> F:
            return self.flows.add(function, args=args, exten=exten, app=app, where=where, name=name)

        return add if function is None else add(function)

    def watch(self, function: Callable[[], Any], every: float = 1) -> Watch:
        """Show a table or figure of one's own below the cell, and keep it up to date.

        Args:
            function: returns it: ``ari.watch(lambda: ari.flows.df.tail())``.
            every: seconds between two updates, at least 0.1.

        Returns:
            The view; ``stop()`` ends its updates.

        Raises:
            UsageProblem: this is no notebook.
        """
        from ari_notebook.views.display.watch import Watch  # noqa: PLC0415  only for IPython

        return Watch(function, every, lambda: self.closed, self.background)

    def close(self) -> None:
        """Close the session: end its flows, then the connection; see `Connection.close`."""
        if self._flows is not None and not self._closed:
            self._flows.close()
        super().close()

    def panel(self) -> Panel:
        """Return the live panel: channels, bridges and events, and buttons to act on them."""
        from ari_notebook.views.panel.widget import panel  # noqa: PLC0415  80 ms

        return panel(self, self)

    def ladder(
        self,
        channel: Any = None,
        *,
        call: Any = None,
        last: int = 100,
        seconds: float | None = None,
        at: str | float | datetime | None = None,
        hide: str | Iterable[str] = (),
        fold: str | Iterable[str] | None = None,
    ) -> Drawing:
        """Return the sequence diagram of requests and events; `save` writes it to a file.

        Args:
            channel: only steps that name this channel, or one of several.
            call: only steps that name a channel of this channel's call (a row of ``ari.calls.df``),
                for any call that is still in the event log.
            last: maximum number of arrows, the newest ones.
            seconds: maximum age.
            at: only steps up to this time, see `at`.
            hide: kinds of steps to omit (``calls``, ``bridges``, ``media``, ``keys``,
                ``reads``, ``variables``, ``dialplan``, ``other``) and types of events, as a list
                or with commas.
            fold: kinds of consecutive events to show as one, "+10 variables"; None: ``variables``
                and ``dialplan``; ``()``: none.

        Raises:
            UsageProblem: a number is not positive, no kind has such a name, or invalid time.
        """
        from ari_notebook.views.diagrams import ladder_of  # noqa: PLC0415  13 ms

        return ladder_of(
            self, channel, call=call, last=last, seconds=seconds, at=at, hide=hide, fold=fold
        )

    def timeline(
        self,
        channel: Any = None,
        *,
        call: Any = None,
        last: int = 30,
        seconds: float | None = None,
        at: str | float | datetime | None = None,
    ) -> Drawing:
        """Return channels over time: states, bridges, media, keys, talk and silence.

        Args:
            channel: only this channel, or these.
            call: only the channels of the call that this one belongs to.
            last: maximum number of channels, the newest ones.
            seconds: maximum age.
            at: only steps up to this time, see `at`.

        Raises:
            UsageProblem: a number is not positive, or invalid time.
        """
        from ari_notebook.views.diagrams import timeline_of  # noqa: PLC0415  13 ms

        return timeline_of(self, channel, call=call, last=last, seconds=seconds, at=at)

    def at(self, moment: str | float | datetime) -> Moment:
        """Return the tables, the log and the calls at an earlier time.

        Args:
            moment: a time of day in UTC such as ``"16:23:41"``, a ``datetime``, or seconds from the
                beginning of the event log, from its end if negative.

        Raises:
            UsageProblem: invalid time.
        """
        from ari_notebook.views.diagrams import moment_in  # noqa: PLC0415  13 ms

        return moment_in(self, moment)

    def why(self, call: Any = None) -> Why:
        """Explain how a call ended, and why it failed.

        Args:
            call: its id, one of its channels, or None for the latest call.

        Returns:
            The sentence (``text``), whether the call ``failed``, the ``evidence`` (``df``), and
            where a call to the same extension that went well took another way (``compared``).

        Raises:
            UsageProblem: there is no such call.
        """
        from ari_notebook.analysis.why import why  # noqa: PLC0415  5 ms

        return why(self, call)

    def leaks(self, older: float | None = None) -> pd.DataFrame:
        """Return the stuck objects of the server, each with the request that removes it.

        These are empty bridges, channels older than others of their technology, channels in Stasis
        applications that are not connected, media channels in no bridge, snoop channels of ended
        channels, and playbacks to ended channels or empty bridges. Channels, bridges and
        applications are requested from the server; playbacks are those that events reported. ARI
        does not say whether a program serves an application: one whose program has left stays
        registered while channels are in it.

        Args:
            older: seconds from which on a channel is too old; None to compare it with ended ones.

        Returns:
            One row per object, indexed by ``id``: ``kind``, ``name``, ``age`` (seconds),
            ``reason``, ``request``.

        Raises:
            UsageProblem: the age is not positive.
        """
        from ari_notebook.analysis.leaks import ServerState, leaks  # noqa: PLC0415  5 ms

        state = ServerState(
            self.listed("channels"),
            self.listed("bridges"),
            list(self.tables.playbacks.values()),
            [each["name"] for each in self.listed("applications")],
            self.calls,
            time.time(),
        )
        return leaks(state, older)

    def watch_leaks(
        self, more_than: int = 0, every: float = 60, older: float | None = None
    ) -> LeakWatch:
        """Look for stuck objects regularly, and log a warning above a threshold; see `leaks`.

        Args:
            more_than: the threshold: largest number of stuck objects without a warning.
            every: seconds between two searches.
            older: as of `leaks`.

        Returns:
            The watch: ``found`` is the latest table, ``exceeded`` whether it is above the
            threshold, ``stop()`` ends it. It ends with the session.

        Raises:
            UsageProblem: the interval is not positive, or the threshold is negative.
        """
        from ari_notebook.analysis.leak_watch import LeakWatch  # noqa: PLC0415  5 ms

        return LeakWatch(
            lambda: self.leaks(older), more_than, every, lambda: self.closed, self.background
        )

    def capture(
        self,
        path: str | Path,
        *,
        overwrite: bool = False,
        every: float | None = None,
        size: float | None = None,
        keep: int | None = None,
        max_age: float | None = None,
    ) -> Capture:
        """Record everything from now on into a file, or with `every` or `size` into several.

        Args:
            path: the file; compressed if its name ends in ``.gz``. Or a folder, or a name that ends
                in ``.parquet``: the dataset to which it is added when it stops.
            overwrite: replace an existing file.
            every: seconds after which a new file begins, whose name ends with the time.
            size: MiB from which on a new file begins.
            keep: number of finished files to keep; None: all.
            max_age: seconds after which a finished file is deleted; None: never.

        Returns:
            The capture, with ``stop()``; also a context manager. It ends with the session.

        Raises:
            UsageProblem: the file exists, or cannot be written, or a number is not positive.
        """
        if Path(path).is_dir() or Path(path).suffix == ".parquet":
            from ari_notebook.captures.parquet import CaptureInto  # noqa: PLC0415  7 ms

            return CaptureInto(self, path)
        if every is not None or size is not None:
            from ari_notebook.captures.rotation import RotatingCapture  # noqa: PLC0415  5 ms

            return RotatingCapture(self, path, every=every, size=size, keep=keep, max_age=max_age)
        from ari_notebook.captures.recorder import Capture  # noqa: PLC0415  5 ms

        return Capture(self, path, overwrite=overwrite)

    @property
    def calls(self) -> Calls:
        """The calls in the event log; ``ari.calls.df`` has one row per call."""
        self.background.catch_up()
        if self._calls is None:
            from ari_notebook.store.calls import Calls  # noqa: PLC0415  4 ms

            self._calls = Calls(self.log, self.synchronizer.first_snapshot)
        return self._calls

    @property
    def legs(self) -> Legs:
        """The channels of the calls; ``ari.legs.df`` has one row per channel."""
        return self.calls.legs

    @property
    def measures(self) -> Measures:
        """Measures of the calls: ``ari.measures(by="agent")``, ``.wallboard()``, ``.erlang(5)``."""
        from ari_notebook.analysis.measures import Measures  # noqa: PLC0415  5 ms

        return Measures(self, time.time)

    @property
    def figures(self) -> Figures:
        """Figures of the measures, as matplotlib figures."""
        from ari_notebook.analysis.figures import Figures  # noqa: PLC0415  5 ms

        return Figures(self)

    @property
    def drift(self) -> Drift:
        """Differences between the events so far and the declaration; ``.df`` lists them."""
        while self.log.inspect_next():
            pass
        return self._parts.drift

    @property
    def pictures(self) -> Pictures:
        """Charts of the traffic so far, as matplotlib figures."""
        from ari_notebook.captures.charts import Pictures  # noqa: PLC0415  2 ms

        return Pictures(self)


def connect(
    url: str | None = None,
    app: str | Iterable[str] | None = None,
    user: str | None = None,
    password: str | None = None,
    name: str | None = None,
    subscribe_all: bool = False,
    read_only: bool = False,
    transport: Literal["http", "websocket"] = "http",
    verify: bool | str = True,
    keep: int | None = 1_000_000,
    tidy: bool | None = None,
    timeout: float = 10.0,
    spawner: Spawner | None = None,
    prepare: Callable[[Session], object] | None = None,
) -> Session:
    """Connect to an Asterisk, or start the embedded exchange and connect to that.

    Args:
        url: ``http://host:8088``; a server's name in the user's configuration file, whose settings
            are then the defaults; or ``simulator:`` for the simulator in this thread, without
            sockets, whose options are as ``simulator:?clock=virtual&speed=2&seed=1&version=22.8``.
            None: ARI_URL, or else the simulator in a thread of this process; with the variable
            ARI_SIMULATOR=inprocess, and in a browser, the one without sockets.
            The file's default server is not used, because a program names its server.
        app: the Stasis applications to register: a name, names with commas, or a list; None: the
            named server's, ARI_APP, or else ``hello-world``.
        user: the ARI user, a section of ari.conf; None: the named server's, ARI_USER, or else
            ``asterisk``.
        password: its password; None: ARI_PASSWORD, the keyring if installed, or a prompt. It is
            never shown or stored.
        name: name of the session; None: the named server's name, or else host and port.
        subscribe_all: receive the events of every channel, bridge, endpoint and device.
        read_only: refuse requests that could change something.
        transport: ``"http"``, or ``"websocket"`` for REST over the event socket (Asterisk 20.14,
            21.9, 22.4 and later).
        verify: True: verify TLS certificates; False: do not; or the path of a CA bundle.
        keep: maximum number of events to keep; None: all.
        tidy: when the session closes, or the kernel exits, delete the channels, snoops, bridges and
            subscriptions that it created; None: only if used in ``with``.
        timeout: seconds to wait for a response. Asterisk responds to some requests about a channel
            only after the tone or recording on it has ended.
        spawner: where the tasks of coroutine handlers and flows run; if None, in a thread's loop.
        prepare: called with the session before its first event, to add handlers and flows.

    Returns:
        The session; also a context manager.

    Raises:
        AriError: it could not be opened; the message says what to change.
    """
    # IPython's %xmode Verbose prints the variables of an error's frames and the names in nearby
    # lines, so from here on no variable has the password and no line names os.environ.
    server = named(url) if url else ServerConfig()
    user = user or server.user or os.getenv("ARI_USER") or "asterisk"
    credentials = None if password is None else Credentials(user, password)
    password = None
    app = app or server.app or os.getenv("ARI_APP") or "hello-world"
    name, read_only = name or server.name, read_only or server.read_only
    url = server.url or os.getenv("ARI_URL") or None
    options = _in_process_options(url)
    if url is None or options is not None:
        return _embedded(
            options,
            app,
            name,
            subscribe_all,
            read_only,
            transport,
            keep,
            tidy,
            timeout,
            spawner,
            prepare,
        )
    address = Address.parse(url)
    if not address.in_process:
        from ari_notebook.client.tls import trusted  # noqa: PLC0415  a browser has no ssl

        verify = trusted(verify)
    credentials = credentials or Credentials(user, password_for(user, address))
    if not address.secure and not address.loopback:
        _warn(
            f"{address.base} is plain HTTP: everyone on the network path can read the password and"
            " every event; use https://, or a tunnel to a port of this machine"
        )
    if verify is False and address.secure:
        _warn(
            f"{address.base} is not verified: any server there would get the password;"
            " give its CA's file with verify=PATH"
        )
    return Session.open(
        address.base,
        app,
        credentials,
        name=name,
        subscribe_all=subscribe_all,
        read_only=read_only,
        transport=transport,
        verify=verify,
        keep=keep,
        tidy=tidy,
        timeout=timeout,
        spawner=spawner,
        prepare=prepare,
    )


def _warn(text: str) -> None:
    """Warn and log at every connection, not only once as Python's warnings do."""
    text = printable(text)
    if log.hasHandlers():  # without one, Python writes to stderr, where the warning is already
        log.warning("%s", text)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(text, stacklevel=3)


def _in_process_options(url: str | None) -> Mapping[str, Any] | None:
    """Return the options of a new simulator in this thread; None: another server is meant.

    Raises:
        UsageProblem: unknown option.
    """
    if url is None:
        alone = sys.platform == "emscripten"  # a browser has neither sockets nor threads
        return {} if alone or os.getenv("ARI_SIMULATOR") == "inprocess" else None
    scheme, colon, rest = url.strip().partition(":")
    place, _, query = rest.partition("?")
    if scheme != "simulator" or not colon or place.strip("/"):
        return None
    options: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    for key, value in options.items():
        if key not in _OPTIONS:
            raise UsageProblem(
                f"the simulator has no option {key!r}", f"There are: {', '.join(_OPTIONS)}."
            )
        try:
            options[key] = _OPTIONS[key](value)
        except ValueError:
            raise UsageProblem(f"{key}={value} is no number", f"For example {key}=2.") from None
    return options


_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "clock": str,
    "seed": int,
    "speed": float,
    "version": str,
}


def _embedded(
    options: Mapping[str, Any] | None,
    app: str | Iterable[str],
    name: str | None,
    subscribe_all: bool,
    read_only: bool,
    transport: Literal["http", "websocket"],
    keep: int | None,
    tidy: bool | None,
    timeout: float,
    spawner: Spawner | None,
    prepare: Callable[[Session], object] | None,
) -> Session:
    # Loaded only without a server's URL: it takes as long as everything else together.
    from ari_notebook import simulator  # noqa: PLC0415  takes 70 ms

    running: simulator.InProcessSimulator | simulator.RunningSimulator
    if options is None:
        running = simulator.start()
    else:
        try:
            running = simulator.in_process(**options)
        except ValueError as error:
            raise UsageProblem(str(error)) from None
    try:
        return Session.open(
            running.url,
            app,
            Credentials(running.user, running.password),
            name=name or "simulator",
            subscribe_all=subscribe_all,
            read_only=read_only,
            transport=transport,
            keep=keep,
            tidy=tidy,
            timeout=timeout,
            embedded=running,
            spawner=spawner,
            prepare=prepare,
        )
    except BaseException:
        running.stop()
        raise


def password_for(user: str, address: Address) -> str:
    """Return the password of a user: from ARI_PASSWORD, the keyring, or a prompt.

    Raises:
        UsageProblem: no password.
    """
    given = os.getenv("ARI_PASSWORD")
    if given is not None:
        return given
    try:
        import keyring  # noqa: PLC0415  optional
        import keyring.errors  # noqa: PLC0415  optional
    except ImportError:
        pass
    else:
        # A locked keyring, or one without a backend, is skipped.
        with suppress(keyring.errors.KeyringError):
            if kept := keyring.get_password(f"ari-notebook {address.base}", user):
                return str(kept)
    try:
        with warnings.catch_warnings():
            # If the input cannot be hidden, there is no terminal.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"Password of ARI user {user}: ")
    except (EOFError, OSError, getpass.GetPassWarning):
        pass
    except Exception as error:
        if type(error).__name__ != "StdinNotImplementedError":
            raise
    raise UsageProblem(
        f"no password for {user}, and no terminal for a prompt",
        "Set ARI_PASSWORD before starting.",
    )
