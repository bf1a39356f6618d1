"""What a person looks at: panel, ladder, timeline, HTML and text forms."""

from __future__ import annotations

from ari_notebook.views.display import html_of, register, text_of, unregister
from ari_notebook.views.forms import error_html, error_text

__all__ = ["error_html", "error_text", "html_of", "register", "text_of", "unregister"]
