"""Verbs that wait for events and handle them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from ari_notebook.client.errors import UsageProblem
from ari_notebook.connection.event_filter import EventFilter
from ari_notebook.connection.handlers import PARAMETERS
from ari_notebook.magics.cell_output import place_of
from ari_notebook.magics.context import Context, Progress
from ari_notebook.magics.grammar import Argument, Option, ParsedLine, verb

if TYPE_CHECKING:
    from ari_notebook.events import EventName

_GROUP = "Events"


def _types(text: Any) -> list[str]:
    return [each for each in str(text).split(",") if each]


@verb(
    "wait",
    "wait for an event; one received since the last request counts",
    Argument("EVENT", "event type, such as StasisStart", kind="event"),
    options=(Option("--timeout", "seconds; default: 10", "S"),),
    fields="event",
    group=_GROUP,
    method='ari.wait_for("StasisStart")',
    examples=(
        "event = %ari wait StasisStart",
        "%ari wait ChannelDtmfReceived --timeout 30 digit=1",
    ),
)
def wait(context: Context, given: ParsedLine) -> Any:
    """Wait for an event."""
    seconds = context.seconds("--timeout", context.settings.timeout)
    with Progress(str(given["EVENT"])) as progress:
        return context.session.wait_for(
            cast("list[EventName]", _types(given["EVENT"])),
            timeout=seconds,
            progress=progress,
            **given.fields,
        )


@verb(
    "on",
    "make the cell the handler of an event; it can use event, channel, bridge, playback, "
    "recording and ari",
    Argument("EVENT", "event type, such as StasisStart", kind="event"),
    options=(Option("--name", "the handler's name; default: the event's", "N"),),
    fields="event",
    group=_GROUP,
    method='@ari.on("StasisStart")  # above a function',
    cell="required",
    examples=("%%ari on StasisStart\nchannel.answer()",),
)
def on(context: Context, given: ParsedLine) -> Any:
    """Run a cell for every event of a type."""
    session, shell = context.session, context.shell
    types = _types(given["EVENT"])
    name = str(given.option("--name") or "_".join(["on", *types]))
    if not re.fullmatch(r"\w+", name):
        raise UsageProblem(
            f"{name!r} is not a valid name for a handler", "Use letters, digits and _."
        )
    function = cell_function(name, given.cell or "", shell, PARAMETERS)
    event_filter = EventFilter(types, given.fields, session.declaration)
    handler = session.make_handler(function, event_filter, output=place_of(shell))
    session.handlers.add(handler)
    return handler


def cell_function(
    name: str, cell: str, shell: Any, parameters: Sequence[str], title: str = "on"
) -> Callable[..., Any]:
    """Return the cell as a function.

    Args:
        name: the function's name.
        cell: the cell's text.
        shell: the IPython shell.
        parameters: names that the cell can use.
        title: the verb. What the cell of a flow assigns is its own, for each call.
    """
    source = shell.transform_cell(cell)
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise UsageProblem(f"line {error.lineno} of the cell: {error.msg}") from None
    coroutine = any(
        isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in ast.walk(tree)
    )
    head = f"{'async ' if coroutine else ''}def {name}({', '.join(parameters)}): pass"
    module = ast.parse(head)
    body: Any = module.body[0]
    # As in any other cell, a handler's assignments are global in the notebook.
    assigned = sorted(set(_assigned(tree.body)) - set(parameters)) if title == "on" else []
    body.body = [*([ast.Global(assigned)] if assigned else []), *(tree.body or body.body)]
    ast.fix_missing_locations(module)
    scope: dict[str, Any] = {}
    exec(compile(module, f"<%%ari {title} {name}>", "exec"), shell.user_ns, scope)  # noqa: S102
    made: Callable[..., Any] = scope[name]
    return made


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names that statements bind, except in functions and classes."""
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
def off(context: Context, given: ParsedLine) -> None:
    """Remove a handler."""
    context.session.off(str(given["NAME"]))


@verb(
    "handlers",
    "the handlers, and how often each ran and failed",
    group=_GROUP,
    method="ari.handlers",
    examples=("%ari handlers",),
)
def handlers(context: Context, given: ParsedLine) -> Any:
    """Return the handlers as a table."""
    import pandas as pd  # noqa: PLC0415  takes 0.4 s

    columns = ["name", "on", "runs", "failures", "waiting", "dropped", "seconds"]
    session = context.session
    rows = [
        {
            "name": name,
            "on": str(each.event_filter),
            "runs": each.runs,
            "failures": each.failures,
            "waiting": each.waiting,
            "dropped": each.dropped,
            "seconds": round(each.seconds, 3),
        }
        for name, each in ((name, session.handlers[name]) for name in session.handlers)
    ]
    return pd.DataFrame(rows, columns=columns).set_index("name")
