"""Views: panel, ladder, timeline, HTML and text forms."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ari_notebook.views.display.ipython import register, shows_pages, unregister

if TYPE_CHECKING:
    from ari_notebook.views.display.formatters import html_of, text_of
    from ari_notebook.views.display.render import error_html, error_text

__all__ = [
    "error_html",
    "error_text",
    "html_of",
    "register",
    "shows_pages",
    "text_of",
    "unregister",
]

_HOMES = {
    "error_html": "display.render",
    "error_text": "display.render",
    "html_of": "display.formatters",
    "text_of": "display.formatters",
}


def __getattr__(name: str) -> Any:
    """Load a view on first use, to keep loading the extension fast."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
