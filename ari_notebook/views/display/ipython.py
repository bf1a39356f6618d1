"""Registration of representations in IPython: cards in the notebook, lines in the shell.

Classes are registered by name, so that neither they nor their representations are loaded before the
first object is shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from ari_notebook.store.plain_text import printable

__all__ = ["SHOWN", "register", "shows_pages", "unregister"]

SHOWN = {
    "ari_notebook.audio.sound": ("Sound",),
    "ari_notebook.client.rest": ("RestResponse",),
    "ari_notebook.connection.gaps": ("Gap",),
    "ari_notebook.lessons.report": ("Report",),
    "ari_notebook.store.request_log": ("RequestLog", "SentRequest"),
    "ari_notebook.connection.json_object": ("JsonObject",),
    "ari_notebook.connection.resources": ("LiveObject", "LoggedEvents", "Resource"),
    "ari_notebook.connection.connection": ("Connection",),
    "ari_notebook.connection.status": ("Status",),
}
_FRAMES = (  # module names in pandas 3, and earlier
    *(("pandas", name) for name in ("DataFrame", "Series", "Index")),
    ("pandas.core.frame", "DataFrame"),
    ("pandas.core.series", "Series"),
    ("pandas.core.indexes.base", "Index"),
)
_SHOWN_AS_HTML = [each for each in _FRAMES if each[1] == "DataFrame"]
_FIGURE = ("ari_notebook.captures.charts", "FigureWithPng")
_OF_LISTS = "ari_notebook.connection.resources"


def _names() -> Iterator[tuple[str, str]]:
    for module, names in SHOWN.items():
        for name in names:
            yield module, name


def _html(thing: object) -> Any:
    from ari_notebook.views.display.formatters import html_of  # noqa: PLC0415  for the first object that is shown: 23 ms

    return html_of(thing)


def _html_of_list(things: list[Any]) -> Any:
    """Return the form of a list of live objects; any other list loads nothing."""
    return _html(things) if _OF_LISTS in sys.modules else None


def _print(thing: Any, printer: Any, cycle: bool) -> None:
    """Print all lines of a single object; one line inside a list or a dict."""
    del cycle
    from ari_notebook.views.display.formatters import text_of  # noqa: PLC0415  for the first object that is shown: 23 ms

    alone = len(getattr(printer, "stack", ())) <= 1
    printer.text(text_of(thing) if alone else repr(thing))


def _print_frame(frame: Any, printer: Any, cycle: bool) -> None:
    """Print a DataFrame of untrusted data without characters that control a terminal."""
    del cycle
    printer.text(printable(repr(frame)))


def _frame_html(frame: Any) -> str | None:
    made = frame._repr_html_()
    return None if made is None else printable(made)


def _figure_html(figure: Any) -> Any:
    from ari_notebook.views.display.figures import figure_html  # noqa: PLC0415  matplotlib is optional

    return figure_html(figure)


def _print_table(table: Any, printer: Any, cycle: bool) -> None:
    """Print a DataFrame in the terminal's width, the essential columns first."""
    del cycle
    from ari_notebook.views.display.narrow import table_text  # noqa: PLC0415  for the first table

    alone = len(getattr(printer, "stack", ())) <= 1
    printer.text(printable(table_text(table) if alone else repr(table)))


def register(ipython: Any, *, html: bool = True) -> None:
    """Make a shell show this package's objects; idempotent.

    Args:
        ipython: the `InteractiveShell`.
        html: show cards if the shell supports HTML; otherwise text.
    """
    unregister(ipython)
    formatters = ipython.display_formatter.formatters
    formatters["text/plain"].for_type_by_name(
        "ari_notebook.connection.resources", "LiveObject", _print
    )
    in_terminal = not hasattr(ipython, "kernel")
    for module, name in _FRAMES:
        narrow = in_terminal and name == "DataFrame"
        printed = _print_table if narrow else _print_frame
        formatters["text/plain"].for_type_by_name(module, name, printed)
    if html:
        for module, name in _SHOWN_AS_HTML:
            formatters["text/html"].for_type_by_name(module, name, _frame_html)
        for module, name in _names():
            formatters["text/html"].for_type_by_name(module, name, _html)
        formatters["text/html"].for_type_by_name(*_FIGURE, _figure_html)
        formatters["text/html"].for_type(list, _html_of_list)


def shows_pages(ipython: Any) -> bool:
    """Return whether a shell shows pages: a notebook's, where results are shown as HTML."""
    if not hasattr(ipython, "kernel"):
        return False
    return list in ipython.display_formatter.formatters["text/html"].type_printers


def unregister(ipython: Any) -> None:
    """Undo `register`."""
    formatters = ipython.display_formatter.formatters
    formatters["text/plain"].pop("ari_notebook.connection.resources.LiveObject", None)
    for module, name in _FRAMES:
        formatters["text/plain"].pop(f"{module}.{name}", None)
    for module, name in _SHOWN_AS_HTML:
        formatters["text/html"].pop(f"{module}.{name}", None)
    for module, name in _names():
        formatters["text/html"].pop(f"{module}.{name}", None)
    formatters["text/html"].pop(".".join(_FIGURE), None)
    formatters["text/html"].pop(list, None)
