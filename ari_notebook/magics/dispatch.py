"""Execution of one line of `%ari`: split, find the verb, check the words, run the verb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from ari_notebook import sessions
from ari_notebook.client.errors import AriError, UsageProblem
from ari_notebook.magics import grammar
from ari_notebook.magics.config import AriMagics
from ari_notebook.magics.context import Context
from ari_notebook.magics.grammar import INSIST, ParsedLine, Verb
from ari_notebook.magics.tokenizer import Word, split, without_comment
from ari_notebook.magics.verbs import load_verbs

if TYPE_CHECKING:
    from ari_notebook.schema import Parameter
    from ari_notebook.sessions.session import Session

__all__ = ["arguments_of", "invoke", "is_operation", "run"]


_HELP = frozenset({"--help", "-h"})


def run(
    shell: Any,
    settings: AriMagics,
    line: str,
    cell: str | None,
    names: Mapping[str, Any],
) -> Any:
    """Run a line.

    Args:
        shell: IPython's.
        settings: settings of ``%config AriMagics``.
        line: text after ``%ari``.
        cell: text below ``%%ari``.
        names: variables in the scope of the line.

    Raises:
        AriError: the line is invalid, or cannot be executed.
    """
    load_verbs()
    # IPython handles a semicolon, see `cell_output`.
    words = split(without_comment(line).removesuffix(";"), names)
    if _HELP.intersection(words):
        words = [Word("help"), *_subject(words)]
    verb, length = _verb(words, cell)
    if verb.cell == "required" and cell is None:
        raise UsageProblem(f"{verb.name} takes a cell", f"Usage: {verb.usage}")
    if cell is not None and not verb.cell:
        raise UsageProblem(f"{verb.name} takes no cell", "Begin the line with one %.")
    given = grammar.parse(verb, words[length:], cell)
    context = Context(shell, settings, given, names)
    if verb.connected or given.options["--on"]:
        _check_server(verb, context.session)  # a closed or missing session is the first error
    if given.options.get(INSIST.name):
        with context.session.insist():
            return verb.run(context, given)
    return verb.run(context, given)


def _subject(words: Sequence[Word]) -> Sequence[Word]:
    """Return the words of a line that name the verb or operation to explain."""
    rest = [word for word in words if word not in _HELP]
    return rest[:2] if " ".join(rest[:2]) in grammar.VERBS else rest[:1]


def _verb(words: Sequence[Word], cell: str | None) -> tuple[grammar.Verb, int]:
    """Return the verb of a line, and its number of words."""
    if words and is_operation(words[0]):
        return invoke(words[0]), 1
    if words:
        return grammar.find(words, _operations())
    if cell is not None:
        with_cell = [f"%%ari {name}" for name, each in grammar.VERBS.items() if each.cell]
        raise UsageProblem("%%ari needs a verb", f"One of: {', '.join(with_cell)}.")
    return grammar.VERBS["overview"], 0


def _check_server(verb: grammar.Verb, session: Session) -> None:
    """Refuse a verb whose operation the server, of another version, does not declare.

    Raises:
        UsageProblem: the server has no such operation.
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


def is_operation(word: str) -> bool:
    """Return whether a line's first word names an operation."""
    resource, dot, name = str(word).partition(".")
    return bool(dot) and resource.isidentifier() and name.isidentifier()


def invoke(name: str) -> Verb:
    """Return a verb that performs the operation of that name.

    Running it raises UsageProblem for an unknown operation, and InvalidParameter for parameters
    that are invalid by the declaration; then nothing was sent.
    """

    def run(context: Context, given: ParsedLine) -> Any:
        session = context.session
        operation = session.operation(name)
        return session.invoke(operation, arguments_of(operation.parameters, given))

    return Verb(name, "", run, options=(INSIST,), fields="operation")


def arguments_of(parameters: tuple[Parameter, ...], given: ParsedLine) -> dict[str, Any]:
    """Return the arguments of a line; those for the body are parsed as JSON.

    Raises:
        UsageProblem: invalid JSON for the body.
    """
    bodies = {p.name for p in parameters if p.location == "body"}
    found: dict[str, Any] = {}
    for name, value in given.fields.items():
        found[name] = _json(name, value) if name in bodies and isinstance(value, str) else value
    return found


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise UsageProblem(
            f"{name} takes JSON, not {text!r}", f'As in {name}={{"COLOUR": "red"}}.'
        ) from None
