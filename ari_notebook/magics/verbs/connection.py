"""Verbs that connect, disconnect, and say which server is meant."""

from __future__ import annotations

import sys
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
    ),
    group=_GROUP,
    method="ari_notebook.connect(url, app=…, user=…)",
    operation="GET /events",
    connected=False,
    examples=(
        "%ari connect",
        "%ari connect http://127.0.0.1:8088 --app hello-world --user asterisk",
    ),
)
def connect_(context: Context, given: Given) -> Session:
    """Open a session."""
    app = given.option("--app") or context.settings.app or None
    server = settings_of(given["URL"])
    session = connect(
        server.url,
        app=app or server.app,
        user=given.option("--user") or server.user,
        name=given.option("--name") or server.name,
        subscribe_all=given.option("--subscribe-all"),
        read_only=given.option("--read-only") or server.read_only,
        transport=given.option("--transport") or "http",
        verify=not given.option("--no-verify"),
        keep=context.settings.keep,
    )
    session.tell = _tell
    before = context.shell.user_ns.get(NAME)
    if isinstance(before, Session) and not before.closed and _replaces(session, before):
        before.close()
    context.bind(session)
    return session


def _replaces(session: Session, before: Session) -> bool:
    """Whether a session takes another's place: two would fight for the application."""
    both_embedded = session.simulator is not None and before.simulator is not None
    shared = session.url == before.url and set(session.apps) & set(before.apps)
    return both_embedded or bool(shared)


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
    connected=False,
    examples=("%ari use office",),
)
def use(context: Context, given: Given) -> Session:
    """Choose a session."""
    session = sessions.use(str(given["NAME"]))
    context.bind(session)
    return session


@verb("sessions", "the open sessions", group=_GROUP, connected=False, examples=("%ari sessions",))
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
