"""The verb of the demonstration."""

from __future__ import annotations

import sys
from typing import Any

from ari_notebook import sessions
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import VERBS, ParsedLine, parse, verb
from ari_notebook.store.plain_text import printable
from ari_notebook.views import shows_pages


@verb(
    "demo",
    "a demonstration: answer a ringing telephone, hear hello world, press 1, and see all requests "
    "and events",
    group="Course",
    connected=False,
    examples=("%ari demo",),
)
def demo(context: Context, given: ParsedLine) -> Any:
    """Show the demonstration; connect first if no session is open."""
    from ari_notebook.views.pages.demo import Demo  # noqa: PLC0415  80 ms

    if not sessions.opened():
        connect = VERBS["connect"]
        connect.run(context, parse(connect, ()))
    session = context.session
    made = Demo(session, session.ladder)
    if shows_pages(context.shell):
        return made
    made.perform(lambda line: sys.stdout.write(printable(line) + "\n"))
    return None
