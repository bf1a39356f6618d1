"""Verbs that keep what passes, and play it again."""

from __future__ import annotations

import weakref
from typing import Any

from ari_notebook.client.errors import NotFound, UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Given, Option, verb
from ari_notebook.session import Session

_GROUP = "Recording what passes"
# The capture that `capture stop` ends.
_latest: weakref.WeakKeyDictionary[Session, Any] = weakref.WeakKeyDictionary()


@verb(
    "capture start",
    "write everything that passes to a file, until stopped",
    Argument("FILE", "the name of a file", kind="file"),
    options=(Option("--overwrite", "replace a file of that name"),),
    group=_GROUP,
    method='ari.capture("day.ari")',
    examples=("%ari capture start day.ari",),
)
def start(context: Context, given: Given) -> Any:
    """Begin to capture."""
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
def stop(context: Context, given: Given) -> Any:
    """End the capture."""
    capture = _latest.pop(context.session, None)
    if capture is None:
        raise NotFound("nothing is being captured", "Begin with: %ari capture start FILE")
    capture.stop()
    return capture


@verb(
    "replay",
    "play a capture again, through the same tables, handlers and panel",
    Argument("FILE", "the name of a captured file", kind="file"),
    options=(Option("--speed", "how many times as fast; inf for no waiting", "X"),),
    group=_GROUP,
    method='ari_notebook.replay("day.ari", speed=10)',
    connected=False,
    examples=("%ari replay day.ari --speed 10",),
)
def replay(context: Context, given: Given) -> Any:
    """Play a capture."""
    import ari_notebook

    speed = given.option("--speed")
    try:
        factor = 1.0 if speed is None else float(speed)
    except ValueError:
        raise UsageProblem(f"--speed takes a number, not {str(speed)!r}") from None
    session = ari_notebook.replay(str(given["FILE"]), speed=factor)
    context.bind(session)
    return session


@verb(
    "calls",
    "one row a call: begin, answered, end, who, cause, what was played",
    group=_GROUP,
    method="ari.calls.df",
    examples=("%ari calls",),
)
def calls(context: Context, given: Given) -> Any:
    """The calls as a table."""
    return context.session.calls.df
