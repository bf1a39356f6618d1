"""What ladder and timeline have in common: an SVG that fits light and dark, and can be saved."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from ari_notebook.views.markup import Markup, element, style_sheet
from ari_notebook.views.pretty import pretty

__all__ = ["CHARACTER", "Drawing", "clock", "fitted", "hover", "svg"]

_HOVER = 1500
CHARACTER = 6.8  # pixels

_DARK = "--in:#81c784;--bad:#ef9a9a;--g:#ffb74d;--out:#64b5f6"
# JupyterLab's colours; elsewhere the browser's own, which follow its light or dark scheme.
_CSS = """
svg.ari-drawing.ari-drawing{--t:var(--jp-ui-font-color1,CanvasText);
--f:var(--jp-ui-font-color2,color-mix(in srgb,CanvasText 70%,Canvas));
--l:var(--jp-border-color1,GrayText);--p:var(--jp-layout-color1,Canvas);
--in:#1b5e20;--bad:#b71c1c;--g:#8a4b00;--out:#1565c0;
font:12px var(--jp-ui-font-family,system-ui,sans-serif);max-width:none;overflow:visible}
[data-jp-theme-light="false"] svg.ari-drawing.ari-drawing{_DARK}
@media (prefers-color-scheme:dark){
:root:not(:has([data-jp-theme-light])) svg.ari-drawing.ari-drawing,
svg.ari-drawing.ari-drawing:root{_DARK}}
.ari-drawing text{fill:var(--t)}.ari-drawing .f{fill:var(--f)}
.ari-drawing .life{stroke:var(--l);stroke-dasharray:3 3}
.ari-drawing .box{fill:var(--p);stroke:var(--l)}
.ari-drawing .out{stroke:var(--out);fill:var(--out)}
.ari-drawing .in{stroke:var(--in);fill:var(--in)}
.ari-drawing .bad{stroke:var(--bad);fill:var(--bad)}
.ari-drawing text.out,.ari-drawing text.in,.ari-drawing text.bad{stroke:none}
.ari-drawing text.l{stroke:var(--p);stroke-width:3px;paint-order:stroke}
.ari-drawing g:hover>text{font-weight:600}
.ari-drawing .bar{fill-opacity:.28}
.ari-drawing .Up{fill:var(--in);stroke:var(--in)}
.ari-drawing .wait{fill:var(--f);stroke:var(--f)}
.ari-drawing .group{fill:var(--g);stroke:var(--g)}
.ari-drawing .media{fill:var(--out);stroke:var(--out)}
.ari-drawing text.n{fill:var(--p)}.ari-drawing .n,.ari-drawing .c{font-size:10px;font-weight:600}
.ari-drawing .k{font-size:10px}.ari-drawing .line{stroke:var(--l);stroke-opacity:.5}
.ari-drawing .key{fill:var(--p);stroke:var(--t)}
.ari-drawing circle.in{fill:var(--p);stroke:var(--out)}.ari-drawing text.c{fill:var(--out)}
.ari-drawing .box.channel{stroke:var(--in)}.ari-drawing .box.bridge{stroke:var(--g)}
.ari-drawing .box.playback,.ari-drawing .box.recording{stroke:var(--out)}
""".replace("\n", "").replace("_DARK", _DARK)


class Drawing:
    """A picture and its text form.

    Args:
        picture: the SVG.
        text: the same for a shell.
    """

    def __init__(self, picture: Markup, text: str) -> None:
        self.svg = str(picture)
        self.text = text

    def save(self, path: str | Path) -> Path:
        """Write the picture as an SVG file, to be shown anywhere.

        Args:
            path: where; ``.svg`` is added where it has no ending.

        Returns:
            The file's path.
        """
        file = Path(path)
        file = file if file.suffix else file.with_suffix(".svg")
        # By itself it follows the viewer's scheme; within a page, the page's.
        alone = self.svg.replace("<style>", "<style>svg{color-scheme:light dark}", 1)
        file.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{alone}\n', "utf-8")
        return file

    def _repr_html_(self) -> str:
        return f'<div style="overflow:auto;max-height:70vh">{self.svg}</div>'

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        del cycle
        printer.text(self.text)

    def __repr__(self) -> str:
        return self.text


def svg(width: float, height: float, label: str, *parts: object) -> Markup:
    """An SVG of a size in pixels; ``label`` says to who cannot see it what it shows."""
    return element(
        "svg",
        style_sheet(_CSS),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="ari-drawing",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        role="img",
        aria_label=label,
    )


def hover(source: object) -> Markup:
    """JSON that is shown when the pointer rests on the element around it."""
    text = pretty(source, 1)
    lines = text[:_HOVER].split("\n")
    return element("title", *(part for line in lines for part in (line, Markup("\n"))))


def fitted(text: str, pixels: float) -> str:
    """As much of a text as a width holds, at 6.8 pixels a character, twice that for wide ones."""
    room = max(3, int(pixels / CHARACTER))
    widths = [2 if east_asian_width(character) in "WF" else 1 for character in text]
    if sum(widths) <= room:
        return text
    ends = accumulate(widths)
    return text[: sum(end < room for end in ends)] + "…"


def clock(at: float) -> str:
    """A time of day in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
