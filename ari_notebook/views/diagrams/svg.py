"""Common SVG of ladder and timeline, for light and dark schemes, and for files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from itertools import accumulate
from unicodedata import east_asian_width

from ari_notebook.views.display.bundle import THEME, small
from ari_notebook.views.display.html import Markup, element, pretty, style_sheet

__all__ = [
    "CHARACTER",
    "alone",
    "clipped",
    "clock",
    "estimated",
    "fitted",
    "hover",
    "on_paper",
    "span",
    "svg",
]

_HOVER = 1500
CHARACTER = 6.8  # pixels
_ASCENT, _LINE = 14.0, 20.0  # height of a line of text in pixels: above its baseline, and total

# Colours with a meaning, for dark and light schemes, with a contrast of 4.5 on the page.
_LIGHT = {"in": "#1b5e20", "bad": "#b71c1c", "g": "#8a4b00", "out": "#1565c0"}
_DARK = {"in": "#81c784", "bad": "#ef9a9a", "g": "#ffb74d", "out": "#64b5f6"}
_BOTH = {name: f"light-dark({light},{_DARK[name]})" for name, light in _LIGHT.items()}
# Text, fainter text, lines and surfaces: JupyterLab's; elsewhere the browser's own, which follow
# its light or dark scheme.
_THEME = {
    "t": "var(--jp-ui-font-color1,CanvasText)",
    "f": "var(--jp-ui-font-color2,color-mix(in srgb,CanvasText 70%,Canvas))",
    "l": "var(--jp-border-color1,GrayText)",
    "p": "var(--jp-layout-color1,Canvas)",
}
# The same for a converter to PNG.
_PAPER = {"t": "#1f1f1f", "f": "#5c5c5c", "l": "#9e9e9e", "p": "#ffffff"}
# A converter to PNG uses the first of these that is installed, and other fonts only for missing
# characters.
_PAPER_FONTS = "DejaVu Sans,Noto Sans,Liberation Sans,Segoe UI,Helvetica Neue,Arial,sans-serif"
_FONT = "var(--jp-ui-font-family,system-ui,sans-serif)"
_RULES = """
.ari-drawing text{fill:var(--t)}.ari-drawing .f{fill:var(--f)}
.ari-drawing tspan{unicode-bidi:isolate}
.ari-drawing .life{stroke:var(--l);stroke-dasharray:3 3}
.ari-drawing .box{fill:var(--p);stroke:var(--l)}
.ari-drawing .out{stroke:var(--out);fill:var(--out)}
.ari-drawing .in{stroke:var(--in);fill:var(--in)}
.ari-drawing .bad{stroke:var(--bad);fill:var(--bad)}
.ari-drawing text.out,.ari-drawing text.in,.ari-drawing text.bad{stroke:none}
.ari-drawing text.l{stroke:var(--p);stroke-width:3px;paint-order:stroke}
.ari-drawing .bar{fill-opacity:.28}
.ari-drawing .Up{fill:var(--in);stroke:var(--in)}
.ari-drawing .wait{fill:var(--f);stroke:var(--f)}
.ari-drawing .group{fill:var(--g);stroke:var(--g)}
.ari-drawing .media,.ari-drawing .playing{fill:var(--out);stroke:var(--out)}
.ari-drawing .recording{fill:var(--bad);stroke:var(--bad)}
.ari-drawing .talking{fill:var(--in);stroke:none}
.ari-drawing .silence{fill:var(--l);stroke:none;fill-opacity:.35}
.ari-drawing .act{fill-opacity:.35}
.ari-drawing text.n{fill:var(--p)}.ari-drawing .n,.ari-drawing .c{font-size:10px;font-weight:600}
.ari-drawing .k{font-size:10px}.ari-drawing .line{stroke:var(--l);stroke-opacity:.5}
.ari-drawing .key{fill:var(--p);stroke:var(--t)}
.ari-drawing circle.in{fill:var(--p);stroke:var(--out)}.ari-drawing text.c{fill:var(--out)}
.ari-drawing .box.channel{stroke:var(--in)}.ari-drawing .box.bridge{stroke:var(--g)}
"""


def _variables(*values: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for some in values for name, value in some.items())


_CSS = (
    small((THEME / "theme.css").read_text("utf-8"))
    + f"svg.ari-drawing.ari-drawing{{{_variables(_THEME, _BOTH)};"
    f"font:12px {_FONT};max-width:none;overflow:visible}}"
    f"{_RULES}.ari-drawing g:hover>text,.ari-drawing g:hover>svg>text{{font-weight:600}}"
).replace("\n", "")
_PAPER_CSS = re.sub(
    r"var\(--(\w+)\)",
    lambda found: {**_PAPER, **_LIGHT}[found[1]],
    f"svg.ari-drawing{{font-family:{_PAPER_FONTS};font-size:12px}}{_RULES}",
).replace("\n", "")


def svg(width: float, height: float, label: str, *parts: object) -> Markup:
    """Return an SVG of a size in pixels; ``label`` is its text alternative."""
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


def alone(picture: str) -> str:
    """Return an SVG as a file that follows its viewer's light or dark scheme."""
    own = picture.replace("<style>", "<style>svg{color-scheme:light dark}", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{own}\n'


def on_paper(picture: str) -> str:
    """Return an SVG in light colours, without features that only browsers support."""
    return picture.replace(f"<style>{_CSS}</style>", f"<style>{_PAPER_CSS}</style>")


def span(text: str, class_: str | None = None) -> Markup:
    """Return a part of a label; its isolates (`labels.isolated`) are kept."""
    kept = f' class="{class_}"' if class_ else ""
    return Markup(f"<tspan{kept}>{escape(text)}</tspan>")


def hover(source: object) -> Markup:
    """Return JSON as the tooltip of the surrounding element."""
    text = pretty(source, 1)
    lines = text[:_HOVER].split("\n")
    return element("title", *(part for line in lines for part in (line, Markup("\n"))))


def clipped(
    text: str | tuple[Markup, ...],
    x: float,
    y: float,
    width: float,
    *,
    anchor: str = "start",
    class_: str | None = None,
) -> Markup:
    """Return a line of text that the page clips at the edges of a box.

    Only the page knows a text's width: one character may be a dozen wide in the reader's font.

    Args:
        text: a text of the approximate length, see `fitted`; or parts of it, see `span`.
        x: its start or middle.
        y: its baseline.
        width: width of the box in pixels.
        anchor: ``start`` or ``middle``.
        class_: its CSS class.
    """
    middle = anchor == "middle"
    return element(
        "svg",
        element(
            "text",
            *((text,) if isinstance(text, str) else text),
            x=width / 2 if middle else 0,
            y=_ASCENT,
            text_anchor=anchor,
            class_=class_,
        ),
        x=x - width / 2 if middle else x,
        y=y - _ASCENT,
        width=width,
        height=_LINE,
        overflow="hidden",
    )


def estimated(text: str) -> float:
    """Return about how many pixels a text takes; characters of East Asian width count twice."""
    return CHARACTER * sum(_columns(text))


def fitted(text: str, pixels: float) -> str:
    """Return as much of a text as fits a width, at 6.8 pixels per character (wide ones: twice)."""
    room = max(3, int(pixels / CHARACTER))
    widths = _columns(text)
    if sum(widths) <= room:
        return text
    ends = accumulate(widths)
    return text[: sum(end < room for end in ends)] + "…"


def _columns(text: str) -> list[int]:
    return [2 if east_asian_width(character) in "WF" else 1 for character in text]


def clock(at: float) -> str:
    """Return a time of day in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
