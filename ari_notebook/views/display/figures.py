"""Figures of matplotlib in a page, in the page's light or dark colours."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from matplotlib import rc_context

from ari_notebook.captures.charts import INK
from ari_notebook.views.display.html import Markup, element

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure_html"]


def figure_html(figure: Figure) -> Markup:
    """Return a figure of `ari_notebook.captures.charts` as HTML."""
    drawn = io.StringIO()
    with rc_context({"svg.fonttype": "none"}):
        figure.savefig(drawn, format="svg", transparent=True, metadata={"Date": None})
    text = drawn.getvalue()
    drawing = Markup(text[text.index("<svg") :].replace(INK, "currentColor"))
    title = "; ".join(filter(None, (axes.get_title() for axes in figure.axes)))
    return element(
        "div",
        drawing,
        role="img",
        aria_label=title or "figure",
        style="color:var(--jp-ui-font-color1,CanvasText);max-width:100%;overflow:auto",
    )
