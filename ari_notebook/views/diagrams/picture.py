"""Ladder and timeline in all forms: SVG, text, table and saved files."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ari_notebook.client.errors import UsageProblem
from ari_notebook.schema.suggest import suggest
from ari_notebook.views.diagrams import ladder, timeline
from ari_notebook.views.diagrams.data import picture_data, source_text
from ari_notebook.views.diagrams.labels import unisolated
from ari_notebook.views.diagrams.mermaid import mermaid
from ari_notebook.views.diagrams.selection import Selection, Source, read
from ari_notebook.views.diagrams.sequence import Sequence, arrange
from ari_notebook.views.diagrams.svg import alone, on_paper
from ari_notebook.views.diagrams.timeline import Track, tracks
from ari_notebook.views.display.bundle import THEME, page_module, page_style
from ari_notebook.views.display.html import Markup, clean, element

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FRONTEND", "Picture", "View"]

FRONTEND = Path(__file__).parent / "frontend"
View = Literal["ladder", "timeline", "tables"]
_ZOOM = 2  # pixels of a PNG per pixel of the drawing
_ENDINGS = (".svg", ".png", ".html", ".mmd")


class Picture:
    """Requests and events of a session, capture or replay: a picture, a text, a table.

    It shows the state of its creation.

    Args:
        source: a session, a capture or a replay.
        selection: the requests and events to show.
        view: ``ladder`` or ``timeline``.
    """

    def __init__(self, source: Source, selection: Selection, view: View) -> None:
        self._source = source
        self._selection = selection
        self._view: View = view
        selected = read(source.log, selection)
        count = source.requests.count
        self.sequence: Sequence = arrange(list(source.requests), selected, selection, count=count)
        events = selected.events
        if selection.seconds is not None and events:
            begin = events[-1].at - selection.seconds
            events = [each for each in events if each.at >= begin]
        found = tracks(events, selection.channels)
        self.tracks: list[Track] = found[-selection.tracks :]

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        if self._view == "timeline":
            return str(timeline.draw(self.tracks))
        return str(ladder.draw(self.sequence))

    @property
    def text(self) -> str:
        """The picture for a shell, 80 characters wide."""
        if self._view == "timeline":
            return timeline.write(self.tracks)
        return ladder.write(self.sequence)

    @property
    def mermaid(self) -> str:
        """The ladder in Mermaid's language, for GitHub, GitLab and JupyterLab."""
        return mermaid(self.sequence)

    @property
    def df(self) -> pd.DataFrame:
        """The requests and events of the picture as a table."""
        import pandas as pd  # noqa: PLC0415  takes 0.4 s

        steps = self.sequence.steps
        return pd.DataFrame(
            {
                "time": pd.to_datetime([step.at for step in steps], unit="s", utc=True),
                "sent": pd.array([step.sent for step in steps], dtype="bool"),
                "lane": pd.array([step.lane.label for step in steps], dtype="str"),
                "kind": pd.Categorical([step.kind for step in steps]),
                "what": pd.array([unisolated(step.label) for step in steps], dtype="str"),
                "outcome": pd.array([step.outcome for step in steps], dtype="str"),
                "milliseconds": pd.array([step.milliseconds for step in steps], dtype="Float64"),
                "number": pd.array([step.number or None for step in steps], dtype="Int32"),
                "cause": pd.array([step.cause or None for step in steps], dtype="Int32"),
            }
        )

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file.

        Args:
            path: path of the file. Its suffix selects the format: ``.svg`` (also without a suffix),
                ``.png``, ``.html`` (one file with everything, for a ticket), or ``.mmd`` (Mermaid).

        Returns:
            The file's path.

        Raises:
            UsageProblem: unknown suffix, or the converter to PNG is not installed.
        """
        file = Path(path)
        file = file if file.suffix else file.with_suffix(".svg")
        ending = file.suffix.lower()
        if ending not in _ENDINGS:
            raise UsageProblem(
                f"a drawing cannot be saved as {ending}",
                f"{suggest(ending, _ENDINGS)} Endings: {', '.join(_ENDINGS)}.".strip(),
            )
        file.write_bytes(self.rendered(ending))
        return file

    def rendered(self, ending: str) -> bytes:
        """Return the contents of a file of the picture.

        Args:
            ending: as for `save`.
        """
        if ending == ".png":
            return _png(self.svg)
        if ending == ".html":
            return self._page().encode("utf-8", "replace")
        if ending == ".mmd":
            return self.mermaid.encode("utf-8", "replace")
        return alone(self.svg).encode("utf-8", "replace")

    def _page(self) -> str:
        """Return the viewer with all its data as one page."""
        data = {
            **picture_data(self.sequence, self.tracks),
            "view": self._view,
            "title": clean(getattr(self._source, "name", ""), 100),
            "sources": {
                step.key: {"json": source_text(step.source), "curl": step.curl}
                for step in self.sequence.steps
            },
        }
        script = page_module(FRONTEND, "standalone")
        style = page_style(THEME, FRONTEND)
        given = json.dumps(data).replace("<", "\\u003c")
        policy = f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}"
        title = escape(f"{self._view} {data['title']}".strip())
        return (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{title}</title><style>{style}</style></head><body>"
            '<main><div id="viewer"></div></main>'
            f'<script type="application/json" id="data">{given}</script>'
            f'<script type="module">{script}</script></body></html>\n'
        )

    def _repr_html_(self) -> str:
        """Return the picture alone, for pages without a kernel."""
        if self._view == "timeline":
            return _scrolling(Markup(self.svg))
        head, body = ladder.draw_parts(self.sequence)
        return _scrolling(element("div", head, style=_STICKY), body)

    def __repr__(self) -> str:
        return self.text


_STICKY = "position:sticky;top:0;background:var(--jp-layout-color1,Canvas);z-index:1"


def _scrolling(*parts: object) -> str:
    """Return parts in a box that can be scrolled with the keyboard."""
    return element(
        "div",
        *parts,
        role="region",
        aria_label="Drawing",
        tabindex=0,
        style="overflow:auto;max-height:70vh",
    )


def _hash(text: str) -> str:
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _png(svg: str) -> bytes:
    try:
        import resvg_py  # noqa: PLC0415  optional
    except ImportError:
        raise UsageProblem(
            "saving a PNG needs resvg-py, which is not installed",
            "pip install resvg-py, or save as .svg.",
        ) from None
    made: bytes = resvg_py.svg_to_bytes(svg_string=on_paper(svg), background="#ffffff", zoom=_ZOOM)
    return bytes(made)
