"""Ladder and timeline as objects for the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import display

from ari_notebook.views.diagrams.picture import Picture
from ari_notebook.views.display.comms import in_notebook
from ari_notebook.views.display.html import Markup, element

if TYPE_CHECKING:
    from ari_notebook.views.diagrams.viewer import Viewer

__all__ = ["Drawing"]


class Drawing(Picture):
    """A picture of requests and events; in a notebook, a viewer that follows the session.

    Its arguments are those of `ari_notebook.views.diagrams.picture.Picture`.
    """

    def _display_(self) -> Viewer:
        """Return the viewer; marimo shows what this returns."""
        from ari_notebook.views.diagrams.viewer import viewer  # noqa: PLC0415  80 ms

        return viewer(self._source, self._selection, self._view)

    def _ipython_display_(self) -> None:
        if not in_notebook():
            display({"text/plain": self.text}, raw=True)
            return
        shown = self._display_()
        display({**shown.bundle(), "text/plain": repr(shown)}, raw=True)
        # For pages without a kernel; hidden while the viewer is live.
        still = element("div", Markup(self._repr_html_()), class_="ari-still")
        display({"text/html": str(still), "text/plain": self.text}, raw=True)
