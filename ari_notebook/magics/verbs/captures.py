"""Verbs for captures and calls."""

from __future__ import annotations

import weakref
from typing import Any

from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.magics.verbs.tables import shown
from ari_notebook.sessions.session import Session

_GROUP = "Captures"
# The capture that `capture stop` ends.
_latest: weakref.WeakKeyDictionary[Session, Any] = weakref.WeakKeyDictionary()


@verb(
    "capture start",
    "write all events and requests to a file, until stopped",
    Argument("FILE", "name of the file", kind="file"),
    options=(Option("--overwrite", "replace an existing file"),),
    group=_GROUP,
    method='ari.capture("day.ari")',
    examples=("%ari capture start day.ari",),
)
def start(context: Context, given: ParsedLine) -> Any:
    """Start a capture."""
    session = context.session
    made = session.capture(str(given["FILE"]), overwrite=given.option("--overwrite"))
    _latest[session] = made
    return made


@verb(
    "capture stop",
    "end the capture",
    group=_GROUP,
    method="capture.stop()",
    examples=("%ari capture stop",),
)
def stop(context: Context, given: ParsedLine) -> Any:
    """End the capture."""
    capture = _latest.pop(context.session, None)
    if capture is None:
        raise NotFound("nothing is being captured", "Begin with: %ari capture start FILE")
    capture.stop()
    return capture


@verb(
    "replay",
    "replay a capture, with the same tables, handlers and panel",
    Argument("FILE", "the name of a captured file", kind="file"),
    options=(Option("--speed", "speed factor; inf: without delays", "X"),),
    group=_GROUP,
    method='ari_notebook.replay("day.ari", speed=10)',
    connected=False,
    examples=("%ari replay day.ari --speed 10",),
)
def replay(context: Context, given: ParsedLine) -> Any:
    """Replay a capture."""
    from ari_notebook.sessions.replay_session import replay as play  # noqa: PLC0415  rarely used: 7 ms

    speed = given.option("--speed")
    try:
        factor = 1.0 if speed is None else float(speed)
    except ValueError:
        raise UsageProblem(f"--speed takes a number, not {str(speed)!r}") from None
    session = play(str(given["FILE"]), speed=factor)
    context.bind(session)
    return session


@verb(
    "calls",
    "one row per call: begin, answered, end, parties, cause, media played",
    group=_GROUP,
    method="ari.calls.df",
    examples=("%ari calls",),
)
def calls(context: Context, given: ParsedLine) -> Any:
    """Return the calls as a table."""
    return shown(context.session, "calls", context.session.calls.df)
