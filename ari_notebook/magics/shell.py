"""The magic itself: a line comes in, a verb runs, its result or a one-line error goes out."""

from __future__ import annotations

import re
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from ari_notebook import sessions
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.magics import grammar
from ari_notebook.magics.context import Context
from ari_notebook.magics.operations import invoke, is_operation
from ari_notebook.magics.settings import AriMagics
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.magics.words import split
from ari_notebook.views import register, unregister

__all__ = ["AriMagic"]


@magics_class
class AriMagic(Magics):  # type: ignore[misc]
    """``%ari`` and ``%%ari``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.settings = AriMagics(parent=shell)
        self.settings.observe(self._display, "display")
        load_verbs()

    def _display(self, change: dict[str, str]) -> None:
        (register if change["new"] == "html" else unregister)(self.shell)

    @no_var_expand  # type: ignore[untyped-decorator]
    @line_cell_magic  # type: ignore[untyped-decorator]
    def ari(self, line: str, cell: str | None = None) -> Any:
        """Drive an Asterisk by its REST interface: ``%ari VERB …``.

        ``%ari`` alone says where things stand, ``%ari help`` lists the verbs, ``%ari help VERB``
        explains one. Every verb returns its object: ``channel = %ari originate …``; a ``;`` at
        the end of the line silences it. ``$name`` and ``{expression}`` are replaced by what they
        stand for.
        """
        try:
            return self._run(line, cell)
        except AriError as error:
            raise _one_line(error) from None

    def _run(self, line: str, cell: str | None) -> Any:
        # IPython itself shows nothing of a line that ends in a semicolon.
        words = split(re.sub(r";\s*$", "", line), self.shell.user_ns) or split("overview", {})
        if is_operation(words[0]):
            return invoke(self, words)
        return self._verb(words, cell)

    def _verb(self, words: list[Any], cell: str | None) -> Any:
        opened = sessions.opened()
        operations = opened[-1].declaration.names if opened else ()
        verb, length = grammar.find(words, operations)
        if verb.cell == "required" and cell is None:
            raise UsageProblem(f"{verb.name} takes a cell", f"Usage: {verb.usage}")
        if cell is not None and not verb.cell:
            raise UsageProblem(f"{verb.name} takes no cell", "Begin the cell with %ari, one %.")
        given = grammar.parse(verb, words[length:], cell)
        context = Context(self.shell, self.settings, given)
        if verb.connected:
            _ = context.session  # a closed or missing one is said before anything else
        return verb.run(context, given)


def _one_line(error: AriError) -> AriError:
    """The error, shown by IPython and Jupyter as one line instead of a traceback."""
    text = f"{type(error).__name__}: {error}"
    error._render_traceback_ = lambda *_: [text]  # type: ignore[attr-defined]
    return error.with_traceback(None)
