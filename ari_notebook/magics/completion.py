"""Tab behind `%ari`: one of IPython's own matchers.

So the shell's Tab and the kernel's ``complete_request`` both ask it.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["complete_no_more", "complete_with"]

_OURS = "ari_notebook"
_LINE = re.compile(r"(?:^|[=\s(])(?P<magic>%{0,2})ari\s+(?P<rest>.*)$", re.S)


def complete_with(ipython: Any) -> None:
    """Let a shell complete ``%ari``. Twice is no more than once."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    complete_no_more(ipython)

    @context_matcher(identifier=_OURS)  # type: ignore[untyped-decorator]
    def ari_matcher(context: Any) -> Any:
        before = context.text_until_cursor  # of its line
        match = _LINE.search(before)
        if match is None or (not match["magic"] and _is_variable(ipython, before)):
            return {"completions": [], "suppress": False}
        from ari_notebook.magics.complete import complete

        fragment, found = complete(match["rest"], ipython.user_ns)
        return {
            "completions": [SimpleCompletion(text=text, type=kind) for text, kind in found],
            "matched_fragment": fragment,
            "suppress": bool(found),
            "ordered": True,
        }

    ipython.Completer.custom_matchers.append(ari_matcher)


def complete_no_more(ipython: Any) -> None:
    """Take the completion away."""
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != _OURS]


def _is_variable(ipython: Any, line: str) -> bool:
    """Whether ``ari`` without a % is Python: automagic gives way to a variable of the name."""
    return "ari" in ipython.user_ns or not ipython.automagic or not line.startswith("ari ")
