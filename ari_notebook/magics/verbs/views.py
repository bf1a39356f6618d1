"""Verbs that show the panel and diagrams."""

from __future__ import annotations

from typing import Any

from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb

_GROUP = "Views"


@verb("panel", "the live panel", group=_GROUP, method="ari.panel()", examples=("%ari panel",))
def panel(context: Context, given: ParsedLine) -> Any:
    """Return the live panel."""
    made = context.session.panel()
    made.look_seconds = context.settings.refresh
    return made


def _named(context: Context, given: ParsedLine) -> Any:
    found = [id for word in given["CHANNEL"] or () for id in context.ids(word)]
    return found or None


_CALL = Option("--call", "only channels of this channel's call", "CHANNEL", "channel")
_SECONDS = Option("--seconds", "maximum age in seconds", "S")
_AT = Option("--at", "only up to this time: 16:23:41 (UTC), or -30 for 30 s ago", "TIME")


def _chosen(context: Context, given: ParsedLine) -> dict[str, Any]:
    """Return the common arguments of ladder and timeline."""
    call = given.option("--call")
    at = given.option("--at")
    return {
        "call": context.ids(call)[0] if call else None,
        "seconds": context.seconds("--seconds", 0) if given.option("--seconds") else None,
        "at": None if at is None else str(at),
    }


@verb(
    "ladder",
    "the sequence diagram of requests and events",
    Argument("CHANNEL", required=False, many=True, kind="channel"),
    options=(
        _CALL,
        Option("--last", "maximum number of arrows", "N"),
        _SECONDS,
        _AT,
        Option("--hide", "kinds of steps or event types to omit, with commas", "KINDS"),
        Option("--unfold", "show every variable, instead of +10 variables"),
    ),
    group=_GROUP,
    method="ari.ladder()",
    examples=(
        "%ari ladder",
        "%ari ladder $channel --last 30",
        "%ari ladder --call $channel --hide variables,reads",
    ),
)
def ladder(context: Context, given: ParsedLine) -> Any:
    """Return the sequence diagram."""
    return context.session.ladder(
        _named(context, given),
        last=context.number("--last", 100),
        hide=str(given.option("--hide") or ""),
        fold=() if given.option("--unfold") else None,
        **_chosen(context, given),
    )


@verb(
    "timeline",
    "channels over time",
    Argument("CHANNEL", required=False, many=True, kind="channel"),
    options=(_CALL, Option("--last", "maximum number of channels", "N"), _SECONDS, _AT),
    group=_GROUP,
    method="ari.timeline()",
    examples=("%ari timeline", "%ari timeline --call $channel"),
)
def timeline(context: Context, given: ParsedLine) -> Any:
    """Return channels over time."""
    return context.session.timeline(
        _named(context, given), last=context.number("--last", 30), **_chosen(context, given)
    )


@verb(
    "at",
    "the tables at an earlier time, with a slider",
    Argument("TIME", "16:23:41 (UTC), or seconds: 30 from the beginning, -30 from the end"),
    group=_GROUP,
    method='ari.at("16:23:41")',
    examples=("%ari at 16:23:41", "%ari at -30"),
)
def at(context: Context, given: ParsedLine) -> Any:
    """Return the tables at a moment."""
    return context.session.at(str(given["TIME"]))


@verb(
    "why",
    "why a call failed, or how it ended; without a name the latest call",
    Argument("CALL", "the call's id, or one of its channels", required=False, kind="channel"),
    group=_GROUP,
    method="ari.why()",
    examples=("%ari why", "%ari why $channel"),
)
def why(context: Context, given: ParsedLine) -> Any:
    """Explain how a call ended."""
    named = given["CALL"]
    return context.session.why(None if named is None else context.ids(named)[0])
