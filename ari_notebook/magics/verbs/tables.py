"""Verbs that show tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.magics.verbs.media import heard
from ari_notebook.schema.suggest import suggest

if TYPE_CHECKING:
    from ari_notebook.sessions.session import Session

_GROUP = "Tables"


def _table(name: str, about: str, resource: str, operation: str = "") -> None:
    @verb(
        name,
        about,
        group=_GROUP,
        method=f"ari.{resource}.df",
        operation=operation,
        examples=(f"%ari {name}",),
    )
    def run(context: Context, given: ParsedLine) -> Any:
        return shown(context.session, resource, context.session.frame(resource))


def shown(session: Session, name: str, frame: Any) -> Any:
    """Return a table as a verb returns it: a DataFrame that a notebook shows as a page."""
    from ari_notebook.views.display.table import kind_of  # noqa: PLC0415  pandas takes 0.4 s
    from ari_notebook.views.pages.tables import ShownTable  # noqa: PLC0415  80 ms

    return ShownTable(frame, kind_of(name), session, session.ladder)


_table("channels", "the current channels", "channels", "GET /channels")
_table("bridges", "the current bridges", "bridges", "GET /bridges")
_table("playbacks", "the current playbacks", "playbacks")
_table("recordings", "live and stored recordings", "recordings", "GET /recordings/stored")
_table("endpoints", "the endpoints: phones and trunks", "endpoints", "GET /endpoints")
_table(
    "apps", "the Stasis applications and their subscriptions", "applications", "GET /applications"
)
_table("devices", "the device states", "device_states", "GET /deviceStates")
_table("mailboxes", "the mailboxes", "mailboxes", "GET /mailboxes")


@verb(
    "sounds",
    "the installed sounds; with a text, those that contain it",
    Argument("TEXT", required=False),
    options=(Option("--listen", "hear the sound of that name"),),
    group=_GROUP,
    method="ari.sounds.df",
    operation="GET /sounds",
    examples=("%ari sounds", "%ari sounds hello", "%ari sounds hello-world --listen"),
)
def sounds(context: Context, given: ParsedLine) -> Any:
    """Return the sounds; with ``--listen`` one of them, to be heard."""
    if given.option("--listen"):
        name = str(given["TEXT"] or "")
        if not name:
            raise UsageProblem("which sound?", "Try: %ari sounds hello-world --listen")
        context.session.sounds.get(name)  # NotFound, before a channel is made
        return heard(context.session, name)
    table = context.session.frame("sounds")
    text = str(given["TEXT"] or "").lower()
    if not text:
        return shown(context.session, "sounds", table)
    wanted = table.index.str.lower().str.contains(text, regex=False)
    if "text" in table:
        wanted |= table["text"].astype("str").str.lower().str.contains(text, regex=False)
    return shown(context.session, "sounds", table[wanted])


@verb(
    "events",
    "the event log, oldest first",
    options=(
        Option("--type", "event types, with commas", "T", "event"),
        Option("--last", "maximum number, the newest ones", "N"),
        Option("--channel", "events of this channel", "C", "channel"),
    ),
    group=_GROUP,
    method="ari.events.tail(20)",
    examples=("%ari events --last 20", "%ari events --type StasisStart,StasisEnd"),
)
def events(context: Context, given: ParsedLine) -> Any:
    """Return the event log as a table."""
    session = context.session
    last, types = context.number("--last", None), given.option("--type")
    channel = given.option("--channel")
    if last is not None and not types and not channel:
        return shown(session, "events", session.events.tail(last))
    table = session.events.df
    if types:
        table = table[table["type"].isin(_types(session, str(types), set(table["type"])))]
    if channel:
        table = table[table["channel"].isin(context.ids(channel))]
    return shown(session, "events", table if last is None else table.tail(last))


def _types(session: Session, text: str, seen: set[str]) -> list[str]:
    """Return the event types in a text, including those that this package adds to the log."""
    types = text.split(",")
    for name in types:
        if name not in session.declaration.events and name not in seen:
            raise UsageProblem(
                f"unknown event: {name!r}", suggest(name, session.declaration.events)
            )
    return types


@verb(
    "requests",
    "the REST requests that were sent",
    group=_GROUP,
    method="ari.requests.df",
    examples=("%ari requests",),
)
def requests(context: Context, given: ParsedLine) -> Any:
    """Return the request log as a table."""
    return shown(context.session, "requests", context.session.requests.df)


@verb(
    "leaks",
    "what is stuck: empty bridges, old or orphaned channels, with the request that removes each",
    options=(Option("--older", "seconds from which on a channel is too old", "S"),),
    group=_GROUP,
    method="ari.leaks()",
    examples=("%ari leaks", "%ari leaks --older 600"),
)
def leaks(context: Context, given: ParsedLine) -> Any:
    """Return the stuck objects."""
    older = context.seconds("--older", 0) if given.option("--older") else None
    return shown(context.session, "leaks", context.session.leaks(older))
