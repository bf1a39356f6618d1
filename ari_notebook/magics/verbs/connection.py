"""Verbs that connect, disconnect, and select a session."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ari_notebook import sessions
from ari_notebook.connection import registry
from ari_notebook.connection.config_file import server
from ari_notebook.connection.status import Status, counted
from ari_notebook.magics.context import NAME, Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.sessions.session import Session, connect

_GROUP = "Connection"


@verb(
    "connect",
    "open a session and bind it to ari; without URL: ARI_URL, else the simulator",
    Argument("URL", "a URL, as http://127.0.0.1:8088", required=False, kind="server"),
    options=(
        Option("--app", "Stasis applications to register, with commas", "A,B"),
        Option("--user", "the ARI user; its password is ARI_PASSWORD or entered at a prompt", "U"),
        Option("--name", "name of the session", "N"),
        Option(
            "--subscribe-all", "receive the events of every channel, bridge, endpoint and device"
        ),
        Option("--read-only", "refuse requests that could change something"),
        Option("--transport", "what carries REST", "http|websocket", "transport"),
        Option("--no-verify", "do not check TLS certificates"),
        Option("--timeout", "seconds to wait for a response; default: 10", "S"),
        Option("--tidy", "when it closes or the kernel exits, delete what it created"),
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
def connect_(context: Context, given: ParsedLine) -> Session:
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
            timeout=context.seconds("--timeout", 10.0),
        )
        _take_the_place(session, name)
    session.notices.add_listener(print_notice)
    context.bind(session)
    return session


# The sessions that this verb opened, and their requested names.
_opened: weakref.WeakKeyDictionary[Session, str | None] = weakref.WeakKeyDictionary()


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress notices of open sessions: a new session may take an application over."""
    for each in list(_opened):
        each.notices.remove_listener(print_notice)
    try:
        yield
    finally:
        for each in list(_opened):
            each.notices.add_listener(print_notice)


def _take_the_place(session: Session, name: str | None) -> None:
    """Close the session that the same line opened before, when a cell is run again.

    A session replaces another of the same name, another simulator unless the names differ, and
    another of the same application.
    """
    for each, its_name in list(_opened.items()):
        shared = each.url == session.url and set(each.apps) & set(session.apps)
        both_embedded = each.simulator is not None and session.simulator is not None
        if not each.closed and (shared or (name == its_name and (name or both_embedded))):
            _close(each)
    default = "simulator" if session.simulator else session.address.host
    registry.rename(session, name or default)
    _opened[session] = name


def _close(session: Session) -> None:
    """Close a session and print a line, because its calls, events and handlers end with it."""
    session.close()
    print_notice(f"{session.name} was closed ({counted(session.log.count, 'event')})")


def settings_of(url: Any) -> Any:
    """Return the server of a word: a URL, or a name in the configuration file."""
    return server(None if url is None else str(url))


def print_notice(line: str) -> None:
    """Show a notice of background activity: the connection was lost, a handler failed."""
    sys.stderr.write(f"ari: {line}\n")


@verb(
    "disconnect",
    "close a session: the current one, or the one of that name",
    Argument("NAME", required=False, kind="session"),
    group=_GROUP,
    method="ari.close()",
    connected=False,
    examples=("%ari disconnect",),
)
def disconnect(context: Context, given: ParsedLine) -> None:
    """Close a session."""
    session = sessions.find(str(given["NAME"])) if given["NAME"] else context.session
    _close(session)
    left = sessions.opened()
    if left:
        context.bind(sessions.current())
        print_notice(f"current session: {sessions.current().name}")
    elif context.shell.user_ns.get(NAME) is session:
        del context.shell.user_ns[NAME]


@verb(
    "use",
    "make another open session the current one, and bind it to ari",
    Argument("NAME", "the name of an open session", kind="session"),
    group=_GROUP,
    method='ari = ari_notebook.sessions.use("office")',
    connected=False,
    examples=("%ari use office",),
)
def use(context: Context, given: ParsedLine) -> Session:
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
def sessions_(context: Context, given: ParsedLine) -> Any:
    """Return the open sessions as a table."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

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
    "the state of the connection: events, requests, reconnects, gaps",
    group=_GROUP,
    method="ari.status",
    examples=("%ari status",),
)
def status(context: Context, given: ParsedLine) -> Status:
    """Return the session's status."""
    return context.session.status
