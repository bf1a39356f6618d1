"""A matplotlib figure that a notebook shows, whether or not pyplot was ever imported.

It is matplotlib's pyplot that teaches IPython to show figures. These belong to no window and need
no pyplot, so they say themselves what they look like.
"""

from __future__ import annotations

import io

from matplotlib.figure import Figure

__all__ = ["Drawn"]


class Drawn(Figure):  # type: ignore[misc, unused-ignore]  # Any, where matplotlib is not installed
    """A figure with a picture of itself."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=100)
        return picture.getvalue()
