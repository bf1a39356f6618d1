"""Suppression of a result by a ``;`` at the end of a line of `%ari`.

IPython searches for the semicolon in the translated Python of a cell, in which a magic's line is a
string. So the statement is wrapped in an ``if``, whose result is not displayed. The line still
returns its object, for ``channel = %ari originate …;``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from ari_notebook.client.errors import UsageProblem

__all__ = ["Silencer", "place_of", "silence", "silence_no_more"]


class Silencer(ast.NodeTransformer):
    """Wraps the statements whose result is not shown."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """Wrap one statement."""
        if not _is_silenced(node.value):
            return node
        return ast.copy_location(
            ast.If(test=ast.copy_location(ast.Constant(True), node), body=[node], orelse=[]), node
        )


def _is_silenced(value: ast.expr) -> bool:
    match value:
        case ast.Call(
            func=ast.Attribute(attr="run_line_magic" | "run_cell_magic"),
            args=[ast.Constant(value="ari"), ast.Constant(value=str(line)), *_],
        ):
            return _ends_with_semicolon(line)
    return False


def _ends_with_semicolon(line: str) -> bool:
    if ";" not in line:
        return False
    from ari_notebook.magics.tokenizer import without_comment  # noqa: PLC0415  at the first line

    try:
        return without_comment(line).endswith(";")
    except UsageProblem:
        return False  # the line itself reports the error


def silence(ipython: Any) -> None:
    """Make a shell respect the semicolon; idempotent."""
    silence_no_more(ipython)
    ipython.ast_transformers.append(Silencer())


def silence_no_more(ipython: Any) -> None:
    """Undo `silence`, also for an earlier load of this module."""
    kept = [t for t in ipython.ast_transformers if type(t).__name__ != Silencer.__name__]
    ipython.ast_transformers[:] = kept


def place_of(shell: Any) -> Callable[[], AbstractContextManager[Any]]:
    """Return a context for output in the running cell, to be entered later, from any thread.

    The IPython shell has only one output.
    """
    if not hasattr(shell, "set_thread_parent"):
        return nullcontext
    parent = shell.get_parent()

    @contextmanager
    def there() -> Iterator[None]:
        tokens = shell.set_thread_parent(parent)
        try:
            yield
        finally:
            shell.reset_thread_parent(tokens)

    return there
