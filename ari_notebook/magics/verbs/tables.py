"""Verbs that show tables."""

from __future__ import annotations

from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Given, Option, verb
from ari_notebook.magics.suggest import suggest

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
    examples=("%ari sounds hello",),
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
    method="ari.events.df",
    operation="GET /events",
    examples=("%ari events --last 20", "%ari events --type StasisStart,StasisEnd"),
)
def events(context: Context, given: Given) -> Any:
    """The event log as a table."""
    session = context.session
    last = given.option("--last")
    if last is not None and not str(last).isdigit():
        raise UsageProblem(f"--last takes a number, not {str(last)!r}")
    if last is not None and not given.option("--type") and not given.option("--channel"):
        return session.events.tail(int(last))
    table = session.events.df
    if given.option("--type"):
        types = str(given.option("--type")).split(",")
        for name in types:
            if name not in session.declaration.events and name not in set(table["type"]):
                raise UsageProblem(
                    f"no event is called {name!r}", suggest(name, session.declaration.events)
                )
        table = table[table["type"].isin(types)]
    if given.option("--channel"):
        table = table[table["channel"] == session.find_channel(given.option("--channel")).id]
    return table if last is None else table.tail(int(last))


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
