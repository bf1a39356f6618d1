"""Tells IPython how to show this package's objects: a card in the notebook, lines in the shell.

The objects themselves know nothing of it. They are registered by name, so that neither they nor
their forms are loaded before there is one to show.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

__all__ = ["SHOWN", "register", "unregister"]

SHOWN = {
    "ari_notebook.client.rest": ("Answer",),
    "ari_notebook.following": ("Gap",),
    "ari_notebook.report": ("Report",),
    "ari_notebook.requestlog": ("RequestLog", "SentRequest"),
    "ari_notebook.resources": ("Events", "Fields", "LiveObject", "Resource"),
    "ari_notebook.session": ("Session",),
    "ari_notebook.status": ("Status",),
}
_OF_LISTS = "ari_notebook.resources"


def _names() -> Iterator[tuple[str, str]]:
    for module, names in SHOWN.items():
        for name in names:
            yield module, name


def _html(thing: object) -> Any:
    from ari_notebook.views.display import html_of

    return html_of(thing)


def _html_of_list(things: list[Any]) -> Any:
    """A list of live objects has a form; where there are none, nothing is loaded for it."""
    return _html(things) if _OF_LISTS in sys.modules else None


def _print(thing: Any, printer: Any, cycle: bool) -> None:
    """For IPython: all its lines where it stands alone, one line inside a list or a dict."""
    del cycle
    from ari_notebook.views.display import text_of

    alone = len(getattr(printer, "stack", ())) <= 1
    printer.text(text_of(thing) if alone else repr(thing))


def register(ipython: Any, *, html: bool = True) -> None:
    """Let a shell show this package's objects. Twice is no more than once.

    Args:
        ipython: the `InteractiveShell`.
        html: as cards where it can show HTML; else as text everywhere.
    """
    unregister(ipython)
    formatters = ipython.display_formatter.formatters
    formatters["text/plain"].for_type_by_name("ari_notebook.resources", "LiveObject", _print)
    if html:
        for module, name in _names():
            formatters["text/html"].for_type_by_name(module, name, _html)
        formatters["text/html"].for_type(list, _html_of_list)


def unregister(ipython: Any) -> None:
    """Take back what `register` did."""
    formatters = ipython.display_formatter.formatters
    formatters["text/plain"].pop("ari_notebook.resources.LiveObject", None)
    for module, name in _names():
        formatters["text/html"].pop(f"{module}.{name}", None)
    formatters["text/html"].pop(list, None)
