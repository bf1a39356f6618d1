"""A ``;`` at the end of a line of `%ari` keeps its result from being shown.

IPython looks for the semicolon in the Python that a cell became, where a magic's line is a string.
So the statement is wrapped: what stands inside an ``if`` is run, but not displayed. The line still
returns its object, so that ``channel = %ari originate …;`` has it.
"""

from __future__ import annotations

import ast
from typing import Any

from ari_notebook.client.errors import UsageProblem

__all__ = ["Silencer", "silence", "silence_no_more"]


class Silencer(ast.NodeTransformer):
    """Wraps the statements that are to show nothing."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """One statement."""
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
    from ari_notebook.magics.words import without_comment

    try:
        return without_comment(line).endswith(";")
    except UsageProblem:
        return False  # the line will say so itself


def silence(ipython: Any) -> None:
    """Let a shell heed the semicolon. Twice is no more than once."""
    silence_no_more(ipython)
    ipython.ast_transformers.append(Silencer())


def silence_no_more(ipython: Any) -> None:
    """Take it back; also what an earlier load of this module left."""
    kept = [t for t in ipython.ast_transformers if type(t).__name__ != Silencer.__name__]
    ipython.ast_transformers[:] = kept
