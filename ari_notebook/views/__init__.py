"""What a person looks at: panel, ladder, timeline, HTML and text forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ari_notebook.views.registering import register, unregister

if TYPE_CHECKING:
    from ari_notebook.views.display import html_of, text_of
    from ari_notebook.views.forms import error_html, error_text

__all__ = ["error_html", "error_text", "html_of", "register", "text_of", "unregister"]

_HOMES = {
    "error_html": "forms",
    "error_text": "forms",
    "html_of": "display",
    "text_of": "display",
}


def __getattr__(name: str) -> Any:
    """Load a form when it is first used: loading the extension must not be felt."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
