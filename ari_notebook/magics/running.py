"""One line of `%ari` run: taken apart, its verb found, its words checked, its verb done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ari_notebook import sessions
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.magics import grammar
from ari_notebook.magics.context import Context
from ari_notebook.magics.operations import invoke, is_operation
from ari_notebook.magics.settings import AriMagics
from ari_notebook.magics.verbs import load_verbs
from ari_notebook.magics.words import Word, split, without_comment

if TYPE_CHECKING:
    from ari_notebook.session import Session

__all__ = ["run"]


def run(
    shell: Any,
    settings: AriMagics,
    line: str,
    cell: str | None,
    names: Mapping[str, Any],
) -> Any:
    """Do what a line says.

    Args:
        shell: IPython's.
        settings: what ``%config AriMagics`` says.
        line: what stands behind ``%ari``.
        cell: what stands below ``%%ari``.
        names: the variables where the line stands.

    Raises:
        AriError: it cannot be done, or makes no sense.
    """
    load_verbs()
    # Whether a semicolon silences the result is IPython's business, not the verb's.
    words = split(without_comment(line).removesuffix(";"), names)
    if "--help" in words:
        words = [Word("help"), *_subject(words)]
    verb, length = _verb(words, cell)
    if verb.cell == "required" and cell is None:
        raise UsageProblem(f"{verb.name} takes a cell", f"Usage: {verb.usage}")
    if cell is not None and not verb.cell:
        raise UsageProblem(f"{verb.name} takes no cell", "Begin the line with one %.")
    given = grammar.parse(verb, words[length:], cell)
    context = Context(shell, settings, given, names)
    if verb.connected or given.options["--on"]:
        _check_server(verb, context.session)  # a closed or missing one is said first of all
    return verb.run(context, given)


def _subject(words: Sequence[Word]) -> Sequence[Word]:
    """The words of a line that say which verb or operation help is wanted for."""
    rest = [word for word in words if word != "--help"]
    return rest[:2] if " ".join(rest[:2]) in grammar.VERBS else rest[:1]


def _verb(words: Sequence[Word], cell: str | None) -> tuple[grammar.Verb, int]:
    """The verb that a line means, and of how many words it is."""
    if words and is_operation(words[0]):
        return invoke(words[0]), 1
    if words:
        return grammar.find(words, _operations())
    if cell is not None:
        with_cell = [f"%%ari {name}" for name, each in grammar.VERBS.items() if each.cell]
        raise UsageProblem("%%ari needs a verb", f"One of: {', '.join(with_cell)}.")
    return grammar.VERBS["overview"], 0


def _check_server(verb: grammar.Verb, session: Session) -> None:
    """Refuse a verb whose operation the server does not declare: an older one, or a newer.

    Raises:
        UsageProblem: it has no such operation.
    """
    declared = session.declaration.operations
    wanted = verb.operation
    if wanted and "…" not in wanted and wanted not in {f"{o.method} {o.path}" for o in declared}:
        raise UsageProblem(
            f"{session.server} has no {wanted}", "`%ari diff` lists what else it lacks."
        )


def _operations() -> tuple[str, ...]:
    try:
        return sessions.current().declaration.names
    except AriError:
        return ()
