"""One line of `%ari` run: taken apart, its verb found, its words checked, its verb done."""

from __future__ import annotations

import re
from typing import Any

from ari_notebook import sessions
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.magics import grammar
from ari_notebook.magics.context import Context
from ari_notebook.magics.operations import invoke, is_operation
from ari_notebook.magics.settings import AriMagics
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.magics.words import Word, split

__all__ = ["run"]


def run(shell: Any, settings: AriMagics, line: str, cell: str | None = None) -> Any:
    """Do what a line says.

    Args:
        shell: IPython's.
        settings: what ``%config AriMagics`` says.
        line: what stands behind ``%ari``.
        cell: what stands below ``%%ari``.

    Raises:
        AriError: it cannot be done, or makes no sense.
    """
    load_verbs()
    # Whether a semicolon silences the result is IPython's business, not the verb's.
    words = split(re.sub(r";\s*$", "", line), shell.user_ns) or [Word("overview")]
    if is_operation(words[0]):
        verb, length = invoke(words[0]), 1
    else:
        verb, length = grammar.find(words, _operations())
    if verb.cell == "required" and cell is None:
        raise UsageProblem(f"{verb.name} takes a cell", f"Usage: {verb.usage}")
    if cell is not None and not verb.cell:
        raise UsageProblem(f"{verb.name} takes no cell", "Begin the line with one %.")
    given = grammar.parse(verb, words[length:], cell)
    context = Context(shell, settings, given)
    if verb.connected or given.options["--on"]:
        _ = context.session  # a closed or missing one is said before anything else
    return verb.run(context, given)


def _operations() -> tuple[str, ...]:
    try:
        return sessions.current().declaration.names
    except AriError:
        return ()
