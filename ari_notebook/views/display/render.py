"""Objects as text for the shell and as HTML for the notebook.

The HTML uses the colours of JupyterLab's variables, or else the browser's, so that it is readable
in light and dark themes; a state is always a word, never only a colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ari_notebook.client.errors import AriError
from ari_notebook.lessons.report import Report
from ari_notebook.views.display.bundle import THEME, small
from ari_notebook.views.display.cards import Card
from ari_notebook.views.display.html import Markup, clean, element, join, pretty, style_sheet

__all__ = [
    "card_html",
    "card_text",
    "cards_html",
    "error_html",
    "error_text",
    "framed",
    "json_html",
    "report_html",
    "table_html",
]

_CSS = (
    small((THEME / "theme.css").read_text("utf-8"))
    + """
.ari{--good:var(--jp-success-color0,light-dark(#1b5e20,#81c784));
--wrong:var(--jp-error-color0,light-dark(#b71c1c,#ef9a9a))}
.ari{font:13px/1.5 var(--jp-ui-font-family,system-ui,sans-serif);
color:var(--jp-ui-font-color1,CanvasText);overflow-wrap:anywhere}
.ari .t{font-weight:600}.ari .k,.ari dt{
color:var(--jp-ui-font-color2,color-mix(in srgb,CanvasText 70%,Canvas))}
.ari .s{border:1px solid currentColor;border-radius:9px;padding:0 7px;font-size:12px}
.ari .up{color:var(--good)}
.ari .bad{color:var(--wrong)}
.ari dl{display:grid;grid-template-columns:max-content auto;gap:0 12px;margin:2px 0}
.ari dt,.ari dd{float:none;font-weight:400;margin:0;width:auto}
.ari code,.ari pre{font:12px/1.45 var(--jp-code-font-family,monospace);background:none}
.ari pre{margin:2px 0;white-space:pre-wrap}
.ari table{border-collapse:collapse}
.ari.ari th,.ari.ari td{text-align:left;padding:1px 10px 1px 0;
border-bottom:1px solid var(--jp-border-color2,GrayText)}
.ari,.ari *{box-sizing:border-box}
.ari .caption{margin:0 0 4px}.ari .scroll{overflow:auto;max-height:70vh}
.ari .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.ari.ari .list{width:100%;margin:0;font-size:13px}
.ari.ari .list th{position:sticky;top:0;background:var(--jp-layout-color1,Canvas);
font-weight:600;white-space:nowrap}
.ari.ari .list td{vertical-align:top;padding:4px 12px 4px 0;white-space:normal;
font-variant-numeric:tabular-nums;max-width:30em}
.ari.ari .list tr{background:none}
.ari .list time,.ari .list .n,.ari .list .s{white-space:nowrap}
.ari.ari .list td:has(>button:only-child){width:34px}
.ari .list .s{display:inline-block;max-width:100%;overflow:hidden;text-overflow:ellipsis;
vertical-align:top}
.ari.ari .list .opened>td{max-width:none;padding:6px 0}
.ari.ari{container-type:inline-size}
@container (max-width:640px){
.ari.ari .list thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.ari.ari .list,.ari .list tbody,.ari .list tr,.ari.ari .list td{display:block;max-width:none}
.ari .list tr{padding:4px 0;border-bottom:1px solid var(--jp-border-color2,GrayText)}
.ari.ari .list td{border:0;padding:1px 0}.ari.ari .list td:has(>button:only-child){width:auto}
.ari .list td:empty{display:none}
.ari .list td[data-label]:not([data-label=""])::before{content:attr(data-label) ": ";
color:var(--jp-ui-font-color2,color-mix(in srgb,CanvasText 70%,Canvas))}}
.ari.ari h2{font-size:18px;line-height:1.3;margin:4px 0 8px;font-weight:600;outline-offset:3px}
.ari.ari h3{font-size:14px;font-weight:600;margin:12px 0 4px}
.ari ul{margin:0;padding-left:18px}.ari p{margin:4px 0}
.ari [data-group] ul{columns:26em;column-gap:24px}
.ari progress{width:min(28em,100%);accent-color:var(--good)}
.ari .steps li{margin:3px 0}.ari details>summary{cursor:pointer}
.ari.ari .list .next>td{font-weight:600}
.ari .try{display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center;margin:4px 0}
.ari .try pre{background:var(--jp-layout-color2,ButtonFace);padding:3px 8px;border-radius:5px}
.ari [type=search]{width:min(28em,100%);margin:2px 0 4px}
.ari .demo{display:grid;grid-template-columns:220px minmax(0,1fr);gap:20px;align-items:start}
.ari .phone{border:2px solid currentColor;border-radius:18px;padding:12px;
background:var(--jp-layout-color2,ButtonFace)}
.ari .phone .screen{border:1px solid var(--jp-border-color1,GrayText);border-radius:8px;
background:var(--jp-layout-color1,Canvas);min-height:68px;padding:8px;text-align:center}
.ari .phone .keys{display:grid;grid-template-columns:repeat(3,1fr);gap:6px;margin:10px 0}
.ari .phone .calls{display:grid;grid-auto-flow:column;gap:6px}
.ari .phone button{min-height:34px;font-size:14px}
.ari .phone button:disabled{color:var(--jp-ui-font-color2,GrayText);cursor:not-allowed}
.ari .phone button.go:enabled{background:#1b5e20;color:#fff;font-weight:600}
.ari .phone button.stop:enabled{background:#b71c1c;color:#fff}
.ari .wave{display:block;width:100%;max-width:420px;height:48px;fill:currentColor}
.ari .heard{display:grid;grid-template-columns:auto minmax(0,1fr);gap:2px 10px;align-items:center}
.ari .heard .k{grid-column:1/-1}
.ari .story>*{margin:0 0 8px}
.ari pre.event{border-left:3px solid var(--good);padding-left:8px}
@media (prefers-reduced-motion:no-preference){.ari .phone.ringing .bell{
animation:ari-ring .2s ease-in-out infinite alternate}}
.ari .bell{display:inline-block;font-size:20px}
@keyframes ari-ring{from{transform:rotate(-14deg)}to{transform:rotate(14deg)}}
@container (max-width:560px){.ari .demo{grid-template-columns:minmax(0,1fr)}}
.jp-OutputArea-child:has(+.jp-OutputArea-child .ari-page-picture):not(:has(.ari-page)){display:none}
.jp-OutputArea:has(.ari-page[data-live]) .ari-page-picture{display:none}
""".replace("\n", "")
)

_GOOD = ("Up", "connected", "playing", "online", "done")
_BAD = ("gone", "closed", "reconnecting", "replaced", "failed", "offline")


def card_text(card: Card) -> str:
    """Return a card as lines of text, the labels in a column."""
    head = f"{card.kind} {clean(card.title)}" + (f" ({clean(card.state)})" if card.state else "")
    facts = [(label, clean(value)) for label, value in card.facts]
    if card.steps:
        facts.append(("next", ", ".join(card.steps)))
    width = max((len(label) for label, _ in facts), default=0)
    return "\n".join([head, *(f"  {label:<{width}}  {value}" for label, value in facts)])


def card_html(card: Card) -> Markup:
    """Return a card as HTML."""
    return framed(_card(card))


def cards_html(cards: Iterable[Card]) -> Markup:
    """Return several cards, below each other."""
    return framed(*(_card(card) for card in cards))


def table_html(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table of texts."""
    head = element("tr", *(element("th", name, scope="col") for name in columns))
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    return framed(
        element("table", element("thead", head), element("tbody", *body)),
    )


def json_html(value: Any, title: str = "", *, unfolded: bool = True) -> Markup:
    """Return indented JSON in a foldable element.

    Args:
        value: any JSON value.
        title: its title.
        unfolded: whether it is initially unfolded.
    """
    text = pretty(value)
    shown = Markup(_escaped_lines(text))
    return framed(
        element(
            "details", element("summary", title or "JSON"), element("pre", shown), open=unfolded
        )
    )


def error_text(error: AriError) -> str:
    """Return an error in one line, or two with advice."""
    head = _headline(error)
    return f"{head}\n  {clean(error.hint, 500)}" if error.hint else head


def error_html(error: AriError) -> Markup:
    """Return an error with its message, request and advice."""
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
    """Return a text of many lines, each escaped separately, so that line breaks are kept."""
    lines = text.split("\n")
    kept = [escape(clean(line, 2000)) for line in lines[:2000]]
    if len(lines) > len(kept):
        kept.append(escape(f"… {len(lines) - len(kept)} more lines"))
    return "\n".join(kept)


def framed(*parts: object) -> Markup:
    """Return parts with this package's style sheet, for the notebook."""
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


def report_html(report: Report) -> Markup:
    """Return each step with its outcome as a word, and its hint."""
    steps = [
        element(
            "li",
            element("span", _word(step.done), class_="s up" if step.done else "s"),
            f" {step.title}",
            element("div", step.hint, class_="k") if step.hint else None,
        )
        for step in report.steps
    ]
    mood = "s up" if report.done else "s"
    return framed(
        element(
            "div",
            element("span", f"{report.title} ", class_="t"),
            element("span", report.outcome, class_=mood),
        ),
        None if report.done else element("div", report.task),
        element("div", report.note) if report.note else None,
        element("ol", *steps),
        element("div", f"Checked: {report.attempt}, the latest attempt.", class_="k")
        if report.attempt and not report.done
        else None,
    )


def _word(done: bool) -> str:
    return "done" if done else "missing"
