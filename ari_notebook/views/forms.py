"""Objects as text for the shell and as HTML for the notebook.

The HTML takes its colours from JupyterLab's variables and, elsewhere, from the browser's own, so
that it is readable in light and dark themes; a state is always a word, never only a colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ari_notebook.client.errors import AriError
from ari_notebook.views.cards import Card
from ari_notebook.views.markup import Markup, clean, element, join, style_sheet
from ari_notebook.views.pretty import pretty

__all__ = [
    "card_html",
    "card_text",
    "cards_html",
    "error_html",
    "error_text",
    "framed",
    "json_html",
    "table_html",
]

_CSS = """
.ari{font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);
color:var(--jp-ui-font-color1,CanvasText);overflow-wrap:anywhere}
.ari .t{font-weight:600}.ari .k,.ari dt{
color:var(--jp-ui-font-color2,color-mix(in srgb,CanvasText 70%,Canvas))}
.ari .s{border:1px solid currentColor;border-radius:9px;padding:0 7px;font-size:12px}
.ari .up{color:var(--jp-success-color0,#1b7837)}
.ari .bad{color:var(--jp-error-color0,#b2182b)}
.ari dl{display:grid;grid-template-columns:max-content auto;gap:0 12px;margin:2px 0}
.ari dt,.ari dd{float:none;font-weight:400;margin:0;width:auto}
.ari code,.ari pre{font:12px/1.45 var(--jp-code-font-family,monospace);background:none}
.ari pre{margin:2px 0;white-space:pre-wrap}
.ari table{border-collapse:collapse}
.ari.ari th,.ari.ari td{text-align:left;padding:1px 10px 1px 0;
border-bottom:1px solid var(--jp-border-color2,GrayText)}
""".replace("\n", "")

_GOOD = ("Up", "connected", "playing", "online", "done")
_BAD = ("gone", "closed", "reconnecting", "replaced", "failed", "offline")


def card_text(card: Card) -> str:
    """A card as lines of text, the labels in a column."""
    head = f"{card.kind} {clean(card.title)}" + (f" ({clean(card.state)})" if card.state else "")
    facts = [(label, clean(value)) for label, value in card.facts]
    if card.steps:
        facts.append(("next", ", ".join(card.steps)))
    width = max((len(label) for label, _ in facts), default=0)
    return "\n".join([head, *(f"  {label:<{width}}  {value}" for label, value in facts)])


def card_html(card: Card) -> Markup:
    """A card as HTML."""
    return framed(_card(card))


def cards_html(cards: Iterable[Card]) -> Markup:
    """Several cards, below each other."""
    return framed(*(_card(card) for card in cards))


def table_html(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """A table of texts."""
    head = element("tr", *(element("th", name, scope="col") for name in columns))
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    return framed(
        element("table", element("thead", head), element("tbody", *body)),
    )


def json_html(value: Any, title: str = "", *, unfolded: bool = True) -> Markup:
    """JSON, indented, that folds.

    Args:
        value: anything that is JSON.
        title: what stands above it.
        unfolded: whether it is so at first.
    """
    text = pretty(value)
    shown = Markup(_escaped_lines(text))
    return framed(
        element(
            "details", element("summary", title or "JSON"), element("pre", shown), open=unfolded
        )
    )


def error_text(error: AriError) -> str:
    """An error in one line, two where it says what to do."""
    head = _headline(error)
    return f"{head}\n  {clean(error.hint, 500)}" if error.hint else head


def error_html(error: AriError) -> Markup:
    """An error: what happened, to which request, and what to do about it."""
    return framed(
        element("div", element("span", type(error).__name__, class_="s bad"), " ", _words(error)),
        element("div", error.hint, class_="k") if error.hint else None,
    )


def _headline(error: AriError) -> str:
    return f"{type(error).__name__}: {_words(error)}"


def _words(error: AriError) -> str:
    status = f"{error.status} " if error.status else ""
    where = f" ({clean(error.request)})" if error.request else ""
    return f"{status}{clean(error.message, 500)}{where}"


def _escaped_lines(text: str) -> str:
    """Text of many lines: each is cleaned by itself, so that none is cut to a single line."""
    lines = text.split("\n")
    kept = [escape(clean(line, 2000)) for line in lines[:2000]]
    if len(lines) > len(kept):
        kept.append(escape(f"… {len(lines) - len(kept)} more lines"))
    return "\n".join(kept)


def framed(*parts: object) -> Markup:
    """Parts in this package's style, for the notebook."""
    return join(style_sheet(_CSS), element("div", *parts, class_="ari"))


def _card(card: Card) -> Markup:
    head = [element("span", f"{card.kind} ", class_="k"), element("span", card.title, class_="t")]
    if card.state:
        mood = "up" if card.state in _GOOD else "bad" if card.state in _BAD else None
        head += [Markup(" "), element("span", card.state, class_=f"s {mood}" if mood else "s")]
    facts: list[Markup] = []
    for label, value in card.facts:
        facts += [element("dt", label), element("dd", value)]
    if card.steps:
        steps = Markup(", ").join(element("code", step) for step in card.steps)
        facts += [element("dt", "next"), element("dd", Markup(steps))]
    return element("section", element("div", *head), element("dl", *facts))
