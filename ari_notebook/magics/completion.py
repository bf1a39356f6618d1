"""Tab, in the IPython shell and in Jupyter: both ask IPython's completer, which asks this."""

from __future__ import annotations

import re
from typing import Any

from ari_notebook.magics.candidates import candidates

__all__ = ["complete_no_more", "complete_with"]

# Anywhere in a line: ``%ari``, ``%%ari``, ``x = %ari``.
_LINE = re.compile(r".*%ari\s+")
_HOOK = "complete_command"


def complete_with(ipython: Any) -> None:
    """Complete what stands behind ``%ari``."""
    complete_no_more(ipython)
    ipython.set_hook(_HOOK, _complete, re_key=_LINE.pattern)


def complete_no_more(ipython: Any) -> None:
    """Take the completer away."""
    dispatcher = ipython.strdispatchers.get(_HOOK)
    for key in list(dispatcher.regexs) if dispatcher is not None else ():
        if getattr(key, "pattern", key) == _LINE.pattern:
            del dispatcher.regexs[key]


def _complete(ipython: Any, event: Any) -> list[str]:
    """The completions of the word before the cursor, without what IPython leaves alone of it."""
    behind = _LINE.sub("", event.text_until_cursor, count=1)
    found = candidates(behind, ipython.user_ns)
    word = behind.rpartition(" ")[2]
    # IPython completes from the last of its own delimiters on, as = and : are.
    kept = len(word) - len(event.symbol) if word.endswith(event.symbol) else 0
    return [each[kept:] for each in found]
