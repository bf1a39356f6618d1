"""Mermaid diagrams of the documentation as SVG, drawn when the site is built.

The site then needs no script from elsewhere, and shows them without JavaScript.
``docs/stylesheets/site.css`` gives them the theme's colours.
"""

from __future__ import annotations

import hashlib
from typing import Any

import mermaidx

__all__ = ["fence"]


def fence(source: str, _language: str, css_class: str, *_: Any, **__: Any) -> str:
    """Return the HTML of a fenced block, as pymdownx.superfences calls it."""
    name = "diagram-" + hashlib.sha256(source.encode()).hexdigest()[:8]
    drawing = mermaidx.render(source).svg().replace("my-svg", name)
    return f'<div class="{css_class}">{drawing}</div>'
