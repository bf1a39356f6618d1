"""Messages between widgets and the kernel."""

from __future__ import annotations

from typing import Any

from IPython import get_ipython

__all__ = ["answer_while_busy", "in_notebook"]


def answer_while_busy(comm: Any) -> None:
    """Process a page's messages in a separate thread, if the page requests it.

    JupyterLab sends them to a subshell of the kernel. From 7.4 on ipykernel ignores that and uses
    the thread from which the comm last sent; for a widget created by a cell, that is the main
    thread, and no button would work while a cell runs.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = None


def in_notebook() -> bool:
    """Return whether this is a notebook kernel; a shell only prints the text form."""
    return hasattr(get_ipython(), "kernel")
