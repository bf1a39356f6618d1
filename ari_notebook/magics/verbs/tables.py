"""Verbs that show tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Given, Option, verb
from ari_notebook.magics.suggest import suggest

if TYPE_CHECKING:
    from ari_notebook.session import Session

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
    def run(context: Context, given: Given) -> Any:
        return context.session.frame(resource)


_table("channels", "the channels that live now", "channels", "GET /channels")
_table("bridges", "the bridges that live now", "bridges", "GET /bridges")
_table("playbacks", "what is played now", "playbacks")
_table("recordings", "what is recorded now, and what was", "recordings", "GET /recordings/stored")
_table("endpoints", "the endpoints: phones and trunks", "endpoints", "GET /endpoints")
_table(
    "apps", "the Stasis applications and their subscriptions", "applications", "GET /applications"
)
_table("devices", "the device states", "device_states", "GET /deviceStates")
_table("mailboxes", "the mailboxes", "mailboxes", "GET /mailboxes")


@verb(
    "sounds",
    "the sounds that can be played; with a text only those that contain it",
    Argument("TEXT", required=False),
    group=_GROUP,
    method="ari.sounds.df",
    operation="GET /sounds",
    examples=("%ari sounds", "%ari sounds hello"),
)
def sounds(context: Context, given: Given) -> Any:
    """The sounds."""
    table = context.session.frame("sounds")
    text = str(given["TEXT"] or "").lower()
    if not text:
        return table
    wanted = table.index.str.lower().str.contains(text, regex=False)
    if "text" in table:
        wanted |= table["text"].astype("str").str.lower().str.contains(text, regex=False)
    return table[wanted]


@verb(
    "events",
    "what has happened, oldest first",
    options=(
        Option("--type", "only these types, with commas", "T", "event"),
        Option("--last", "at most so many, the latest", "N"),
        Option("--channel", "only of this channel", "C", "channel"),
    ),
    group=_GROUP,
    method="ari.events.tail(20)",
    examples=("%ari events --last 20", "%ari events --type StasisStart,StasisEnd"),
)
def events(context: Context, given: Given) -> Any:
    """The event log as a table."""
    session = context.session
    last, types = context.number("--last", None), given.option("--type")
    channel = given.option("--channel")
    if last is not None and not types and not channel:
        return session.events.tail(last)
    table = session.events.df
    if types:
        table = table[table["type"].isin(_types(session, str(types), set(table["type"])))]
    if channel:
        table = table[table["channel"].isin(context.ids(channel))]
    return table if last is None else table.tail(last)


def _types(session: Session, text: str, seen: set[str]) -> list[str]:
    """The event types that a text names; those that this package adds to the log, too."""
    types = text.split(",")
    for name in types:
        if name not in session.declaration.events and name not in seen:
            raise UsageProblem(
                f"no event is called {name!r}", suggest(name, session.declaration.events)
            )
    return types


@verb(
    "requests",
    "the REST requests that were sent",
    group=_GROUP,
    method="ari.requests.df",
    examples=("%ari requests",),
)
def requests(context: Context, given: Given) -> Any:
    """The request log as a table."""
    return context.session.requests.df
