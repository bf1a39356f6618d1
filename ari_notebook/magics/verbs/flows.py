"""Verbs about call flows."""

from __future__ import annotations

import linecache
import re
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb
from ari_notebook.magics.verbs.events import cell_function

_GROUP = "Events"


@verb(
    "flows",
    "the calls in flows: which line, since when, how they ended",
    group=_GROUP,
    method="ari.flows.df",
    examples=("%ari flows",),
)
def flows(context: Context, given: ParsedLine) -> Any:
    """Return the calls in flows as a table."""
    return context.session.flows.df


@verb(
    "flow",
    "make the cell a flow, which runs for each call; it can use call and ari",
    Argument("NAME", "the flow's name"),
    options=(
        Option("--args", "the arguments of Stasis() in the dialplan, with commas", "A,B"),
        Option("--exten", "the dialled extension", "E", kind="extension"),
        Option("--app", "the Stasis application", "APP", kind="application"),
    ),
    group=_GROUP,
    method="@ari.flow  # above a function",
    cell="required",
    examples=("%%ari flow greet --args greet\ncall.answer()\ncall.say('hello-world')",),
)
def flow(context: Context, given: ParsedLine) -> Any:
    """Run a cell for each call."""
    session, name = context.session, str(given["NAME"])
    if not name.isidentifier():
        raise UsageProblem(f"{name!r} is not a valid name for a flow", "Use letters, digits and _.")
    cell = given.cell or ""
    function = cell_function(name, cell, context.shell, ("call",), "flow")
    function.__globals__.setdefault("ari", session)
    # So that an error, and the table of flows, show the line.
    lines = ["\n" if not line else f"{line}\n" for line in cell.splitlines()]
    linecache.cache[f"<%%ari flow {name}>"] = (len(cell), None, lines, f"<%%ari flow {name}>")
    args = given.option("--args")
    session.flows.add(
        function,
        args=None if args is None else re.split(r",", str(args)),
        exten=None if given.option("--exten") is None else str(given.option("--exten")),
        app=None if given.option("--app") is None else str(given.option("--app")),
        name=name,
    )
    return session.flows[name]
