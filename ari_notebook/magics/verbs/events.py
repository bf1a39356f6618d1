"""Verbs that wait for events, and run programs on them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ari_notebook.client.errors import UsageProblem
from ari_notebook.magics.context import Context, Progress
from ari_notebook.magics.grammar import Argument, Given, Option, verb
from ari_notebook.magics.place import place_of
from ari_notebook.matching import Pattern
from ari_notebook.programs import PARAMETERS

_GROUP = "Events"


def _types(text: Any) -> list[str]:
    return [each for each in str(text).split(",") if each]


@verb(
    "wait",
    "wait for an event, one that came since the last request counted",
    Argument("EVENT", "the type of an event, as StasisStart", kind="event"),
    options=(Option("--timeout", "seconds; 10 if left out", "S"),),
    fields="event",
    group=_GROUP,
    method='ari.wait_for("StasisStart")',
    examples=(
        "event = %ari wait StasisStart",
        "%ari wait ChannelDtmfReceived --timeout 30 digit=1",
    ),
)
def wait(context: Context, given: Given) -> Any:
    """Wait for an event."""
    seconds = context.seconds("--timeout", context.settings.timeout)
    with Progress(str(given["EVENT"])) as progress:
        return context.session.wait_for(
            _types(given["EVENT"]), timeout=seconds, progress=progress, **given.fields
        )


@verb(
    "on",
    "make the cell the handler of an event; event, channel, bridge, playback, recording and ari "
    "are there to use",
    Argument("EVENT", "the type of an event, as StasisStart", kind="event"),
    options=(Option("--name", "the handler's name; the event's if left out", "N"),),
    fields="event",
    group=_GROUP,
    method='@ari.on("StasisStart")  # above a function',
    cell="required",
    examples=("%%ari on StasisStart\nchannel.answer()",),
)
def on(context: Context, given: Given) -> Any:
    """Run a cell whenever an event comes."""
    session, shell = context.session, context.shell
    types = _types(given["EVENT"])
    name = str(given.option("--name") or "_".join(["on", *types]))
    if not re.fullmatch(r"\w+", name):
        raise UsageProblem(f"{name!r} is no name for a handler", "Use letters, digits and _.")
    function = _function(name, given.cell or "", shell)
    handler = session.make_handler(function, Pattern(types, given.fields, session.declaration))
    handler.output = place_of(shell)
    session.handlers.add(handler)
    return handler


def _function(name: str, cell: str, shell: Any) -> Callable[..., Any]:
    """The cell as a function of what an event carries."""
    source = shell.transform_cell(cell)
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UsageProblem(f"line {error.lineno} of the cell: {error.msg}") from None
    coroutine = any(
        isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in ast.walk(tree)
    )
    head = f"{'async ' if coroutine else ''}def {name}({', '.join(PARAMETERS)}): pass"
    module = ast.parse(head)
    body: Any = module.body[0]
    # As in any other cell, what it assigns is the notebook's.
    assigned = sorted(set(_assigned(tree.body)) - set(PARAMETERS))
    body.body = [*([ast.Global(assigned)] if assigned else []), *(tree.body or body.body)]
    ast.fix_missing_locations(module)
    scope: dict[str, Any] = {}
    exec(compile(module, f"<%%ari on {name}>", "exec"), shell.user_ns, scope)  # noqa: S102
    made: Callable[..., Any] = scope[name]
    return made


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that statements bind, those inside functions and classes aside."""
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((each.asname or each.name).partition(".")[0] for each in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp)):
            yield from _assigned(ast.iter_child_nodes(node))


@verb(
    "off",
    "take a handler away",
    Argument("NAME", "the name of a handler", kind="handler"),
    group=_GROUP,
    method='ari.off("on_StasisStart")',
    examples=("%ari off on_StasisStart",),
)
def off(context: Context, given: Given) -> None:
    """Take a handler away."""
    context.session.off(str(given["NAME"]))


@verb(
    "handlers",
    "the handlers, and how often each ran and failed",
    group=_GROUP,
    method="ari.handlers",
    examples=("%ari handlers",),
)
def handlers(context: Context, given: Given) -> Any:
    """The handlers as a table."""
    import pandas as pd

    columns = ["name", "on", "runs", "failures", "waiting", "dropped", "seconds"]
    session = context.session
    rows = [
        {
            "name": name,
            "on": str(each.pattern),
            "runs": each.runs,
            "failures": each.failures,
            "waiting": each.waiting,
            "dropped": each.dropped,
            "seconds": round(each.seconds, 3),
        }
        for name, each in ((name, session.handlers[name]) for name in session.handlers)
    ]
    return pd.DataFrame(rows, columns=columns).set_index("name")
