"""Verbs about outbound WebSockets: Asterisk connects to the notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_notebook import sessions
from ari_notebook.client.errors import UsageProblem
from ari_notebook.connection.outbound_config import ConnectionType, OutboundConfig
from ari_notebook.magics.context import NAME, Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.magics.verbs.connection import print_notice

if TYPE_CHECKING:
    from ari_notebook.sessions.outbound_server import OutboundServer
    from ari_notebook.sessions.session import Session

_GROUP = "Connection"
_PORT = Argument("PORT", "a TCP port of this machine; default: 8765", required=False)

_servers: dict[int, OutboundServer] = {}  # by the port that was asked for


@verb(
    "accept",
    "listen for WebSockets that Asterisk opens; a persistent one is a session, bound to ari",
    _PORT,
    options=(
        Option("--app", "Stasis applications, as in apps of ari.conf, with commas", "A,B"),
        Option("--user", "the ARI user with whose rights requests run; default: asterisk", "U"),
        Option("--host", "address of this machine to listen on; default: 127.0.0.1", "ADDRESS"),
    ),
    group=_GROUP,
    method='server = ari_notebook.accept(8765, app="hello-world")',
    connected=False,
    examples=("%ari accept", "%ari accept 8765 --app hello-world --host 0.0.0.0"),
)
def accept_(context: Context, given: ParsedLine) -> OutboundServer:
    """Listen; the same port again replaces the server that was there."""
    from ari_notebook.sessions.outbound_server import accept  # noqa: PLC0415  websockets: 90 ms

    port = _port(given)
    if port in _servers:
        _stop(context, port)
    server = accept(
        port,
        given.option("--app") or context.settings.app or "hello-world",
        given.option("--user") or "asterisk",
        host=given.option("--host") or "127.0.0.1",
    )

    @server.on_session
    def bind(session: Session) -> None:
        session.notices.add_listener(print_notice)
        if not any(":" in each for each in session.apps):  # no connection of one call
            context.bind(session)
            print_notice(f"Asterisk has connected: {session.name} is bound to {NAME}")

    _servers[port] = server
    print_notice("%ari accept config prints what Asterisk's configuration needs")
    return server


@verb(
    "accept config",
    "the stanzas of ari.conf and websocket_client.conf, with the password",
    _PORT,
    options=(
        Option("--host", "name or address of this machine, as Asterisk reaches it", "HOST"),
        Option("--per-call", "a connection for each call"),
    ),
    group=_GROUP,
    method="server.config_for()",
    connected=False,
    examples=("%ari accept config --host 10.0.0.7",),
)
def accept_config(context: Context, given: ParsedLine) -> OutboundConfig:
    """Return the stanzas."""
    del context
    kind: ConnectionType = "per_call" if given.option("--per-call") else "persistent"
    return _server(given).config_for(given.option("--host"), kind)


@verb(
    "accept stop",
    "listen no longer, and close the sessions",
    _PORT,
    group=_GROUP,
    method="server.close()",
    connected=False,
    examples=("%ari accept stop",),
)
def accept_stop(context: Context, given: ParsedLine) -> None:
    """Close the server of a port."""
    _server(given)
    _stop(context, _port(given))


def _port(given: ParsedLine) -> int:
    text = str(given["PORT"] or 8765)
    if not text.isdecimal() or int(text) > 65535:
        raise UsageProblem(f"{text!r} is no TCP port", "Give a number up to 65535.")
    return int(text)


def _server(given: ParsedLine) -> OutboundServer:
    port = _port(given)
    if port not in _servers:
        ports = ", ".join(map(str, _servers)) or "none"
        raise UsageProblem(
            f"nothing is accepted on port {port}", f"%ari accept {port} listens. Ports: {ports}."
        )
    return _servers[port]


def _stop(context: Context, port: int) -> None:
    server = _servers.pop(port)
    server.close()
    print_notice(f"{server.url} is closed")
    bound = context.shell.user_ns.get(NAME)
    if bound is not None and getattr(bound, "closed", False):
        del context.shell.user_ns[NAME]
        if sessions.opened():
            context.bind(sessions.current())
