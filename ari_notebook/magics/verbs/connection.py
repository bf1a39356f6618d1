"""Verbs that connect, disconnect, and say which server is meant."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ari_notebook import sessions
from ari_notebook.connecting import connect
from ari_notebook.magics.context import NAME, Context
from ari_notebook.magics.grammar import Argument, Given, Option, verb
from ari_notebook.session import Session
from ari_notebook.status import Status

_GROUP = "Connection"


@verb(
    "connect",
    "open a session and bind it to ari; without URL: ARI_URL, else the simulator",
    Argument("URL", "a URL, as http://127.0.0.1:8088", required=False, kind="server"),
    options=(
        Option("--app", "Stasis applications to register, with commas", "A,B"),
        Option("--user", "the ARI user; its password comes from ARI_PASSWORD or is asked for", "U"),
        Option("--name", "what to call the session", "N"),
        Option("--subscribe-all", "be told about every channel, bridge, endpoint and device"),
        Option("--read-only", "refuse everything that could change something"),
        Option("--transport", "what carries REST", "http|websocket", "transport"),
        Option("--no-verify", "do not check TLS certificates"),
        Option("--tidy", "when it closes or the kernel exits, take away what it made"),
    ),
    group=_GROUP,
    method='ari = ari_notebook.connect("http://127.0.0.1:8088", app="hello-world")',
    operation="GET /events",
    connected=False,
    examples=(
        "%ari connect",
        "%ari connect http://127.0.0.1:8088 --app hello-world --user asterisk",
    ),
)
def connect_(context: Context, given: Given) -> Session:
    """Open a session."""
    server = settings_of(given["URL"])
    name = given.option("--name") or server.name
    with _quiet():
        session = connect(
            server.url,
            app=given.option("--app") or server.app or context.settings.app or None,
            user=given.option("--user") or server.user,
            name=name,
            subscribe_all=given.option("--subscribe-all"),
            read_only=given.option("--read-only") or server.read_only,
            transport=given.option("--transport") or "http",
            verify=not given.option("--no-verify"),
            keep=context.settings.keep,
            tidy=given.option("--tidy") or None,
        )
        _take_the_place(session, name)
    session.tell = _tell
    context.bind(session)
    return session


# The sessions that this verb opened, and the names that were asked for them.
_opened: weakref.WeakKeyDictionary[Session, str | None] = weakref.WeakKeyDictionary()


@contextmanager
def _quiet() -> Iterator[None]:
    """The sessions so far say nothing: one may be about to lose its application to the next."""
    for each in list(_opened):
        each.tell = lambda _line: None
    try:
        yield
    finally:
        for each in list(_opened):
            each.tell = _tell


def _take_the_place(session: Session, name: str | None) -> None:
    """Close the session that the same line opened before: running a cell again is no second one.

    Two of one name, two simulators that were not told apart by name, and two that would fight for
    an application are one.
    """
    for each, its_name in list(_opened.items()):
        shared = each.url == session.url and set(each.apps) & set(session.apps)
        both_embedded = each.simulator is not None and session.simulator is not None
        if not each.closed and (shared or (name == its_name and (name or both_embedded))):
            each.close()
    default = "simulator" if session.simulator else session.url.split("//", 1)[1]
    sessions.rename(session, name or default)
    _opened[session] = name


def settings_of(url: Any) -> Any:
    """The server that a word means: a URL, or a name in the configuration file."""
    from ari_notebook.settings import server

    return server(None if url is None else str(url))


def _tell(line: str) -> None:
    """Something happened in the background: the connection was lost, a handler failed."""
    sys.stderr.write(f"ari: {line}\n")


@verb(
    "disconnect",
    "close a session: the one in use, or the one of that name",
    Argument("NAME", required=False, kind="session"),
    group=_GROUP,
    method="ari.close()",
    connected=False,
    examples=("%ari disconnect",),
)
def disconnect(context: Context, given: Given) -> None:
    """Close a session."""
    session = sessions.find(str(given["NAME"])) if given["NAME"] else context.session
    session.close()
    left = sessions.opened()
    if left:
        context.bind(sessions.current())
    elif context.shell.user_ns.get(NAME) is session:
        del context.shell.user_ns[NAME]


@verb(
    "use",
    "make another open session the one that is meant, and bind it to ari",
    Argument("NAME", "the name of an open session", kind="session"),
    group=_GROUP,
    method='ari = ari_notebook.sessions.use("office")',
    connected=False,
    examples=("%ari use office",),
)
def use(context: Context, given: Given) -> Session:
    """Choose a session."""
    session = sessions.use(str(given["NAME"]))
    context.bind(session)
    return session


@verb(
    "sessions",
    "the open sessions",
    group=_GROUP,
    method="ari_notebook.sessions.opened()",
    connected=False,
    examples=("%ari sessions",),
)
def sessions_(context: Context, given: Given) -> Any:
    """The open sessions as a table."""
    import pandas as pd

    columns = ["name", "url", "user", "applications", "state", "events", "requests", "used"]
    rows = []
    for session in sessions.opened():
        status = session.status
        rows.append(
            {
                "name": session.name,
                "url": session.url,
                "user": session.user,
                "applications": ", ".join(session.apps),
                "state": status.state,
                "events": status.events,
                "requests": status.requests,
                "used": session is sessions.current(),
            }
        )
    return pd.DataFrame(rows, columns=columns).set_index("name")


@verb(
    "status",
    "how the connection stands: events, requests, reconnects, gaps",
    group=_GROUP,
    method="ari.status",
    examples=("%ari status",),
)
def status(context: Context, given: Given) -> Status:
    """How things stand."""
    return context.session.status
