"""HTML and SVG in which text is always data.

`element("td", name)` escapes whatever it is given; only what `element` itself made is markup.
Nothing else in this room writes a tag that has text from outside in it.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

__all__ = ["Markup", "clean", "element", "join", "listed", "style_sheet"]

_LONGEST = 300
# Control characters, and those that turn the direction of the text around them: U+202A to U+202E
# and U+2066 to U+2069. Halves of surrogate pairs cannot be sent to a page at all.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Accents without end upon one letter are drawn over all that stands above and below it.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED = re.compile(f"({_MARK}{{4}}){_MARK}+")


class Markup(str):
    """Text that is markup already. Notebooks show it as such."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def __html__(self) -> str:
        return str(self)


def clean(text: object, longest: int = _LONGEST) -> str:
    """A text from outside, made fit to be shown: one line's worth, nothing that steers a page.

    Args:
        text: anything; None is empty.
        longest: characters to keep; the rest becomes an ellipsis.
    """
    shown = "" if text is None else str(text)
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    return _PILED.sub(r"\1", _UNFIT.sub("\ufffd", shown))


def listed(value: object) -> list[str]:
    """A list of texts from outside; nothing where something else stands in its place."""
    return [clean(item) for item in value] if isinstance(value, list | tuple) else []


def element(tag: str, *children: object, **attributes: Any) -> Markup:
    """One element.

    Args:
        tag: its name; never from outside.
        *children: Markup stays as it is, everything else becomes escaped text; None is nothing.
        **attributes: ``class_`` is class, ``aria_label`` aria-label; None and False leave it out,
            True gives it without a value. Values are escaped.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    inside = join(*children)
    return Markup(f"<{tag}{written}>{inside}</{tag}>")


def join(*parts: object) -> Markup:
    """Parts, one after the other; what is no Markup is escaped."""
    return Markup(
        "".join(
            str(part) if isinstance(part, Markup) else escape(clean(part))
            for part in parts
            if part is not None
        )
    )


def style_sheet(css: str) -> Markup:
    """A style sheet of this package; never anything from outside."""
    return Markup(f"<style>{css}</style>")


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    spelled = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {spelled}"
    return f' {spelled}="{escape(clean(value, 10_000))}"'
