"""Verbs that draw."""

from __future__ import annotations

from typing import Any

from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Given, Option, verb

_GROUP = "Views"


@verb("panel", "the live panel", group=_GROUP, method="ari.panel()", examples=("%ari panel",))
def panel(context: Context, given: Given) -> Any:
    """The live panel."""
    made = context.session.panel()
    made.look_seconds = context.settings.refresh
    return made


def _named(context: Context, given: Given) -> Any:
    found = [id for word in given["CHANNEL"] or () for id in context.ids(word)]
    return found or None


@verb(
    "ladder",
    "the sequence diagram of requests and events",
    Argument("CHANNEL", required=False, many=True, kind="channel"),
    options=(
        Option("--call", "the channels of the call that this one belongs to", "CHANNEL", "channel"),
        Option("--last", "at most so many arrows", "N"),
        Option("--seconds", "nothing older than this", "S"),
    ),
    group=_GROUP,
    method="ari.ladder()",
    examples=("%ari ladder", "%ari ladder $channel --last 30", "%ari ladder --call $channel"),
)
def ladder(context: Context, given: Given) -> Any:
    """The sequence diagram."""
    call = given.option("--call")
    seconds = context.seconds("--seconds", 0) if given.option("--seconds") else None
    return context.session.ladder(
        _named(context, given),
        call=context.ids(call)[0] if call else None,
        last=context.number("--last", 100),
        seconds=seconds,
    )


@verb(
    "timeline",
    "channels over time",
    Argument("CHANNEL", required=False, many=True, kind="channel"),
    options=(Option("--last", "at most so many channels", "N"),),
    group=_GROUP,
    method="ari.timeline()",
    examples=("%ari timeline",),
)
def timeline(context: Context, given: Given) -> Any:
    """Channels over time."""
    return context.session.timeline(_named(context, given), last=context.number("--last", 30))
