"""Completion after `%ari`, as an IPython matcher.

The shell's Tab and the kernel's ``complete_request`` both call it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher

__all__ = ["complete_no_more", "complete_with"]

_OURS = "ari_notebook"
_LINE = re.compile(r"(?:^|[=\s(])(?P<magic>%{0,2})ari\s+(?P<rest>.*)$", re.S)


_EXPRESSION = re.compile(r"\{[^}]*$")  # an open {expression}: Python


class _NoCompletions:
    """No completions, in a form that suppresses other matchers: IPython checks ``len``."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[SimpleCompletion]:
        return iter(())


def complete_with(ipython: Any) -> None:
    """Add completion of ``%ari`` to a shell; idempotent."""
    complete_no_more(ipython)

    @context_matcher(identifier=_OURS)  # type: ignore[untyped-decorator]
    def ari_matcher(context: Any) -> Any:
        before = context.text_until_cursor  # of its line
        match = _LINE.search(before)
        if match is None or (not match["magic"] and _is_variable(ipython, before)):
            return {"completions": [], "suppress": False}
        from ari_notebook.magics.completion.completer import complete  # noqa: PLC0415  at the first Tab: 0.3 s

        fragment, found = complete(match["rest"], ipython.user_ns, cell=match["magic"] == "%%")
        completions = [SimpleCompletion(text=text, type=kind) for text, kind in found]
        return {
            "completions": completions or _NoCompletions(),
            "matched_fragment": fragment,
            "suppress": bool(found) or _EXPRESSION.search(match["rest"]) is None,
            "ordered": True,
        }

    ipython.Completer.custom_matchers.append(ari_matcher)


def complete_no_more(ipython: Any) -> None:
    """Remove the completion."""
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != _OURS]


def _is_variable(ipython: Any, line: str) -> bool:
    """Return whether ``ari`` without % is Python: a variable has precedence over automagic."""
    return "ari" in ipython.user_ns or not ipython.automagic or not line.startswith("ari ")
