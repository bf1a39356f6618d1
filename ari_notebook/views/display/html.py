"""Creation of HTML and SVG with escaped texts.

`element("td", name)` escapes all its arguments except the results of `element`. No other code of
the views writes tags with untrusted texts.
"""

from __future__ import annotations

import base64
import json
from html import escape
from typing import Any

from ari_notebook.store.plain_text import clean

__all__ = ["DataUrl", "Markup", "clean", "element", "join", "listed", "pretty", "style_sheet"]


class Markup(str):
    """Text that is markup. Notebooks show it as HTML."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)

    def __html__(self) -> str:
        return str(self)


class DataUrl(str):
    """A ``data:`` URL of bytes, which only `of` makes; as an attribute it is not shortened."""

    __slots__ = ()

    @classmethod
    def of(cls, type: str, content: bytes) -> DataUrl:
        """Return the URL of bytes of a media type, such as ``image/png``."""
        return cls(f"data:{type};base64,{base64.b64encode(content).decode()}")


def listed(value: object) -> list[str]:
    """Return a list of untrusted texts; empty if the value is not a list."""
    return [clean(item) for item in value] if isinstance(value, list | tuple) else []


def element(tag: str, *children: object, **attributes: Any) -> Markup:
    """Return one element.

    Args:
        tag: its name; never untrusted.
        *children: Markup is unchanged, everything else becomes escaped text; None is skipped.
        **attributes: ``class_`` is class, ``aria_label`` aria-label; None and False leave it out,
            True gives it without a value. Values are escaped.
    """
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    inside = join(*children)
    return Markup(f"<{tag}{written}>{inside}</{tag}>")


def join(*parts: object) -> Markup:
    """Join parts; all but Markup is escaped."""
    return Markup(
        "".join(
            str(part) if isinstance(part, Markup) else escape(clean(part))
            for part in parts
            if part is not None
        )
    )


def style_sheet(css: str) -> Markup:
    """Return a style sheet of this package; never an untrusted text."""
    return Markup(f"<style>{css}</style>")


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    spelled = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {spelled}"
    text = value if isinstance(value, DataUrl) else clean(value, 10_000)
    return f' {spelled}="{escape(text)}"'


def pretty(value: object, indent: int = 2) -> str:
    """Return indented JSON, or a note if its nesting exceeds Python's recursion limit."""
    try:
        return json.dumps(value, indent=indent, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown; the event log has it unchanged)"
